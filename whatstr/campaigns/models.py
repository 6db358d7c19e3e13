"""Campaigns, their sealed parts, and one row for each message that was taken in hand."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from whatstr.core.db import Base, pk, pseudonym, public, sealed
from whatstr.core.statemachine import StateMachine


class CampaignKind(StrEnum):
    """Marketing needs consent; informational promotes nothing (Law 6563 art. 6)."""

    MARKETING = "marketing"
    INFORMATIONAL = "informational"


class CampaignState(StrEnum):
    UPLOADING = "uploading"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    HELD = "held"
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUSED = "refused"


_C = CampaignState
CAMPAIGN_MACHINE = StateMachine(
    CampaignState,
    {
        _C.UPLOADING: [_C.SCHEDULED, _C.QUEUED, _C.CANCELLED, _C.EXPIRED],
        _C.SCHEDULED: [_C.QUEUED, _C.PAUSED, _C.HELD, _C.CANCELLED, _C.EXPIRED, _C.REFUSED],
        _C.QUEUED: [_C.RUNNING, _C.PAUSED, _C.HELD, _C.CANCELLED, _C.EXPIRED, _C.REFUSED],
        _C.RUNNING: [_C.PAUSED, _C.HELD, _C.DONE, _C.CANCELLED, _C.EXPIRED, _C.REFUSED],
        _C.PAUSED: [_C.SCHEDULED, _C.QUEUED, _C.CANCELLED, _C.EXPIRED],
        _C.HELD: [_C.SCHEDULED, _C.QUEUED, _C.PAUSED, _C.CANCELLED, _C.EXPIRED],
        _C.DONE: [],
        _C.CANCELLED: [],
        _C.EXPIRED: [],
        _C.REFUSED: [],
    },
)
ACTIVE_STATES = frozenset({_C.QUEUED, _C.RUNNING})
OVER_STATES = frozenset({_C.DONE, _C.CANCELLED, _C.EXPIRED, _C.REFUSED})


class MessageStatus(StrEnum):
    """Delivery status of a row. `pending` is a row without a message, or one to be tried later."""

    PENDING = "pending"
    HANDING = "handing"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Campaign(Base):
    """One send to one audience. Title, template and mapping live in the sealed `record`.

    `late_after`: not begun by then, it asks instead of sending. `wait_code`, `wait_until`: what the
    sender waits for. `canary_size` rows go first (0: none, empty: not decided), counted from
    `canary_since`; the rest follows once `canary_passed_at` is set. `erased_at`: its rows and its
    sealed parts have gone (`campaigns.retention`).
    """

    __tablename__ = "campaign"

    id: Mapped[uuid.UUID] = pk()
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    line_id: Mapped[uuid.UUID] = public(sa.ForeignKey("line.id"), index=True)
    member_id: Mapped[uuid.UUID] = public(sa.ForeignKey("member.id"))
    kind: Mapped[CampaignKind] = public()
    state: Mapped[CampaignState] = public(default=CampaignState.UPLOADING)
    reason_code: Mapped[str | None] = public()
    rows: Mapped[int] = public()
    chunks: Mapped[int] = public()
    media: Mapped[list[Any]] = public(JSONB, default=list)
    due_at: Mapped[datetime] = public()
    expires_at: Mapped[datetime] = public()
    jk_wrap: Mapped[bytes] = sealed()
    record: Mapped[bytes] = sealed()
    created_at: Mapped[datetime] = public()
    committed_at: Mapped[datetime | None] = public()
    started_at: Mapped[datetime | None] = public()
    finished_at: Mapped[datetime | None] = public()
    state_changed_at: Mapped[datetime] = public()
    totals: Mapped[dict[str, Any] | None] = public(JSONB)
    totals_stale: Mapped[bool] = public(default=False, server_default=sa.false())
    """Rows have changed since the totals were stored."""
    late_after: Mapped[datetime | None] = public()
    wait_code: Mapped[str | None] = public()
    wait_until: Mapped[datetime | None] = public()
    canary_size: Mapped[int | None] = public()
    canary_reason: Mapped[str | None] = public()
    canary_since: Mapped[datetime | None] = public()
    canary_passed_at: Mapped[datetime | None] = public()
    template_ix: Mapped[bytes | None] = pseudonym(index=True)
    resend_of: Mapped[uuid.UUID | None] = public(sa.ForeignKey("campaign.id", ondelete="SET NULL"))
    erased_at: Mapped[datetime | None] = public()

    __table_args__ = (
        sa.Index(
            "ix_campaign_work",
            "line_id",
            "due_at",
            postgresql_where=sa.text("state in ('scheduled', 'queued', 'running')"),
        ),
        sa.Index(
            "ix_campaign_begun",
            "started_at",
            postgresql_where=sa.text("started_at is not null and finished_at is null"),
        ),
        sa.Index("ix_campaign_finished_at", "finished_at"),
        sa.Index(
            "ix_campaign_totals_stale", "finished_at", postgresql_where=sa.text("totals_stale")
        ),
        sa.Index(
            "ix_campaign_to_erase", "finished_at", postgresql_where=sa.text("erased_at is null")
        ),
        sa.Index("ix_campaign_created_at", "created_at"),
        sa.Index("ix_campaign_state_created_at", "state", "created_at"),
        sa.Index("ix_campaign_kind_created_at", "kind", "created_at"),
    )


class ResentRow(Base):
    """A failed row of `campaign_id` that has its second attempt in the campaign `by_id`; never in
    two."""

    __tablename__ = "campaign_resent"

    campaign_id: Mapped[uuid.UUID] = public(
        sa.ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = public(primary_key=True, autoincrement=False)
    by_id: Mapped[uuid.UUID] = public(sa.ForeignKey("campaign.id", ondelete="CASCADE"), index=True)


class Difference(StrEnum):
    """In what a campaign's figures and Meta's receipts differed (`sending.honesty`)."""

    SILENT = "silent"  # accepted by Meta, and not a word since
    TOO_LITTLE = "too_little"  # receipts tell more than we said
    TOO_MUCH = "too_much"  # we said more than receipts tell
    TOTALS = "totals"  # the stored sum was not the sum of the rows
    ROWS = "rows"  # more rows than were uploaded


class CampaignCheck(Base):
    """A difference that the check of a campaign found, for our staff. `corrected`: and mended."""

    __tablename__ = "campaign_check"

    id: Mapped[uuid.UUID] = pk()
    campaign_id: Mapped[uuid.UUID] = public(
        sa.ForeignKey("campaign.id", ondelete="CASCADE"), index=True
    )
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"))
    at: Mapped[datetime] = public()
    kind: Mapped[Difference] = public()
    rows: Mapped[int] = public()
    corrected: Mapped[bool] = public()


class CampaignSeal(Base):
    """The header with the campaign's key, sealed to a weekly key of the sender; dies at the end."""

    __tablename__ = "campaign_seal"

    campaign_id: Mapped[uuid.UUID] = public(
        sa.ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True
    )
    kid: Mapped[int] = public(sa.BigInteger)
    header: Mapped[bytes] = sealed()


