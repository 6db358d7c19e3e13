"""Refunds by our client of Stripe against the stand-in: one for each key, and how they end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.billing.stripe_side import events, paid_intent, refund
from tests.simulator.stripe.receiver import Receiver
from whatstr.billing.gateway import (
    GatewayRefused,
    StripeGateway,
)
from whatstr.simulator.stripe import Handle


def test_refund_same_key_is_one_refund(gateway: StripeGateway) -> None:
    intent = paid_intent(gateway)
    first = refund(gateway, intent)
    assert (first.status, first.amount_kurus, first.failure_reason) == ("succeeded", 25_000, None)
    assert refund(gateway, intent) == first
    assert gateway.list_refunds(intent) == [first]
    assert first.metadata == {"refund_id": "r-1"}


def test_refund_same_key_other_amount_is_refused(gateway: StripeGateway) -> None:
    intent = paid_intent(gateway)
    refund(gateway, intent)
    with pytest.raises(GatewayRefused) as refused:
        refund(gateway, intent, amount=25_001)
    assert refused.value.reason == "idempotency_error"


def test_refund_over_the_amount_is_refused(gateway: StripeGateway) -> None:
    intent = paid_intent(gateway)
    refund(gateway, intent, amount=100_000)
    with pytest.raises(GatewayRefused) as over:
        refund(gateway, intent, amount=25_001, key="r-2")
    assert (over.value.reason, over.value.param) == ("invalid_request", "amount")
    refund(gateway, intent, amount=25_000, key="r-3")
    with pytest.raises(GatewayRefused) as full:
        refund(gateway, intent, amount=1, key="r-4")
    assert full.value.reason == "charge_already_refunded"


def test_refund_of_a_disputed_payment_is_refused(gateway: StripeGateway) -> None:
    intent = paid_intent(gateway, "4000000000000259")
    with pytest.raises(GatewayRefused) as refused:
        refund(gateway, intent)
    assert refused.value.reason == "charge_disputed"


@pytest.mark.parametrize(
    ("course", "at_last", "reason"),
    [
        ("pending_then_succeed", "succeeded", None),
        ("pending_then_fail", "failed", "expired_or_canceled_card"),
    ],
)
def test_pending_refund_ends_by_webhook(
    sim: Handle,
    gateway: StripeGateway,
    receiver: Receiver,
    course: str,
    at_last: str,
    reason: str | None,
) -> None:
    sim.control("settings", {"refund_course": course})
    made = refund(gateway, paid_intent(gateway))
    assert made.status == "pending"
    sim.control("clock", {"advance": 61})
    last = [e for e in events(sim, gateway, receiver) if e.type == "refund.updated"][-1]
    assert last.object["id"] == made.id
    assert (last.object["status"], last.object.get("failure_reason")) == (at_last, reason)
    now = gateway.get_refund(made.id)
    assert (now.status, now.failure_reason) == (at_last, reason)


def test_refund_that_fails_after_success_leaves_the_amount_refundable(
    sim: Handle, gateway: StripeGateway
) -> None:
    intent = paid_intent(gateway, "4000000000005126")
    made = refund(gateway, intent, amount=125_000)
    assert made.status == "succeeded"
    sim.control(f"refunds/{made.id}", {"status": "failed", "reason": "insufficient_funds"})
    assert gateway.get_refund(made.id).failure_reason == "insufficient_funds"
    assert gateway.list_payments(datetime(2026, 1, 1, tzinfo=UTC))[0].refunded_kurus == 0
