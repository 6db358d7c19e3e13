"""Showing one masked value of an organization: who may, why, and the log row before the value."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.orm import load_only

from whatstr.abuse.desk import RevealReason
from whatstr.abuse.models import Case, CaseState
from whatstr.abuse.policies import check_note
from whatstr.accounts.contact import is_deleted
from whatstr.accounts.models import Member, MemberRole, Organization
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.accounts.reveal_alerts import watch_reveals
from whatstr.accounts.staff_sessions import SignedInStaff
from whatstr.audit.models import Reveal
from whatstr.audit.services import Actor, record
from whatstr.billing.models import ExceptionRequest, ExceptionState
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import InvalidInput, NotAllowed, NotFound
from whatstr.support.queries import works_on

SECONDS_SHOWN = 30


@dataclass(frozen=True)
class Field:
    """A value that can be shown: `column` is its sealed column, `name` the property over it."""

    key: str
    label: Any
    owner: type[Any]
    column: str
    name: str


def _field(key: str, label: Any, owner: type[Any], name: str) -> Field:
    return Field(key, label, owner, f"{name}_ct", name)


FIELDS: Mapping[str, Field] = {
    one.key: one
    for one in (
        _field("organization_name", lazy_gettext("Business name"), Organization, "name"),
        _field("contact_name", lazy_gettext("Contact person"), Member, "name"),
        _field("email", lazy_gettext("E-mail"), Member, "email"),
        _field("phone", lazy_gettext("Phone"), Member, "phone"),
        _field("address", lazy_gettext("Address"), Organization, "address"),
        _field("tax_number", lazy_gettext("Tax number"), Organization, "tax_number"),
        _field("tax_office", lazy_gettext("Tax office"), Organization, "tax_office"),
        _field("website", lazy_gettext("Web site"), Organization, "website"),
    )
}
# Billing needs what an invoice needs, support who to call (vault design, section 16).
_BILLING = ("organization_name", "email", "address", "tax_number", "tax_office")
_SUPPORT = ("organization_name", "contact_name", "email", "phone")
_CASE = ("organization_name", "contact_name", "email", "website")
_WORKED_ON = (ExceptionState.SUBMITTED, ExceptionState.NEEDS_INFO, ExceptionState.APPROVED)


@dataclass(frozen=True)
class Granted:
    """A reveal that is on record."""

    key: str
    subject_id: uuid.UUID


def fields_for(person: SignedInStaff, organization_id: uuid.UUID) -> Sequence[Field]:
    """What the person may have shown of this organization now: within a case that they have
    claimed, an open exception, or an open support request that they have in hand; the owner
    everything. Of a deleted customer nothing is left to show."""
    if is_deleted(organization_id):
        return []
    allowed: set[str] = set()
    if person.may(P.REVEAL_IN_REQUEST) and person.may(P.STAFF_WRITE):
        allowed |= set(FIELDS)
    if person.may(P.REVEAL_IN_CASE) and _has_claimed(person, organization_id):
        allowed |= set(_CASE)
    if person.may(P.REVEAL_IN_PAYMENT) and _has_exception(organization_id):
        allowed |= set(_BILLING)
    if person.may(P.REVEAL_IN_REQUEST) and works_on(organization_id, person.staff_id):
        allowed |= set(_SUPPORT)
    return [field for key, field in FIELDS.items() if key in allowed]


def log_reveal(
    *,
    actor: Actor,
    person: SignedInStaff,
    organization_id: uuid.UUID,
    field: str,
    reason: RevealReason,
    note: str,
) -> Granted:
    """Record that one value is shown. Raises NotAllowed, InvalidInput, NotFound."""
    if field not in FIELDS:
        raise InvalidInput("field", "unknown")
    if field not in {one.key for one in fields_for(person, organization_id)}:
        raise NotAllowed("reveal")
    words = check_note(note)
    subject = _subject(FIELDS[field], organization_id)
    kind = "member" if FIELDS[field].owner is Member else "organization"
    session().add(
        Reveal(
            at=clock.now(),
            staff_id=person.staff_id,
            staff_roles=",".join(sorted(str(role) for role in person.roles)),
            organization_id=organization_id,
            subject_kind=kind,
            subject_id=subject,
            field=field,
            reason=str(reason),
            note=words,
        )
    )
    record(
        actor=actor,
        verb="value.revealed",
        subject_kind=kind,
        subject_id=subject,
        organization_id=organization_id,
        reason=str(reason),
        detail={"field": field},
    )
    session().flush()
    watch_reveals(actor=actor, staff_id=person.staff_id)
    return Granted(field, subject)


def read_value(granted: Granted) -> str | None:
    """The value of a reveal that is committed."""
    field = FIELDS[granted.key]
    row = session().get(
        field.owner,
        granted.subject_id,
        options=[load_only(field.owner.id, getattr(field.owner, field.column))],
        populate_existing=True,
    )
    if row is None:
        raise NotFound("reveal")
    value: str | None = getattr(row, field.name)
    return value


def _subject(field: Field, organization_id: uuid.UUID) -> uuid.UUID:
    if field.owner is Organization:
        return organization_id
    owner = session().scalar(
        sa.select(Member.id)
        .where(Member.organization_id == organization_id, Member.role == MemberRole.OWNER)
        .order_by(Member.created_at)
        .limit(1)
    )
    if owner is None:
        raise NotFound("member")
    return owner


def _has_claimed(person: SignedInStaff, organization_id: uuid.UUID) -> bool:
    return bool(
        session().scalar(
            sa.select(sa.func.count()).where(
                Case.organization_id == organization_id,
                Case.state == CaseState.CLAIMED,
                Case.claimed_by == person.staff_id,
                Case.claimed_until > clock.now(),
            )
        )
    )


def _has_exception(organization_id: uuid.UUID) -> bool:
    return bool(
        session().scalar(
            sa.select(sa.func.count()).where(
                ExceptionRequest.organization_id == organization_id,
                ExceptionRequest.state.in_(_WORKED_ON),
            )
        )
    )
