"""Signing in and out, and proving once more who one is."""

from __future__ import annotations

import uuid

import flask
import sqlalchemy as sa
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from whatstr.accounts import staff
from whatstr.admin import access
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor, record
from whatstr.core.db import session, transaction
from whatstr.core.errors import TooMany
from whatstr.core.security import client_address, open_to_all

doors = flask.Blueprint("staff", __name__)


@doors.get("/health")
@open_to_all
def health() -> str:
    """200 once the database answers."""
    session().execute(sa.select(1))
    return "ok"


@doors.route("/giris", methods=["GET", "POST"])
@open_to_all
def sign_in() -> Response | str | tuple[str, int]:
    """E-mail and password; ten tries an account and thirty an address in fifteen minutes."""
    target = access.safe_target(flask.request.values.get("next"))
    if flask.request.method == "GET":
        if access.signed_in():
            return flask.redirect(target)
        return _sign_in_page(target)
    email = flask.request.form.get("email", "").strip()
    password = flask.request.form.get("password", "")
    try:
        access.limits().staff_sign_in(email=email, address=client_address())
    except TooMany as error:
        minutes = max(1, round(int(error.context["retry_after"]) / 60))
        return _sign_in_page(
            target, _("Too many tries. Try again in %(minutes)s minutes.", minutes=minutes), 429
        )
    with transaction():
        user = staff.verify_staff(
            email=email, password=password, address=client_address(), browser=_browser()
        )
        started = staff.start_staff_session(user=user) if user else None
        if user is not None:
            _record_session(user.id, "staff.signed_in")
    if started is None:
        return _sign_in_page(target, _("E-mail or password is wrong."), 401)
    response = flask.make_response(flask.redirect(target))
    access.set_cookie(response, started)
    return response


def _sign_in_page(target: str, error: str = "", status: int = 200) -> tuple[str, int]:
    return flask.render_template("admin/signin.html", target=target, error=error), status


@doors.post("/cikis")
@access.signed_in_only
def sign_out() -> Response:
    """The session ends on the server, whatever the browser keeps."""
    person = access.current_staff()
    with transaction():
        staff.revoke_staff_session(person.session_id)
        _record_session(person.staff_id, "staff.signed_out")
    response = flask.make_response(flask.redirect(flask.url_for("staff.sign_in")))
    access.clear_cookie(response)
    return response


@doors.route("/dogrula", methods=["GET", "POST"])
@access.signed_in_only
def prove() -> Response | str | tuple[str, int]:
    """The password once more, before money, suspension, roles and reveals."""
    person = access.current_staff()
    access.speak(person.language)
    target = access.safe_target(flask.request.values.get("next"))
    error, status = "", 200
    if flask.request.method == "POST":
        access.limits().staff_sign_in(email=person.staff_id.hex, address=client_address())
        with transaction():
            right = staff.check_password(
                staff_id=person.staff_id, password=flask.request.form.get("password", "")
            )
            if right:
                staff.step_up(person.session_id)
                _record_session(person.staff_id, "staff.proved")
        if right:
            return flask.redirect(target)
        error, status = _("The password is wrong."), 401
    page = flask.render_template("admin/prove.html", target=target, error=error)
    return page, status


def _record_session(staff_id: uuid.UUID, verb: str) -> None:
    record(
        actor=Actor(ActorKind.STAFF, staff_id, client_address()),
        verb=verb,
        subject_kind="staff_user",
        subject_id=staff_id,
    )


def _browser() -> str:
    return flask.request.headers.get("User-Agent", "")
