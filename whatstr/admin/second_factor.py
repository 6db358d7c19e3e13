"""The second factor at the door: shown at each sign-in, set up at the first, shown again before
what weighs."""

from __future__ import annotations

import uuid

import flask
import segno
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from whatstr.accounts import passkeys, staff_factors, staff_sessions
from whatstr.accounts.models import StaffUser
from whatstr.accounts.staff_models import FactorKind
from whatstr.accounts.staff_sessions import Waiting
from whatstr.admin import access
from whatstr.admin.signin import browser, doors, record_session, wait_words
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor
from whatstr.core.db import session, transaction
from whatstr.core.errors import TooMany
from whatstr.core.security import client_address, open_to_all

RECOVERY = "recovery"


@doors.route("/giris/ikinci", methods=["GET", "POST"])
@open_to_all
def second() -> Response | str | tuple[str, int]:
    """The second factor of somebody whose password was right."""
    target = access.safe_target(flask.request.values.get("next"))
    person = access.waiting()
    if person is None:
        return _from_the_start(target)
    access.speak(flask.request.args.get("lang") or person.language)
    if not staff_factors.factors(person.staff_id):
        return flask.redirect(flask.url_for("staff.enrol", next=target))
    if flask.request.method == "GET":
        return _ask_page("admin/second.html", person.session_id, person.staff_id, target)
    kind, error, status = show_factor(session_id=person.session_id, staff_id=person.staff_id)
    if kind is None:
        if access.waiting() is None:
            return _from_the_start(target)
        return _ask_page(
            "admin/second.html", person.session_id, person.staff_id, target, error, status
        )
    response = flask.make_response(flask.redirect(target))
    _sign_in(response, person, kind)
    if kind == RECOVERY:
        left = staff_factors.recovery_codes_left(person.staff_id)
        flask.flash(
            _("You used a recovery code; %(count)s are left. Make new ones.", count=left), "warn"
        )
    return response


@doors.route("/giris/kurulum", methods=["GET", "POST"])
@open_to_all
def enrol() -> Response | str | tuple[str, int]:
    """The first second factor of a person: nobody comes in without one."""
    target = access.safe_target(flask.request.values.get("next"))
    person = access.waiting()
    if person is None:
        return _from_the_start(target)
    access.speak(flask.request.args.get("lang") or person.language)
    if staff_factors.factors(person.staff_id):
        return flask.redirect(flask.url_for("staff.second", next=target))
    if flask.request.method == "GET":
        return _enrol_page(person, target)
    actor = Actor(ActorKind.STAFF, person.staff_id, client_address())
    with transaction():
        staff_sessions.count_try(person.session_id)
        right = add_factor(actor, person.session_id, person.staff_id)
        codes = (
            staff_factors.new_recovery_codes(actor=actor, staff_id=person.staff_id) if right else []
        )
    if not right:
        if access.waiting() is None:
            return _from_the_start(target)
        return _enrol_page(person, target, _("That was not the right code. Try the next one."), 401)
    page = flask.render_template("admin/codes.html", codes=codes, target=target, staff=None)
    response = flask.make_response(page)
    _sign_in(response, person, "enrolment")
    return response


@doors.route("/dogrula", methods=["GET", "POST"])
@access.signed_in_only
def prove() -> Response | str | tuple[str, int]:
    """The second factor once more, before money, suspension, roles, exports and reveals."""
    person = access.current_staff()
    access.speak(flask.request.args.get("lang") or person.language)
    target = access.safe_target(flask.request.values.get("next"))
    if flask.request.method == "GET":
        return _ask_page("admin/prove.html", person.session_id, person.staff_id, target)
    kind, error, status = show_factor(session_id=person.session_id, staff_id=person.staff_id)
    if kind is None:
        return _ask_page(
            "admin/prove.html", person.session_id, person.staff_id, target, error, status
        )
    with transaction():
        staff_sessions.step_up(person.session_id)
        record_session(person.staff_id, "staff.proved", factor=kind)
    return flask.redirect(target)


