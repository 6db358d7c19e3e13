"""Sign-ups, sign-ins, purchases and launches with the address they came from (terms, section 1)."""

from __future__ import annotations

import uuid
from enum import StrEnum

from whatstr.accounts.models import LoginEvent
from whatstr.core import clock
from whatstr.core.db import session

_BROWSER_LENGTH = 400


class EventKind(StrEnum):
    """What happened."""

    SIGN_UP = "sign_up"
    SIGN_IN = "sign_in"
    RECOVERY = "recovery"
    PASSWORD = "password"  # noqa: S105 - a kind of event
    PURCHASE = "purchase"
    LAUNCH = "launch"
    DELETION = "deletion"
    STAFF_SIGN_IN = "staff_sign_in"


class Outcome(StrEnum):
    OK = "ok"
    FAILED = "failed"


def record_event(
    *,
    kind: EventKind,
    outcome: Outcome = Outcome.OK,
    address: str,
    browser: str | None = None,
    organization_id: uuid.UUID | None = None,
    member_id: uuid.UUID | None = None,
    staff_id: uuid.UUID | None = None,
) -> LoginEvent:
    """Write one event within the current transaction; address and browser are sealed."""
    event = LoginEvent(
        at=clock.now(),
        kind=str(kind),
        outcome=str(outcome),
        organization_id=organization_id,
        member_id=member_id,
        staff_id=staff_id,
    )
    event.address = address or "unknown"
    event.browser = browser[:_BROWSER_LENGTH] if browser else None
    session().add(event)
    session().flush()
    return event
