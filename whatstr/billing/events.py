"""Stripe's webhooks: stored once under their id, then worked on. Late, doubled and out of order
are all the same: each handler asks what is already known."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import undefer_group

from whatstr.billing import disputes, payments, refunds
from whatstr.billing.gateway_answers import GatewayEvent
from whatstr.billing.gateway_answers import RefundState as RefundAnswer
from whatstr.billing.models import PaymentState, StripeEvent
from whatstr.core import clock, queues
from whatstr.core.db import session
from whatstr.core.errors import NotFound
from whatstr.core.logs import get_logger

DONE, KNOWN, IGNORED, NOT_OURS, DIFFERS = "done", "known", "ignored", "not_ours", "differs"
_UNIQUE = "uq_stripe_event_event_id"
log = get_logger(__name__)
Object = Mapping[str, Any]


def store(event: GatewayEvent, payload: bytes) -> bool:
    """Keep a verified event, sealed, and let the worker read it. False for one that is here."""
    row = StripeEvent(
        event_id=event.id,
        type=event.type,
        api_version=event.api_version,
        created_at=event.created,
        received_at=clock.now(),
    )
    row.body = payload.decode()
    try:
        with session().begin_nested():
            session().add(row)
            session().flush()
    except IntegrityError as error:
        if _UNIQUE not in str(error.orig):
            raise
        return False
    queues.later("billing", "billing.event", row.id)
    return True


def process(event_row: uuid.UUID) -> str | None:
    """Act on a stored event, once. Gives the outcome; None when another worker has it or had it."""
    row = session().scalar(
        sa.select(StripeEvent)
        .where(StripeEvent.id == event_row, StripeEvent.processed_at.is_(None))
        .options(undefer_group("pii"))
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    handle = _HANDLERS.get(row.type)
    body = json.loads(row.body)
    try:
        with session().begin_nested():
            outcome = handle(body["data"]["object"], row.created_at) if handle else IGNORED
    except NotFound:
        outcome = NOT_OURS
    except payments.PaymentDiffers:
        outcome = DIFFERS
    row.processed_at, row.outcome = clock.now(), outcome
    log.info("stripe.event", type=row.type, outcome=outcome)
    return outcome


def unprocessed(before: datetime, *, limit: int = 200) -> list[uuid.UUID]:
    """Events that never reached the queue, or whose work failed; oldest first."""
    return list(
        session().scalars(
            sa.select(StripeEvent.id)
            .where(StripeEvent.processed_at.is_(None), StripeEvent.received_at < before)
            .order_by(StripeEvent.received_at)
            .limit(limit)
        )
    )


def _checkout_done(found: Object, at: datetime) -> str:
    if found["payment_status"] != "paid":
        return KNOWN  # a method that settles later has an event of its own
    changed = payments.mark_paid(
        payment_id=_payment_id(found),
        checkout_id=found["id"],
        payment_intent=found["payment_intent"],
        amount_kurus=found["amount_total"],
        currency=found["currency"],
        at=at,
    )
    return DONE if changed else KNOWN


def _checkout_failed(found: Object, at: datetime) -> str:
    changed = payments.mark_over(payment_id=_payment_id(found), state=PaymentState.FAILED)
    return DONE if changed else KNOWN


def _checkout_expired(found: Object, at: datetime) -> str:
    changed = payments.mark_over(payment_id=_payment_id(found), state=PaymentState.EXPIRED)
    return DONE if changed else KNOWN


def _refund(found: Object, at: datetime) -> str:
    metadata = found.get("metadata") or {}
    changed = refunds.note_answer(
        refund_id=_id(metadata.get("refund_id")),
        attempt=int(metadata.get("attempt", 1)),
        answer=RefundAnswer(
            id=found["id"],
            status=found["status"],
            failure_reason=found.get("failure_reason"),
            amount_kurus=found["amount"],
            created=datetime.fromtimestamp(found["created"], UTC),
            metadata=dict(metadata),
        ),
    )
    return DONE if changed else KNOWN


def _dispute(found: Object, at: datetime) -> str:
    changed = disputes.note_dispute(
        stripe_dispute=found["id"],
        payment_intent=found.get("payment_intent"),
        status=found["status"],
        amount_kurus=found["amount"],
        at=at,
    )
    return DONE if changed else KNOWN


def _payment_id(found: Object) -> uuid.UUID:
    return _id(found.get("client_reference_id"))


def _id(text: object) -> uuid.UUID:
    """An id of ours; what carries none was made by somebody else on the same account."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        raise NotFound("id") from None


_HANDLERS: dict[str, Callable[[Object, datetime], str]] = {
    "checkout.session.completed": _checkout_done,
    "checkout.session.async_payment_succeeded": _checkout_done,
    "checkout.session.async_payment_failed": _checkout_failed,
    "checkout.session.expired": _checkout_expired,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refund.updated": _refund,
    "charge.dispute.created": _dispute,
    "charge.dispute.updated": _dispute,
    "charge.dispute.closed": _dispute,
}
