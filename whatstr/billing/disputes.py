"""Charge-backs: the bank takes the money, and every exception of the payment stands still."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa

from whatstr.audit.services import SYSTEM, record
from whatstr.billing import ledger
from whatstr.billing.models import Dispute, DisputeState, Payment
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import NotFound
from whatstr.core.logs import get_logger

# Every other status of Stripe's is one of an open dispute (API reference, "The Dispute object").
_CLOSED = {
    "won": DisputeState.WON,
    "warning_closed": DisputeState.WON,
    "lost": DisputeState.LOST,
}
log = get_logger(__name__)


def note_dispute(
    *, stripe_dispute: str, payment_intent: str | None, status: str, amount_kurus: int, at: datetime
) -> bool:
    """News of a dispute; a closed one is never opened again. False when nothing changed.

    Raises NotFound for a payment that is not ours. A lost dispute takes the unspent credits of the
    payment along, as a refund of the whole would.
    """
    payment = session().scalar(sa.select(Payment).where(Payment.payment_intent == payment_intent))
    if payment_intent is None or payment is None:
        raise NotFound("payment")
    ledger.lock(payment.organization_id)
    state = _CLOSED.get(status, DisputeState.OPEN)
    found = session().scalar(
        sa.select(Dispute).where(Dispute.stripe_dispute == stripe_dispute).with_for_update()
    )
    if found is not None and (found.state is state or found.state is not DisputeState.OPEN):
        return False
    if found is None:
        found = Dispute(
            id=uuid.uuid4(),
            payment_id=payment.id,
            amount_kurus=amount_kurus,
            stripe_dispute=stripe_dispute,
            opened_at=at,
        )
        session().add(found)
    found.state = state
    found.closed_at = None if state is DisputeState.OPEN else clock.now()
    session().flush()
    taken = _take_credits(payment, found) if state is DisputeState.LOST else 0
    record(
        actor=SYSTEM,
        verb=f"dispute.{state}",
        subject_kind="payment",
        subject_id=payment.id,
        organization_id=payment.organization_id,
        detail={"amount_kurus": amount_kurus, "credits": taken},
    )
    log.warning("dispute.noted", payment=payment.id, state=state)
    return True


def _take_credits(payment: Payment, dispute: Dispute) -> int:
    _, remaining = ledger.remaining_of(
        organization_id=payment.organization_id, payment_id=payment.id
    )
    return ledger.claw_back(
        organization_id=payment.organization_id,
        refund_id=dispute.id,
        payment_id=payment.id,
        amount=remaining,
    )
