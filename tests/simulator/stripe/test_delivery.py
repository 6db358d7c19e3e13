"""Webhooks that come late, twice, out of order, and again after a refusal."""

from __future__ import annotations

from pathlib import Path

import stripe

from tests.simulator.stripe.conftest import Pay, session_params
from tests.simulator.stripe.receiver import Receiver
from whatstr.simulator.stripe import Handle, pay_checkout, run_in_thread

IN_ORDER = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
]


def test_held_ones_come_when_let_go(sim: Handle, receiver: Receiver, pay: Pay) -> None:
    sim.control("settings", {"webhook_hold": True})
    pay()
    assert sim.control("webhooks/wait", {})["idle"]
    assert receiver.received == []
    assert sim.control("webhooks/flush", {"order": "reverse"})["released"] == 5
    sim.control("webhooks/wait", {})
    assert receiver.types() == [*IN_ORDER[::-1], "product.created"]


def test_twice(sim: Handle, receiver: Receiver, pay: Pay) -> None:
    sim.control("settings", {"webhook_copies": 2})
    pay()
    sim.control("webhooks/wait", {})
    ids = [item.event["id"] for item in receiver.received]
    assert len(ids) == 10
    assert all(ids.count(one) == 2 for one in ids)


def test_out_of_order_within_one_request(
    sim: Handle, receiver: Receiver, pay: Pay, client: stripe.StripeClient
) -> None:
    intent = pay().payment_intent.id
    sim.control("webhooks/wait", {})
    receiver.received.clear()
    sim.control("settings", {"webhook_order": "reverse"})
    client.v1.refunds.create({"payment_intent": intent})
    sim.control("webhooks/wait", {})
    assert receiver.types() == ["charge.refunded", "refund.created"]


def test_page_events_can_be_out_of_order_too(
    sim: Handle, receiver: Receiver, client: stripe.StripeClient
) -> None:
    made = client.v1.checkout.sessions.create(session_params())
    sim.control("webhooks/wait", {})
    receiver.received.clear()
    sim.control("settings", {"webhook_order": "reverse"})
    pay_checkout(str(made.url))
    sim.control("webhooks/wait", {})
    assert receiver.types() == IN_ORDER[::-1]


def test_repeated_after_a_refusal_until_taken(
    sim: Handle, receiver: Receiver, client: stripe.StripeClient
) -> None:
    receiver.answers = [500, 302]
    client.v1.customers.create({"email": "a@b.test"})
    assert sim.control("webhooks/wait", {})["idle"]
    assert receiver.types() == ["customer.created"] * 3
    delivery = sim.control("state")["deliveries"][0]
    assert (delivery["status"], delivery["answers"]) == ("delivered", [500, 302, 200])
    assert client.v1.events.list().data[0].pending_webhooks == 0


def test_given_up_in_the_end_and_sent_again_by_hand(
    sim: Handle, receiver: Receiver, client: stripe.StripeClient
) -> None:
    receiver.answers = [500, 500, 500]
    client.v1.customers.create({"email": "a@b.test"})
    sim.control("webhooks/wait", {})
    state = sim.control("state")
    assert state["deliveries"][0]["status"] == "given_up"
    sim.control("webhooks/resend", {"event": state["objects"]["event"][0]["id"]})
    sim.control("webhooks/wait", {})
    assert len(receiver.received) == 4


def test_endpoint_chooses_its_events_and_version(
    sim: Handle, receiver: Receiver, client: stripe.StripeClient
) -> None:
    first = client.v1.webhook_endpoints.list().data[0]
    client.v1.webhook_endpoints.delete(first.id)
    made = client.v1.webhook_endpoints.create(
        {
            "url": receiver.url,
            "enabled_events": ["customer.updated"],
            "api_version": "2026-09-30.endive",  # type: ignore[typeddict-item]
        }
    )
    customer = client.v1.customers.create({"email": "a@b.test"})
    client.v1.customers.update(customer.id, {"name": "b"})
    sim.control("webhooks/wait", {})
    assert receiver.types() == ["customer.updated"]
    event = stripe.Webhook.construct_event(
        receiver.received[0].payload, receiver.received[0].signature, str(made.secret)
    )
    assert event.api_version == "2026-09-30.endive"


def test_state_survives_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    with run_in_thread(data=tmp_path, webhook_url="http://127.0.0.1:9/down") as sim:
        http = stripe.RequestsClient(timeout=10)
        client = stripe.StripeClient(sim.api_key, base_addresses={"api": sim.url}, http_client=http)
        sim.control("settings", {"webhook_hold": True})
        sim.control("clock", {"now": 1_800_000_000, "frozen": True})
        made = client.v1.customers.create({"email": "a@b.test"}, {"idempotency_key": "k1"})
        opened = client.v1.checkout.sessions.create(session_params())
        before = sim.control("state")
        http.close()
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"kind": "customer", "id": "cut')
    with run_in_thread(data=tmp_path, webhook_url=receiver.url) as sim:
        http = stripe.RequestsClient(timeout=10)
        client = stripe.StripeClient(sim.api_key, base_addresses={"api": sim.url}, http_client=http)
        after = sim.control("state")
        moved = after["objects"].pop("webhook_endpoint")
        before["objects"].pop("webhook_endpoint")
        # The page moves along to the new port.
        page = after["objects"]["checkout.session"][0].pop("url")
        before["objects"]["checkout.session"][0].pop("url")
        assert page == f"{sim.url}/c/pay/{opened.id}"
        assert after == before
        assert [row["url"] for row in moved] == [receiver.url]
        again = client.v1.customers.create({"email": "a@b.test"}, {"idempotency_key": "k1"})
        assert again.id == made.id
        sim.control("webhooks/flush", {})
        sim.control("webhooks/wait", {})
        assert receiver.types() == ["customer.created", "product.created"]
        http.close()
