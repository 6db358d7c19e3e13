"""Complaints, the cases they join, what was decided and what that did."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from whatstr.core.db import Base, pk, pseudonym, public, sealed
from whatstr.core.statemachine import StateMachine


class ReportChannel(StrEnum):
    REPLY = "reply"
    FORWARD = "forward"
    WEB = "web"
    LINK = "link"


class ReportCategory(StrEnum):
    NEVER_AGREED = "never_agreed"
    TOLD_TO_STOP = "told_to_stop"
    FRAUD = "fraud"
    PHISHING = "phishing"
    IMPERSONATION = "impersonation"
    ILLEGAL_CONTENT = "illegal_content"
    HARASSMENT = "harassment"
    OTHER = "other"


class Verdict(StrEnum):
    """What the sender found of the reported lines in what it really sent."""

    PENDING = "pending"
    VERIFIED = "verified"
    PARTLY = "partly"
    SENDER_ONLY = "sender_only"
    UNVERIFIED = "unverified"


class ReportState(StrEnum):
    RECEIVED = "received"
    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    ATTACHED = "attached"
    REJECTED = "rejected"


class CaseState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    WAITING = "waiting"
    DECIDED = "decided"
    APPEALED = "appealed"
    UPHELD = "upheld"
    CHANGED = "changed"
    CLOSED = "closed"


class ActionKind(StrEnum):
    DISMISS = "dismiss"
    WARN = "warn"
    LIMIT_RATE = "limit_rate"
    PAUSE_CAMPAIGN = "pause_campaign"
    PAUSE_LINE = "pause_line"
    SUSPEND_ORGANIZATION = "suspend_organization"
    CLOSE_ORGANIZATION = "close_organization"


class ActionState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    APPLIED = "applied"
    EXPIRED = "expired"
    REVERSED = "reversed"


_R, _K, _A = ReportState, CaseState, ActionState
REPORT_MACHINE = StateMachine(
    ReportState,
    {
        _R.RECEIVED: [_R.VERIFIED, _R.UNVERIFIED, _R.ATTACHED, _R.REJECTED],
        _R.VERIFIED: [_R.ATTACHED, _R.REJECTED],
        _R.UNVERIFIED: [_R.VERIFIED, _R.ATTACHED, _R.REJECTED],
        _R.ATTACHED: [],
        _R.REJECTED: [],
    },
)
CASE_MACHINE = StateMachine(
    CaseState,
    {
        _K.OPEN: [_K.CLAIMED],
        _K.CLAIMED: [_K.OPEN, _K.WAITING, _K.DECIDED],
        _K.WAITING: [_K.CLAIMED],
        _K.DECIDED: [_K.APPEALED, _K.CLOSED],
        _K.APPEALED: [_K.UPHELD, _K.CHANGED],
        _K.UPHELD: [_K.CLOSED],
        _K.CHANGED: [_K.CLOSED],
        _K.CLOSED: [],
    },
)
ACTION_MACHINE = StateMachine(
    ActionState,
    {
        _A.PROPOSED: [_A.APPROVED, _A.APPLIED, _A.EXPIRED],
        _A.APPROVED: [_A.APPLIED, _A.EXPIRED],
        _A.APPLIED: [_A.EXPIRED, _A.REVERSED],
        _A.EXPIRED: [],
        _A.REVERSED: [],
    },
)


class Case(Base):
    """The unit of review: one subject, all its reports."""

    __tablename__ = "abuse_case"

    id: Mapped[uuid.UUID] = pk()
    number: Mapped[int] = public(sa.Integer, sa.Identity(start=1001), unique=True)
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    line_id: Mapped[uuid.UUID | None] = public(sa.ForeignKey("line.id"))
    state: Mapped[CaseState] = public(default=CaseState.OPEN)
    opened_at: Mapped[datetime] = public()
    closed_at: Mapped[datetime | None] = public()
    claimed_by: Mapped[uuid.UUID | None] = public(sa.ForeignKey("staff_user.id"))
    claimed_until: Mapped[datetime | None] = public()
    version: Mapped[int] = public(default=1)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    reports: Mapped[list[AbuseReport]] = relationship(lazy="raise")

    __table_args__ = (
        sa.Index("ix_abuse_case_opened_at", "opened_at"),
        sa.Index("ix_abuse_case_state_opened_at", "state", "opened_at"),
    )


class AbuseReport(Base):
    """One complaint. Reporter's number and reported words are sealed to the desk (0x13)."""

    __tablename__ = "abuse_report"

    id: Mapped[uuid.UUID] = pk()
    number: Mapped[int] = public(sa.Integer, sa.Identity(start=10001), unique=True)
    received_at: Mapped[datetime] = public(index=True)
    channel: Mapped[ReportChannel] = public()
    category: Mapped[ReportCategory] = public(default=ReportCategory.OTHER)
    state: Mapped[ReportState] = public(default=ReportState.RECEIVED)
    verdict: Mapped[Verdict] = public(default=Verdict.PENDING)
    organization_id: Mapped[uuid.UUID | None] = public(index=True)
    line_id: Mapped[uuid.UUID | None] = public()
    campaign_id: Mapped[uuid.UUID | None] = public()
    case_id: Mapped[uuid.UUID | None] = public(sa.ForeignKey("abuse_case.id"), index=True)
    sealed: Mapped[bytes] = sealed()

    __table_args__ = (
        sa.Index("ix_abuse_report_state_received_at", "state", "received_at"),
        sa.Index("ix_abuse_report_verdict_received_at", "verdict", "received_at"),
        sa.Index("ix_abuse_report_channel_received_at", "channel", "received_at"),
        sa.Index("ix_abuse_report_category_received_at", "category", "received_at"),
        sa.Index("ix_abuse_report_line_id_received_at", "line_id", "received_at"),
    )


