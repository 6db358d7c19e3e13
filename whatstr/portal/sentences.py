"""What the API says when it refuses: a sentence with the next step, in the member's language.

Codes of one domain stand in that domain's API module; here are the ones that every call knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask_babel import gettext as _

from whatstr.core.errors import DomainError

Sentence = Callable[[DomainError], str]


def _retry(error: DomainError) -> str:
    seconds = int(error.context.get("retry_after") or 60)
    minutes = max(1, -(-seconds // 60))
    said = _("Too many tries. Please wait %(minutes)s minutes, then try again.", minutes=minutes)
    return str(said)


def _reason(error: DomainError) -> str:
    found = REASONS.get(str(error.context.get("reason")))
    return found(error) if found else str(_("Please check this value."))


def _bound(error: DomainError, name: str) -> object:
    return error.context.get(name, "")


REASONS: dict[str, Sentence] = {
    "missing": lambda e: _("This field is needed."),
    "empty": lambda e: _("This field is needed."),
    "wrong_type": lambda e: _("This value has the wrong form. Please type it again."),
    "too_long": lambda e: _("At most %(max)s characters, please.", max=_bound(e, "max")),
    "too_short": lambda e: _("At least %(min)s characters, please.", min=_bound(e, "min")),
    "too_large": lambda e: _("This is too large."),
    "too_small": lambda e: _("This is too small."),
    "not_a_choice": lambda e: _("Please choose one of the options."),
    "not_an_id": lambda e: _("This link is not complete. Please open the page again."),
    "not_an_instant": lambda e: _("Please give a date and a time."),
    "email": lambda e: _("Please check the e-mail address, for example ayse@firma.com."),
    "phone": lambda e: _("Please check the phone number, for example 0532 123 45 67."),
    "website": lambda e: _("Please check the web address, for example https://www.firma.com."),
    "tax_number": lambda e: _(
        "Please check the tax number: 10 digits, or the 11 digits of an identity number."
    ),
    "document_missing": lambda e: _("Please accept this document to go on."),
    "document_outdated": lambda e: _(
        "This document has a new version. Please reload the page and read it."
    ),
    "weak_kdf": lambda e: _("Your browser's settings for the key are too weak. Please reload."),
    "id_taken": lambda e: _("This was already used. Please reload the page and try again."),
}


def add_reasons(reasons: Mapping[str, Sentence]) -> None:
    """Words of one API module for reasons of its own."""
    REASONS.update(reasons)


SENTENCES: dict[str, Sentence] = {
    "invalid_input": _reason,
    "too_large": lambda e: _("This is larger than the service takes. Nothing was stored."),
    "not_signed_in": lambda e: _("Your session is over. Please sign in again."),
    "not_allowed": lambda e: _(
        "Your role does not allow this. Please ask the owner of the account."
    ),
    "not_found": lambda e: _("There is no such thing in your account, or it was deleted."),
    "conflict": lambda e: _("This was changed in another window. Reload, then repeat your change."),
    "too_many": _retry,
    "unavailable": lambda e: _(
        "The service is briefly unavailable. Nothing was lost; please try again."
    ),
    "illegal_transition": lambda e: _("This is no longer possible in the present state."),
    "email_unconfirmed": lambda e: _(
        "Please confirm your e-mail address first: the link is in our e-mail."
    ),
}
