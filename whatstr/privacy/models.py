"""Processors, disclosures, and views of an account that its customer allowed."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from whatstr.core.crypto import PiiMixin, PiiType, pii
from whatstr.core.db import Base, personal, pk, public, secret
from whatstr.core.statemachine import StateMachine


class LegalGround(StrEnum):
    """Why data may be handed to somebody outside (facts on Turkish law)."""

    COURT_ORDER = "court_order"
    PROSECUTOR = "prosecutor"
    TAX_OFFICE = "tax_office"
    KVKK_BOARD = "kvkk_board"
    OTHER_LAW = "other_law"


class DisclosureState(StrEnum):
    RECEIVED = "received"
    APPROVED = "approved"
    HANDED_OVER = "handed_over"
    REFUSED = "refused"


_D = DisclosureState
DISCLOSURE_MACHINE = StateMachine(
    DisclosureState,
    {
        _D.RECEIVED: [_D.APPROVED, _D.REFUSED],
        _D.APPROVED: [_D.HANDED_OVER, _D.REFUSED],
        _D.HANDED_OVER: [],
        _D.REFUSED: [],
    },
)


class Processor(Base):
    """A company that works on personal data for us."""

    __tablename__ = "processor"

    id: Mapped[uuid.UUID] = pk()
    version: Mapped[int] = public(default=1)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    name: Mapped[str] = public(unique=True)
    country: Mapped[str] = public()
    purpose_tr: Mapped[str] = public()
    purpose_en: Mapped[str] = public()
    data_tr: Mapped[str] = public()
    data_en: Mapped[str] = public()
    contract_on: Mapped[date | None] = public()
    created_at: Mapped[datetime] = public()
    ended_at: Mapped[datetime | None] = public()


class Disclosure(PiiMixin, Base):
    """A demand of an authority for data of a customer, and what became of it. Who asked and what
    was handed over are sealed: both may name people."""

    __tablename__ = "disclosure"

    id: Mapped[uuid.UUID] = pk()
    version: Mapped[int] = public(default=1)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    number: Mapped[int] = public(sa.Integer, sa.Identity(start=1), unique=True)
    state: Mapped[DisclosureState] = public(default=DisclosureState.RECEIVED)
    ground: Mapped[LegalGround] = public()
    reference: Mapped[str] = public()
    organization_id: Mapped[uuid.UUID | None] = public(index=True)
    received_on: Mapped[date] = public()
    recorded_by: Mapped[uuid.UUID] = public()
    recorded_at: Mapped[datetime] = public()
    approved_by: Mapped[uuid.UUID | None] = public()
    approved_at: Mapped[datetime | None] = public()
    handed_over_by: Mapped[uuid.UUID | None] = public()
    handed_over_at: Mapped[datetime | None] = public()
    refused_by: Mapped[uuid.UUID | None] = public()
    refused_at: Mapped[datetime | None] = public()
    authority_ct = personal("authority", PiiType("disclosure.authority"))
    authority = pii("authority_ct")
    wanted_ct = personal("wanted", PiiType("disclosure.wanted"))
    wanted = pii("wanted_ct")
    handed_over_ct = personal("handed_over", PiiType("disclosure.handed_over"), nullable=True)
    handed_over = pii("handed_over_ct")


class AllowedView(Base):
    """A customer's leave to look at the account through their eyes, for a while. Only the hash of
    the code is stored; `staff_id` is who entered it."""

    __tablename__ = "allowed_view"

    id: Mapped[uuid.UUID] = pk()
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    member_id: Mapped[uuid.UUID] = public(sa.ForeignKey("member.id"))
    code_hash: Mapped[bytes] = secret(unique=True)
    minutes: Mapped[int] = public()
    created_at: Mapped[datetime] = public()
    code_ends_at: Mapped[datetime] = public()
    staff_id: Mapped[uuid.UUID | None] = public()
    begun_at: Mapped[datetime | None] = public()
    ends_at: Mapped[datetime | None] = public()
    revoked_at: Mapped[datetime | None] = public()
