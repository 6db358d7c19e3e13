"""Payments, refunds, disputes and subscriptions, and what webhooks say of them."""

from __future__ import annotations

import pytest
import stripe

from tests.simulator.stripe.conftest import Pay, session_params
from tests.simulator.stripe.receiver import Receiver
from whatstr.simulator.stripe import Handle, PaymentDeclined, pay_checkout


def test_payment(client: stripe.StripeClient, pay: Pay, sim: Handle) -> None:
    paid = pay(payment_intent_data={"metadata": {"payment_id": "p1"}})
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    intent = paid.payment_intent
    assert (intent.status, intent.amount_received) == ("succeeded", 125_000)
    assert intent.metadata["payment_id"] == intent.latest_charge.metadata["payment_id"] == "p1"
    assert sim.control("state")["totals"]["charged"] == 125_000


def test_declined_card_leaves_the_session_open(client: stripe.StripeClient) -> None:
    made = client.v1.checkout.sessions.create(session_params())
    with pytest.raises(PaymentDeclined):
        pay_checkout(str(made.url), card="4000000000009995")
    still = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    assert (still.status, still.payment_status) == ("open", "unpaid")
    assert still.payment_intent.last_payment_error.decline_code == "insufficient_funds"
    assert pay_checkout(str(made.url)) == f"http://shop.test/done?s={made.id}"
    charges = client.v1.charges.list({"payment_intent": still.payment_intent.id}).data
    assert [row.paid for row in charges] == [True, False]


@pytest.mark.parametrize("approve", [True, False])
def test_three_d_secure(client: stripe.StripeClient, approve: bool) -> None:
    made = client.v1.checkout.sessions.create(session_params())
    if approve:
        pay_checkout(str(made.url), card="4000000000003220")
    else:
        with pytest.raises(PaymentDeclined):
            pay_checkout(str(made.url), card="4000000000003220", approve=False)
    now = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    assert now.payment_status == ("paid" if approve else "unpaid")
    assert now.payment_intent.status == ("succeeded" if approve else "requires_payment_method")


def test_session_expires_by_hand_and_by_itself(
    sim: Handle, client: stripe.StripeClient, receiver: Receiver
) -> None:
    first, second = (client.v1.checkout.sessions.create(session_params()) for _ in range(2))
    assert client.v1.checkout.sessions.expire(first.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(first.id)
    sim.control("clock", {"advance": 24 * 3600})
    assert client.v1.checkout.sessions.retrieve(second.id).status == "expired"
    with pytest.raises(PaymentDeclined):
        pay_checkout(f"{sim.url}/c/pay/{second.id}")
    sim.control("webhooks/wait", {})
    assert [row["id"] for row in receiver.of("checkout.session.expired")] == [first.id, second.id]


def test_abandoned_session_expires_with_its_intent_canceled(
    sim: Handle, client: stripe.StripeClient
) -> None:
    intents = []
    for canceled in (False, True):
        made = client.v1.checkout.sessions.create(session_params())
        with pytest.raises(PaymentDeclined):
            pay_checkout(str(made.url), card="4000000000000002")
        intents.append(str(client.v1.checkout.sessions.retrieve(made.id).payment_intent))
        if canceled:
            client.v1.payment_intents.cancel(intents[-1])
    sim.control("clock", {"advance": 24 * 3600})
    found = [client.v1.payment_intents.retrieve(one) for one in intents]
    assert [row.cancellation_reason for row in found] == ["expired", None]
    assert [row.status for row in client.v1.checkout.sessions.list().data] == ["expired"] * 2


def test_refunds_add_up_to_the_charge_and_no_further(client: stripe.StripeClient, pay: Pay) -> None:
    intent = pay().payment_intent.id
    first = client.v1.refunds.create({"payment_intent": intent, "amount": 25_000})
    assert (first.status, first.amount) == ("succeeded", 25_000)
    with pytest.raises(stripe.InvalidRequestError, match="greater than") as over:
        client.v1.refunds.create({"payment_intent": intent, "amount": 100_001})
    assert (over.value.param, over.value.code) == ("amount", None)
    rest = client.v1.refunds.create({"payment_intent": intent})
    assert rest.amount == 100_000
    with pytest.raises(stripe.InvalidRequestError) as again:
        client.v1.refunds.create({"payment_intent": intent, "amount": 1})
    assert again.value.code == "charge_already_refunded"
    charge = client.v1.charges.list({"payment_intent": intent}).data[0]
    assert (charge.amount_refunded, charge.refunded) == (125_000, True)


@pytest.mark.parametrize("amount", [0, -5])
def test_refund_of_nothing_is_refused(client: stripe.StripeClient, pay: Pay, amount: int) -> None:
    intent = pay().payment_intent.id
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": intent, "amount": amount})
    assert refused.value.code == "parameter_invalid_integer"


def test_unpaid_intent_has_nothing_to_refund(client: stripe.StripeClient) -> None:
    made = client.v1.checkout.sessions.create(session_params())
    with pytest.raises(PaymentDeclined):
        pay_checkout(str(made.url), card="4000000000000002")
    intent = str(client.v1.checkout.sessions.retrieve(made.id).payment_intent)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent})


