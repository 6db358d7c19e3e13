"""An exception to the non-refundable term: asked for, signed by two, refunded, in every book."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import PASSWORD, buy, signed_up
from tests.journeys.desk import Desk
from tests.journeys.portal import Portal
from tests.journeys.service import Service
from whatstr.accounts.models import StaffRole
from whatstr.local.seeds import SECOND, STAFF

FIRST, OTHER = STAFF[StaffRole.BILLING][0], SECOND[StaffRole.BILLING][0]
PRICE = 1_499_900


@pytest.mark.browser
def test_exception(visit: Visit, service: Service) -> None:
    client, email, _ = signed_up(service, "Zor Günler Pastanesi")
    buy(service, client, "buyuk", email=email)
    portal = Portal(visit(), service)
    portal.sign_in(email, PASSWORD)
    before = service.refunded_at_stripe()
    _ask(portal)

    desk = Desk(visit(), service)
    desk.sign_in(FIRST)
    desk.take_up("14.999,00 ₺ / 14.999,00 ₺")
    address = desk.page.url
    desk.visitor.shoot("staff-exception")
    desk.visitor.accessible("staff-exception")
    assert desk.form("/iade-et").count() == 0
    desk.agree(desk.form("/imzala"))
    expect(desk.page.get_by_text("1 / 2")).to_be_visible()
    assert desk.form("/imzala").count() == 0  # one person, one signature
    assert desk.form("/iade-et").count() == 0

    second = Desk(visit(), service)
    second.sign_in(OTHER)
    second.page.goto(address)
    second.agree(second.form("/imzala"))
    expect(second.page.get_by_text("2 / 2")).to_be_visible()
    second.visitor.shoot("staff-exception-signed")
    second.agree(second.form("/iade-et"))
    expect(second.page.locator("#h-refund")).to_be_visible()

    def refunded() -> bool:
        second.page.reload()
        return second.page.locator("#h-refund [data-status=succeeded]").count() == 1

    service.wait("Stripe's word on the refund", refunded)
    second.visitor.shoot("staff-exception-refunded")
    second.visitor.accessible("staff-exception-refunded")

    _see(portal)
    payment = client.api.get("billing")["payments"][0]
    assert payment["refunded_kurus"] == PRICE
    assert service.refunded_at_stripe() - before == PRICE


def _ask(portal: Portal) -> None:
    page, visitor = portal.page, portal.visitor
    portal.goto("/odeme")
    portal.press("İstisna iste")
    visitor.shoot("exception-asked")
    portal.press("Talebi gönder", within=portal.dialog)
    expect(portal.dialog.locator(".error-summary")).to_be_visible()
    page.get_by_label("İşletmemiz ağır bir güçlükte").check()
    page.get_by_label("Ne oldu?").fill("Dükkânımız 20 Kasım'daki selden sonra kapandı.")
    portal.press("Talebi gönder", within=portal.dialog)
    portal.toast("Talebiniz alındı.")
    expect(page.get_by_role("cell", name="İnceleniyor")).to_be_visible()


def _see(portal: Portal) -> None:
    """The portal shows the refund and what became of the credits."""
    page = portal.page
    portal.goto("/odeme")
    expect(page.get_by_text("(14.999,00 ₺ iade edildi)")).to_be_visible()
    expect(page.get_by_role("cell", name="İade edildi", exact=True)).to_be_visible()
    taken = page.get_by_role("row").filter(has_text="kontörü geri alındı")
    expect(taken).to_contain_text("−100.000")
    expect(page.locator(".figure-value").first).to_have_text("0")
    portal.visitor.shoot("billing-refunded")
    portal.visitor.accessible("billing-refunded")
