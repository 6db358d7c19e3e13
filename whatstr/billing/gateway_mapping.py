"""From the SDK's objects and errors to ours: nothing of `stripe` goes beyond this module."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from whatstr.billing.gateway_answers import (
    CheckoutState,
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    PaymentState,
    RefundState,
)
from whatstr.core.errors import DomainError

_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,255}")

if TYPE_CHECKING:
    import stripe


def our_error(error: stripe.StripeError) -> DomainError:
    """What the SDK raised, as ours; texts and bodies of Stripe are left behind."""
    import stripe

    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return GatewayMisconfigured(type(error).__name__)
    if isinstance(error, stripe.IdempotencyError):
        return GatewayRefused("idempotency_error")
    if isinstance(error, stripe.CardError | stripe.InvalidRequestError):
        decline_code = error.error.decline_code if error.error and error.code else None
        return GatewayRefused(error.code or "invalid_request", decline_code, param=error.param)
    return GatewayUnavailable(type(error).__name__)


def checkout(made: stripe.checkout.Session) -> CheckoutState:
    """A Checkout Session."""
    return CheckoutState(
        id=made.id,
        mode=made.mode,
        status=made.status or "",
        payment_status=made.payment_status,
        payment_id=made.client_reference_id,
        payment_intent=_id_of(made.payment_intent),
        subscription=_id_of(made.subscription),
        amount_kurus=made.amount_total or 0,
        currency=made.currency or "",
        url=made.url,
        expires_at=moment(made.expires_at),
        metadata=_plain(made.metadata),
    )


def refund(made: stripe.Refund) -> RefundState:
    """A refund."""
    return RefundState(
        id=made.id,
        status=made.status or "",
        failure_reason=made.failure_reason if "failure_reason" in made else None,
        amount_kurus=made.amount,
        payment_intent=_id_of(made.payment_intent),
        created=moment(made.created),
        metadata=_plain(made.metadata),
    )


def payment(made: stripe.PaymentIntent) -> PaymentState:
    """A payment intent, with the figures of its charge where that was expanded."""
    charge = None if isinstance(made.latest_charge, str) else made.latest_charge
    return PaymentState(
        id=made.id,
        status=made.status,
        amount_kurus=made.amount,
        received_kurus=made.amount_received,
        refunded_kurus=charge.amount_refunded if charge else 0,
        disputed=charge.disputed if charge else False,
        currency=made.currency,
        created=moment(made.created),
        metadata=_plain(made.metadata),
    )


def _id_of(value: Any) -> str | None:
    """The id of a field that holds an id or, expanded, its object."""
    return None if value is None else str(getattr(value, "id", value))


def _plain(metadata: Any) -> dict[str, str]:
    return {} if metadata is None else dict(metadata.to_dict())


def moment(seconds: int) -> datetime:
    """Stripe's seconds as an aware UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def word(text: object) -> str:
    """An id or a name of Stripe's: a column takes neither half a character nor a zero byte.
    ValueError for anything else."""
    if not isinstance(text, str) or not _WORD.fullmatch(text):
        raise ValueError("not one of Stripe's words")
    return text
