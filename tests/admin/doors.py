"""The steps of the door, one by one, and what is on record about a person."""

from __future__ import annotations

import uuid

import flask
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.admin.office import PASSWORD, Colleague, token_of
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.admin.access import cookie_name, waiting_cookie_name
from whatstr.audit.models import AuditEvent


def first_step(who: Colleague, browser: FlaskClient) -> None:
    """Only the password."""
    form = {"csrf_token": token_of(browser, "/giris"), "email": who.email, "password": PASSWORD}
    assert browser.post("/giris", data=form).status_code == 302


def second_step(browser: FlaskClient, code: str) -> int:
    token = token_of(browser, "/giris/ikinci")
    form = {"csrf_token": token, "code": code, "next": "/"}
    return browser.post("/giris/ikinci", data=form).status_code


def cookie(browser: FlaskClient, app: flask.Flask, *, waiting: bool = False) -> str | None:
    with app.app_context():
        found = browser.get_cookie(waiting_cookie_name() if waiting else cookie_name())
    return found.value if found else None


def verbs(database: ModuleDatabase, staff_id: uuid.UUID) -> list[str]:
    with as_owner(database) as owner:
        query = sa.select(AuditEvent.verb).where(AuditEvent.subject_id == staff_id.hex)
        return list(owner.scalars(query.order_by(AuditEvent.seq)))