def test_pending_refund_succeeds_later(
    sim: Handle, client: stripe.StripeClient, pay: Pay, receiver: Receiver
) -> None:
    intent = pay("4000000000007726").payment_intent.id
    made = client.v1.refunds.create({"payment_intent": intent})
    assert (made.status, made.pending_reason) == ("pending", "processing")
    sim.control("clock", {"advance": 30})
    assert client.v1.refunds.retrieve(made.id).status == "pending"
    sim.control("clock", {"advance": 31})
    assert client.v1.refunds.retrieve(made.id).status == "succeeded"
    sim.control("webhooks/wait", {})
    assert [row["status"] for row in receiver.of("refund.updated")] == ["succeeded"]


def test_refund_fails_after_it_had_succeeded(
    sim: Handle, client: stripe.StripeClient, pay: Pay, receiver: Receiver
) -> None:
    intent = pay("4000000000005126").payment_intent.id
    made = client.v1.refunds.create({"payment_intent": intent, "amount": 5_000})
    assert made.status == "succeeded"
    before = sim.control("state")["totals"]["net"]
    sim.control("clock", {"advance": 61})
    failed = client.v1.refunds.retrieve(made.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    charge = client.v1.charges.list({"payment_intent": intent}).data[0]
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert sim.control("state")["totals"]["net"] == before + 5_000
    sim.control("webhooks/wait", {})
    assert [row["id"] for row in receiver.of("refund.failed")] == [made.id]


@pytest.mark.parametrize(
    ("course", "at_first", "at_last"),
    [
        ("fail", "failed", "failed"),
        ("stay_pending", "pending", "pending"),
        ("pending_then_fail", "pending", "failed"),
    ],
)
def test_refund_course_by_setting(
    sim: Handle, client: stripe.StripeClient, pay: Pay, course: str, at_first: str, at_last: str
) -> None:
    sim.control("settings", {"refund_course": course})
    made = client.v1.refunds.create({"payment_intent": pay().payment_intent.id})
    assert made.status == at_first
    sim.control("clock", {"advance": 86400})
    assert client.v1.refunds.retrieve(made.id).status == at_last


def test_disputed_charge_cannot_be_refunded_until_won(
    sim: Handle, client: stripe.StripeClient, pay: Pay, receiver: Receiver
) -> None:
    paid = pay("4000000000000259").payment_intent
    dispute = client.v1.disputes.list({"payment_intent": paid.id}).data[0]
    assert (dispute.status, dispute.amount) == ("needs_response", 125_000)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": paid.id})
    assert refused.value.code == "charge_disputed"
    answered = client.v1.disputes.update(
        dispute.id, {"evidence": {"refund_policy_disclosure": "…"}, "submit": True}
    )
    assert (answered.status, answered.evidence_details.has_evidence) == ("under_review", True)
    sim.control(f"disputes/{dispute.id}", {"won": True})
    assert client.v1.refunds.create({"payment_intent": paid.id}).status == "succeeded"
    sim.control("webhooks/wait", {})
    closed = receiver.of("charge.dispute.closed")
    assert [row["status"] for row in closed] == ["won"]


def test_dispute_by_hand_can_be_given_up(
    sim: Handle, client: stripe.StripeClient, pay: Pay
) -> None:
    intent = pay().payment_intent.id
    made = sim.control("disputes", {"payment_intent": intent, "reason": "duplicate"})
    assert client.v1.disputes.close(made["id"]).status == "lost"


def test_subscription_renews_and_ends(
    sim: Handle, client: stripe.StripeClient, receiver: Receiver
) -> None:
    sim.control("clock", {"now": 1_801_353_600, "frozen": True})  # 31 January 2027
    price = client.v1.prices.create(
        {
            "currency": "try",
            "unit_amount": 49_900,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Aylık"},
        }
    )
    made = client.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "success_url": "http://shop.test/",
            "line_items": [{"price": price.id, "quantity": 1}],
            "subscription_data": {"metadata": {"organization_id": "o1"}},
        }
    )
    pay_checkout(str(made.url))
    paid = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["subscription"]})
    subscription = paid.subscription
    assert subscription.metadata["organization_id"] == "o1"
    assert subscription["items"].data[0].current_period_end == 1_803_772_800  # 28 February
    sim.control("clock", {"advance": 28 * 86400, "frozen": True})
    invoices = client.v1.invoices.list({"subscription": subscription.id}).data
    assert [(row.billing_reason, row.amount_paid) for row in invoices] == [
        ("subscription_cycle", 49_900),
        ("subscription_create", 49_900),
    ]
    client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    sim.control("clock", {"advance": 31 * 86400, "frozen": True})
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    assert len(client.v1.invoices.list({"subscription": subscription.id}).data) == 2
    sim.control("webhooks/wait", {})
    assert len(receiver.of("invoice.paid")) == 2
    assert len(receiver.of("customer.subscription.deleted")) == 1


def test_mode_must_fit_the_price(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(session_params(mode="subscription"))
