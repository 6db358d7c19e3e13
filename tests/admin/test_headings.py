"""A page names the row that it is about, not only the register that the row is of."""

from __future__ import annotations

import re

import flask

from tests.admin.customers import Customer, report
from tests.admin.office import hire
from tests.admin.test_privacy_registers import demand
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole


def test_a_row_has_a_heading_of_its_own(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who = hire(panel, StaffRole.OWNER, name="Deniz Sahip")
    pages = {
        f"/odemeler/details/?id={shop.payment}": "₺1,999.00",
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


def test_an_export_is_asked_for_and_the_chain_proved_at_the_same_place(
    panel: flask.Flask,
) -> None:
    who = hire(panel, StaffRole.OWNER)
    for page, action in (("/disa-aktarmalar/", "Ask for an export"), ("/denetim-kaydi/", "Prove")):
        text = who.get(page).text
        at = text.index('class="page-actions"')
        assert action in text[at : at + 1_500], page
