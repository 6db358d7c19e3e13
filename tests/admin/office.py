"""Colleagues at the panel, their sign-in and the application for a real browser."""

from __future__ import annotations

import contextlib
import functools
import re
import socket
import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

import flask
import pyotp
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from tests.apps import as_owner
from tests.services import ModuleDatabase, tidy
from whatstr.accounts import staff, staff_factors, staff_sessions
from whatstr.accounts.models import StaffRole
from whatstr.admin.access import cookie_name
from whatstr.audit.models import AuditEvent
from whatstr.audit.services import SYSTEM
from whatstr.core import clock
from whatstr.core.db import transaction

WHY = "Müşteri telefonda istedi, kimliği doğrulandı."
"""A reason long enough for whatever asks for one."""
PASSWORD = "görevli parolası 2026"


@dataclass
class Colleague:
    """Somebody at the panel, with a browser of the test client and an authenticator app."""

    id: uuid.UUID
    email: str
    name: str
    app: flask.Flask
    browser: FlaskClient
    token: str
    secret: str
    last_step: int = 0

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.browser.get(path, **more)

    def post(self, path: str, **values: Any) -> TestResponse:
        """Send a form with a good token."""
        return self.browser.post(path, data={"csrf_token": token_of(self.browser), **values})

    def code(self) -> str:
        """What the app shows: the present code, or the next one where that is spent."""
        now = clock.unix() // staff_factors.STEP
        self.last_step = max(self.last_step + 1, now)
        assert self.last_step <= now + 1, "a third code within a minute: move the clock"
        return str(pyotp.TOTP(self.secret).generate_otp(self.last_step))

    def sign_in(self, browser: FlaskClient, *, target: str = "/") -> TestResponse:
        """Password, then code, in another browser; the answer of the second step."""
        form = {"email": self.email, "password": PASSWORD, "next": target}
        first = browser.post("/giris", data={**form, "csrf_token": token_of(browser, "/giris")})
        assert first.status_code == 302 and "/giris/ikinci" in first.headers["Location"]
        token = token_of(browser, "/giris/ikinci")
        return browser.post(
            "/giris/ikinci", data={"csrf_token": token, "code": self.code(), "next": target}
        )


def token_of(browser: FlaskClient, path: str = "/dogrula?lang=en") -> str:
    """The token of a page's form."""
    page = browser.get(path).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page[:300]
    return found.group(1)


_HASHER = staff._HASHER


@functools.cache
def _hashed() -> str:
    """The password of all colleagues takes a fifth of a second to hash: once a run."""
    return _HASHER.hash(PASSWORD)


class _Remembered:
    def hash(self, password: str) -> str:
        assert password == PASSWORD
        return _hashed()


def hire(app: flask.Flask, *roles: StaffRole, name: str = "") -> Colleague:
    """A colleague with these roles and an authenticator app, signed in."""
    email, secret = f"{uuid.uuid4().hex[:10]}@whatstr.example", pyotp.random_base32()
    with app.app_context():
        with transaction(), mock.patch.object(staff, "_HASHER", _Remembered()):
            user = staff.create_staff(
                actor=SYSTEM,
                email=email,
                name=name or f"Görevli {email[:4]}",
                roles=roles,
                password=PASSWORD,
                language="en",
            )
            staff_factors.add_totp(actor=SYSTEM, staff_id=user.id, secret=secret, label="")
            started = staff_sessions.start_session(staff_id=user.id)
        browser = app.test_client()
        browser.set_cookie(cookie_name(), started.token)
        return Colleague(user.id, email, user.display_name, app, browser, started.token, secret)


@contextlib.contextmanager
def served(app: flask.Flask, *, port: int = 0) -> Iterator[str]:
    """The application on a port of its own, for a real browser."""
    if not port:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    server = make_server("127.0.0.1", port, tidy(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def cookies(colleague: Colleague, address: str) -> Sequence[Any]:
    """The colleague's session for a browser context."""
    with colleague.app.app_context():
        return [{"name": cookie_name(), "value": colleague.token, "url": address}]


def hidden(page: str, name: str) -> str:
    """The value of a hidden field of a form."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def events(database: ModuleDatabase, who: Colleague) -> list[AuditEvent]:
    """What the trail holds of a colleague, oldest first."""
    with as_owner(database) as owner:
        query = sa.select(AuditEvent).where(AuditEvent.actor_id == who.id)
        rows = list(owner.scalars(query.order_by(AuditEvent.seq)))
        owner.expunge_all()
        return rows
