"""The exception desk: what is paid is not refunded, unless the facts and four eyes say so.

A request states a ground from a closed list. The most that can be given is computed from facts;
who asked never approves; a changed amount voids the approvals; approvals expire.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict

import sqlalchemy as sa

from whatstr.audit.models import ActorKind
from whatstr.audit.services import SYSTEM, Actor, record
from whatstr.billing import notices
from whatstr.billing.assessment import budget_left_kurus, claimable
from whatstr.billing.models import (
    EXCEPTION_MACHINE,
    ExceptionApproval,
    ExceptionRequest,
    ExceptionState,
    Ground,
    Payment,
)
from whatstr.billing.payments import own_payment
from whatstr.billing.policies import (
    ANSWER_LIFE,
    APPROVAL_LIFE,
    AmountNotDefensible,
    Delivery,
    ExceptionOpen,
    OwnRequest,
    maximum_kurus,
    signatures_needed,
)
from whatstr.billing.queries import detail, open_requests, signatures
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import Conflict, DomainError, InvalidInput, NotFound

__all__ = [
    "approve",
    "ask",
    "delivery_of",
    "detail",
    "expire_overdue",
    "locked",
    "obstacle",
    "open_requests",
    "reject",
    "submit",
]
_OPEN = (ExceptionState.SUBMITTED, ExceptionState.NEEDS_INFO, ExceptionState.APPROVED)
_S = ExceptionState


def submit(
    *,
    actor: Actor,
    organization_id: uuid.UUID,
    payment_id: uuid.UUID,
    ground: Ground,
    explanation: str,
    delivery: Delivery,
) -> ExceptionRequest:
    """Ask for an exception, or answer our question about the one that is open.

    Raises PaymentNotPaid, PaymentDisputed, NothingLeft, ExceptionOpen. A request that the facts do
    not bear is taken all the same: people read the explanation.
    """
    if actor.id is None:
        raise TypeError("an exception is asked for by somebody")
    # Two requests at once wait for each other here, and the second one sees the first.
    payment = own_payment(organization_id, payment_id, lock=True)
    facts = claimable(payment, delivery)
    found = _open_one(payment_id)
    if found is not None and found.state is not _S.NEEDS_INFO:
        raise ExceptionOpen("exception", version=found.version)
    request = found or ExceptionRequest(
        organization_id=organization_id,
        payment_id=payment_id,
        state=_S.SUBMITTED,
        requested_by=str(actor.kind),
        requester_id=actor.id,
        created_at=clock.now(),
    )
    request.state, request.ground, request.expires_at = _S.SUBMITTED, ground, None
    request.decision_reason = None
    request.explanation = explanation
    request.facts = asdict(facts)
    request.maximum_kurus = request.amount_kurus = maximum_kurus(ground, facts)
    session().add(request)
    session().flush()
    _record(actor, request, "exception.submitted", ground=ground)
    return request


def obstacle(payment: Payment) -> DomainError | None:
    """What stands in the way of a request for this payment now: what `submit` would raise."""
    try:
        claimable(payment, Delivery(accepted=0, delivered=0))
    except DomainError as error:
        return error
    found = session().scalar(
        sa.select(ExceptionRequest).where(
            ExceptionRequest.payment_id == payment.id,
            ExceptionRequest.state.in_([_S.SUBMITTED, _S.APPROVED]),
        )
    )
    return None if found is None else ExceptionOpen("exception", version=found.version)


def approve(
    *, request_id: uuid.UUID, amount_kurus: int, actor: Actor, expected_version: int
) -> ExceptionRequest:
    """Put one signature under an amount. Approved once there are enough; until then submitted.

    Raises Conflict, OwnRequest, AmountNotDefensible, PaymentDisputed, NothingLeft.
    """
    request = locked(request_id, expected_version)
    staff_id = _staff(actor)
    if request.requester_id == staff_id:
        raise OwnRequest(request_id.hex)
    if request.state is _S.APPROVED and amount_kurus != request.amount_kurus:
        request.state, request.decided_at, request.expires_at = _S.SUBMITTED, None, None
    EXCEPTION_MACHINE.check(request.state, _S.APPROVED)
    payment = session().get_one(Payment, request.payment_id)
    facts = claimable(payment, delivery_of(request))
    maximum = maximum_kurus(request.ground, facts)
    if not 0 < amount_kurus <= maximum:
        raise AmountNotDefensible(request_id.hex, maximum=maximum)
    now = clock.now()
    _void_other_amounts(request.id, amount_kurus)
    _sign(request.id, staff_id, amount_kurus)
    request.facts, request.maximum_kurus = asdict(facts), maximum
    request.amount_kurus = amount_kurus
    needed = signatures_needed(
        amount_kurus=amount_kurus, budget_left_kurus=budget_left_kurus(request.ground)
    )
    given = len(signatures(request))
    if given >= needed:
        request.state, request.decided_at = _S.APPROVED, now
        request.expires_at = now + APPROVAL_LIFE
    # The version moves with every signature, so that nobody signs what they have not seen.
    request.version = request.version + 1
    session().flush()
    _record(
        actor,
        request,
        "exception.approved",
        amount_kurus=amount_kurus,
        signatures=given,
        needed=needed,
    )
    return request


def reject(
    *, request_id: uuid.UUID, reason: str, actor: Actor, expected_version: int
) -> ExceptionRequest:
    """Decline, with a reason that the customer reads. Raises Conflict, IllegalTransition."""
    request = _decide(request_id, _S.REJECTED, reason, expected_version)
    request.decided_at = clock.now()
    session().flush()
    _record(actor, request, "exception.rejected", reason=request.decision_reason)
    notices.tell_rejected(session().get_one(Payment, request.payment_id), request)
    return request


def ask(
    *, request_id: uuid.UUID, question: str, actor: Actor, expected_version: int
) -> ExceptionRequest:
    """Ask the customer for more; unanswered for 30 days, the request expires."""
    request = _decide(request_id, _S.NEEDS_INFO, question, expected_version)
    request.expires_at = clock.now() + ANSWER_LIFE
    session().flush()
    _record(actor, request, "exception.asked", reason=request.decision_reason)
    notices.tell_asked(session().get_one(Payment, request.payment_id), request)
    return request


def expire_overdue() -> int:
    """Approvals older than seven days lapse, and the request waits for new ones; a question that
    nobody answered ends it. A request that waits for us never expires. Gives how many."""
    rows = session().scalars(
        sa.select(ExceptionRequest)
        .where(
            ExceptionRequest.state.in_([_S.APPROVED, _S.NEEDS_INFO]),
            ExceptionRequest.expires_at <= clock.now(),
        )
        .with_for_update(skip_locked=True)
    )
    count = 0
    for request in rows:
        lapsed = request.state is _S.APPROVED
        request.state = _S.SUBMITTED if lapsed else _S.EXPIRED
        request.expires_at = request.decided_at = None
        session().flush()
        _record(SYSTEM, request, "exception.lapsed" if lapsed else "exception.expired")
        count += 1
    return count


def locked(request_id: uuid.UUID, expected_version: int | None = None) -> ExceptionRequest:
    """The request under a lock. Raises NotFound, and Conflict when it has moved on."""
    found = session().scalar(
        sa.select(ExceptionRequest)
        .where(ExceptionRequest.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("exception")
    if expected_version is not None and found.version != expected_version:
        raise Conflict("exception", version=found.version)
    return found


def delivery_of(request: ExceptionRequest) -> Delivery:
    """The counts of messages that were taken when the request was submitted."""
    facts = request.facts
    return Delivery(accepted=facts["accepted"], delivered=facts["delivered"])


def _open_one(payment_id: uuid.UUID) -> ExceptionRequest | None:
    return session().scalar(
        sa.select(ExceptionRequest)
        .where(ExceptionRequest.payment_id == payment_id, ExceptionRequest.state.in_(_OPEN))
        .with_for_update()
    )


def _decide(
    request_id: uuid.UUID, after: ExceptionState, text: str, expected_version: int
) -> ExceptionRequest:
    if not text.strip():
        raise InvalidInput("reason", "missing")
    request = locked(request_id, expected_version)
    EXCEPTION_MACHINE.check(request.state, after)
    request.state, request.decision_reason = after, text.strip()
    return request


def _staff(actor: Actor) -> uuid.UUID:
    if actor.kind is not ActorKind.STAFF or actor.id is None:
        raise TypeError("only staff approve")
    return actor.id


def _void_other_amounts(request_id: uuid.UUID, amount_kurus: int) -> None:
    session().execute(
        sa.update(ExceptionApproval)
        .where(
            ExceptionApproval.request_id == request_id,
            ExceptionApproval.amount_kurus != amount_kurus,
            ExceptionApproval.voided_at.is_(None),
        )
        .values(voided_at=clock.now())
    )


def _sign(request_id: uuid.UUID, staff_id: uuid.UUID, amount_kurus: int) -> None:
    """One signature of a person under an amount; given again, it counts from now."""
    found = session().scalar(
        sa.select(ExceptionApproval).where(
            ExceptionApproval.request_id == request_id,
            ExceptionApproval.staff_id == staff_id,
            ExceptionApproval.amount_kurus == amount_kurus,
        )
    )
    if found is None:
        found = ExceptionApproval(
            request_id=request_id, staff_id=staff_id, amount_kurus=amount_kurus
        )
        session().add(found)
    found.at, found.voided_at = clock.now(), None
    session().flush()


def _record(actor: Actor, request: ExceptionRequest, verb: str, **detail: object) -> None:
    reason = detail.pop("reason", None)
    record(
        actor=actor,
        verb=verb,
        subject_kind="exception_request",
        subject_id=request.id,
        organization_id=request.organization_id,
        reason=str(reason) if reason else None,
        detail={"payment": request.payment_id.hex, "state": str(request.state), **detail},
    )
