"""Buying: the ticked term, Stripe's page, webhooks in any order, credits exactly once."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from tests.apps import ApiClient, as_owner, error_of
from tests.billing.desk import TERM, Desk, one
from whatstr.accounts.models import AcceptedDocument, LoginEvent, Organization
from whatstr.audit.models import AuditEvent
from whatstr.billing.ledger import Balance
from whatstr.billing.models import EntryKind, Payment, Plan, StripeEvent, Subscription
from whatstr.simulator.stripe import PaymentDeclined, pay_checkout

GRANT = (EntryKind.GRANT, 1_000)


def test_the_plans_on_sale_show_price_and_tax(desk: Desk) -> None:
    shown = ApiClient(desk.web, language="en").get("plans").get_json()["plans"]
    assert [(p["code"], p["credits"], p["interval"]) for p in shown] == [
        ("baslangic", 1_000, "once"),
        ("isletme", 10_000, "month"),
        ("buyuk", 100_000, "month"),
    ]
    assert [p["title"] for p in shown] == ["Starter", "Business", "Large"]
    assert all(p["net_kurus"] + p["vat_kurus"] == p["price_kurus"] for p in shown)
    assert shown[0]["vat_kurus"] == 4_983  # 29 900 / 6, half up


def test_a_purchase_records_the_term_and_grants_once(desk: Desk) -> None:
    shop = desk.shop()
    started = shop.start()
    assert shop.payment(started["payment"])["state"] == "pending"
    back = pay_checkout(started["url"])
    assert back == f"http://127.0.0.1:8000/odeme#payment={started['payment']}".replace(
        "http://127.0.0.1:8000", desk.web.extensions["whatstr_settings"]["WHATSTR_WEB_URL"]
    )
    posted = desk.webhooks()
    assert desk.let_in(*reversed(posted), *posted, *posted) == [200] * (3 * len(posted))
    desk.run_jobs()
    assert desk.entries(shop.id) == [GRANT]
    shown = shop.payment(started["payment"])
    assert (shown["state"], shown["amount_kurus"], shown["vat_kurus"]) == ("paid", 29_900, 4_983)
    billing = shop.client.get("billing").get_json()
    assert billing["balance"] == {"available": 1_000, "reserved": 0, "spent": 0}
    assert billing["subscription"]["plan"] == "baslangic"
    assert billing["subscription"]["ends_at"] is None
    assert [(e["kind"], e["balance_after"]) for e in billing["entries"]] == [("grant", 1_000)]
    with as_owner(desk.database) as owner:
        payment = owner.get_one(
            Payment, uuid.UUID(started["payment"]), options=[undefer_group("pii")]
        )
        assert payment.address == "127.0.0.1" and payment.term_version == TERM["version"]
        term = one(owner, AcceptedDocument, AcceptedDocument.context_id == payment.id)
        assert (term.document, term.context) == ("refund-term", "checkout")
        kinds = owner.scalars(
            sa.select(LoginEvent.kind).where(LoginEvent.organization_id == shop.id)
        )
        assert "purchase" in set(kinds)
        verbs = owner.scalars(
            sa.select(AuditEvent.verb)
            .where(AuditEvent.subject_id == payment.id.hex)
            .order_by(AuditEvent.seq)
        )
        assert list(verbs) == ["payment.started", "payment.paid"]
        events = owner.scalars(sa.select(StripeEvent)).all()
        assert len(events) == len({e.event_id for e in events})
        assert all(e.processed_at for e in events)


def test_two_months_bought_at_once_follow_each_other(desk: Desk) -> None:
    shop = desk.shop()
    shop.buy("isletme")
    shop.buy("isletme")
    with as_owner(desk.database) as owner:
        first, second = owner.scalars(
            sa.select(Subscription)
            .where(Subscription.organization_id == shop.id)
            .order_by(Subscription.starts_at)
        )
        assert first.ends_at == second.starts_at
    assert desk.balance(shop.id) == Balance(20_000, 0, 0)


def test_a_declined_card_grants_nothing(desk: Desk) -> None:
    shop = desk.shop()
    started = shop.start()
    with pytest.raises(PaymentDeclined):
        pay_checkout(started["url"], card="4000000000000002")
    desk.catch_up()
    assert shop.payment(started["payment"])["state"] == "pending"
    assert desk.entries(shop.id) == []
    pay_checkout(started["url"])  # the page is still open for another card
    desk.catch_up()
    assert desk.entries(shop.id) == [GRANT]


def test_a_lost_webhook_is_made_good_by_asking(desk: Desk) -> None:
    shop = desk.shop()
    started = shop.start()
    pay_checkout(started["url"])
    assert shop.payment(started["payment"])["state"] == "pending"
    assert shop.payment(started["payment"])["state"] == "pending"
    assert desk.run_jobs() == ["billing.checkout"]  # asked once, however often the page looks
    assert shop.payment(started["payment"])["state"] == "paid"
    desk.catch_up()
    assert desk.entries(shop.id) == [GRANT]


def test_a_webhook_quicker_than_our_own_commit(desk: Desk) -> None:
    """Paid before we noted the page: as after a crash between Stripe's answer and our commit."""
    shop = desk.shop()
    started = shop.start()
    with as_owner(desk.database) as owner:
        payment = owner.get_one(Payment, uuid.UUID(started["payment"]))
        payment.state, payment.checkout_id = payment.state.CREATED, None
    pay_checkout(started["url"])
    desk.catch_up()
    assert shop.payment(started["payment"])["state"] == "paid"
    assert desk.entries(shop.id) == [GRANT]


