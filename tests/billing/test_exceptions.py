"""Exceptions: computed maximum, four eyes, one open request, nothing signed unseen."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from tests.apps import as_owner, error_of
from tests.billing.desk import Desk, one
from tests.billing.refunding import (
    at_desk,
    execute,
    request_of,
    sign,
)
from whatstr.billing import exceptions, ledger, queries
from whatstr.billing.ledger import Balance
from whatstr.billing.models import (
    Dispute,
    ExceptionState,
    Ground,
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
