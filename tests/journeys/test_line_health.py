"""A line that Meta stops in the middle of a campaign: told at once, mended, and sending again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import LIST, PASSWORD, Customer, at_work, crowd
from tests.journeys.portal import OFFER, Portal
from tests.journeys.service import Service

ROWS = 800


@pytest.fixture
def customer(service: Service) -> Customer:
    made = at_work(service, "Engelli Manav")
    made.bring(crowd(ROWS))
    return made


def meta_says(customer: Customer, *, status: str, quality: str) -> None:
    """Meta changes its mind about the line, and tells."""
    service, line = customer.service, customer.phone_number_id
    service.sim(f"lines/{line}", {"status": status})
    change = {"phone_number_id": line, "quality_rating": quality, "event": "FLAGGED"}
    service.sim("quality", change)


@pytest.mark.browser
def test_a_held_line_and_its_remedy(visit: Visit, service: Service, customer: Customer) -> None:
    visitor = visit()
    portal, page = Portal(visitor, service), visitor.page
    portal.sign_in(customer.email, PASSWORD)
    portal.compose(title="Yarıda kalan", liste=LIST)
    campaign = portal.launch(rows=ROWS)
    portal.state("Gönderiliyor")
    service.wait("the first messages", customer.taken)

    meta_says(customer, status="FLAGGED", quality="RED")
    portal.state("Bekletiliyor")
    expect(page.locator(".notice")).to_contain_text("Nedeni giderdikten sonra sürdürün")
    visitor.shoot("campaign-held")
    visitor.accessible("campaign-held")

    portal.follow("Hatları aç")
    visitor.opened()
    card = page.locator("[data-line]")
    expect(card.locator(".status").first).to_have_text("Bekletiliyor")
    expect(card).to_contain_text("Bu hat şu anda gönderemiyor")
    card.get_by_text("Kalite ve sınır geçmişi").click()
    expect(card.locator(".history")).to_contain_text("Kalite düştü: Yüksek → Düşük")
    visitor.shoot("line-held")
    visitor.accessible("line-held")

    offer = next(one for one in customer.account["templates"] if one["name"] == OFFER)
    service.sim(f"templates/{offer['id']}", {"status": "PAUSED"})
    meta_says(customer, status="CONNECTED", quality="GREEN")
    portal.press("Meta'ya yeniden sor", within=card)
    expect(card.locator(".status").first).to_have_text("Bağlı")
    paused = card.locator(f"[data-template={OFFER}]")
    expect(paused).to_contain_text("Meta duraklattı")
    visitor.shoot("line-template-paused")

    # What is mended goes on when its owner says so, and not before.
    service.sim(f"templates/{offer['id']}", {"status": "APPROVED"})
    portal.goto(f"/kampanya#{campaign}")
    portal.state("Bekletiliyor")
    portal.press("Sürdür")
    portal.state("Tamamlandı")
    counts = portal.settled()
    assert counts["total"] == ROWS == customer.taken()
