"""Refunds: one at Stripe whatever crashes, and every state from each of its three writers."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.apps import as_owner, error_of
from tests.billing.desk import Desk, one
from tests.billing.refunding import (
    at_desk,
    at_stripe,
    executed,
    refund_of,
)
from whatstr.billing import refunds
from whatstr.billing.connection import stripe_gateway
from whatstr.billing.gateway_answers import RefundState as Answer
from whatstr.billing.ledger import Balance
from whatstr.billing.models import (
    Refund,
    RefundState,
    Subscription,
    SubscriptionState,
)
from whatstr.core import clock

PENDING_CARD, FAILING_CARD = "4000000000007726", "4000000000005126"


def test_a_refund_from_the_request_to_the_card(desk: Desk) -> None:
    shop = desk.shop()
    payment = executed(desk, shop)
    assert desk.balance(shop.id) == Balance(0, 0, 0)  # taken back with the intent already
    assert shop.payment(payment)["refund"]["state"] == "created"
    assert desk.run_jobs() == ["billing.refund"]
    desk.catch_up()
    shown = shop.payment(payment)
    assert (shown["refunded_kurus"], shown["refund"]["state"]) == (29_900, "succeeded")
    assert shown["exception"]["state"] == "executed"
    kinds = [e["kind"] for e in shop.client.get("billing").get_json()["entries"]]
    assert kinds == ["claw_back", "grant"]
    assert [r["amount"] for r in at_stripe(desk)] == [29_900]
    with as_owner(desk.database) as owner:
        period = one(owner, Subscription, Subscription.payment_id == payment)
        assert period.state is SubscriptionState.REFUNDED
    assert error_of(shop.ask(payment))["code"] == "nothing_left"


def test_pending_then_succeeded_by_webhook(desk: Desk) -> None:
    shop = desk.shop()
    payment = executed(desk, shop, card=PENDING_CARD)
    desk.run_jobs()
    assert refund_of(desk, payment).state is RefundState.PENDING
    desk.sim.control("clock", {"advance": 120})
    posted = desk.webhooks()
    desk.let_in(*reversed(posted), *posted)  # newest first: the older ones change nothing
    desk.run_jobs()
    assert refund_of(desk, payment).state is RefundState.SUCCEEDED
    assert shop.payment(payment)["refunded_kurus"] == 29_900


def test_pending_then_succeeded_by_asking(desk: Desk) -> None:
    shop = desk.shop()
    payment = executed(desk, shop, card=PENDING_CARD)
    desk.run_jobs()
    desk.sim.control("clock", {"advance": 120})
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        desk.run("billing.sweep")
        assert "billing.refund_state" in desk.run_jobs()
    assert refund_of(desk, payment).state is RefundState.SUCCEEDED


def test_failed_after_it_had_succeeded_then_tried_again(desk: Desk) -> None:
    shop = desk.shop()
    payment = executed(desk, shop, card=FAILING_CARD)
    desk.catch_up()
    assert refund_of(desk, payment).state is RefundState.SUCCEEDED
    assert desk.balance(shop.id) == Balance(0, 0, 0)
    desk.sim.control("clock", {"advance": 120})
    desk.catch_up()
    failed = refund_of(desk, payment)
    assert (failed.state, failed.failure_code) == (RefundState.FAILED, "expired_or_canceled_card")
    assert desk.balance(shop.id) == Balance(1_000, 0, 0)  # nobody is left with neither
    assert shop.payment(payment)["refunded_kurus"] == 0
    desk.sim.control("settings", {"refund_course": "succeed"})
    with at_desk(desk):
        refunds.retry(refund_id=failed.id, actor=desk.staff())
    late = Answer(
        id=str(failed.stripe_refund), status="failed", failure_reason="late", amount_kurus=29_900
    )
    with at_desk(desk):  # news of the first attempt is not the second's
        assert not refunds.note_answer(refund_id=failed.id, attempt=1, answer=late)
    desk.catch_up()
    again = refund_of(desk, payment)
    assert (again.state, again.attempt) == (RefundState.SUCCEEDED, 2)
    assert desk.balance(shop.id) == Balance(0, 0, 0)
    assert sorted(r["status"] for r in at_stripe(desk)) == ["failed", "succeeded"]


def test_settled_by_bank_transfer(desk: Desk) -> None:
    shop = desk.shop()
    payment = executed(desk, shop, card=FAILING_CARD)
    desk.catch_up()
    desk.sim.control("clock", {"advance": 120})
    desk.catch_up()
    with at_desk(desk):
        refunds.settle_offline(
            refund_id=refund_of(desk, payment).id,
            reason="Havale ile ödendi.",
            actor=desk.staff(),
        )
    shown = shop.payment(payment)
    assert (shown["refund"]["state"], shown["refunded_kurus"]) == ("settled_offline", 29_900)
    assert desk.balance(shop.id) == Balance(0, 0, 0)


def test_a_refusal_of_stripe_is_kept_and_the_credits_return(desk: Desk) -> None:
    shop = desk.shop()
    payment = executed(desk, shop)
    intent = desk.sim.control("state")["objects"]["payment_intent"][0]["id"]
    desk.sim.control("disputes", {"payment_intent": intent})  # its webhook is not in yet
    desk.run_jobs()
    found = refund_of(desk, payment)
    assert (found.state, found.failure_code) == (RefundState.FAILED, "charge_disputed")
    assert desk.balance(shop.id) == Balance(1_000, 0, 0)
    assert at_stripe(desk) == []


def lose_the_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker dies between Stripe's answer and our commit."""

    def die(**_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch, pytest.raises(Exception, match="RuntimeError"):
        patch.setattr(refunds, "note_answer", die)
        desk.run_jobs()


def test_a_crash_before_our_commit_leads_to_the_same_refund(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = desk.shop()
    payment = executed(desk, shop)
    lose_the_answer(desk, monkeypatch)
    assert refund_of(desk, payment).state is RefundState.SUBMITTED
    assert len(at_stripe(desk)) == 1
    with clock.frozen(clock.now() + timedelta(minutes=5)):
        desk.run("billing.sweep")
        assert desk.run_jobs().count("billing.refund") == 1
    found = refund_of(desk, payment)
    assert (found.state, len(at_stripe(desk))) == (RefundState.SUCCEEDED, 1)
    assert found.stripe_refund == at_stripe(desk)[0]["id"]


def test_a_crash_is_made_good_by_the_webhook_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = desk.shop()
    payment = executed(desk, shop)
    lose_the_answer(desk, monkeypatch)
    desk.catch_up()
    assert refund_of(desk, payment).state is RefundState.SUCCEEDED
    assert len(at_stripe(desk)) == 1


def test_a_line_that_drops_after_stripe_acted(desk: Desk) -> None:
    """The SDK repeats with the same key; beyond it, the task does."""
    shop = desk.shop()
    payment = executed(desk, shop)
    desk.sim.control(
        "settings", {"faults": [{"path": "/v1/refunds", "kind": "drop_after", "times": 3}]}
    )
    with pytest.raises(Exception, match="gateway_unavailable"):
        desk.run_jobs()
    desk.sim.control("settings", {"faults": []})
    desk.run("billing.refund", refund_of(desk, payment).id.hex)
    assert refund_of(desk, payment).state is RefundState.SUCCEEDED
    assert len(at_stripe(desk)) == 1


def test_a_refund_made_in_stripes_own_panel_is_not_ours(desk: Desk) -> None:
    shop = desk.shop()
    payment = shop.buy()
    intent = desk.sim.control("state")["objects"]["payment_intent"][0]["id"]
    with desk.worker.app_context():
        stripe_gateway().create_refund(
            idempotency_key="by-hand", payment_intent=intent, amount_kurus=100, metadata={}
        )
    desk.catch_up()
    with as_owner(desk.database) as owner:
        count = owner.scalar(sa.select(sa.func.count()).where(Refund.payment_id == payment))
    assert count == 0
    assert desk.balance(shop.id) == Balance(1_000, 0, 0)
