"""The facts behind an exception, gathered by machine."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa

from whatstr.billing import ledger
from whatstr.billing.models import (
    Dispute,
    DisputeState,
    ExceptionRequest,
    ExceptionState,
    Ground,
    Payment,
    PaymentState,
    Plan,
    Refund,
    RefundState,
)
from whatstr.billing.policies import (
    MONTHLY_BUDGET_KURUS,
    TWIN_WINDOW,
    Delivery,
    Facts,
    NothingLeft,
    PaymentDisputed,
    PaymentNotPaid,
)
from whatstr.core import clock
from whatstr.core.db import session

GIVEN_BACK = (RefundState.SUCCEEDED, RefundState.SETTLED_OFFLINE)
NOT_FAILED = tuple(state for state in RefundState if state is not RefundState.FAILED)


def assess(payment: Payment, delivery: Delivery) -> Facts:
    """Everything known about a payment now. `delivery` counts the organization's messages since it
    was paid (`whatstr.campaigns.settlement.delivery_since`)."""
    plan = session().get_one(Plan, payment.plan_id)
    used, remaining = ledger.remaining_of(
        organization_id=payment.organization_id, payment_id=payment.id
    )
    exceptions, earlier_kurus = _earlier(payment)
    disputes = _disputes(payment.id)
    return Facts(
        paid_kurus=payment.amount_kurus if payment.state is PaymentState.PAID else 0,
        refunded_kurus=refunded_kurus(payment.id),
        price_now_kurus=_price_now(plan),
        credits=plan.credits,
        used=used,
        remaining=max(0, remaining),
        accepted=delivery.accepted,
        delivered=delivery.delivered,
        twin=_has_twin(payment),
        earlier_exceptions=exceptions,
        earlier_refunded_kurus=earlier_kurus,
        open_disputes=disputes.get(DisputeState.OPEN, 0),
        lost_disputes=disputes.get(DisputeState.LOST, 0),
    )


def claimable(payment: Payment, delivery: Delivery) -> Facts:
    """The facts of a payment that something could still be given back of. Raises PaymentNotPaid,
    PaymentDisputed, NothingLeft."""
    if payment.state is not PaymentState.PAID:
        raise PaymentNotPaid(payment.id.hex)
    facts = assess(payment, delivery)
    if facts.open_disputes or facts.lost_disputes:
        raise PaymentDisputed(payment.id.hex)
    if not facts.left_kurus:
        raise NothingLeft(payment.id.hex)
    return facts


def refunded_kurus(payment_id: uuid.UUID) -> int:
    """What went back or is on its way: only a failed refund counts for nothing."""
    return _sum(Refund.payment_id == payment_id, Refund.state.in_(NOT_FAILED))


def budget_left_kurus(ground: Ground) -> int:
    """What is left of a ground's budget of this month; below zero when it is overdrawn."""
    return MONTHLY_BUDGET_KURUS[ground] - spent_this_month(ground)


def spent_this_month(ground: Ground) -> int:
    """Refunds on a ground since the first of the month."""
    month = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return _sum(
        Refund.exception_id == ExceptionRequest.id,
        ExceptionRequest.ground == ground,
        Refund.created_at >= month,
        Refund.state.in_(NOT_FAILED),
    )


def _sum(*which: sa.ColumnElement[bool]) -> int:
    found = session().scalar(sa.select(sa.func.sum(Refund.amount_kurus)).where(*which))
    return int(found or 0)


def _price_now(plan: Plan) -> int:
    """The newest price of the plan's code."""
    newest: int | None = session().scalar(
        sa.select(Plan.price_kurus)
        .where(Plan.code == plan.code)
        .order_by(Plan.edition.desc())
        .limit(1)
    )
    return plan.price_kurus if newest is None else newest


def _has_twin(payment: Payment) -> bool:
    """Whether the same plan was paid a second time within a day."""
    at: datetime = payment.paid_at or payment.created_at
    found = session().scalar(
        sa.select(Payment.id)
        .where(
            Payment.organization_id == payment.organization_id,
            Payment.plan_id == payment.plan_id,
            Payment.id != payment.id,
            Payment.state == PaymentState.PAID,
            Payment.paid_at.between(at - TWIN_WINDOW, at + TWIN_WINDOW),
        )
        .limit(1)
    )
    return found is not None


def _earlier(payment: Payment) -> tuple[int, int]:
    """Executed exceptions of the organization, on whichever payment, and their sum."""
    row = (
        session()
        .execute(
            sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Refund.amount_kurus), 0))
            .join(ExceptionRequest, ExceptionRequest.id == Refund.exception_id)
            .where(
                ExceptionRequest.organization_id == payment.organization_id,
                ExceptionRequest.state == ExceptionState.EXECUTED,
                Refund.state.in_(NOT_FAILED),
            )
        )
        .one()
    )
    return int(row[0]), int(row[1])


def _disputes(payment_id: uuid.UUID) -> dict[DisputeState, int]:
    rows = session().execute(
        sa.select(Dispute.state, sa.func.count())
        .where(Dispute.payment_id == payment_id)
        .group_by(Dispute.state)
    )
    return {row[0]: int(row[1]) for row in rows}
