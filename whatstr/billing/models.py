"""What is sold, what was paid, the ledger of credits, refunds and exceptions."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from whatstr.core.crypto import PiiMixin, PiiType, pii
from whatstr.core.db import Base, enum_text, personal, pk, public
from whatstr.core.statemachine import StateMachine


class PlanInterval(StrEnum):
    MONTH = "month"
    YEAR = "year"
    ONCE = "once"


class PaymentState(StrEnum):
    CREATED = "created"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


class SubscriptionState(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"
    REFUNDED = "refunded"


class EntryKind(StrEnum):
    """Why credits moved."""

    GRANT = "grant"
    RESERVE = "reserve"
    SETTLE = "settle"
    RELEASE = "release"
    CLAW_BACK = "claw_back"
    RESTORE = "restore"


class CreditAccount(StrEnum):
    """The two sides of every entry: issued -> available -> reserved -> spent."""

    ISSUED = "issued"
    AVAILABLE = "available"
    RESERVED = "reserved"
    SPENT = "spent"


class Ground(StrEnum):
    """Grounds of an exception to the non-refundable term: a closed list."""

    DUPLICATE_CHARGE = "duplicate_charge"
    NEVER_DELIVERED = "never_delivered"
    OUR_OUTAGE = "our_outage"
    PRICE_ERROR = "price_error"
    LEGAL_ORDER = "legal_order"
    HARDSHIP = "hardship"


class ExceptionState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    NEEDS_INFO = "needs_info"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    EXECUTED = "executed"


class RefundState(StrEnum):
    CREATED = "created"
    SUBMITTED = "submitted"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SETTLED_OFFLINE = "settled_offline"


class DisputeState(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


_P, _E, _R = PaymentState, ExceptionState, RefundState
PAYMENT_MACHINE = StateMachine(
    PaymentState,
    {
        _P.CREATED: [_P.PENDING, _P.PAID, _P.FAILED, _P.EXPIRED],
        _P.PENDING: [_P.PAID, _P.FAILED, _P.EXPIRED],
        _P.FAILED: [_P.PAID],
        _P.EXPIRED: [_P.PAID],
        _P.PAID: [],
    },
)
EXCEPTION_MACHINE = StateMachine(
    ExceptionState,
    {
        _E.DRAFT: [_E.SUBMITTED, _E.EXPIRED],
        _E.SUBMITTED: [_E.NEEDS_INFO, _E.APPROVED, _E.REJECTED, _E.EXPIRED],
        _E.NEEDS_INFO: [_E.SUBMITTED, _E.REJECTED, _E.EXPIRED],
        _E.APPROVED: [_E.EXECUTED, _E.SUBMITTED, _E.EXPIRED],
        _E.REJECTED: [],
        _E.EXPIRED: [],
        _E.EXECUTED: [],
    },
)
REFUND_MACHINE = StateMachine(
    RefundState,
    {
        _R.CREATED: [_R.SUBMITTED, _R.PENDING, _R.SUCCEEDED, _R.FAILED],
        _R.SUBMITTED: [_R.PENDING, _R.SUCCEEDED, _R.FAILED],
        _R.PENDING: [_R.SUCCEEDED, _R.FAILED],
        _R.SUCCEEDED: [_R.FAILED],
        _R.FAILED: [_R.SUBMITTED, _R.SETTLED_OFFLINE],
        _R.SETTLED_OFFLINE: [],
    },
)


class Plan(Base):
    """A version of what is sold. A changed price is a new version."""

    __tablename__ = "plan"
    __table_args__ = (sa.UniqueConstraint("code", "edition"),)

    id: Mapped[uuid.UUID] = pk()
    code: Mapped[str] = public()
    edition: Mapped[int] = public(default=1)
    title_tr: Mapped[str] = public()
    title_en: Mapped[str] = public()
    description_tr: Mapped[str] = public(default="")
    description_en: Mapped[str] = public(default="")
    interval: Mapped[PlanInterval] = public()
    price_kurus: Mapped[int] = public()
    vat_rate_percent: Mapped[int] = public(default=20)
    credits: Mapped[int] = public()
    line_limit: Mapped[int] = public(default=1)
    visible: Mapped[bool] = public(default=True)
    stripe_product: Mapped[str | None] = public()
    stripe_price: Mapped[str | None] = public()
    created_at: Mapped[datetime] = public()


class Payment(PiiMixin, Base):
    """A purchase. Non-refundable by the term that was ticked; exceptions have their own desk."""

    __tablename__ = "payment"

    id: Mapped[uuid.UUID] = pk()
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    member_id: Mapped[uuid.UUID] = public(sa.ForeignKey("member.id"))
    plan_id: Mapped[uuid.UUID] = public(sa.ForeignKey("plan.id"))
    state: Mapped[PaymentState] = public(default=PaymentState.CREATED)
    amount_kurus: Mapped[int] = public()
    vat_kurus: Mapped[int] = public()
    currency: Mapped[str] = public(default="try")
    checkout_id: Mapped[str | None] = public(unique=True)
    payment_intent: Mapped[str | None] = public(unique=True)
    term_version: Mapped[str] = public()
    term_accepted_at: Mapped[datetime] = public()
    address_ct = personal("address", PiiType("payment.address"))
    address = pii("address_ct")
    created_at: Mapped[datetime] = public()
    paid_at: Mapped[datetime | None] = public()

    plan: Mapped[Plan] = relationship(lazy="raise")

    __table_args__ = (
        sa.Index("ix_payment_created_at", "created_at"),
        sa.Index("ix_payment_state_created_at", "state", "created_at"),
        sa.Index("ix_payment_paid_at", "paid_at"),
    )


class Subscription(Base):
    """The right to a plan for a period."""

    __tablename__ = "subscription"

    id: Mapped[uuid.UUID] = pk()
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    plan_id: Mapped[uuid.UUID] = public(sa.ForeignKey("plan.id"))
    payment_id: Mapped[uuid.UUID] = public(sa.ForeignKey("payment.id"), unique=True)
    state: Mapped[SubscriptionState] = public(default=SubscriptionState.ACTIVE)
    starts_at: Mapped[datetime] = public()
    ends_at: Mapped[datetime | None] = public()

    __table_args__ = (
        sa.Index("ix_subscription_starts_at", "starts_at"),
        sa.Index("ix_subscription_state_starts_at", "state", "starts_at"),
        sa.Index("ix_subscription_plan_id_state", "plan_id", "state"),
    )


class CreditEntry(Base):
    """A movement of message credits between two accounts. `key` makes it happen once."""

    __tablename__ = "credit_entry"

    id: Mapped[int] = public(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    key: Mapped[str] = public(unique=True)
    kind: Mapped[EntryKind] = public()
    source: Mapped[CreditAccount] = public()
    target: Mapped[CreditAccount] = public(enum_text(CreditAccount, "creditaccount_target"))
    amount: Mapped[int] = public(sa.CheckConstraint("amount > 0", name="amount_positive"))
    payment_id: Mapped[uuid.UUID | None] = public(sa.ForeignKey("payment.id"))
    campaign_id: Mapped[uuid.UUID | None] = public(index=True)
    at: Mapped[datetime] = public()

    __table_args__ = (sa.Index("ix_credit_entry_kind_id", "kind", "id"),)


class ExceptionRequest(PiiMixin, Base):
    """Asking to override the non-refundable term of one payment."""

    __tablename__ = "exception_request"

    id: Mapped[uuid.UUID] = pk()
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    payment_id: Mapped[uuid.UUID] = public(sa.ForeignKey("payment.id"), index=True)
    state: Mapped[ExceptionState] = public(default=ExceptionState.DRAFT)
    ground: Mapped[Ground] = public()
    explanation_ct = personal("explanation", PiiType("exception_request.explanation"))
    explanation = pii("explanation_ct")
    requested_by: Mapped[str] = public()
    requester_id: Mapped[uuid.UUID] = public()
    facts: Mapped[dict[str, Any]] = public(default=dict)
    maximum_kurus: Mapped[int] = public()
    amount_kurus: Mapped[int] = public()
    decision_reason: Mapped[str | None] = public()
    created_at: Mapped[datetime] = public()
    decided_at: Mapped[datetime | None] = public()
    expires_at: Mapped[datetime | None] = public()
    version: Mapped[int] = public(default=1)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    __table_args__ = (
        sa.Index("ix_exception_request_created_at", "created_at"),
        sa.Index("ix_exception_request_state_created_at", "state", "created_at"),
        sa.Index("ix_exception_request_ground_created_at", "ground", "created_at"),
    )


class ExceptionApproval(Base):
    """One signature under an exception, for one amount. A changed amount voids it."""

    __tablename__ = "exception_approval"
    __table_args__ = (sa.UniqueConstraint("request_id", "staff_id", "amount_kurus"),)

    id: Mapped[uuid.UUID] = pk()
    request_id: Mapped[uuid.UUID] = public(sa.ForeignKey("exception_request.id"), index=True)
    staff_id: Mapped[uuid.UUID] = public(sa.ForeignKey("staff_user.id"))
    amount_kurus: Mapped[int] = public()
    at: Mapped[datetime] = public()
    voided_at: Mapped[datetime | None] = public()


class Refund(Base):
    """Money returned. Our id with the number of the attempt is Stripe's idempotency key."""

    __tablename__ = "refund"

    id: Mapped[uuid.UUID] = pk()
    payment_id: Mapped[uuid.UUID] = public(sa.ForeignKey("payment.id"), index=True)
    exception_id: Mapped[uuid.UUID] = public(sa.ForeignKey("exception_request.id"), unique=True)
    amount_kurus: Mapped[int] = public()
    state: Mapped[RefundState] = public(default=RefundState.CREATED)
    attempt: Mapped[int] = public(default=1)
    stripe_refund: Mapped[str | None] = public(unique=True)
    failure_code: Mapped[str | None] = public()
    executed_by: Mapped[uuid.UUID | None] = public()
    created_at: Mapped[datetime] = public()
    settled_at: Mapped[datetime | None] = public()

    __table_args__ = (
        sa.Index("ix_refund_created_at", "created_at"),
        sa.Index("ix_refund_state_created_at", "state", "created_at"),
    )


