"""Refunds: the intent is committed first, Stripe is asked after, and one state only goes forward.

Three writers bring news of a refund: Stripe's answer, its webhook and the sweep. Whoever comes
first writes, the others find it written; an older state never replaces a newer one.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from whatstr.audit.services import SYSTEM, Actor, record
from whatstr.billing import exceptions, ledger, notices
from whatstr.billing.assessment import GIVEN_BACK, assess
from whatstr.billing.gateway_answers import RefundState as Answer
from whatstr.billing.models import (
    EXCEPTION_MACHINE,
    REFUND_MACHINE,
    ExceptionRequest,
    ExceptionState,
    Payment,
    Refund,
    RefundState,
    Subscription,
    SubscriptionState,
)
from whatstr.billing.policies import (
    AmountNotDefensible,
    ApprovalExpired,
    PaymentDisputed,
    credits_to_take,
    maximum_kurus,
)
from whatstr.core import clock, queues
from whatstr.core.db import session
from whatstr.core.errors import InvalidInput, NotFound
from whatstr.core.logs import get_logger

_R = RefundState
_FROM_STRIPE = {
    "pending": _R.PENDING,
    "requires_action": _R.PENDING,
    "succeeded": _R.SUCCEEDED,
    "failed": _R.FAILED,
    "canceled": _R.FAILED,
}
log = get_logger(__name__)


@dataclass(frozen=True)
class Order:
    """What to ask Stripe for. `asked_before`: an earlier answer may have been lost."""

    refund_id: uuid.UUID
    attempt: int
    payment_intent: str
    amount_kurus: int
    asked_before: bool

    @property
    def key(self) -> str:
        """The idempotency key: a refused or failed attempt keeps its own (Stripe stores it)."""
        return self.refund_id.hex if self.attempt == 1 else f"{self.refund_id.hex}-{self.attempt}"

    @property
    def metadata(self) -> dict[str, str]:
        """How an event or a listing is known to be of this attempt."""
        return {"refund_id": self.refund_id.hex, "attempt": str(self.attempt)}


def execute(*, request_id: uuid.UUID, actor: Actor, expected_version: int) -> Refund:
    """Commit the intent of an approved exception: refund row, unspent credits taken back, job.

    Raises Conflict, ApprovalExpired, PaymentDisputed, AmountNotDefensible. The facts are looked at
    once more: credits may have been spent since the approval.
    """
    request = exceptions.locked(request_id, expected_version)
    EXCEPTION_MACHINE.check(request.state, ExceptionState.EXECUTED)
    now = clock.now()
    if request.expires_at is None or request.expires_at <= now:
        raise ApprovalExpired(request_id.hex)
    payment = session().get_one(Payment, request.payment_id)
    ledger.lock(payment.organization_id)
    facts = assess(payment, exceptions.delivery_of(request))
    if facts.open_disputes or facts.lost_disputes:
        raise PaymentDisputed(payment.id.hex)
    maximum = maximum_kurus(request.ground, facts)
    if request.amount_kurus > maximum:
        raise AmountNotDefensible(request_id.hex, maximum=maximum)
    refund = Refund(
        payment_id=payment.id,
        exception_id=request.id,
        amount_kurus=request.amount_kurus,
        state=_R.CREATED,
        attempt=1,
        executed_by=actor.id,
        created_at=now,
    )
    session().add(refund)
    request.state, request.expires_at = ExceptionState.EXECUTED, None
    session().flush()
    taken = ledger.claw_back(
        organization_id=payment.organization_id,
        refund_id=refund.id,
        payment_id=payment.id,
        amount=credits_to_take(request.ground, facts, refund.amount_kurus),
    )
    _record(actor, refund, payment, "refund.created", credits=taken)
    queues.later("billing", "billing.refund", refund.id)
    return refund


def claim(refund_id: uuid.UUID) -> Order | None:
    """The order to place at Stripe, or None when there is nothing to ask for (any more)."""
    refund = _locked(refund_id)
    if refund.state not in (_R.CREATED, _R.SUBMITTED) or refund.stripe_refund:
        return None
    asked_before = refund.state is _R.SUBMITTED
    payment = session().get_one(Payment, refund.payment_id)
    refund.state = _R.SUBMITTED
    if payment.payment_intent is None:
        _fail(refund, payment, "no_payment_intent")
        return None
    return Order(
        refund.id, refund.attempt, payment.payment_intent, refund.amount_kurus, asked_before
    )


def note_answer(*, refund_id: uuid.UUID, attempt: int, answer: Answer) -> bool:
    """What Stripe says of a refund, from whichever side. False when it was known or is older."""
    refund = _locked(refund_id)
    if attempt != refund.attempt:
        return False
    if refund.stripe_refund not in (None, answer.id):
        log.error("refund.doubled", refund=refund_id, attempt=attempt)
        return False
    refund.stripe_refund = answer.id
    after = _FROM_STRIPE.get(answer.status)
    if after is None or not REFUND_MACHINE.allows(refund.state, after):
        return False
    payment = session().get_one(Payment, refund.payment_id)
    if after is _R.FAILED:
        _fail(refund, payment, answer.failure_reason or answer.status)
        return True
    refund.state = after
    if after is _R.SUCCEEDED:
        refund.settled_at = clock.now()
        _record(SYSTEM, refund, payment, "refund.succeeded")
        _mark_period(payment)
        notices.tell_refunded(payment, refund)
    return True


def note_refusal(*, refund_id: uuid.UUID, attempt: int, code: str) -> None:
    """Stripe would not take the order: staff see why, and try again or settle otherwise."""
    refund = _locked(refund_id)
    if attempt == refund.attempt and refund.state is _R.SUBMITTED:
        _fail(refund, session().get_one(Payment, refund.payment_id), code)


def retry(*, refund_id: uuid.UUID, actor: Actor) -> Refund:
    """Ask Stripe anew after a failure, under a key of its own. Raises IllegalTransition,
    PaymentDisputed, AmountNotDefensible (something else was given back meanwhile)."""
    refund = _locked(refund_id)
    REFUND_MACHINE.check(refund.state, _R.SUBMITTED)
    payment = session().get_one(Payment, refund.payment_id)
    refund.stripe_refund = refund.failure_code = None
    _take_credits_again(refund, payment)
    refund.state = _R.SUBMITTED
    session().flush()
    _record(actor, refund, payment, "refund.retried")
    queues.later("billing", "billing.refund", refund.id)
    return refund


def settle_offline(*, refund_id: uuid.UUID, reason: str, actor: Actor) -> Refund:
    """The money went another way (a bank transfer); `reason` says which. Raises
    IllegalTransition unless the refund has failed."""
    if not reason.strip():
        raise InvalidInput("reason", "missing")
    refund = _locked(refund_id)
    REFUND_MACHINE.check(refund.state, _R.SETTLED_OFFLINE)
    payment = session().get_one(Payment, refund.payment_id)
    _take_credits_again(refund, payment)
    refund.state, refund.settled_at = _R.SETTLED_OFFLINE, clock.now()
    _mark_period(payment)
    _record(actor, refund, payment, "refund.settled_offline", reason=reason.strip())
    return refund


def _take_credits_again(refund: Refund, payment: Payment) -> None:
    """The next attempt of a failed refund: its credits had come back with the failure."""
    request = session().get_one(ExceptionRequest, refund.exception_id)
    ledger.lock(payment.organization_id)
    facts = assess(payment, exceptions.delivery_of(request))
    if facts.open_disputes or facts.lost_disputes:
        raise PaymentDisputed(payment.id.hex)
    if refund.amount_kurus > facts.left_kurus:
        raise AmountNotDefensible(refund.id.hex, maximum=facts.left_kurus)
    refund.attempt += 1
    ledger.claw_back(
        organization_id=payment.organization_id,
        refund_id=refund.id,
        payment_id=payment.id,
        amount=credits_to_take(request.ground, facts, refund.amount_kurus),
        attempt=refund.attempt,
    )


def _fail(refund: Refund, payment: Payment, code: str) -> None:
    """It failed, perhaps days after it had succeeded: the credits it took come back."""
    before, refund.state = refund.state, _R.FAILED
    refund.failure_code, refund.settled_at = code, None
    restored = ledger.restore(
        organization_id=payment.organization_id,
        refund_id=refund.id,
        payment_id=payment.id,
        attempt=refund.attempt,
    )
    session().flush()
    _mark_period(payment)
    _record(SYSTEM, refund, payment, "refund.failed", before=before, code=code, credits=restored)
    log.warning("refund.failed", refund=refund.id, attempt=refund.attempt)


def _mark_period(payment: Payment) -> None:
    """A payment given back as a whole ends its period; one that came back opens it again."""
    session().flush()
    given = session().scalar(
        sa.select(sa.func.sum(Refund.amount_kurus)).where(
            Refund.payment_id == payment.id, Refund.state.in_(GIVEN_BACK)
        )
    )
    whole = int(given or 0) >= payment.amount_kurus
    before, after = SubscriptionState.ACTIVE, SubscriptionState.REFUNDED
    if not whole:
        before, after = after, before
    session().execute(
        sa.update(Subscription)
        .where(Subscription.payment_id == payment.id, Subscription.state == before)
        .values(state=after)
        .execution_options(synchronize_session=False)
    )


def _locked(refund_id: uuid.UUID) -> Refund:
    found = session().scalar(
        sa.select(Refund)
        .where(Refund.id == refund_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("refund")
    return found


def _record(actor: Actor, refund: Refund, payment: Payment, verb: str, **detail: object) -> None:
    reason = detail.pop("reason", None)
    record(
        actor=actor,
        verb=verb,
        subject_kind="refund",
        subject_id=refund.id,
        organization_id=payment.organization_id,
        reason=str(reason) if reason else None,
        detail={"amount_kurus": refund.amount_kurus, "attempt": refund.attempt, **detail},
    )
