"""Pause, resume, cancel and launch later, by clicking; the numbers tell the truth."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import LIST, PASSWORD, Customer, at_work, crowd
from tests.journeys.portal import Portal, number_of
from tests.journeys.service import Service
from whatstr.core import clock

ROWS = 1200


@pytest.fixture
def customer(service: Service) -> Customer:
    made = at_work(service, "Duran Halı Yıkama")
    made.bring(crowd(ROWS))
    return made


@pytest.mark.browser
def test_steering(visit: Visit, service: Service, customer: Customer) -> None:
    visitor = visit()
    portal = Portal(visitor, service)
    page = visitor.page
    portal.sign_in(customer.email, PASSWORD)
    portal.compose(title="Duraklayan", liste=LIST)
    # The plan: how many today, at what rate, and nothing that is held back.
    plan = page.locator("form").filter(has=page.get_by_role("heading", name="Son bakış"))
    expect(plan.locator(".plan-said")).to_contain_text("Onaylayınca hemen başlar, bugün")
    expect(plan.locator("[data-limit=line_rate]")).to_contain_text("saniyede en çok 80 mesaj")
    today = plan.locator(".figure").filter(has_text="Bugün").locator(".figure-value")
    assert number_of(today) == ROWS
    portal.launch(rows=ROWS)
    portal.state("Gönderiliyor")
    service.wait("the first messages", customer.taken)

    portal.press("Duraklat")
    expect(portal.dialog).to_contain_text("siz sürdürene kadar gönderilmez")
    expect(portal.dialog).to_contain_text(re.compile(r"en fazla \d+ mesaj daha Meta'ya"))
    visitor.shoot("pause-asked")
    portal.press("Duraklat", within=portal.dialog)
    portal.state("Duraklatıldı")
    visitor.shoot("campaign-paused")
    visitor.accessible("campaign-paused")
    counts = portal.settled()
    stood = customer.taken()
    assert 0 < stood < ROWS
    assert counts["pending"] == ROWS - stood == portal.settled()["pending"]

    portal.press("Sürdür")
    portal.state("Gönderiliyor")
    service.wait("further messages", lambda: customer.taken() > stood)

    portal.press("Kampanyayı iptal et")
    said = portal.dialog.locator("p").first
    expect(said).to_contain_text("alıcıya hiç gönderilmeyecek")
    at_most = number_of(said)
    portal.press("Kampanyayı iptal et", within=portal.dialog)
    portal.state("İptal edildi")
    counts = portal.settled()
    assert counts.pop("total") == ROWS == sum(counts.values())
    assert 0 < counts["cancelled"] <= at_most
    assert ROWS - counts["cancelled"] == customer.taken()
    visitor.shoot("campaign-cancelled")

    # What was not sent costs nothing, and nothing stays reserved.
    spent = customer.taken()
    service.wait("the credits to be settled", lambda: _balance(customer)["reserved"] == 0)
    portal.goto("/odeme")
    shown = [number_of(one) for one in page.locator(".figure-value").all()[:3]]
    assert shown == [10_000 - spent, 0, spent]

    _launch_later(portal)


def _balance(customer: Customer) -> dict[str, int]:
    found: dict[str, int] = customer.client.api.get("billing")["balance"]
    return found


def _launch_later(portal: Portal) -> None:
    page = portal.page
    portal.compose(title="Yarınki", liste=LIST)
    page.get_by_label("Daha sonra").check()
    tomorrow = clock.now() + timedelta(days=1)
    page.get_by_label("Başlama zamanı").fill(tomorrow.strftime("%Y-%m-%dT10:30"))
    page.get_by_label("Başlama zamanı").blur()
    button = page.get_by_role("button", name=re.compile(r"kişi için zamanla$"))
    expect(button).to_be_enabled()
    portal.visitor.shoot("compose-later")
    portal.tick("stated")
    button.click()
    portal.launched()
    portal.state("Planlandı")
    expect(page.locator(".facts")).to_contain_text("10:30")
    portal.visitor.shoot("campaign-scheduled")

    portal.goto("/kampanyalar")
    planned = page.get_by_role("listitem").filter(has_text="Yarınki")
    expect(planned).to_contain_text("başlayacak")
    portal.visitor.shoot("campaigns")
    portal.visitor.accessible("campaigns")
    planned.get_by_role("link").click()
    portal.visitor.opened()
    portal.press("Kampanyayı iptal et")
    portal.press("Kampanyayı iptal et", within=portal.dialog)
    portal.state("İptal edildi")
