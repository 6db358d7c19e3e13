"""Password and code both lost: the wait, its end by a mail, an empty vault; then the end of all."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import LIST, PASSWORD, crowd, signed_up
from tests.journeys.departing import (
    CANCEL,
    ask_for_empty_vault,
    delete_account,
    open_link,
    set_up_empty_vault,
    three_days_pass,
)
from tests.journeys.portal import Portal
from tests.journeys.service import Service
from whatstr.vault.client_lists import Consent

NEW = "altı fener sarı liman"


@pytest.mark.browser
def test_an_empty_vault_and_the_end(visit: Visit, service: Service) -> None:
    client, email, _ = signed_up(service, "Dalgın Çiçekçilik")
    consent = Consent("explicit_consent", "Form", "2026-05-01")
    client.lists.save(LIST, crowd(3), columns=["İndirim"], consent=consent)
    visitor = visit()
    portal = Portal(visitor, service)
    page = visitor.page

    # Begun, seen by whoever still has access, and stopped by the link of the notice.
    first = ask_for_empty_vault(portal, email)
    visitor.shoot("reset-begun")
    visitor.accessible("reset-begun")
    portal.sign_in(email, PASSWORD)
    expect(page.get_by_text("Kasanız boşaltılmak üzere")).to_be_visible()
    visitor.shoot("reset-banner")
    visitor.accessible("reset-banner")
    open_link(portal, service.mailed(email, CANCEL))
    visitor.shoot("reset-cancel")
    portal.press("Vazgeç, kasa kalsın")
    expect(page.get_by_text("Hiçbir şey silinmedi")).to_be_visible()
    portal.goto("/panel")
    expect(page.get_by_text("Kasanız boşaltılmak üzere")).to_have_count(0)
    portal.sign_out()

    # Begun anew; after 72 hours the new vault is empty, and the old password opens nothing.
    ask_for_empty_vault(portal, email, after=first)
    three_days_pass(service)
    set_up_empty_vault(portal, email, NEW)
    visitor.shoot("reset-done")
    visitor.accessible("reset-done")
    portal.goto("/kisiler")
    expect(page.get_by_role("button", name=LIST)).to_have_count(0)
    portal.sign_out()
    portal.type_in({"email": email, "password": PASSWORD})
    with visitor.expecting("status of 401"):
        portal.press("Giriş yap")
        expect(page.locator(".error-summary")).to_be_visible()

    portal.sign_in(email, NEW)
    portal.goto("/ayarlar")
    portal.press("Hesabı sil…")
    visitor.shoot("delete-asked")
    visitor.accessible("delete-asked")
    portal.press("Vazgeç", within=portal.dialog)
    delete_account(portal, NEW)
    visitor.shoot("deleted")
    visitor.accessible("deleted")
    portal.goto("/giris")
    portal.type_in({"email": email, "password": NEW})
    with visitor.expecting("status of 401"):
        portal.press("Giriş yap")
        expect(page.locator(".error-summary")).to_be_visible()
