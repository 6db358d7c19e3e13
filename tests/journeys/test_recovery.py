"""A forgotten password: a link by e-mail, the code, a new password; nothing is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import LIST, PASSWORD, crowd, signed_up
from tests.journeys.portal import Portal
from tests.journeys.service import Service
from whatstr.vault.client_lists import Consent

NEW = "altı fener sarı liman"


@pytest.mark.browser
def test_recovery(visit: Visit, service: Service) -> None:
    client, email, code = signed_up(service, "Unutkan Kırtasiye")
    consent = Consent("explicit_consent", "Form", "2026-05-01")
    client.lists.save(LIST, crowd(3), columns=["İndirim"], consent=consent)
    visitor = visit()
    portal = Portal(visitor, service)
    page = visitor.page

    portal.goto("/giris")
    visitor.shoot("sign-in")
    portal.follow("Parolamı unuttum")
    visitor.opened()
    visitor.shoot("recovery-start")
    portal.type_in({"email": email})
    portal.press("Bağlantı gönder")
    expect(page.get_by_text("E-postanıza bakın")).to_be_visible()

    token = service.mailed(email, r"/kurtarma#(\S+)")
    page.goto("about:blank")
    portal.goto(f"/kurtarma#{token}")
    visitor.shoot("recovery-code-typed")
    visitor.accessible("recovery-code-typed")
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    portal.type_in({"code": wrong, "password": NEW, "again": NEW})
    portal.press("Kasayı aç")
    expect(page.locator(".error-summary")).to_be_visible()
    expect(page.locator("[name=code]")).to_have_attribute("aria-invalid", "true")
    visitor.shoot("recovery-refused")
    portal.type_in({"code": code.replace("-", " ").lower(), "password": NEW, "again": NEW})
    portal.press("Kasayı aç")
    expect(page.locator(".code-block")).to_be_visible()
    fresh = portal.keep_code()
    assert fresh != code
    portal.press("Yeni parolamı kaydet")
    expect(page.get_by_text("Hesabınız kurtarıldı")).to_be_visible()
    portal.follow("Panele geç")
    visitor.opened()
    portal.goto("/kisiler")
    page.get_by_role("button", name=LIST).click()
    expect(page.get_by_role("cell", name="Kişi 1", exact=True)).to_be_visible()
    portal.sign_out()

    # The old password is dead, the new one opens the same lists.
    portal.type_in({"email": email, "password": PASSWORD})
    with visitor.expecting("status of 401"):
        portal.press("Giriş yap")
        expect(page.locator(".error-summary")).to_be_visible()
    visitor.shoot("sign-in-refused")
    portal.sign_in(email, NEW)
    portal.goto("/kisiler")
    expect(page.get_by_role("button", name=LIST)).to_be_visible()
