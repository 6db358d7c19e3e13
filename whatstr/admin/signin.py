"""The doors of the panel: password, sign-out, invitation. The second factor is `second_factor`."""

from __future__ import annotations

import time
import uuid

import flask
import sqlalchemy as sa
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from whatstr.accounts import staff, staff_email, staff_links, staff_sessions
from whatstr.admin import access
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor, record
from whatstr.core.db import session, transaction
from whatstr.core.errors import DomainError, TooMany
from whatstr.core.security import client_address, open_to_all
from whatstr.core.web import sentence

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
    """E-mail and password; what follows is the second factor. Tries are limited by account and
    address together: nobody can close somebody else's account, only slow tries on it."""
    target = access.safe_target(flask.request.values.get("next"))
    if flask.request.method == "GET":
        if access.signed_in():
            return flask.redirect(target)
        return _sign_in_page(target)
    email = flask.request.form.get("email", "").strip()
    password = flask.request.form.get("password", "")
    try:
        time.sleep(access.limits().staff_sign_in(email=email, address=client_address()))
    except TooMany as error:
        return _sign_in_page(target, wait_words(error), 429)
    with transaction():
        user = staff.verify_staff(
            email=email, password=password, address=client_address(), browser=browser()
        )
        started = (
            staff_sessions.begin(user=user, address=client_address(), browser=browser())
            if user
            else None
        )
    if started is None:
        return _sign_in_page(target, _("E-mail or password is wrong."), 401)
    flask.session.clear()  # no token of before the sign-in is worth anything after it
    response = flask.make_response(flask.redirect(flask.url_for("staff.second", next=target)))
    access.set_cookie(response, started, waiting=True)
    return response


def wait_words(error: TooMany) -> str:
    """How long to wait, in words."""
    minutes = max(1, round(int(error.context["retry_after"]) / 60))
    return str(_("Too many tries. Try again in %(minutes)s minutes.", minutes=minutes))


def _sign_in_page(target: str, error: str = "", status: int = 200) -> tuple[str, int]:
    email = flask.request.form.get("email", "")
    page = flask.render_template("admin/signin.html", target=target, error=error, email=email)
    return page, status


@doors.post("/cikis")
@access.signed_in_only
def sign_out() -> Response:
    """The session ends on the server, whatever the browser keeps."""
    person = access.current_staff()
    with transaction():
        staff_sessions.revoke_staff_session(person.session_id)
        record_session(person.staff_id, "staff.signed_out")
    flask.session.clear()
    response = flask.make_response(flask.redirect(flask.url_for("staff.sign_in")))
    access.clear_cookie(response)
    return response


@doors.route("/davet", methods=["GET", "POST"])
@open_to_all
def invitation() -> Response | str | tuple[str, int]:
    """A link from an e-mail: choose a password, then sign in and set up a second factor."""
    if flask.request.method == "GET":
        return flask.render_template("admin/invitation.html", errors={}, token="")
    password = flask.request.form.get("password", "")
    if password != flask.request.form.get("again", ""):
        return _invitation_page({"again": [_("The two passwords differ.")]}, 400)
    try:
        access.limits().link(address=client_address())
        with transaction():
            staff_links.use(
                token=flask.request.form.get("token", "").strip(),
                password=password,
                address=client_address(),
            )
    except DomainError as error:
        session().expire_all()
        field = str(error.context.get("field", ""))
        return _invitation_page({field: [sentence(error)]}, error.status)
    flask.flash(_("Your password is set. Sign in with it."), "ok")
    return flask.redirect(flask.url_for("staff.sign_in"))


def _invitation_page(errors: dict[str, list[str]], status: int) -> tuple[str, int]:
    """The form again, with the code: it stands in no address any more."""
    token = flask.request.form.get("token", "")
    return flask.render_template("admin/invitation.html", errors=errors, token=token), status


@doors.route("/eposta", methods=["GET", "POST"])
@open_to_all
def confirm_email() -> Response | str | tuple[str, int]:
    """The link in the mailbox of a new address. Every session of the person ends."""
    if flask.request.method == "GET":
        return flask.render_template("admin/email_confirm.html", errors={}, token="")
    try:
        access.limits().link(address=client_address())
        with transaction():
            staff_email.confirm(
                token=flask.request.form.get("token", "").strip(), address=client_address()
            )
    except DomainError as error:
        session().expire_all()
        token = flask.request.form.get("token", "")
        errors = {"": [sentence(error)]}
        page = flask.render_template("admin/email_confirm.html", errors=errors, token=token)
        return page, error.status
    flask.session.clear()
    flask.flash(_("Your e-mail address is changed. Sign in with it."), "ok")
    return flask.redirect(flask.url_for("staff.sign_in"))


def record_session(staff_id: uuid.UUID, verb: str, **detail: object) -> None:
    """Audit what a person did at the door."""
    record(
        actor=Actor(ActorKind.STAFF, staff_id, client_address()),
        verb=verb,
        subject_kind="staff_user",
        subject_id=staff_id,
        detail=detail,
    )


def browser() -> str:
    """The browser's own description."""
    return flask.request.headers.get("User-Agent", "")
