"""Reporting a message, without an account: the words are sealed before anything is stored."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import flask
from flask_babel import gettext as _

from whatstr import settings_of
from whatstr.abuse.models import ReportCategory
from whatstr.abuse.reports import PROOF_WORD, receive_link_report, receive_web_report
from whatstr.accounts.limits import Limits
from whatstr.core.database import redis
from whatstr.core.db import transaction
from whatstr.core.errors import InvalidInput
from whatstr.core.phone import PhoneError, normalise, readable
from whatstr.core.security import client_address, open_to_all
from whatstr.lines.queries import line_by_number
from whatstr.public import public
from whatstr.vault.inbox import ident_keys


def categories() -> list[tuple[str, str]]:
    """What may have happened, in the reader's words."""
    words = {
        ReportCategory.NEVER_AGREED: _("I never agreed to their messages"),
        ReportCategory.TOLD_TO_STOP: _("I told them to stop and they went on"),
        ReportCategory.FRAUD: _("They want to cheat people of money"),
        ReportCategory.PHISHING: _("They ask for passwords, codes or card numbers"),
        ReportCategory.IMPERSONATION: _("They pretend to be somebody else"),
        ReportCategory.ILLEGAL_CONTENT: _("What they offer or show is illegal"),
        ReportCategory.HARASSMENT: _("They threaten, insult or harass"),
        ReportCategory.OTHER: _("Something else"),
    }
    return [(category.value, text) for category, text in words.items()]


def limits() -> Limits:
    return Limits(redis(), base64.b64decode(settings_of()["WHATSTR_WEB_PEPPER"]))


def trusted_idents() -> list[bytes]:
    return ident_keys(settings_of()["WHATSTR_IDENT_PUBLIC"])


@public.get("/bildir")
@open_to_all
def report_form() -> str:
    return _form({}, {})


@public.post("/bildir")
@open_to_all
def send_report() -> Any:
    form = flask.request.form
    if form.get("website"):  # a field that people do not see
        return _thanks(None, None)
    limits().report(address=client_address())
    errors: dict[str, list[str]] = {}
    digits = _number(form.get("number", ""), errors)
    category = _category(form.get("category", ""), errors)
    if not form.get("text", "").strip():
        errors["text"] = [_("Please copy the words of the message here.")]
    if errors or category is None:
        return _form(form.to_dict(), errors), 400
    try:
        with transaction():
            received = receive_web_report(
                line=line_by_number(digits),
                typed_number=digits,
                category=category,
                text=form["text"],
                contact=form.get("contact", "")[:200],
                desk_pk=base64.b64decode(settings_of()["WHATSTR_DESK_PUBLIC"]),
                ident_pks=trusted_idents(),
            )
    except InvalidInput as error:
        field = str(error.context["field"])
        return _form(form.to_dict(), {field: [_("This is longer than we can take.")]}), 400
    return _thanks(received.number, received.proof_code)


@public.get("/bildir/<string(maxlength=64):code>")
@open_to_all
def link_report_form(code: str) -> str:
    return _form({}, {}, code=code)


@public.post("/bildir/<string(maxlength=64):code>")
@open_to_all
def send_link_report(code: str) -> Any:
    form = flask.request.form
    limits().report(address=client_address())
    errors: dict[str, list[str]] = {}
    category = _category(form.get("category", ""), errors)
    if errors or category is None:
        return _form(form.to_dict(), errors, code=code), 400
    with transaction():
        receive_link_report(
            code=code,
            category=category,
            text=form.get("text", "")[:4000],
            ident_pks=trusted_idents(),
        )
    return _thanks(None, None)


def _number(typed: str, errors: dict[str, list[str]]) -> str:
    try:
        return normalise(typed).digits
    except PhoneError:
        errors["number"] = [
            _("Please give the number the message came from, for example 0850 123 45 67.")
        ]
        return ""


def _category(typed: str, errors: dict[str, list[str]]) -> ReportCategory | None:
    try:
        return ReportCategory(typed)
    except ValueError:
        errors["category"] = [_("Please choose what happened.")]
        return None


def _form(values: dict[str, str], errors: dict[str, list[str]], *, code: str = "") -> str:
    return flask.render_template(
        "public/report.html",
        values=values,
        errors=errors,
        categories=categories(),
        code=code,
    )


def _thanks(number: int | None, proof_code: str | None) -> str:
    abuse_line = settings_of().get("WHATSTR_ABUSE_LINE")
    prove = None
    if abuse_line and proof_code:
        prove = f"https://wa.me/{abuse_line}?text={quote(f'{PROOF_WORD} {proof_code}')}"
    return flask.render_template(
        "public/report_done.html",
        number=number,
        proof_code=proof_code,
        proof_word=PROOF_WORD,
        prove_url=prove,
        line_shown=readable(abuse_line or ""),
    )