class ReportProof(Base):
    """What the sender needs to verify a web report once its writer proves the number by sending
    the code to the abuse line. Sealed to the sender (0x11); deleted after use or a day."""

    __tablename__ = "abuse_proof"

    report_id: Mapped[uuid.UUID] = public(primary_key=True)
    code_hash: Mapped[bytes] = pseudonym(unique=True)
    sealed: Mapped[bytes] = sealed()
    expires_at: Mapped[datetime] = public()


class Decision(Base):
    """What was concluded, on which policy and ground."""

    __tablename__ = "decision"

    id: Mapped[uuid.UUID] = pk()
    case_id: Mapped[uuid.UUID] = public(sa.ForeignKey("abuse_case.id"), index=True)
    staff_id: Mapped[uuid.UUID] = public(sa.ForeignKey("staff_user.id"))
    policy: Mapped[str] = public()
    ground: Mapped[str] = public()
    explanation: Mapped[str] = public()
    at: Mapped[datetime] = public()


class Action(Base):
    """The effect of a decision on a campaign, a line or an organization."""

    __tablename__ = "abuse_action"

    id: Mapped[uuid.UUID] = pk()
    decision_id: Mapped[uuid.UUID] = public(sa.ForeignKey("decision.id"), index=True)
    case_id: Mapped[uuid.UUID] = public(sa.ForeignKey("abuse_case.id"), index=True)
    kind: Mapped[ActionKind] = public()
    state: Mapped[ActionState] = public(default=ActionState.PROPOSED)
    target_id: Mapped[uuid.UUID | None] = public()
    proposed_by: Mapped[uuid.UUID] = public(sa.ForeignKey("staff_user.id"))
    approved_by: Mapped[uuid.UUID | None] = public(sa.ForeignKey("staff_user.id"))
    proposed_at: Mapped[datetime] = public()
    applied_at: Mapped[datetime | None] = public()
    expires_at: Mapped[datetime | None] = public()
    reversed_at: Mapped[datetime | None] = public()


class StatementOfReasons(Base):
    """The notice to the affected organization, frozen in both languages."""

    __tablename__ = "statement_of_reasons"

    id: Mapped[uuid.UUID] = pk()
    decision_id: Mapped[uuid.UUID] = public(sa.ForeignKey("decision.id"), unique=True)
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    text_tr: Mapped[str] = public()
    text_en: Mapped[str] = public()
    appeal_until: Mapped[datetime | None] = public()
    sent_at: Mapped[datetime] = public()
