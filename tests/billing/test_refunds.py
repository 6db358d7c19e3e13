"""Exceptions and refunds: computed maximum, four eyes, one refund at Stripe whatever crashes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.apps import as_owner, error_of
from tests.billing.desk import Desk, Shop, one
from whatstr.audit.services import Actor
from whatstr.billing import exceptions, ledger, queries, refunds
from whatstr.billing.connection import stripe_gateway
from whatstr.billing.gateway_answers import RefundState as Answer
from whatstr.billing.ledger import Balance
from whatstr.billing.models import (
    Dispute,
    ExceptionRequest,
    ExceptionState,
    Ground,
    Refund,
    RefundState,
    Subscription,
    SubscriptionState,
)
from whatstr.billing.policies import (
    AmountNotDefensible,
    ApprovalExpired,
    Delivery,
    ExceptionOpen,
    OwnRequest,
    PaymentDisputed,
)
from whatstr.core import clock
from whatstr.core.db import transaction
from whatstr.core.errors import Conflict
from whatstr.core.statemachine import IllegalTransition

PENDING_CARD, FAILING_CARD = "4000000000007726", "4000000000005126"


@contextmanager
def at_desk(desk: Desk) -> Iterator[None]:
    """As the staff panel calls services."""
    with desk.admin.app_context(), transaction():
        yield


def request_of(desk: Desk, payment_id: uuid.UUID) -> ExceptionRequest:
    with as_owner(desk.database) as owner:
        found: ExceptionRequest = one(
            owner, ExceptionRequest, ExceptionRequest.payment_id == payment_id
        )
        owner.expunge_all()
        return found


def refund_of(desk: Desk, payment_id: uuid.UUID) -> Refund:
    with as_owner(desk.database) as owner:
        found: Refund = one(owner, Refund, Refund.payment_id == payment_id)
        owner.expunge_all()
        return found


def sign(desk: Desk, actor: Actor, payment_id: uuid.UUID, amount: int) -> ExceptionState:
    request = request_of(desk, payment_id)
    with at_desk(desk):
        return exceptions.approve(
            request_id=request.id,
            amount_kurus=amount,
            actor=actor,
            expected_version=request.version,
        ).state


def execute(desk: Desk, actor: Actor, payment_id: uuid.UUID) -> uuid.UUID:
    request = request_of(desk, payment_id)
    with at_desk(desk):
        return refunds.execute(
            request_id=request.id, actor=actor, expected_version=request.version
        ).id


def executed(
    desk: Desk, shop: Shop, *, card: str = "4242424242424242", amount: int = 29_900
) -> uuid.UUID:
    """A payment whose exception is approved and executed, before the worker has acted."""
    payment = shop.buy(card=card)
    assert shop.ask(payment).status_code == 201
    staff = desk.staff()
    assert sign(desk, staff, payment, amount) is ExceptionState.APPROVED
    execute(desk, staff, payment)
    return payment


def at_stripe(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.sim.control("state")["objects"]["refund"]
    return found


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


def test_unused_credits_bound_what_hardship_can_give_back(desk: Desk) -> None:
    shop = desk.shop()
    payment = shop.buy()
    with desk.worker.app_context(), transaction():
        campaign = uuid.uuid4()
        ledger.reserve(organization_id=shop.id, campaign_id=campaign, amount=600)
        ledger.settle(organization_id=shop.id, campaign_id=campaign, accepted=600, over=True)
    assert shop.ask(payment).status_code == 201
    request = request_of(desk, payment)
    assert (request.maximum_kurus, request.facts["used"]) == (29_900 * 400 // 1000, 600)
    staff = desk.staff()
    with pytest.raises(AmountNotDefensible) as refused:
        sign(desk, staff, payment, 29_900)
    assert refused.value.context == {"maximum": 11_960}
    assert sign(desk, staff, payment, 11_960) is ExceptionState.APPROVED
    with at_desk(desk):
        found = queries.detail(request.id)
        assert found.request.explanation == "Dükkânımı kapatmak zorunda kaldım."
        assert [r.request.id for r in queries.open_requests() if r.payment.id == payment]
    execute(desk, staff, payment)
    desk.catch_up()
    assert desk.balance(shop.id) == Balance(0, 0, 600)
    assert shop.payment(payment)["refunded_kurus"] == 11_960


def test_credits_spent_after_the_approval_stop_the_refund(desk: Desk) -> None:
    shop = desk.shop()
    payment = shop.buy()
    shop.ask(payment)
    staff = desk.staff()
    sign(desk, staff, payment, 29_900)
    with desk.worker.app_context(), transaction():
        ledger.reserve(organization_id=shop.id, campaign_id=uuid.uuid4(), amount=1)
    with pytest.raises(AmountNotDefensible):
        execute(desk, staff, payment)
    assert desk.balance(shop.id) == Balance(999, 1, 0)


def test_who_asked_cannot_approve(desk: Desk) -> None:
    shop = desk.shop()
    payment = shop.buy()
    asker, other = desk.staff(), desk.staff("Mert")
    with at_desk(desk):
        exceptions.submit(
            actor=asker,
            organization_id=shop.id,
            payment_id=payment,
            ground=Ground.HARDSHIP,
            explanation="Telefonla arandı, işletme kapanmış.",
            delivery=Delivery(accepted=0, delivered=0),
        )
    with pytest.raises(OwnRequest):
        sign(desk, asker, payment, 29_900)
    assert sign(desk, other, payment, 29_900) is ExceptionState.APPROVED


def test_a_large_amount_needs_two_and_a_changed_one_voids(desk: Desk) -> None:
    shop = desk.shop()
    payment = shop.buy("buyuk")
    assert shop.ask(payment, "legal_order").status_code == 201
    first, second = desk.staff(), desk.staff("Mert")
    assert sign(desk, first, payment, 1_000_000) is ExceptionState.SUBMITTED
    assert sign(desk, first, payment, 1_000_000) is ExceptionState.SUBMITTED  # the same person
    assert sign(desk, second, payment, 1_400_000) is ExceptionState.SUBMITTED  # another amount
    assert sign(desk, second, payment, 1_000_000) is ExceptionState.SUBMITTED
    assert sign(desk, first, payment, 1_000_000) is ExceptionState.APPROVED
    # Below the limit one is enough; but what was approved for another amount is void.
    assert sign(desk, first, payment, 1_200_000) is ExceptionState.SUBMITTED
    with pytest.raises(IllegalTransition):
        execute(desk, first, payment)


def test_nobody_signs_what_they_have_not_seen(desk: Desk) -> None:
    shop = desk.shop()
    payment = shop.buy("buyuk")
    shop.ask(payment, "legal_order")
    first, second = desk.staff(), desk.staff("Mert")
    seen = request_of(desk, payment)
    sign(desk, first, payment, 1_000_000)
    with pytest.raises(Conflict) as stale, at_desk(desk):
        exceptions.approve(
            request_id=seen.id,
            amount_kurus=1_000_000,
            actor=second,
            expected_version=seen.version,
        )
    assert stale.value.context["version"] > seen.version


def test_approvals_lapse_after_seven_days(desk: Desk) -> None:
    shop = desk.shop()
    payment = shop.buy()
    shop.ask(payment)
    staff = desk.staff()
    sign(desk, staff, payment, 29_900)
    with clock.frozen(clock.now() + timedelta(days=8)):
        with pytest.raises(ApprovalExpired):
            execute(desk, staff, payment)
        desk.run("billing.sweep")
        assert request_of(desk, payment).state is ExceptionState.SUBMITTED
        assert sign(desk, staff, payment, 29_900) is ExceptionState.APPROVED


def test_rejected_with_a_reason_the_customer_reads(desk: Desk) -> None:
    shop = desk.shop()
    payment = shop.buy()
    shop.ask(payment)
    assert error_of(shop.ask(payment))["code"] == "exception_open"
    request = request_of(desk, payment)
    with at_desk(desk):
        exceptions.reject(
            request_id=request.id,
            reason="Kontörler kullanılabilir durumda.",
            actor=desk.staff(),
            expected_version=request.version,
        )
    shown = shop.payment(payment)["exception"]
    assert (shown["state"], shown["reason"]) == ("rejected", "Kontörler kullanılabilir durumda.")
    assert shown["decided_at"]


def test_a_question_is_answered_by_asking_again(desk: Desk) -> None:
    shop = desk.shop()
    payment = shop.buy()
    shop.ask(payment)
    request = request_of(desk, payment)
    with at_desk(desk):
        exceptions.ask(
            request_id=request.id,
            question="Ne zaman kapattınız?",
            actor=desk.staff(),
            expected_version=request.version,
        )
    assert shop.payment(payment)["exception"]["reason"] == "Ne zaman kapattınız?"
    assert shop.ask(payment).get_json()["id"] == request.id.hex
    assert request_of(desk, payment).state is ExceptionState.SUBMITTED


def test_an_open_dispute_freezes_and_a_lost_one_takes_the_credits(desk: Desk) -> None:
    shop = desk.shop()
    payment = shop.buy()
    shop.ask(payment)
    intent = desk.sim.control("state")["objects"]["payment_intent"][0]["id"]
    dispute = desk.sim.control("disputes", {"payment_intent": intent})
    desk.catch_up()
    with pytest.raises(PaymentDisputed):
        sign(desk, desk.staff(), payment, 100)
    desk.sim.control(f"disputes/{dispute['id']}", {"won": False})
    desk.let_in(*reversed(desk.webhooks()))
    desk.run_jobs()
    with as_owner(desk.database) as owner:
        found = one(owner, Dispute, Dispute.payment_id == payment)
        assert str(found.state) == "lost" and found.closed_at
    assert desk.balance(shop.id) == Balance(0, 0, 0)


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


def test_only_one_request_is_open_at_a_time(desk: Desk) -> None:
    shop = desk.shop()
    payment = shop.buy()
    shop.ask(payment)
    with pytest.raises(ExceptionOpen), at_desk(desk):
        exceptions.submit(
            actor=desk.staff(),
            organization_id=shop.id,
            payment_id=payment,
            ground=Ground.HARDSHIP,
            explanation="İkinci kez.",
            delivery=Delivery(accepted=0, delivered=0),
        )
