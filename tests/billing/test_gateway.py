"""Our client of Stripe against the stand-in, over HTTP: what billing can rely on."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.simulator.stripe.receiver import Receiver
from whatstr.billing.gateway import (
    BadSignature,
    GatewayEvent,
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    StripeGateway,
)
from whatstr.core.errors import DomainError
from whatstr.simulator.stripe import Handle, pay_checkout, run_in_thread
from whatstr.simulator.stripe.delivery import signature

Gateways = Callable[..., StripeGateway]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def sim(receiver: Receiver) -> Iterator[Handle]:
    with run_in_thread(webhook_url=receiver.url, settings={"webhook_retry_delays": [0.0]}) as made:
        yield made


@pytest.fixture
def gateways(sim: Handle) -> Iterator[Gateways]:
    made: list[StripeGateway] = []

    def act(**changes: Any) -> StripeGateway:
        values: dict[str, Any] = {
            "api_key": sim.api_key,
            "base_url": sim.url,
            "webhook_secret": sim.webhook_secret,
            "max_network_retries": 0,
            **changes,
        }
        made.append(StripeGateway(**values))
        return made[-1]

    yield act
    for gateway in made:
        gateway.close()


@pytest.fixture
def gateway(gateways: Gateways) -> StripeGateway:
    return gateways()


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


def test_webhook_late_twice_and_out_of_order(
    sim: Handle, gateway: StripeGateway, receiver: Receiver
) -> None:
    sim.control("settings", {"webhook_hold": True})
    refund(gateway, paid_intent(gateway))
    sim.control("clock", {"advance": 7200})
    sim.control("webhooks/flush", {"order": "reverse", "copies": 2})
    came = events(sim, gateway, receiver)
    ids = [event.id for event in came]
    assert all(ids.count(one) == 2 for one in ids)
    types = [event.type for event in came]
    assert types.index("refund.created") < types.index("checkout.session.completed")
    # Two hours late by the events' own time, and yet fresh by the signature.
    now = sim.control("state")["now"]
    assert min(now - event.created.timestamp() for event in came) >= 7200


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body, sign: (body + b" ", sign),
        lambda body, sign: (body, ""),
        lambda body, sign: (body, sign.replace("v1=", "v0=")),
        lambda body, sign: (body, "nonsense"),
        lambda body, sign: (b"\xff\xfe", sign),
        lambda body, sign: (body, signature(body, "whsec_other", int(time.time()))),
        lambda body, sign: (body, signature(body, "whsec_simulator", int(time.time()) - 301)),
        lambda body, sign: (b"[]", signature(b"[]", "whsec_simulator", int(time.time()))),
        lambda body, sign: (b"{}", signature(b"{}", "whsec_simulator", int(time.time()))),
    ],
    ids=[
        "changed",
        "missing",
        "old-scheme",
        "nonsense",
        "no-text",
        "other-secret",
        "stale",
        "list",
        "no-event",
    ],
)
def test_bad_signature(
    sim: Handle,
    gateway: StripeGateway,
    receiver: Receiver,
    spoil: Callable[[bytes, str], tuple[bytes, str]],
) -> None:
    gateway.create_checkout(**checkout_values())
    events(sim, gateway, receiver)
    item = receiver.received[0]
    with pytest.raises(BadSignature):
        gateway.parse_event(*spoil(item.payload, item.signature))


def test_no_secret_trusts_nothing(sim: Handle, gateways: Gateways, receiver: Receiver) -> None:
    gateways().create_checkout(**checkout_values())
    sim.control("webhooks/wait", {})
    item = receiver.received[0]
    for secret in (None, "", " "):
        with pytest.raises(BadSignature):
            gateways(webhook_secret=secret).parse_event(item.payload, item.signature)


def test_lost_answer_is_unavailable_and_its_key_finds_it(
    sim: Handle, gateway: StripeGateway
) -> None:
    intent = paid_intent(gateway)
    sim.control("settings", {"faults": [{"path": "/v1/refunds", "kind": "drop_after"}]})
    with pytest.raises(GatewayUnavailable):
        refund(gateway, intent)
    assert refund(gateway, intent) == gateway.list_refunds(intent)[0]
    assert len(gateway.list_refunds(intent)) == 1


@pytest.mark.parametrize("status", [429, 500, 503, 409])
def test_busy_stripe_is_unavailable(sim: Handle, gateway: StripeGateway, status: int) -> None:
    fault = {"path": "*", "kind": "status", "status": status}
    sim.control("settings", {"faults": [fault]})
    with pytest.raises(GatewayUnavailable):
        gateway.get_refund("re_1")


def test_nobody_listening_is_unavailable(gateways: Gateways) -> None:
    with pytest.raises(GatewayUnavailable):
        gateways(base_url="http://127.0.0.1:9").get_refund("re_1")


def test_wrong_key_is_misconfigured(gateways: Gateways) -> None:
    with pytest.raises(GatewayMisconfigured):
        gateways(api_key="sk_test_other").get_refund("re_1")


def test_unknown_refund_is_refused(gateway: StripeGateway) -> None:
    with pytest.raises(GatewayRefused) as refused:
        gateway.get_refund("re_none")
    assert refused.value.reason == "resource_missing"


def test_errors_hold_no_text_of_stripe(gateway: StripeGateway) -> None:
    with pytest.raises(DomainError) as refused:
        gateway.get_refund("gizli@dukkan.test")  # Stripe repeats the id in its message
    shown = repr(refused.value) + repr(refused.value.context) + repr(refused.value.__cause__)
    assert "gizli" not in shown
    assert refused.value.context == {
        "reason": "resource_missing",
        "decline_code": None,
        "param": "id",
    }


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
