"""Codes of Stripe, of Meta and of the database are read as words, each state as its own word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer
from tests.admin.office import hire
from tests.admin.test_privacy_registers import demand
from tests.admin.test_words_of_codes import plain
from tests.admin.test_workplaces import request_id  # noqa: F401 - fixture
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole
from whatstr.admin import code_words
from whatstr.billing.models import (
    ExceptionRequest,
    ExceptionState,
    Refund,
    RefundState,
    Subscription,
)
from whatstr.campaigns.models import Campaign
from whatstr.core import clock
from whatstr.lines.models import Line
from whatstr.vault.models import HookInbox


def test_what_is_known_has_words_and_the_rest_is_shown(panel: flask.Flask) -> None:
    with panel.test_request_context("/?lang=en"):
        assert code_words.daily_limit("TIER_10K") == "10,000"
        assert code_words.daily_limit("TIER_UNLIMITED") == "No limit"
        assert code_words.daily_limit("TIER_ODD") == "TIER_ODD"
        assert code_words.line_status("BRAND_NEW") == "BRAND_NEW"
        assert code_words.refund_failure("odd_code") == "odd_code"
        nothing = (code_words.daily_limit, code_words.line_status, code_words.refund_failure)
        assert [words(None) for words in nothing] == ["–"] * 3


def test_why_a_refund_failed(
    panel: flask.Flask,
    database: ModuleDatabase,
    shop: Customer,
    request_id: object,  # noqa: F811
) -> None:
    now = clock.now()
    with as_owner(database) as owner:
        owner.get_one(ExceptionRequest, request_id).state = ExceptionState.EXECUTED
        owner.add(
            Refund(
                payment_id=shop.payment, exception_id=request_id, amount_kurus=100,
                state=RefundState.FAILED, failure_code="expired_or_canceled_card",
                created_at=now, settled_at=now,
            )
        )  # fmt: skip
    who = hire(panel, StaffRole.BILLING)
    for page in ("/", "/iadeler/", f"/istisna/{request_id}/"):
        text = who.get(page).text
        assert "The card has run out or was cancelled" in text, page
        assert "expired_or_canceled_card" not in text, page


def words_on(page: str, *wanted: str, never: Sequence[str]) -> None:
    text = plain(page)
    assert [one for one in wanted if one not in text] == []
    assert [one for one in never if one in text] == []


@pytest.mark.parametrize(
    ("lang", "limit", "flagged"),
    [("tr", "Günde kişi 2.000", "İşaretlendi"), ("en", "People a day 2,000", "Flagged")],
)
def test_a_line_a_period_a_demand_and_an_inbox(
    panel: flask.Flask,
    database: ModuleDatabase,
    shop: Customer,
    lang: str,
    limit: str,
    flagged: str,
) -> None:
    now = clock.now()
    with as_owner(database) as owner:
        line = owner.get_one(Line, shop.line)
        line.limit_tier, line.meta_status, line.hold_code = "TIER_2K", "FLAGGED", 190
        owner.get_one(Campaign, shop.running).rows = 12_480
        owner.add(
            Subscription(
                organization_id=shop.organization, plan_id=shop.plan, payment_id=shop.payment,
                starts_at=now, ends_at=now + timedelta(days=30),
            )
        )  # fmt: skip
        letter = {"at": now, "sealed": b"", "origin": "whatstr_hook"}
        owner.execute(sa.insert(HookInbox).values(letter))
    who, tail = hire(panel, StaffRole.OWNER), f"&lang={lang}"
    raw = ("TIER_2K", "FLAGGED")
    words_on(who.get(f"/hatlar/details/?id={shop.line}{tail}").text, limit, flagged, never=raw)
    page = who.get(f"/isletme/{shop.organization}/?lang={lang}").text
    words_on(page, "12.480 alıcı" if lang == "tr" else "12,480 recipients", never=raw)
    plan, state = ("İşletme", "Sürüyor") if lang == "tr" else ("Business", "Current")
    page = who.get(f"/abonelikler/?lang={lang}").text
    words_on(page, f"{plan} {state}", never=(shop.plan.hex[:8], "Gönderiliyor"))
    words_on(who.get(f"/odemeler/details/?id={shop.payment}{tail}").text, plan, never=())
    found = demand(who)
    page = who.get(f"/aciklamalar/details/?id={found}{tail}").text
    assert f"{now:%Y-%m-%d}" not in plain(page)
    words_on(who.get(f"/gelen/?lang={lang}").text, "Meta", never=("whatstr_hook",))
