"""Reading money: what is on sale, what was bought, what happened to it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from whatstr.billing.assessment import (
    GIVEN_BACK,
    assess,
    budget_left_kurus,
    spent_this_month,
)
from whatstr.billing.models import (
    CreditAccount,
    CreditEntry,
    EntryKind,
    ExceptionApproval,
    ExceptionRequest,
    ExceptionState,
    Ground,
    Payment,
    Plan,
    Refund,
    RefundState,
    Subscription,
    SubscriptionState,
)
from whatstr.billing.policies import (
    APPROVAL_LIFE,
    MONTHLY_BUDGET_KURUS,
    Delivery,
    Facts,
    maximum_kurus,
    signatures_needed,
)
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import NotFound

PAYMENTS_SHOWN = 200
ENTRIES_SHOWN = 200


@dataclass(frozen=True)
class Purchase:
    """A payment with its plan, its latest exception request and that one's refund."""

    payment: Payment
    plan: Plan
    exception: ExceptionRequest | None
    refund: Refund | None
    refunded_kurus: int


@dataclass(frozen=True)
class Movement:
    """A line of the ledger; what one campaign used up is one line, however often it was settled."""

    at: datetime
    kind: EntryKind
    amount: int
    balance_after: int
    payment_id: uuid.UUID | None
    campaign_id: uuid.UUID | None


@dataclass(frozen=True)
class OpenRequest:
    """A row of the exception desk."""

    request: ExceptionRequest
    payment: Payment
    plan: Plan


@dataclass(frozen=True)
class RequestDetail:
    """Everything that is needed to decide. `explanation` of the request is loaded."""

    request: ExceptionRequest
    payment: Payment
    plan: Plan
    facts: Facts
    maximum_kurus: int
    needed: int
    approvals: Sequence[ExceptionApproval]
    refund: Refund | None


@dataclass(frozen=True)
class Budget:
    ground: Ground
    spent_kurus: int
    limit_kurus: int


def plans_on_sale() -> Sequence[Plan]:
    """The edition of each code that is on sale, cheapest first."""
    return session().scalars(sa.select(Plan).where(Plan.visible).order_by(Plan.price_kurus)).all()


def purchases(organization_id: uuid.UUID) -> list[Purchase]:
    """An organization's payments, newest first."""
    return _purchases(Payment.organization_id == organization_id)


def purchase(organization_id: uuid.UUID, payment_id: uuid.UUID) -> Purchase:
    """One payment of the organization, or NotFound."""
    found = _purchases(Payment.organization_id == organization_id, Payment.id == payment_id)
    if not found:
        raise NotFound("payment")
    return found[0]


def _purchases(*which: sa.ColumnElement[bool]) -> list[Purchase]:
    rows = session().execute(
        sa.select(Payment, Plan)
        .join(Plan, Plan.id == Payment.plan_id)
        .where(*which)
        .order_by(Payment.created_at.desc())
        .limit(PAYMENTS_SHOWN)
        .execution_options(populate_existing=True)
    )
    pairs = [(payment, plan) for payment, plan in rows]
    ids = [payment.id for payment, _ in pairs]
    asked = _latest_exceptions(ids)
    refunds = session().scalars(sa.select(Refund).where(Refund.payment_id.in_(ids))).all()
    back = {
        id_: sum(r.amount_kurus for r in refunds if r.payment_id == id_ and r.state in GIVEN_BACK)
        for id_ in ids
    }
    by_exception = {refund.exception_id: refund for refund in refunds}
    found = []
    for payment, plan in pairs:
        request = asked.get(payment.id)
        refund = by_exception.get(request.id) if request else None
        found.append(Purchase(payment, plan, request, refund, back[payment.id]))
    return found


def _latest_exceptions(payment_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, ExceptionRequest]:
    rows = session().scalars(
        sa.select(ExceptionRequest)
        .where(ExceptionRequest.payment_id.in_(payment_ids))
        .order_by(ExceptionRequest.created_at)
    )
    return {row.payment_id: row for row in rows}


