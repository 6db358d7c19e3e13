"""Meta's webhook: the raw body is verified, sealed to the sender and forgotten (vault design, 10).

A small WSGI callable stands in front of Flask: at full load this is the busiest door of all.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

import flask
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from whatstr import settings_of
from whatstr.config import Settings
from whatstr.core import logs
from whatstr.core.db import db
from whatstr.core.security import open_to_all
from whatstr.vault.certificate import Certificate
from whatstr.vault.inbox import ident_keys, insert_sealed, trusted_certificate
from whatstr.vault.queries import CertificateMissing

log = logs.get_logger(__name__)
PATH = "/meta"
MAX_BODY = 3 * 1024 * 1024
CERTIFICATE_SECONDS = 60.0
_WORDS = {
    200: "200 OK",
    400: "400 Bad Request",
    403: "403 Forbidden",
    405: "405 Method Not Allowed",
    413: "413 Content Too Large",
    503: "503 Service Unavailable",
}


class MetaDoor:
    """WSGI: answers `/meta` itself and hands everything else on."""

    def __init__(self, app: flask.Flask, settings: Settings) -> None:
        self._app = app
        self._next = app.wsgi_app
        # Two secrets with a comma for the day of a change. An empty one would let anybody sign.
        parts = settings["META_APP_SECRET"].split(",")
        self._secrets = [part.strip().encode() for part in parts if part.strip()]
        self._verify_token = settings["META_VERIFY_TOKEN"].encode()
        self._ident = ident_keys(settings["WHATSTR_IDENT_PUBLIC"])
        self._certificate: Certificate | None = None
        self._fetched = 0.0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH:
            return self._next(environ, start_response)
        status, body = self._answer(environ)
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
        ]
        start_response(_WORDS[status], headers)
        return [body]

    def _answer(self, environ: dict[str, Any]) -> tuple[int, bytes]:
        if environ["REQUEST_METHOD"] == "GET":
            return self._handshake(environ.get("QUERY_STRING", ""))
        if environ["REQUEST_METHOD"] != "POST":
            return 405, b""
        length = environ.get("CONTENT_LENGTH") or ""
        if not length.isdigit():
            return 400, b""
        if int(length) > MAX_BODY:
            log.warning("hook.too_large", bytes=int(length))
            return 413, b""
        body: bytes = environ["wsgi.input"].read(int(length))
        if not self._signed(body, environ.get("HTTP_X_HUB_SIGNATURE_256", "")):
            log.warning("hook.bad_signature", bytes=len(body))
            return 403, b""
        return self._store(body)

    def _handshake(self, query: str) -> tuple[int, bytes]:
        """Meta's own: mode, challenge and token, with dots in their names (facts, section 7)."""
        given = parse_qs(query)
        token = given.get("hub.verify_token", [""])[0].encode()
        right = hmac.compare_digest(token, self._verify_token)
        if not right or given.get("hub.mode") != ["subscribe"]:
            return 403, b""
        return 200, given.get("hub.challenge", [""])[0].encode()

    def _signed(self, body: bytes, header: str) -> bool:
        """X-Hub-Signature-256 over the raw bytes, in constant time, before anything is parsed."""
        given = header.encode()
        found = False
        for secret in self._secrets:
            wanted = b"sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
            found |= hmac.compare_digest(given, wanted)
        return found

    def _store(self, body: bytes) -> tuple[int, bytes]:
        """One INSERT, commit, 200. 503 keeps the body with Meta, which tries again for days."""
        try:
            with self._app.app_context(), db.engine.begin() as connection:
                insert_sealed(connection, self._current(connection), body)
                connection.execute(sa.select(sa.func.pg_notify("whatstr_sender", "inbox")))
        except (SQLAlchemyError, CertificateMissing) as error:
            log.error("hook.not_stored", error=type(error).__name__, bytes=len(body))
            return 503, b""
        return 200, b""

    def _current(self, connection: sa.Connection) -> Certificate:
        """The sender's key, looked up again every minute."""
        with self._lock:
            fresh = time.monotonic() - self._fetched < CERTIFICATE_SECONDS
            if self._certificate is None or not fresh:
                self._certificate = trusted_certificate(connection, self._ident)
                self._fetched = time.monotonic()
            return self._certificate


def health() -> tuple[str, int]:
    """200 once webhooks could be stored."""
    with db.engine.connect() as connection:
        trusted_certificate(connection, ident_keys(settings_of()["WHATSTR_IDENT_PUBLIC"]))
    return "ok", 200


def init_app(app: flask.Flask) -> None:
    app.add_url_rule("/health", "health", open_to_all(health))
    app.wsgi_app = MetaDoor(app, settings_of(app))  # type: ignore[method-assign]
