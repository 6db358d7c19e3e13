"""Codes of others, as staff read them: Stripe's, Meta's, and PostgreSQL's name of a door.

Each may grow a new one at any time: what has no words here is shown as it is.
"""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from whatstr.abuse.effects import STAFF
from whatstr.core.i18n import language, number
from whatstr.lines.error_policy import rule_for
from whatstr.lines.reasons import sentence_for

_LIMITS = {"50": 50, "250": 250, "1K": 1_000, "2K": 2_000, "10K": 10_000, "100K": 100_000}
_FAILURES = {
    "lost_or_stolen_card": lazy_gettext("The card was reported lost or stolen"),
    "expired_or_canceled_card": lazy_gettext("The card has run out or was cancelled"),
    "charge_for_pending_refund_disputed": lazy_gettext("The payment is under dispute"),
    "charge_disputed": lazy_gettext("The payment is under dispute"),
    "charge_already_refunded": lazy_gettext("All of it was given back already"),
    "insufficient_funds": lazy_gettext("Our balance at Stripe did not suffice"),
    "merchant_request": lazy_gettext("Called off at our request"),
    "canceled": lazy_gettext("Called off at Stripe"),
    "declined": lazy_gettext("The bank declined it"),
    "unknown": lazy_gettext("The bank gave no reason"),
    "no_payment_intent": lazy_gettext("Stripe never took this payment"),
}
_STATUSES = {
    "CONNECTED": lazy_gettext("Connected"),
    "DISCONNECTED": lazy_gettext("Disconnected"),
    "PENDING": lazy_gettext("In review"),
    "FLAGGED": lazy_gettext("Flagged"),
    "RESTRICTED": lazy_gettext("Restricted"),
    "BANNED": lazy_gettext("Banned"),
    "RATE_LIMITED": lazy_gettext("Slowed down"),
    "UNVERIFIED": lazy_gettext("Not verified"),
    "MIGRATED": lazy_gettext("Moved elsewhere"),
    "DELETED": lazy_gettext("Deleted"),
}
_ORIGINS = {
    "whatstr_hook": lazy_gettext("Meta"),
    "whatstr_web": lazy_gettext("Our own pages"),
    "whatstr_worker": lazy_gettext("The worker"),
    "whatstr_admin": lazy_gettext("The staff panel"),
}


def refund_failure(code: str | None) -> str:
    """Why a refund did not go through."""
    return str(_FAILURES.get(code, code)) if code else "–"


def line_status(status: str | None) -> str:
    """What Meta says of a line."""
    return str(_STATUSES.get(status, status)) if status else "–"


def daily_limit(tier: str | None) -> str:
    """How many people a line may begin to write to in a day (`TIER_2K`)."""
    if tier == "TIER_UNLIMITED":
        return str(_("No limit"))
    found = _LIMITS.get((tier or "").removeprefix("TIER_"))
    return number(found) if found else tier or "–"


def reason(code: str | None) -> str:
    """Why a line or a campaign stands still; the sentence of our own doing is for customers."""
    if code == STAFF:
        return str(_("A decision in a case"))
    return sentence_for(code, language()) or code or "–"


def meta(code: int) -> str:
    """One of Meta's error codes with its sentence."""
    return f"{code}: {rule_for(code).sentence(language())}"


def origin(role: str) -> str:
    """Who left something for the sender: the login that wrote it."""
    return str(_ORIGINS.get(role, role))