class Dispute(Base):
    """A charge-back at Stripe."""

    __tablename__ = "dispute"

    id: Mapped[uuid.UUID] = pk()
    payment_id: Mapped[uuid.UUID] = public(sa.ForeignKey("payment.id"), index=True)
    state: Mapped[DisputeState] = public(default=DisputeState.OPEN)
    amount_kurus: Mapped[int] = public()
    stripe_dispute: Mapped[str] = public(unique=True)
    opened_at: Mapped[datetime] = public()
    closed_at: Mapped[datetime | None] = public()


class StripeEvent(PiiMixin, Base):
    """A verified webhook of Stripe: stored first, worked on after. The body is sealed: it names
    the payer."""

    __tablename__ = "stripe_event"

    id: Mapped[uuid.UUID] = pk()
    event_id: Mapped[str] = public(unique=True)
    type: Mapped[str] = public()
    api_version: Mapped[str | None] = public()
    created_at: Mapped[datetime] = public()
    received_at: Mapped[datetime] = public()
    processed_at: Mapped[datetime | None] = public()
    outcome: Mapped[str | None] = public()
    body_ct = personal("body", PiiType("stripe_event.body"))
    body = pii("body_ct")

    __table_args__ = (
        sa.Index("ix_stripe_event_received_at", "received_at"),
        sa.Index(
            "ix_stripe_event_waiting",
            "received_at",
            postgresql_where=sa.text("processed_at is null"),
        ),
    )
