"""Every page of the portal and of the public site on a phone, in English, in both themes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import PASSWORD, Customer, at_work, crowd
from tests.journeys.portal import Portal
from tests.journeys.service import Service
from tests.journeys.visitor import Visitor

PUBLIC = {
    "/": "landing",
    "/guvenlik": "security",
    "/gizlilik": "privacy",
    "/kosullar": "terms",
    "/islemciler": "processors",
    "/cerezler": "cookies",
    "/tercihler": "preferences",
    "/bildir": "report",
    "/bildir/2J4K6M8N0P": "report-by-link",
    "/dur/2J4K6M8N0P": "opt-out",
    "/yok-boyle-bir-sayfa": "not-found",
}
BARE = {"/kayit": "sign-up", "/giris": "sign-in", "/kurtarma": "recovery"}
PORTAL = {
    "/panel": "overview",
    "/kisiler": "contacts",
    "/kisiler#yeni": "import",
    "/kampanyalar": "campaigns",
    "/kampanyalar/yeni": "compose",
    "/hatlar": "lines",
    "/odeme": "billing",
    "/ayarlar": "settings",
}
# Words that the interface writes itself; what customers and Meta wrote may be Turkish.
OWN_WORDS = "h1, h2, th, dt, legend, .nav-item, .form-label, .btn"
# A name without a place to break, far longer than a phone is wide.
TEMPLATE = "weekend_offer_for_everybody_who_bought_bread_or_cake_in_the_last_two_months_2026"
TURKISH = re.compile(r"[çğıöşüÇĞİÖŞÜ]")


@pytest.mark.browser
def test_public_pages(visit: Visit, service: Service) -> None:
    visitor = visit(language="en", width=360)
    for path, name in PUBLIC.items():
        with visitor.expecting("status of 404" if name == "not-found" else "^$"):
            visitor.page.goto(service.web + path)
        _in_order(visitor, f"en-{name}")
    visitor.page.goto(service.web + "/dur/2J4K6M8N0P")
    visitor.page.locator("main form button[type=submit]").click()
    _in_order(visitor, "en-opt-out-done")


@pytest.fixture
def customer(service: Service) -> Customer:
    made = at_work(service, "Blue Door Bakery")
    made.bring(crowd(30, "11"), name="Regulars")
    body = [{"type": "BODY", "text": "Merhaba!"}]
    own = {"waba_id": made.account["id"], "name": TEMPLATE, "components": body}
    service.sim("templates", own)
    return made


@pytest.mark.browser
def test_the_portal(visit: Visit, service: Service, customer: Customer) -> None:
    visitor = visit(language="en", width=360)
    portal, page = Portal(visitor, service), visitor.page
    for path, name in BARE.items():
        portal.goto(path)
        _in_order(visitor, f"en-{name}")

    portal.goto("/giris")
    page.get_by_role("link", name="Türkçe").click()
    expect(page.locator("html")).to_have_attribute("lang", "tr")
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    visitor.opened()
    portal.type_in({"email": customer.email, "password": PASSWORD})
    portal.press("Sign in")
    page.wait_for_url("**/panel*")
    visitor.opened()
    campaign = _send(portal)
    for path, name in {**PORTAL, f"/kampanya#{campaign}": "campaign"}.items():
        page.goto("about:blank")  # a change of the fragment alone opens no page
        portal.goto(path)
        _in_order(visitor, f"en-{name}")


def _send(portal: Portal) -> str:
    """A campaign sent from a phone: the same steps by thumb, in English."""
    page = portal.page
    page.locator(".dock").get_by_role("link", name="Campaigns").click()
    portal.visitor.opened()
    page.get_by_role("link", name="New campaign").first.click()
    portal.visitor.opened()
    page.get_by_label("Name of the campaign").fill("Weekend")
    portal.press("Refresh templates from Meta")
    expect(page.locator(".templates .choice").filter(has_text=TEMPLATE)).to_be_visible()
    page.locator(".templates .choice").filter(has_text="siparis_yolda").get_by_role("radio").check()
    option = page.locator("select[name=list] option").filter(has_text="Regulars")
    page.locator("select[name=list]").select_option(option.get_attribute("value") or "")
    page.get_by_label(re.compile("^2 in the ")).select_option(label="Field: İndirim")
    button = page.get_by_role("button", name=re.compile("^Send to 31"))
    expect(button).to_be_enabled()
    portal.tick("stated")
    button.click()
    campaign = portal.launched()
    portal.state("Done")
    portal.settled()
    return campaign


def _in_order(visitor: Visitor, name: str) -> None:
    """In English, as wide as the phone, and without a finding of axe-core."""
    page = visitor.page
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    own = [
        text
        for text in page.locator(OWN_WORDS).all_inner_texts()
        if TURKISH.search(text) and "Türkçe" not in text
    ]
    assert own == [], f"Turkish on the English page {name}"
    visitor.shoot(name)
    visitor.accessible(name)