def show_factor(*, session_id: uuid.UUID, staff_id: uuid.UUID) -> tuple[str | None, str, int]:
    """Check the factor in the form: its kind, or None with the words and the status of a refusal.
    Every try is counted before it is looked at, and spends the challenge of a passkey."""
    form, limits = flask.request.form, access.limits()
    try:
        limits.staff_factor(staff=staff_id.hex, address=client_address())
    except TooMany as error:
        return None, wait_words(error), 429
    kind: str | None = None
    with transaction():
        staff_sessions.count_try(session_id)
        if form.get("credential"):
            if passkeys.check_passkey(
                site=access.site(),
                session_id=session_id,
                staff_id=staff_id,
                answer=form["credential"],
            ):
                kind = FactorKind.PASSKEY
        elif staff_factors.check_code(staff_id, form.get("code", "")):
            kind = FactorKind.TOTP
        elif staff_factors.use_recovery_code(staff_id=staff_id, code=form.get("code", "")):
            kind = RECOVERY
        if kind is None:
            staff_factors.record_failure(
                staff_id=staff_id, address=client_address(), browser=browser()
            )
    if kind is None:
        limits.staff_factor_wrong(staff=staff_id.hex)
        return None, _("That did not fit. A code works once; wait for the next one."), 401
    return kind, "", 200


def add_factor(actor: Actor, session_id: uuid.UUID, staff_id: uuid.UUID) -> bool:
    """Add the passkey or the authenticator in the form; whether it was proved."""
    form = flask.request.form
    try:
        if form.get("credential"):
            passkeys.add_passkey(
                actor=actor,
                site=access.site(),
                session_id=session_id,
                staff_id=staff_id,
                answer=form["credential"],
                label=form.get("label", "")[:40],
            )
        else:
            staff_factors.confirm_totp(
                actor=actor,
                staff_id=staff_id,
                code=form.get("code", ""),
                label=form.get("label", ""),
            )
    except staff_factors.WrongCode:
        return False
    return True


def offer(session_id: uuid.UUID, staff_id: uuid.UUID) -> dict[str, str]:
    """What a page needs to set up a factor: the QR code, the secret, the options of a passkey."""
    with transaction():
        user = session().get_one(StaffUser, staff_id)
        factor = staff_factors.offer_totp(staff_id)
        address = staff_factors.totp_address(factor, user.display_name)
        options = passkeys.creation_options(site=access.site(), session_id=session_id, user=user)
    return {
        "qr": segno.make(address, error="m").svg_data_uri(scale=5, border=3, light="#fff"),
        "secret": factor.totp_secret,
        "passkey": options,
        "origin": access.site().origin,
    }


def _ask_page(
    template: str,
    session_id: uuid.UUID,
    staff_id: uuid.UUID,
    target: str,
    error: str = "",
    status: int = 200,
) -> tuple[str, int]:
    with transaction():
        options = passkeys.request_options(
            site=access.site(), session_id=session_id, staff_id=staff_id
        )
    page = flask.render_template(
        template, target=target, error=error, passkey=options, origin=access.site().origin
    )
    return page, status


def _enrol_page(
    person: Waiting, target: str, error: str = "", status: int = 200
) -> tuple[str, int]:
    page = flask.render_template(
        "admin/enrol.html",
        person=person,
        target=target,
        error=error,
        offer=offer(person.session_id, person.staff_id),
    )
    return page, status


def _sign_in(response: flask.Response, person: Waiting, kind: str) -> None:
    """Only now is somebody signed in, under a cookie that did not exist before."""
    with transaction():
        started = staff_sessions.complete(
            waiting=person.session_id,
            staff_id=person.staff_id,
            address=client_address(),
            browser=browser(),
        )
        record_session(person.staff_id, "staff.signed_in", factor=str(kind))
    flask.session.clear()
    access.clear_cookie(response, waiting=True)
    access.set_cookie(response, started)


def _from_the_start(target: str) -> Response:
    """Too late, too many tries, or never begun."""
    if access.signed_in():
        return flask.redirect(target)
    return flask.redirect(flask.url_for("staff.sign_in", next=target))
