"""Purchases: from the ticked non-refundable term to the credits of a paid one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from whatstr.accounts import documents, events
from whatstr.accounts.models import Member, Organization, OrganizationState
from whatstr.audit.services import SYSTEM, Actor, record
from whatstr.billing import ledger, notices
from whatstr.billing.models import (
    PAYMENT_MACHINE,
    Payment,
    PaymentState,
    Plan,
    Subscription,
    SubscriptionState,
)
from whatstr.billing.policies import PlanChanged, PurchaseSuspended, period_end
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import NotFound
from whatstr.core.logs import get_logger
from whatstr.core.money import vat_contained

CHECKOUT_LIFE = timedelta(hours=25)
"""A page at Stripe expires after 24 hours; an hour more for its webhook."""
log = get_logger(__name__)


@dataclass(frozen=True)
class Started:
    """What the shell needs to open a page at Stripe."""

    payment_id: uuid.UUID
    plan_code: str
    title: str
    amount_kurus: int
    email: str


class PaymentDiffers(Exception):
    """Stripe reports another amount or currency than we asked for: nothing is granted."""


def own_payment(
    organization_id: uuid.UUID, payment_id: uuid.UUID, *, lock: bool = False
) -> Payment:
    """The organization's payment, or NotFound."""
    query = sa.select(Payment).where(
        Payment.id == payment_id, Payment.organization_id == organization_id
    )
    found = session().scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("payment")
    return found


def start_payment(
    *,
    actor: Actor,
    organization_id: uuid.UUID,
    plan_code: str,
    edition: int,
    term_version: str,
    language: str,
    browser: str,
) -> Started:
    """Open a purchase: the accepted term, its version, time and address are stored with it.

    Raises PlanChanged, PurchaseSuspended and, for an old version of the term, InvalidInput. The
    caller opens the page at Stripe after the commit, with the payment's id as the key.
    """
    if actor.id is None:
        raise TypeError("a purchase is made by a member")
    plan = session().scalar(
        sa.select(Plan).where(Plan.code == plan_code, Plan.edition == edition, Plan.visible)
    )
    if plan is None:
        raise PlanChanged(plan_code)
    if session().get_one(Organization, organization_id).state is not OrganizationState.ACTIVE:
        raise PurchaseSuspended(organization_id.hex)
    member = session().get_one(Member, actor.id, options=[undefer_group("pii")])
    payment = _new_payment(actor, organization_id, plan, term_version)
    documents.accept(
        actor=actor,
        organization_id=organization_id,
        member_id=actor.id,
        name=documents.DocumentName.REFUND_TERM,
        version=term_version,
        context="checkout",
        context_id=payment.id,
        language=language,
    )
    events.record_event(
        kind=events.EventKind.PURCHASE,
        address=actor.address or "",
        browser=browser,
        organization_id=organization_id,
        member_id=actor.id,
    )
    _record(actor, payment, "payment.started", plan=plan.code, edition=plan.edition)
    title = plan.title_en if language == "en" else plan.title_tr
    return Started(payment.id, plan.code, f"WhatsTR {title}", plan.price_kurus, member.email)


def _new_payment(
    actor: Actor, organization_id: uuid.UUID, plan: Plan, term_version: str
) -> Payment:
    now = clock.now()
    payment = Payment(
        organization_id=organization_id,
        member_id=actor.id,
        plan_id=plan.id,
        state=PaymentState.CREATED,
        amount_kurus=plan.price_kurus,
        vat_kurus=vat_contained(plan.price_kurus, rate_percent=plan.vat_rate_percent),
        currency="try",
        term_version=term_version,
        term_accepted_at=now,
        created_at=now,
    )
    payment.address = actor.address or "unknown"
    session().add(payment)
    session().flush()
    return payment


def note_checkout(*, payment_id: uuid.UUID, checkout_id: str) -> None:
    """The page at Stripe is open. A webhook may have been quicker: a later state stays."""
    payment = _locked(payment_id)
    payment.checkout_id = checkout_id
    if PAYMENT_MACHINE.allows(payment.state, PaymentState.PENDING):
        payment.state = PaymentState.PENDING


def mark_paid(
    *,
    payment_id: uuid.UUID,
    checkout_id: str,
    payment_intent: str | None,
    amount_kurus: int,
    currency: str,
    at: datetime,
) -> bool:
    """Stripe took the money: grant the credits and open the period, once. False when it was known.

    Raises NotFound, and PaymentDiffers when the amount or the currency is not ours.
    """
    payment = _locked(payment_id)
    if (payment.amount_kurus, payment.currency) != (amount_kurus, currency):
        log.error("payment.differs", payment=payment_id, ours=payment.amount_kurus)
        raise PaymentDiffers
    if payment.state is PaymentState.PAID:
        return False
    PAYMENT_MACHINE.check(payment.state, PaymentState.PAID)
    payment.state, payment.paid_at = PaymentState.PAID, at
    payment.checkout_id, payment.payment_intent = checkout_id, payment_intent
    plan = session().get_one(Plan, payment.plan_id)
    ledger.lock(payment.organization_id)
    ledger.grant(
        organization_id=payment.organization_id, payment_id=payment.id, amount=plan.credits
    )
    _open_period(payment, plan, at)
    _record(SYSTEM, payment, "payment.paid", credits=plan.credits)
    notices.tell_paid(payment, plan)
    log.info("payment.paid", payment=payment.id, credits=plan.credits)
    return True


def mark_over(*, payment_id: uuid.UUID, state: PaymentState) -> bool:
    """It came to nothing: `failed` or `expired`. False where it was paid or over already."""
    payment = _locked(payment_id)
    if not PAYMENT_MACHINE.allows(payment.state, state):
        return False
    payment.state = state
    _record(SYSTEM, payment, f"payment.{state}")
    return True


def end_periods() -> int:
    """Close the periods that are over; gives how many."""
    done = session().execute(
        sa.update(Subscription)
        .where(
            Subscription.state == SubscriptionState.ACTIVE,
            Subscription.ends_at <= clock.now(),
        )
        .values(state=SubscriptionState.ENDED)
        .execution_options(synchronize_session=False)
        .returning(Subscription.id)
    )
    return len(done.all())


def _locked(payment_id: uuid.UUID) -> Payment:
    found = session().scalar(
        sa.select(Payment)
        .where(Payment.id == payment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("payment")
    return found


def _open_period(payment: Payment, plan: Plan, at: datetime) -> None:
    """From now on, or from the end of the period of the same plan that is still running."""
    running = session().scalar(
        sa.select(sa.func.max(Subscription.ends_at))
        .join(Plan, Plan.id == Subscription.plan_id)
        .where(
            Subscription.organization_id == payment.organization_id,
            Subscription.state == SubscriptionState.ACTIVE,
            Plan.code == plan.code,
        )
    )
    start = max(at, running) if running else at
    session().add(
        Subscription(
            organization_id=payment.organization_id,
            plan_id=plan.id,
            payment_id=payment.id,
            state=SubscriptionState.ACTIVE,
            starts_at=start,
            ends_at=period_end(start, plan.interval),
        )
    )
    session().flush()


def _record(actor: Actor, payment: Payment, verb: str, **detail: object) -> None:
    record(
        actor=actor,
        verb=verb,
        subject_kind="payment",
        subject_id=payment.id,
        organization_id=payment.organization_id,
        detail={"amount_kurus": payment.amount_kurus, **detail},
    )
