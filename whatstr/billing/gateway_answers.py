"""What the gateway answers and raises: plain values, nothing of Stripe's SDK."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from whatstr.core.errors import DomainError, Unavailable

PlanInterval = Literal["month", "year"]


class GatewayUnavailable(Unavailable):
    """Stripe did not answer, or not now. Nothing is known of the outcome: repeat with the key."""

    code: ClassVar[str] = "gateway_unavailable"


class GatewayMisconfigured(GatewayUnavailable):
    """Stripe does not accept our key. Repeating helps only after the settings were mended."""

    code: ClassVar[str] = "gateway_misconfigured"


class GatewayRefused(DomainError):
    """Stripe answered no, and repeating will not change it.

    `reason` is Stripe's error code (`charge_already_refunded`, `charge_disputed`,
    `resource_missing`, `idempotency_error`, …) or `invalid_request` where Stripe gives none, as
    for a refund over the amount; `param` is the field it names; `decline_code` is the bank's.
    """

    code: ClassVar[str] = "gateway_refused"

    def __init__(
        self, reason: str, decline_code: str | None = None, *, param: str | None = None
    ) -> None:
        super().__init__(reason, reason=reason, decline_code=decline_code, param=param)
        self.reason = reason
        self.decline_code = decline_code
        self.param = param


class BadSignature(DomainError):
    """A webhook that Stripe did not sign with our secret within five minutes: answer 400."""

    code: ClassVar[str] = "bad_signature"
    status: ClassVar[int] = 400


@dataclass(frozen=True)
class CheckoutStarted:
    """Where to send the customer."""

    id: str
    url: str


@dataclass(frozen=True, kw_only=True)
class CheckoutState:
    """A Checkout Session. `status` is open, complete or expired; credit only when `paid`."""

    id: str
    mode: str
    status: str
    payment_status: str
    payment_id: str | None
    payment_intent: str | None
    subscription: str | None
    amount_kurus: int
    currency: str
    url: str | None
    expires_at: datetime
    metadata: dict[str, str]

    @property
    def paid(self) -> bool:
        """The money was taken. A complete session alone does not say so."""
        return self.status == "complete" and self.payment_status == "paid"


@dataclass(frozen=True)
class RefundState:
    """A refund. `status` is pending, succeeded, failed, canceled or requires_action.

    A succeeded refund may still fail days later; `failed` is final.
    """

    id: str
    status: str
    failure_reason: str | None
    amount_kurus: int
    payment_intent: str | None = None
    created: datetime | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PaymentState:
    """A payment as Stripe has it, for reconciliation; `id` is the payment intent."""

    id: str
    status: str
    amount_kurus: int
    received_kurus: int
    refunded_kurus: int
    disputed: bool
    currency: str
    created: datetime
    metadata: dict[str, str]


@dataclass(frozen=True)
class PublishedPlan:
    """A version of a plan at Stripe."""

    product_id: str
    price_id: str


@dataclass(frozen=True, kw_only=True)
class GatewayEvent:
    """A verified webhook. `object` is Stripe's JSON as it was when the event happened.

    Events arrive late, twice and in any order: keep the id unique, and never let an older state
    overwrite a newer one.
    """

    id: str
    type: str
    created: datetime
    api_version: str | None
    object: dict[str, Any]