def movements(organization_id: uuid.UUID) -> list[Movement]:
    """The newest lines of an organization's ledger with the free credits after each."""
    change = sa.case(
        (CreditEntry.target == CreditAccount.AVAILABLE, CreditEntry.amount),
        (CreditEntry.source == CreditAccount.AVAILABLE, -CreditEntry.amount),
        else_=0,
    )
    run = (
        sa.select(CreditEntry, sa.func.sum(change).over(order_by=CreditEntry.id).label("after"))
        .where(CreditEntry.organization_id == organization_id)
        .subquery()
    )
    settled = sa.case((run.c.kind == EntryKind.SETTLE, run.c.campaign_id), else_=None)
    single = sa.case((run.c.kind == EntryKind.SETTLE, None), else_=run.c.id)
    newest = sa.func.max(run.c.id)
    rows: Sequence[Any] = (
        session()
        .execute(
            sa.select(
                sa.func.max(run.c.at).label("at"),
                run.c.kind,
                sa.func.sum(run.c.amount).label("amount"),
                sa.func.array_agg(
                    sa.dialects.postgresql.aggregate_order_by(run.c.after, run.c.id.desc())
                )[1].label("after"),
                run.c.payment_id,
                run.c.campaign_id,
            )
            .group_by(run.c.kind, settled, single, run.c.payment_id, run.c.campaign_id)
            .order_by(newest.desc())
            .limit(ENTRIES_SHOWN)
        )
        .all()
    )
    return [
        Movement(r.at, EntryKind(r.kind), int(r.amount), int(r.after), r.payment_id, r.campaign_id)
        for r in rows
    ]


def current_subscription(organization_id: uuid.UUID) -> tuple[Subscription, Plan] | None:
    """The widest right that runs now."""
    now = clock.now()
    row = (
        session()
        .execute(
            sa.select(Subscription, Plan)
            .join(Plan, Plan.id == Subscription.plan_id)
            .where(
                Subscription.organization_id == organization_id,
                Subscription.state == SubscriptionState.ACTIVE,
                Subscription.starts_at <= now,
                sa.or_(Subscription.ends_at.is_(None), Subscription.ends_at > now),
            )
            .order_by(Plan.line_limit.desc(), Subscription.ends_at.desc().nulls_last())
            .limit(1)
        )
        .first()
    )
    return (row[0], row[1]) if row else None


def open_requests() -> list[OpenRequest]:
    """Requests that wait for staff or for an answer, oldest first."""
    waiting = (ExceptionState.SUBMITTED, ExceptionState.NEEDS_INFO, ExceptionState.APPROVED)
    rows = session().execute(
        sa.select(ExceptionRequest, Payment, Plan)
        .join(Payment, Payment.id == ExceptionRequest.payment_id)
        .join(Plan, Plan.id == Payment.plan_id)
        .where(ExceptionRequest.state.in_(waiting))
        .order_by(ExceptionRequest.created_at)
    )
    return [OpenRequest(request, payment, plan) for request, payment, plan in rows]


def failed_refunds() -> Sequence[Refund]:
    """Refunds that Stripe could not carry out and nobody has settled, oldest first."""
    query = sa.select(Refund).where(Refund.state == RefundState.FAILED)
    return session().scalars(query.order_by(Refund.created_at)).all()


def detail(request_id: uuid.UUID) -> RequestDetail:
    """One request with its facts as they are now. Raises NotFound."""
    request = session().get(
        ExceptionRequest, request_id, options=[undefer_group("pii")], populate_existing=True
    )
    if request is None:
        raise NotFound("exception")
    payment = session().get_one(Payment, request.payment_id)
    noted = request.facts
    facts = assess(payment, Delivery(accepted=noted["accepted"], delivered=noted["delivered"]))
    return RequestDetail(
        request=request,
        payment=payment,
        plan=session().get_one(Plan, payment.plan_id),
        facts=facts,
        maximum_kurus=maximum_kurus(request.ground, facts),
        needed=signatures_needed(
            amount_kurus=request.amount_kurus,
            budget_left_kurus=budget_left_kurus(request.ground),
        ),
        approvals=signatures(request),
        refund=session().scalar(sa.select(Refund).where(Refund.exception_id == request_id)),
    )


def signatures(request: ExceptionRequest) -> Sequence[ExceptionApproval]:
    """Approvals that count: for the present amount, not voided, younger than seven days."""
    return (
        session()
        .scalars(
            sa.select(ExceptionApproval)
            .where(
                ExceptionApproval.request_id == request.id,
                ExceptionApproval.amount_kurus == request.amount_kurus,
                ExceptionApproval.voided_at.is_(None),
                ExceptionApproval.at > clock.now() - APPROVAL_LIFE,
            )
            .order_by(ExceptionApproval.at)
        )
        .all()
    )


def budgets() -> list[Budget]:
    """What each ground has cost this month, against its budget."""
    return [Budget(g, spent_this_month(g), MONTHLY_BUDGET_KURUS[g]) for g in Ground]
