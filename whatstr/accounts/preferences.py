"""Which news a member wants, and in which language the service speaks to them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from whatstr.accounts.enrolment import PREFERENCES
from whatstr.accounts.models import Member
from whatstr.audit.services import Actor, record
from whatstr.core.db import session


@dataclass(frozen=True)
class Preferences:
    """News about products and the company, a channel each (terms, section 7), and the language."""

    email: bool
    sms: bool
    whatsapp: bool
    language: str


def preferences_of(member_id: uuid.UUID) -> Preferences:
    member = session().get_one(Member, member_id)
    chosen = {**PREFERENCES, **member.preferences}
    return Preferences(
        email=bool(chosen["email"]),
        sms=bool(chosen["sms"]),
        whatsapp=bool(chosen["whatsapp"]),
        language=member.language,
    )


def set_preferences(*, actor: Actor, member_id: uuid.UUID, wanted: Preferences) -> Preferences:
    """Store the choice; the audit trail says what was refused and allowed, and when."""
    member = session().get_one(Member, member_id)
    channels = {"email": wanted.email, "sms": wanted.sms, "whatsapp": wanted.whatsapp}
    before = preferences_of(member_id)
    if before == wanted:
        return before
    member.preferences = channels
    member.language = wanted.language
    record(
        actor=actor,
        verb="member.preferences_set",
        subject_kind="member",
        subject_id=member.id,
        organization_id=member.organization_id,
        detail={**channels, "language": wanted.language},
    )
    session().flush()
    return preferences_of(member_id)
