"""A second step at sign-in, and a change of the account's key that stopped half-way."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import LIST, PASSWORD, crowd, signed_up
from tests.journeys.departing import sign_in_with_code, turn_second_step_on
from tests.journeys.portal import Portal
from tests.journeys.service import Service
from whatstr.vault.client_lists import Consent


def broken(route: Route) -> None:
    route.fulfill(status=500, json={"error": {"code": "server_error", "message": "", "ref": "x"}})


@pytest.mark.browser
def test_a_second_step(visit: Visit, service: Service) -> None:
    _, email, _ = signed_up(service, "İki Kilit Anahtarcılık")
    visitor = visit()
    portal = Portal(visitor, service)
    portal.sign_in(email, PASSWORD)
    portal.goto("/ayarlar")
    panel = portal.page.locator("section.panel").filter(
        has=portal.page.get_by_role("heading", name="İkinci adım", exact=True)
    )
    portal.press("Aç", within=panel)
    expect(portal.dialog.locator("img.qr")).to_be_visible()
    visitor.shoot("second-step-on")
    visitor.accessible("second-step-on")
    portal.type_in({"totp": "000000"}, within=portal.dialog)
    with visitor.expecting("status of 4"):
        portal.press("İkinci adımı aç", within=portal.dialog)
        expect(portal.dialog.locator("[name=totp]")).to_have_attribute("aria-invalid", "true")
    visitor.shoot("second-step-wrong")
    portal.press("Vazgeç", within=portal.dialog)
    app = turn_second_step_on(portal)

    portal.sign_out()
    portal.type_in({"email": email, "password": PASSWORD})
    with visitor.expecting("status of 401"):
        portal.press("Giriş yap")
        expect(portal.page.locator("[name=totp]")).to_be_visible()
        expect(portal.page.locator(".error-summary")).to_have_count(0)  # a step, no mistake
        visitor.shoot("sign-in-code")
        visitor.accessible("sign-in-code")
        portal.type_in({"totp": "000000"})
        portal.press("Giriş yap")
        expect(portal.page.locator(".error-summary")).to_be_visible()
    sign_in_with_code(portal, email, PASSWORD, app)

    # Whoever saw the code over a shoulder comes too late: it was used.
    portal.sign_out()
    portal.type_in({"email": email, "password": PASSWORD})
    with visitor.expecting("status of 401"):
        portal.press("Giriş yap")
        portal.type_in({"totp": app.last})
        portal.press("Giriş yap")
        expect(portal.page.locator(".error-summary")).to_contain_text("kullanılmış")
    sign_in_with_code(portal, email, PASSWORD, app)

    portal.goto("/ayarlar")
    portal.press("Kapat", within=panel)
    portal.type_in({"password": "başka uzun bir parola"}, within=portal.dialog)
    with visitor.expecting("status of 422"):
        portal.press("İkinci adımı kapat", within=portal.dialog)
        expect(portal.dialog.locator("[name=password]")).to_have_attribute("aria-invalid", "true")
    portal.type_in({"password": PASSWORD}, within=portal.dialog)
    portal.press("İkinci adımı kapat", within=portal.dialog)
    portal.toast("İkinci adım kapatıldı.")
    portal.sign_out()
    portal.sign_in(email, PASSWORD)


@pytest.mark.browser
def test_a_change_of_the_key_goes_on(visit: Visit, service: Service) -> None:
    client, email, _ = signed_up(service, "Yarım Kalan Çilingir")
    consent = Consent("explicit_consent", "Form", "2026-05-01")
    client.lists.save(LIST, crowd(3), columns=["İndirim"], consent=consent)
    visitor = visit()
    portal = Portal(visitor, service)
    page = visitor.page
    portal.sign_in(email, PASSWORD)

    def stops_at(path: str) -> None:
        page.route(f"**/api/{path}", broken)
        with visitor.expecting("status of 500"):
            portal.goto("/ekip")
            portal.press("Anahtarı değiştir")
            portal.press("Anahtarı değiştir", within=portal.dialog)
            expect(page.get_by_text("Anahtar değişikliği durdu")).to_be_visible()
        page.unroute(f"**/api/{path}")

    # Nothing in use has changed: it can be dropped.
    stops_at("rekey/items")
    portal.goto("/ekip")
    expect(page.get_by_text("Anahtar değişikliği yarım kaldı")).to_be_visible()
    visitor.shoot("rekey-stopped")
    visitor.accessible("rekey-stopped")
    portal.press("Vazgeç")
    portal.toast("Anahtar değişikliğinden vazgeçildi.")
    # Or it goes on, in another window, where it stopped.
    stops_at("rekey/commit")
    portal.sign_out()
    portal.sign_in(email, PASSWORD)
    portal.goto("/ekip")
    expect(page.get_by_text("Anahtar değişikliği yarım kaldı")).to_be_visible()
    portal.press("Sürdür")
    portal.toast("Hesap anahtarı değişti. Verileriniz yerinde.")
    expect(page.get_by_text("Anahtar değişikliği yarım kaldı")).to_have_count(0)
    portal.goto("/kisiler")
    page.get_by_role("button", name=LIST).click()
    expect(page.get_by_role("cell", name="Kişi 1", exact=True)).to_be_visible()