def test_an_expired_page_ends_the_purchase(desk: Desk) -> None:
    shop = desk.shop()
    started = shop.start()
    desk.sim.control("clock", {"advance": 25 * 3600})
    desk.catch_up()
    assert shop.payment(started["payment"])["state"] == "expired"


def test_a_forged_webhook_is_refused(desk: Desk) -> None:
    shop = desk.shop()
    pay_checkout(shop.start()["url"])
    posted = desk.webhooks()[-1]
    forged = type(posted)(posted.payload.replace(b"paid", b"PAID"), posted.signature)
    assert desk.let_in(forged, type(posted)(posted.payload, "")) == [400, 400]
    assert desk.run_jobs() == []


def test_another_amount_is_not_taken_for_ours(desk: Desk) -> None:
    shop = desk.shop()
    started = shop.start()
    with as_owner(desk.database) as owner:
        owner.get_one(Payment, uuid.UUID(started["payment"])).amount_kurus = 1
    pay_checkout(started["url"])
    desk.catch_up()
    assert desk.entries(shop.id) == []
    with as_owner(desk.database) as owner:
        assert "differs" in set(owner.scalars(sa.select(StripeEvent.outcome)))


def test_what_is_refused_before_stripe_is_asked(desk: Desk) -> None:
    shop = desk.shop()

    def refused(**changes: object) -> tuple[int, str]:
        body = {"plan": "isletme", "plan_version": 1, "non_refundable": TERM, **changes}
        response = shop.client.post("checkout", body)
        return response.status_code, error_of(response)["code"]

    assert refused(non_refundable={**TERM, "accepted": False}) == (400, "invalid_input")
    assert refused(non_refundable={**TERM, "version": "2001-01-01"}) == (400, "invalid_input")
    assert refused(plan_version=7) == (409, "plan_changed")
    with as_owner(desk.database) as owner:
        organization = owner.get_one(Organization, shop.id)
        organization.state = organization.state.SUSPENDED
    assert refused() == (422, "purchase_suspended")
    assert desk.sim.control("state")["objects"]["checkout.session"] == []


def test_stripe_away_leaves_no_charge_and_says_so(desk: Desk) -> None:
    shop = desk.shop()
    desk.sim.control(
        "settings",
        {"faults": [{"path": "/v1/checkout/sessions", "kind": "status", "status": 500}] * 3},
    )
    response = shop.client.post(
        "checkout", {"plan": "isletme", "plan_version": 1, "non_refundable": TERM}
    )
    assert response.status_code == 503
    assert error_of(response)["code"] == "gateway_unavailable"


def test_the_payments_of_others_are_not_found(desk: Desk) -> None:
    payment = desk.shop().buy()
    other = desk.shop()
    assert other.client.get(f"payments/{payment.hex}").status_code == 404
    assert other.ask(payment).status_code == 404
    assert ApiClient(desk.web).get("billing").status_code == 401


def test_the_sweep_publishes_plans_at_stripe(desk: Desk) -> None:
    with as_owner(desk.database) as owner:
        owner.execute(sa.update(Plan).values(stripe_price=None))
    desk.run("billing.sweep")
    assert desk.run_jobs().count("billing.plan") == 3
    with as_owner(desk.database) as owner:
        assert all(p.stripe_price for p in owner.scalars(sa.select(Plan)))
    assert len(desk.sim.control("state")["objects"]["price"]) == 3
