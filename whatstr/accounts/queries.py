"""Reading accounts: what the panel's frame shows, and everything held about an organization."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from whatstr.accounts.models import AcceptedDocument, LoginEvent, Member, Organization
from whatstr.core.db import session

EVENTS_SHOWN = 500


@dataclass(frozen=True)
class Identity:
    """A member and the organization, with their personal columns loaded."""

    organization: Organization
    member: Member


@dataclass(frozen=True)
class HeldData:
    """Everything of the profile tier that is stored about an organization (terms, section 1)."""

    organization: Organization
    members: Sequence[Member]
    documents: Sequence[AcceptedDocument]
    events: Sequence[LoginEvent]


def identity(*, organization_id: uuid.UUID, member_id: uuid.UUID) -> Identity:
    """Who is signed in, for the member's own eyes."""
    options = [undefer_group("pii")]
    return Identity(
        organization=session().get_one(Organization, organization_id, options=options),
        member=session().get_one(Member, member_id, options=options),
    )


def held_data(organization_id: uuid.UUID) -> HeldData:
    """For the organization's own eyes; the newest events first, at most 500 of them."""
    pii = undefer_group("pii")
    members = sa.select(Member).where(Member.organization_id == organization_id)
    documents = sa.select(AcceptedDocument).where(
        AcceptedDocument.organization_id == organization_id
    )
    events = sa.select(LoginEvent).where(LoginEvent.organization_id == organization_id)
    run = session().scalars
    return HeldData(
        organization=session().get_one(Organization, organization_id, options=[pii]),
        members=run(members.options(pii).order_by(Member.created_at)).all(),
        documents=run(documents.options(pii).order_by(AcceptedDocument.at.desc())).all(),
        events=run(events.options(pii).order_by(LoginEvent.at.desc()).limit(EVENTS_SHOWN)).all(),
    )
