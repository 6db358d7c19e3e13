"""A page names the row it is about, is reached by the menu, and says what stands in the way."""

from __future__ import annotations

import re
import uuid

import flask
import pytest

from tests.admin.customers import Customer, report
from tests.admin.office import hire
from tests.admin.test_privacy_registers import demand
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole
from whatstr.admin.registers.plans import Plans
from whatstr.admin.views import Register
from whatstr.billing.models import Dispute
from whatstr.core import clock


def test_a_row_has_a_heading_of_its_own(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who = hire(panel, StaffRole.OWNER, name="Deniz Sahip")
    pages = {
        f"/odemeler/details/?id={shop.payment}": "₺1,999.00",
        f"/kampanyalar/details/?id={shop.running}": f"Campaign {shop.running.hex[:8]}",
        f"/sablonlar/details/?id={shop.template}": f"Template {shop.template.hex[:8]}",
        f"/hatlar/details/?id={shop.line}": "+90 8** *** ** 67",
        f"/gorevliler/details/?id={who.id}": "Deniz Sahip",
        f"/bildirimler/details/?id={report(database, shop)}": r"Report \d+",
        f"/aciklamalar/details/?id={demand(who)}": r"Demand \d+",
    }
    for page, heading in pages.items():
        text = who.get(page).text
        found = re.search(r"<h1>(.*?)</h1>", text)
        assert found, page
        assert found[1] == heading or re.fullmatch(heading, found[1]), page
        assert f"<title>{found[1]} · " in text


def test_what_is_empty_is_a_dash(panel: flask.Flask, shop: Customer) -> None:
    """An edition without a description, like one without a number at Stripe."""
    page = hire(panel, StaffRole.BILLING).get(f"/paketler/details/?id={shop.plan}").text
    assert re.search(r"Description in Turkish</dt>\s*<dd>–</dd>", page)


def test_an_export_is_asked_for_and_the_chain_proved_at_the_same_place(
    panel: flask.Flask,
) -> None:
    who = hire(panel, StaffRole.OWNER)
    for page, action in (("/disa-aktarmalar/", "Ask for an export"), ("/denetim-kaydi/", "Prove")):
        text = who.get(page).text
        at = text.index('class="page-actions"')
        assert action in text[at : at + 1_500], page


def test_who_asks_in_vain_is_told_before_writing(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who, page = hire(panel, StaffRole.BILLING), f"/istisna/yeni/{shop.payment}"
    submit = '<button class="btn btn-primary" type="submit"><span>Submit the request'
    assert submit in who.get(page).text
    with as_owner(database) as owner:
        owner.add(
            Dispute(
                payment_id=shop.payment, amount_kurus=100, opened_at=clock.now(),
                stripe_dispute=f"dp_{uuid.uuid4().hex}",
            )
        )  # fmt: skip
    text = who.get(page).text
    assert "under dispute; refunds wait" in text and submit not in text


def test_a_refusal_speaks_to_a_colleague(panel: flask.Flask) -> None:
    text = hire(panel, StaffRole.SUPPORT).get("/gorevliler/?lang=tr").text
    assert "panelin sahibinden" in text and "hesap sahibinizden" not in text


def test_an_error_of_ours_speaks_to_a_colleague(
    panel: flask.Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object) -> object:
        raise RuntimeError("broken on purpose")

    who = hire(panel, StaffRole.BILLING)
    monkeypatch.setattr(Plans, "get_query", broken)
    monkeypatch.setattr(panel, "testing", False)
    answer = who.get("/paketler/")
    assert answer.status_code == 500 and "broken on purpose" not in answer.text
    assert "tell an owner of the panel" in answer.text and "write to support" not in answer.text


def test_every_register_is_in_the_menu(panel: flask.Flask) -> None:
    """What has a list is reached without typing its address."""
    home = hire(panel, StaffRole.OWNER).get("/").text
    views = panel.extensions["admin"][0]._views
    lists = {one.url for one in views if isinstance(one, Register)}
    assert {url for url in lists if f'href="{url}/"' not in home} == set()
    keys = re.findall(r'data-keys="([^"]+)"', home[: home.index("</nav>")])
    assert len(keys) == len(set(keys))
