"""Tables that only the sender reads: leases, its instance, franking tags, Meta's message ids."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from whatstr.core.db import Base, pseudonym, public


class LineLease(Base):
    """One slice per line at a time."""

    __tablename__ = "s_lease"

    line_id: Mapped[uuid.UUID] = public(sa.ForeignKey("line.id"), primary_key=True)
    owner: Mapped[uuid.UUID] = public()
    until: Mapped[datetime] = public()


class Instance(Base):
    """Whose database this is (`whatstr.sending.instance`): one row, made by the migration."""

    __tablename__ = "s_instance"

    one: Mapped[bool] = public(primary_key=True)
    id: Mapped[uuid.UUID | None] = public()
    beat: Mapped[int] = public(sa.BigInteger)
    cluster: Mapped[str | None] = public()
    refused: Mapped[str | None] = public()
    seen_at: Mapped[datetime | None] = public()
    late_at: Mapped[datetime | None] = public()
    """When a webhook came late for the last time (`whatstr.sending.punctuality`)."""

    __table_args__ = (sa.CheckConstraint("one", name="one"),)


class FrankingRow(Base):
    """Keyed tags of the lines of one sent message (vault design, 14.8)."""

    __tablename__ = "s_frank"

    mref: Mapped[bytes] = pseudonym(primary_key=True)
    organization_id: Mapped[uuid.UUID] = public()
    line_id: Mapped[uuid.UUID] = public()
    campaign_id: Mapped[uuid.UUID | None] = public()
    row: Mapped[int | None] = public()
    recipient_ix: Mapped[bytes] = pseudonym()
    kid: Mapped[int] = public(index=True)
    hour: Mapped[datetime] = public()
    tags: Mapped[bytes] = pseudonym()

    __table_args__ = (sa.Index("ix_s_frank_recipient", "organization_id", "recipient_ix"),)


class MessageIdIndex(Base):
    """Keyed index of a wamid -> mref. The wamid itself is never stored: it holds the number."""

    __tablename__ = "s_wamid"

    wamid_ix: Mapped[bytes] = pseudonym(primary_key=True)
    mref: Mapped[bytes] = pseudonym()
    at: Mapped[datetime] = public(index=True)


class SeenUpdate(Base):
    """Inbound messages already acted on, by keyed index, since webhooks come twice."""

    __tablename__ = "s_seen"

    update_ix: Mapped[bytes] = pseudonym(primary_key=True)
    at: Mapped[datetime] = public(index=True)


class LastInbound(Base):
    """When a person last wrote to a line: the 24 hours in which free text may be sent (facts 5)."""

    __tablename__ = "s_window"

    line_id: Mapped[uuid.UUID] = public(
        sa.ForeignKey("line.id", ondelete="CASCADE"), primary_key=True
    )
    recipient_ix: Mapped[bytes] = pseudonym(primary_key=True)
    at: Mapped[datetime] = public(index=True)


class IndexRoot(Base):
    """Under which index key an organization's refusals were written. Another one than the present
    means that they are not all there: nothing is sent until they are (vault design, 17)."""

    __tablename__ = "s_root"

    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), primary_key=True)
    root: Mapped[bytes] = pseudonym()
    at: Mapped[datetime] = public()
