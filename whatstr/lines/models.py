"""A WhatsApp line of an organization: what everybody may know, and what only the sender opens."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from whatstr.accounts.models import mask_phone_digits
from whatstr.core.crypto import PiiMixin, PiiType, norm_text, pii
from whatstr.core.db import Base, masked, personal, pk, pseudonym, public, sealed
from whatstr.core.statemachine import StateMachine


class LineState(StrEnum):
    """`held`: Meta or the token stops it; `paused`: our staff stopped it."""

    CONNECTED = "connected"
    HELD = "held"
    PAUSED = "paused"
    DISCONNECTED = "disconnected"


LINE_MACHINE = StateMachine(
    LineState,
    {
        LineState.CONNECTED: [LineState.HELD, LineState.PAUSED, LineState.DISCONNECTED],
        LineState.HELD: [LineState.CONNECTED, LineState.PAUSED, LineState.DISCONNECTED],
        LineState.PAUSED: [LineState.CONNECTED, LineState.HELD, LineState.DISCONNECTED],
        LineState.DISCONNECTED: [LineState.CONNECTED],
    },
)


class Line(PiiMixin, Base):
    """A sender number. The sender writes state and health; WEB stores the number it signed.

    `portfolio_ix` is the sender's keyed index of Meta's business portfolio, whose lines share one
    limit of people a day; empty until Meta was asked.
    """

    __tablename__ = "line"

    id: Mapped[uuid.UUID] = pk()
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    state: Mapped[LineState] = public(default=LineState.CONNECTED)
    state_reason: Mapped[str | None] = public()
    hold_code: Mapped[int | None] = public()
    hold_until: Mapped[datetime | None] = public()
    throughput: Mapped[int] = public(default=80)
    quality: Mapped[str] = public(default="UNKNOWN")
    limit_tier: Mapped[str | None] = public()
    meta_status: Mapped[str | None] = public()
    health: Mapped[dict[str, Any]] = public(default=dict)
    connected_at: Mapped[datetime] = public()
    checked_at: Mapped[datetime | None] = public()
    portfolio_ix: Mapped[bytes | None] = pseudonym(index=True)

    number_ct = personal("display_number", PiiType("line.display_number"), nullable=True)
    number_ix: Mapped[bytes | None] = pseudonym(index=True)
    number_masked: Mapped[str | None] = masked()
    display_number = pii(
        "number_ct",
        index="number_ix",
        context="line.display_number",
        norm=norm_text,
        mask="number_masked",
        masker=mask_phone_digits,
    )
    name_ct = personal("verified_name", PiiType("line.verified_name"), nullable=True)
    verified_name = pii("name_ct")

    __table_args__ = (
        sa.Index("ix_line_connected_at", "connected_at"),
        sa.Index("ix_line_state_connected_at", "state", "connected_at"),
        sa.Index("ix_line_quality_connected_at", "quality", "connected_at"),
    )


class LineConnection(Base):
    """How the sender reaches a line at Meta: Box CONN under CK, with the pins of the organization.

    Plaintext JSON: `{waba_id, phone_number_id, token, pin, sign_pk, box_pk}`.
    """

    __tablename__ = "s_conn"

    line_id: Mapped[uuid.UUID] = public(sa.ForeignKey("line.id"), primary_key=True)
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    sealed: Mapped[bytes] = sealed()
    phone_number_ix: Mapped[bytes] = pseudonym(unique=True)
    account_ix: Mapped[bytes] = pseudonym(index=True)
    updated_at: Mapped[datetime] = public()
    synced_at: Mapped[datetime | None] = public()


class LineEventKind(StrEnum):
    """What of a line Meta changed. The first five are columns of the line."""

    QUALITY = "quality"
    LIMIT_TIER = "limit_tier"
    THROUGHPUT = "throughput"
    META_STATUS = "meta_status"
    CAN_SEND = "can_send"
    ACCOUNT = "account"
    ALERT = "alert"
    REVIEW = "review"
    NAME = "name"


class LineEvent(Base):
    """A change of a line at Meta: the history that the customer sees. Holds Meta's own words for
    states (`GREEN`, `TIER_2K`), never a free text."""

    __tablename__ = "line_event"

    id: Mapped[int] = public(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    line_id: Mapped[uuid.UUID] = public(sa.ForeignKey("line.id", ondelete="CASCADE"))
    at: Mapped[datetime] = public()
    kind: Mapped[LineEventKind] = public()
    before: Mapped[str | None] = public()
    after: Mapped[str | None] = public()

    __table_args__ = (sa.Index("ix_line_event_line_id", "line_id", "at"),)


class MessageTemplate(Base):
    """How Meta sees a message template (decision 0007): no name and no text, only states under a
    keyed index. The customer's browser knows which template it is; nobody else does. `id` names
    the row for staff, who have no right to the index."""

    __tablename__ = "message_template"

    id: Mapped[uuid.UUID] = pk()
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"))
    template_ix: Mapped[bytes] = pseudonym()
    account_ix: Mapped[bytes] = pseudonym(index=True)
    status: Mapped[str] = public()
    quality: Mapped[str] = public(default="UNKNOWN")
    category: Mapped[str] = public(default="")
    reason: Mapped[str | None] = public()
    paused_until: Mapped[datetime | None] = public()
    next_category: Mapped[str | None] = public()
    next_category_at: Mapped[datetime | None] = public()
    changed_at: Mapped[datetime] = public()
    checked_at: Mapped[datetime] = public()

    __table_args__ = (
        sa.UniqueConstraint("organization_id", "template_ix"),
        sa.Index("ix_message_template_organization_id_changed_at", "organization_id", "changed_at"),
        sa.Index("ix_message_template_changed_at", "changed_at"),
        sa.Index("ix_message_template_status_changed_at", "status", "changed_at"),
        sa.Index("ix_message_template_quality_changed_at", "quality", "changed_at"),
        sa.Index("ix_message_template_category_changed_at", "category", "changed_at"),
    )
