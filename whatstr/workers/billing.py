"""Money in the background: Stripe's events, refunds, settling of credits, and what was left lying.

Stripe is asked between two transactions, never inside one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa

from whatstr.billing import events, exceptions, payments, plans, refunds
from whatstr.billing.connection import stripe_gateway
from whatstr.billing.gateway_answers import CheckoutState, GatewayRefused
from whatstr.billing.gateway_answers import PlanInterval as StripeInterval
from whatstr.billing.gateway_answers import RefundState as Answer
from whatstr.billing.models import Payment, PaymentState, PlanInterval, Refund, RefundState
from whatstr.campaigns import settlement
from whatstr.core import clock, logs, queues
from whatstr.core.db import session, transaction
from whatstr.workers.cron import MINUTE, Entry

log = logs.get_logger(__name__)
TIMETABLE = (
    Entry("billing.settle", "billing", 10),
    Entry("billing.sweep", "billing", 2 * MINUTE),
)
_EVENT_WAIT = timedelta(minutes=1)
_REFUND_WAIT = timedelta(minutes=2)
_CHECKOUT_WAIT = timedelta(minutes=30)
_AT_ONCE = 100
_INTERVAL: dict[PlanInterval, StripeInterval | None] = {
    PlanInterval.MONTH: "month",
    PlanInterval.YEAR: "year",
    PlanInterval.ONCE: None,
}


@queues.task("billing.event")
def work_event(event_row: str) -> None:
    with transaction():
        events.process(uuid.UUID(event_row))


@queues.task("billing.settle")
def settle_credits() -> None:
    """Every campaign in a transaction of its own: a trouble with one does not hold the others."""
    with transaction():
        waiting = settlement.campaigns_to_settle()
    _each(waiting, "billing.settle_failed", settlement.settle_campaign)


@queues.task("billing.refund")
def place_refund(refund_id: str) -> None:
    """Ask Stripe for a committed refund. Whatever crashes, the same key or the list of refunds
    leads to the same refund at Stripe."""
    with transaction():
        order = refunds.claim(uuid.UUID(refund_id))
    if order is None:
        return
    gateway = stripe_gateway()
    try:
        answer = _known_refund(order) if order.asked_before else None
        answer = answer or gateway.create_refund(
            idempotency_key=order.key,
            payment_intent=order.payment_intent,
            amount_kurus=order.amount_kurus,
            metadata=order.metadata,
        )
    except GatewayRefused as error:
        with transaction():
            refunds.note_refusal(
                refund_id=order.refund_id, attempt=order.attempt, code=error.reason
            )
        return
    with transaction():
        refunds.note_answer(refund_id=order.refund_id, attempt=order.attempt, answer=answer)


def _known_refund(order: refunds.Order) -> Answer | None:
    """The refund of this attempt that Stripe already has: it forgets keys after 24 hours."""
    found = stripe_gateway().list_refunds(order.payment_intent)
    mine = [r for r in found if r.metadata.items() >= order.metadata.items()]
    return mine[0] if mine else None


@queues.task("billing.refund_state")
def ask_refund(refund_id: str) -> None:
    """Read a refund that stays pending: its webhook may have been lost."""
    with transaction():
        refund = session().get(Refund, uuid.UUID(refund_id))
    if refund is None or refund.stripe_refund is None:
        return
    answer = stripe_gateway().get_refund(refund.stripe_refund)
    with transaction():
        refunds.note_answer(refund_id=refund.id, attempt=refund.attempt, answer=answer)


@queues.task("billing.checkout")
def ask_checkout(payment_id: str) -> None:
    """Read the page of an unfinished purchase: its webhook may be late or lost."""
    with transaction():
        payment = session().get(Payment, uuid.UUID(payment_id))
    unfinished = (PaymentState.CREATED, PaymentState.PENDING)
    if payment is None or payment.checkout_id is None or payment.state not in unfinished:
        return
    found = stripe_gateway().get_checkout(payment.checkout_id)
    with transaction():
        _note_checkout(payment.id, found)


def _note_checkout(payment_id: uuid.UUID, found: CheckoutState) -> None:
    if found.paid:
        payments.mark_paid(
            payment_id=payment_id,
            checkout_id=found.id,
            payment_intent=found.payment_intent,
            amount_kurus=found.amount_kurus,
            currency=found.currency,
            at=clock.now(),
        )
    elif found.status == "expired":
        payments.mark_over(payment_id=payment_id, state=PaymentState.EXPIRED)


@queues.task("billing.plan")
def publish_plan(plan_id: str) -> None:
    """Make an edition a product and a price at Stripe; repeating finds them there."""
    with transaction():
        plan = next((p for p in plans.unpublished() if p.id == uuid.UUID(plan_id)), None)
    if plan is None:
        return
    made = stripe_gateway().publish_plan(
        plan_code=plan.code,
        version=plan.edition,
        title=f"WhatsTR {plan.title_tr}",
        amount_kurus=plan.price_kurus,
        interval=_INTERVAL[plan.interval],
        metadata={"plan_id": plan.id.hex},
    )
    with transaction():
        plans.note_published(plan_id=plan.id, product_id=made.product_id, price_id=made.price_id)


@queues.task("billing.sweep")
def sweep() -> None:
    """Find what got lost between two steps and put it on the queue again; end what is over."""
    now = clock.now()
    with transaction():
        jobs = [("billing.event", id_) for id_ in events.unprocessed(now - _EVENT_WAIT)]
        jobs += [("billing.plan", plan.id) for plan in plans.unpublished()]
        jobs += [("billing.refund", id_) for id_ in _refunds(RefundState.CREATED)]
        jobs += [("billing.refund", id_) for id_ in _refunds(RefundState.SUBMITTED)]
        jobs += [("billing.refund_state", id_) for id_ in _refunds(RefundState.PENDING)]
        jobs += [("billing.checkout", id_) for id_ in _open_checkouts()]
        for name, id_ in jobs:
            queues.later("billing", name, id_, retries=0)
        ended = payments.end_periods()
        lapsed = exceptions.expire_overdue()
    _each(_abandoned(), "billing.abandoned_failed", _expire)
    if jobs or ended or lapsed:
        log.info("billing.swept", jobs=len(jobs), ended=ended, lapsed=lapsed)


def _refunds(state: RefundState) -> list[uuid.UUID]:
    return list(
        session().scalars(
            sa.select(Refund.id)
            .where(Refund.state == state, Refund.created_at < clock.now() - _REFUND_WAIT)
            .order_by(Refund.created_at)
            .limit(_AT_ONCE)
        )
    )


def _open_checkouts() -> list[uuid.UUID]:
    now = clock.now()
    return list(
        session().scalars(
            sa.select(Payment.id)
            .where(
                Payment.state.in_([PaymentState.CREATED, PaymentState.PENDING]),
                Payment.checkout_id.is_not(None),
                Payment.created_at < now - _CHECKOUT_WAIT,
            )
            .order_by(Payment.created_at)
            .limit(_AT_ONCE)
        )
    )


def _abandoned() -> list[uuid.UUID]:
    """Purchases whose page never came to be known here: nobody can have paid them by now."""
    with transaction():
        return list(
            session().scalars(
                sa.select(Payment.id)
                .where(
                    Payment.state == PaymentState.CREATED,
                    Payment.checkout_id.is_(None),
                    Payment.created_at < clock.now() - payments.CHECKOUT_LIFE,
                )
                .limit(_AT_ONCE)
            )
        )


def _expire(payment_id: uuid.UUID) -> None:
    payments.mark_over(payment_id=payment_id, state=PaymentState.EXPIRED)


def _each(ids: list[uuid.UUID], event: str, act: Callable[[uuid.UUID], object]) -> None:
    for one in ids:
        try:
            with transaction():
                act(one)
        except Exception as error:
            log.error(event, id=one, error=type(error).__name__)
