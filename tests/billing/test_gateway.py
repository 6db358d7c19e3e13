"""Our client of Stripe against the stand-in, over HTTP: checkouts, plans, payments."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.billing.stripe_side import checkout_values, events, paid_intent, refund
from tests.simulator.stripe.receiver import Receiver
from whatstr.billing.gateway import (
    GatewayRefused,
    StripeGateway,
)
from whatstr.simulator.stripe import Handle, pay_checkout


def test_checkout_from_start_to_paid(
    sim: Handle, gateway: StripeGateway, receiver: Receiver
) -> None:
    started = gateway.create_checkout(**checkout_values())
    before = gateway.get_checkout(started.id)
    assert (before.status, before.paid, before.payment_intent) == ("open", False, None)
    assert pay_checkout(started.url) == f"http://portal.test/odeme?s={started.id}"
    after = gateway.get_checkout(started.id)
    assert (after.status, after.paid, after.amount_kurus) == ("complete", True, 125_000)
    assert (after.payment_id, after.currency) == ("pay-1", "try")
    assert after.metadata == {
        "term_version": "3",
        "organization_id": "org-1",
        "payment_id": "pay-1",
        "plan_code": "starter",
    }
    completed = [
        event
        for event in events(sim, gateway, receiver)
        if event.type == "checkout.session.completed"
    ]
    assert len(completed) == 1
    assert completed[0].object["client_reference_id"] == "pay-1"
    assert completed[0].object["metadata"] == after.metadata
    assert completed[0].api_version == gateway.api_version
    assert abs((completed[0].created - datetime.now(UTC)).total_seconds()) < 60


def test_same_key_same_answer(gateway: StripeGateway) -> None:
    assert gateway.create_checkout(**checkout_values()) == gateway.create_checkout(
        **checkout_values()
    )


def test_same_key_other_body_is_refused(gateway: StripeGateway) -> None:
    gateway.create_checkout(**checkout_values())
    with pytest.raises(GatewayRefused) as refused:
        gateway.create_checkout(**checkout_values(amount_kurus=1))
    assert refused.value.reason == "idempotency_error"


def test_declined_card_is_not_paid(gateway: StripeGateway) -> None:
    started = gateway.create_checkout(**checkout_values())
    with pytest.raises(Exception, match="422"):
        pay_checkout(started.url, card="4000000000000002")
    assert not gateway.get_checkout(started.id).paid


def test_expired_checkout_cannot_be_paid(gateway: StripeGateway) -> None:
    started = gateway.create_checkout(**checkout_values())
    assert gateway.expire_checkout(started.id).status == "expired"
    with pytest.raises(Exception, match="410"):
        pay_checkout(started.url)
    with pytest.raises(GatewayRefused):
        gateway.expire_checkout(started.id)


def test_payments_since_go_over_pages(sim: Handle, gateway: StripeGateway) -> None:
    sim.control("clock", {"now": 1_800_000_000, "frozen": True})
    paid_intent(gateway, idempotency_key="old", payment_id="old")
    sim.control("clock", {"advance": 60, "frozen": True})
    for number in range(101):
        started = gateway.create_checkout(
            **checkout_values(idempotency_key=f"k{number}", payment_id=f"p{number}")
        )
        pay_checkout(started.url)
    refund(gateway, str(gateway.get_checkout(started.id).payment_intent), amount=5_000)
    found = gateway.list_payments(datetime.fromtimestamp(1_800_000_060, UTC))
    assert [row.metadata["payment_id"] for row in found] == [f"p{n}" for n in range(100, -1, -1)]
    assert (found[0].refunded_kurus, found[1].refunded_kurus) == (5_000, 0)
    assert {row.received_kurus for row in found} == {125_000}


def test_plan_is_published_once(sim: Handle, gateway: StripeGateway) -> None:
    values: dict[str, Any] = {
        "plan_code": "starter",
        "version": 1,
        "title": "Başlangıç",
        "amount_kurus": 125_000,
        "interval": "month",
        "metadata": {},
    }
    first = gateway.publish_plan(**values)
    assert gateway.publish_plan(**{**values, "title": "Başlangıç+"}) == first
    with pytest.raises(GatewayRefused) as refused:
        gateway.publish_plan(**{**values, "amount_kurus": 1})
    assert refused.value.reason == "plan_price_differs"
    second = gateway.publish_plan(**{**values, "version": 2, "amount_kurus": 1, "interval": None})
    assert second.product_id == first.product_id
    assert second.price_id != first.price_id
    objects = sim.control("state")["objects"]
    assert [row["name"] for row in objects["product"]] == ["Başlangıç"]
    assert [row["unit_amount"] for row in objects["price"]] == [125_000, 1]


def test_plain_values_leave(gateway: StripeGateway) -> None:
    started = gateway.create_checkout(**checkout_values())
    plain = (str, int, bool, datetime, dict, type(None))
    for value in asdict(gateway.get_checkout(started.id)).values():
        assert type(value) in plain


def test_stripe_is_imported_at_the_first_use() -> None:
    code = (
        "import sys; from whatstr.billing.gateway import StripeGateway;"
        "StripeGateway('sk'); sys.exit('stripe' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
