"""Support requests. What is written in them goes to us, so it is staff tier: sealed at rest."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from whatstr.core.crypto import PiiMixin, PiiType, pii
from whatstr.core.db import Base, personal, pk, public
from whatstr.core.statemachine import StateMachine


class SupportTopic(StrEnum):
    """What a request is about; chosen by whoever opens it."""

    ACCOUNT = "account"
    BILLING = "billing"
    LINE = "line"
    SENDING = "sending"
    PRIVACY = "privacy"
    OTHER = "other"


class SupportState(StrEnum):
    """`open` waits for us, `answered` for the customer."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class Satisfaction(StrEnum):
    """What the customer says of a closed request."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class Author(StrEnum):
    """Whose words a message holds."""

    CUSTOMER = "customer"
    STAFF = "staff"


_S = SupportState
SUPPORT_MACHINE = StateMachine(
    SupportState,
    {
        _S.OPEN: [_S.ANSWERED, _S.CLOSED],
        _S.ANSWERED: [_S.OPEN, _S.CLOSED],
        _S.CLOSED: [_S.OPEN],
    },
)


class SupportRequest(PiiMixin, Base):
    """One matter of one customer. `waiting_since` is when the oldest word without our answer came:
    the queue's clock."""

    __tablename__ = "support_request"
    __table_args__ = (
        sa.Index("ix_support_request_waiting", "state", "waiting_since"),
        sa.Index("ix_support_request_opened", "opened_at"),
        sa.Index("ix_support_request_topic", "topic", "opened_at"),
        sa.Index("ix_support_request_customer", "organization_id", "opened_at"),
        sa.Index(
            "ix_support_request_closed",
            "closed_at",
            postgresql_where=sa.text("closed_at is not null"),
        ),
    )

    id: Mapped[uuid.UUID] = pk()
    number: Mapped[int] = public(sa.Integer, sa.Identity(start=50001), unique=True)
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"))
    member_id: Mapped[uuid.UUID] = public(sa.ForeignKey("member.id"))
    topic: Mapped[SupportTopic] = public()
    state: Mapped[SupportState] = public(default=SupportState.OPEN)
    language: Mapped[str] = public(default="tr")
    subject_ct = personal("subject", PiiType("support_request.subject"), nullable=False)
    subject = pii("subject_ct")
    opened_at: Mapped[datetime] = public()
    waiting_since: Mapped[datetime | None] = public()
    first_answer_at: Mapped[datetime | None] = public()
    last_at: Mapped[datetime] = public()
    closed_at: Mapped[datetime | None] = public()
    assigned_to: Mapped[uuid.UUID | None] = public(sa.ForeignKey("staff_user.id"), index=True)
    satisfaction: Mapped[Satisfaction | None] = public()
    version: Mapped[int] = public(default=1)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class SupportMessage(PiiMixin, Base):
    """One entry of a thread, by the customer or by us."""

    __tablename__ = "support_message"
    __table_args__ = (sa.Index("ix_support_message_thread", "request_id", "at"),)

    id: Mapped[uuid.UUID] = pk()
    request_id: Mapped[uuid.UUID] = public(sa.ForeignKey("support_request.id"))
    author: Mapped[Author] = public()
    author_id: Mapped[uuid.UUID] = public()
    at: Mapped[datetime] = public()
    body_ct = personal("body", PiiType("support_message.body"), nullable=False)
    body = pii("body_ct")


class CannedReply(Base):
    """An answer that is kept ready, in both languages. It names no customer."""

    __tablename__ = "canned_reply"

    id: Mapped[uuid.UUID] = pk()
    topic: Mapped[SupportTopic] = public()
    title_tr: Mapped[str] = public()
    title_en: Mapped[str] = public()
    body_tr: Mapped[str] = public()
    body_en: Mapped[str] = public()
    created_at: Mapped[datetime] = public()
    version: Mapped[int] = public(default=1)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
