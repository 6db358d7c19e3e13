"""The audit trail. Rows survive whatever they speak of, so they carry no foreign keys."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from whatstr.core.crypto import PiiMixin, PiiType, pii
from whatstr.core.db import Base, personal, pseudonym, public


class ActorKind(StrEnum):
    """Who acts."""

    MEMBER = "member"
    STAFF = "staff"
    SYSTEM = "system"
    RECIPIENT = "recipient"


class AuditEvent(PiiMixin, Base):
    """One act. `hash` = SHA-256(previous hash ‖ canonical row); see `whatstr.audit.services`."""

    __tablename__ = "audit_event"

    seq: Mapped[int] = public(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    id: Mapped[uuid.UUID] = public(unique=True)
    at: Mapped[datetime] = public(index=True)
    actor_kind: Mapped[ActorKind] = public()
    actor_id: Mapped[uuid.UUID | None] = public(index=True)
    verb: Mapped[str] = public()
    subject_kind: Mapped[str] = public()
    subject_id: Mapped[str] = public(index=True)
    organization_id: Mapped[uuid.UUID | None] = public(index=True)
    reason: Mapped[str | None] = public()
    detail: Mapped[dict[str, Any]] = public()
    request_id: Mapped[str] = public()
    address_ct = personal("address", PiiType("audit_event.address"), nullable=True)
    address = pii("address_ct")
    previous: Mapped[bytes] = pseudonym()
    hash: Mapped[bytes] = pseudonym(unique=True)

    __table_args__ = (sa.Index("ix_audit_event_actor_kind", "actor_kind", "seq"),)


class Reveal(Base):
    """One personal value shown to one member of staff, for a stated reason."""

    __tablename__ = "reveal"

    id: Mapped[uuid.UUID] = public(primary_key=True, default=uuid.uuid4)
    at: Mapped[datetime] = public()
    staff_id: Mapped[uuid.UUID] = public(index=True)
    staff_roles: Mapped[str] = public()
    organization_id: Mapped[uuid.UUID] = public(index=True)
    subject_kind: Mapped[str] = public()
    subject_id: Mapped[uuid.UUID] = public()
    field: Mapped[str] = public()
    reason: Mapped[str] = public()
    note: Mapped[str] = public()
