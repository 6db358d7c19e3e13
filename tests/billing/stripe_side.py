"""Our client of Stripe, used as billing uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.simulator.stripe.receiver import Receiver
from whatstr.billing.gateway import (
    GatewayEvent,
    StripeGateway,
)
from whatstr.simulator.stripe import Handle, pay_checkout

Gateways = Callable[..., StripeGateway]


def checkout_values(**changes: Any) -> dict[str, Any]:
    return {
        "idempotency_key": "payment-1",
        "organization_id": "org-1",
        "payment_id": "pay-1",
        "plan_code": "starter",
        "title": "Başlangıç paketi",
        "amount_kurus": 125_000,
        "customer_email": "sahip@dukkan.test",
        "success_url": "http://portal.test/odeme?s={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://portal.test/paketler",
        "locale": "tr",
        "metadata": {"term_version": "3"},
        **changes,
    }


def paid_intent(gateway: StripeGateway, card: str = "4242424242424242", **changes: Any) -> str:
    started = gateway.create_checkout(**checkout_values(**changes))
    pay_checkout(started.url, card=card)
    intent = gateway.get_checkout(started.id).payment_intent
    assert intent is not None
    return intent


def refund(gateway: StripeGateway, intent: str, amount: int = 25_000, key: str = "r-1") -> Any:
    return gateway.create_refund(
        idempotency_key=key,
        payment_intent=intent,
        amount_kurus=amount,
        metadata={"refund_id": key},
    )


def events(sim: Handle, gateway: StripeGateway, receiver: Receiver) -> list[GatewayEvent]:
    assert sim.control("webhooks/wait", {})["idle"]
    return [gateway.parse_event(item.payload, item.signature) for item in receiver.received]
