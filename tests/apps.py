"""Applications of one role for tests, over real services, with that role's own database login."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from typing import Any

import flask
import sqlalchemy as sa
from flask.testing import FlaskClient
from nacl import bindings
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.services import ModuleDatabase
from whatstr import Settings, create_app
from whatstr.core.crypto import Ring
from whatstr.core.db import db
from whatstr.local.valkey import EmbeddedValkey

HOST = "http://localhost"
IDENT_PUBLIC, IDENT_SECRET = bindings.crypto_sign_seed_keypair(bytes(range(32)))
DESK_PUBLIC, DESK_SECRET = bindings.crypto_box_seed_keypair(bytes(range(32, 64)))
PEPPER = bytes(range(64, 96))
_KEYS = {str(n): base64.b64encode(bytes([n]) * 32).decode() for n in (1,)}
RING = (
    f'{{"current": 1, "keys": {{"1": "{_KEYS["1"]}"}},'
    f' "index": "{base64.b64encode(bytes([9]) * 32).decode()}"}}'
)


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


ENVIRONMENT: dict[str, dict[str, str]] = {
    "web": {
        "WHATSTR_SECRET_KEY": "test-secret-key-of-the-web-role-0001",
        "WHATSTR_WEB_PEPPER": b64(PEPPER),
        "WHATSTR_STAFF_RING": RING,
        "WHATSTR_DESK_PUBLIC": b64(DESK_PUBLIC),
        "WHATSTR_IDENT_PUBLIC": b64(IDENT_PUBLIC),
        "WHATSTR_WEB_URL": HOST,
        "STRIPE_API_KEY": "sk_test_web",
        "STRIPE_WEBHOOK_SECRET": "whsec_test",
        "META_APP_ID": "1234567890",
    },
    "admin": {
        "WHATSTR_SECRET_KEY": "test-secret-key-of-the-admin-role-01",
        "WHATSTR_STAFF_RING": RING,
        "WHATSTR_DESK_KEY": b64(DESK_SECRET),
        "WHATSTR_DESK_PUBLIC": b64(DESK_PUBLIC),
        "STRIPE_API_KEY": "sk_test_admin",
    },
    "hook": {
        "WHATSTR_IDENT_PUBLIC": b64(IDENT_PUBLIC),
        "META_APP_SECRET": "app-secret",
        "META_VERIFY_TOKEN": "verify-token",
    },
    "worker": {"WHATSTR_STAFF_RING": RING, "STRIPE_API_KEY": "sk_test_worker"},
    "scheduler": {},
    "tool": {"WHATSTR_STAFF_RING": RING},
}
_NO_REDIS = ("hook",)


@contextlib.contextmanager
def role_app(
    role: str, database: ModuleDatabase, valkey: EmbeddedValkey | None, **extra: str
) -> Iterator[flask.Flask]:
    """The application of `role`, connected as its own PostgreSQL role (`tool`: as the owner)."""
    login = "whatstr_owner" if role == "tool" else f"whatstr_{role}"
    environment = {
        "WHATSTR_ROLE": role,
        "WHATSTR_ENV": "test",
        "DATABASE_URL": database.url(login),
        **ENVIRONMENT[role],
        **extra,
    }
    if valkey is not None and role not in _NO_REDIS:
        environment["REDIS_URL"] = valkey.url
    ring = (Ring.keys, Ring.current, Ring.index_key)
    app = create_app(Settings.from_environment(environment))
    app.testing = True
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        connection = app.extensions.get("whatstr_redis")
        if connection is not None:
            connection.close()
        Ring.keys, Ring.current, Ring.index_key = ring


@contextlib.contextmanager
def as_owner(database: ModuleDatabase) -> Iterator[Session]:
    """A database session that may read and write everything, committed at the end."""
    without_ring = Ring.current is None
    if without_ring:
        Ring.load(RING)
    engine = sa.create_engine(database.url())
    try:
        with Session(engine) as session, session.begin():
            yield session
    finally:
        engine.dispose()
        if without_ring:
            Ring.clear()


class ApiClient:
    """A browser's way of calling /api: cookie jar, origin, header, content type."""

    def __init__(self, app: flask.Flask, *, language: str = "tr") -> None:
        self.browser: FlaskClient = app.test_client()
        self.headers = {
            "Origin": HOST,
            "X-WTR": "1",
            "X-WTR-Key": "1",
            "Accept-Language": language,
            "User-Agent": "Test browser 1.0",
        }

    def call(self, method: str, path: str, body: object = None, **more: Any) -> TestResponse:
        """Any call; `body` is sent as JSON, bytes as an octet-stream."""
        if isinstance(body, bytes):
            more.update(data=body, content_type="application/octet-stream")
        elif body is not None:
            more["json"] = body
        headers = {**self.headers, **more.pop("headers", {})}
        return self.browser.open(f"/api/{path}", method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.call("GET", path, **more)

    def post(self, path: str, body: object = None, **more: Any) -> TestResponse:
        return self.call("POST", path, {} if body is None else body, **more)

    def put(self, path: str, body: object, **more: Any) -> TestResponse:
        return self.call("PUT", path, body, **more)

    def delete(self, path: str, **more: Any) -> TestResponse:
        return self.call("DELETE", path, **more)


def error_of(response: TestResponse) -> dict[str, Any]:
    """The `error` object of a refusal."""
    assert response.is_json, response.data[:200]
    found: dict[str, Any] = response.get_json()["error"]
    assert found["message"] and found["ref"]
    return found