class CampaignChunk(Base):
    """Up to 500 rows, Box JOB_CHUNK under JK."""

    __tablename__ = "campaign_chunk"

    campaign_id: Mapped[uuid.UUID] = public(
        sa.ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True
    )
    no: Mapped[int] = public(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = sealed()


class CampaignMedia(Base):
    """A piece of 1 MiB of a header's file, Box JOB_MEDIA under JK."""

    __tablename__ = "campaign_media"

    campaign_id: Mapped[uuid.UUID] = public(
        sa.ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True
    )
    no: Mapped[int] = public(primary_key=True, autoincrement=False)
    piece: Mapped[int] = public(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = sealed()


class Message(Base):
    """One row taken in hand. `mref` goes to Meta as opaque data and names the row in every
    webhook. WEB reads states and times; only the sender reads `mref` and `recipient_ix`."""

    __tablename__ = "message"

    campaign_id: Mapped[uuid.UUID] = public(
        sa.ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = public(primary_key=True, autoincrement=False)
    status: Mapped[MessageStatus] = public()
    code: Mapped[int | None] = public()
    attempts: Mapped[int] = public(default=1)
    not_before: Mapped[datetime | None] = public()
    claim: Mapped[uuid.UUID | None] = public()
    mref: Mapped[bytes] = pseudonym(unique=True)
    recipient_ix: Mapped[bytes] = pseudonym()
    handed_at: Mapped[datetime | None] = public()
    resent_at: Mapped[datetime | None] = public()
    unknown_at: Mapped[datetime | None] = public()
    """When its outcome was lost. It was taken in hand sooner, and may have left until then."""
    accepted_at: Mapped[datetime | None] = public()
    sent_at: Mapped[datetime | None] = public()
    delivered_at: Mapped[datetime | None] = public()
    read_at: Mapped[datetime | None] = public()
    failed_at: Mapped[datetime | None] = public()

    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "recipient_ix"),
        sa.Index(
            "ix_message_open",
            "campaign_id",
            "status",
            postgresql_where=sa.text("status in ('pending', 'handing', 'unknown')"),
        ),
        sa.Index("ix_message_accepted_at", "campaign_id", "accepted_at"),
        sa.Index(
            "ix_message_handed_at",
            "handed_at",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on", "pages_per_range": "32"},
        ),
    )


class MessageDay(Base):
    """Messages handed to Meta on one day of Istanbul, all customers together."""

    __tablename__ = "message_day"

    day: Mapped[date] = public(primary_key=True)
    handed: Mapped[int] = public(sa.BigInteger, default=0)
    accepted: Mapped[int] = public(sa.BigInteger, default=0)
    delivered: Mapped[int] = public(sa.BigInteger, default=0)
    read: Mapped[int] = public(sa.BigInteger, default=0)
    failed: Mapped[int] = public(sa.BigInteger, default=0)


class FailureDay(Base):
    """Failed messages of one day by Meta's code; 0 where there is none."""

    __tablename__ = "failure_day"

    day: Mapped[date] = public(primary_key=True)
    code: Mapped[int] = public(primary_key=True, autoincrement=False)
    messages: Mapped[int] = public(sa.BigInteger)


class LineDay(Base):
    """Messages of one line on one day: what rates are computed from."""

    __tablename__ = "line_day"
    __table_args__ = (
        sa.Index("ix_line_day_day", "day"),
        sa.Index("ix_line_day_organization_id_day", "organization_id", "day"),
    )

    line_id: Mapped[uuid.UUID] = public(primary_key=True)
    day: Mapped[date] = public(primary_key=True)
    organization_id: Mapped[uuid.UUID] = public()
    accepted: Mapped[int] = public(sa.BigInteger, default=0)
    delivered: Mapped[int] = public(sa.BigInteger, default=0)
    failed: Mapped[int] = public(sa.BigInteger, default=0)
