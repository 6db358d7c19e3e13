"""Days of support and of the auditor at the panel: a question is answered, everything is looked at.
The days of the others are `test_abuse` and `test_exception`."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import PASSWORD, signed_up
from tests.journeys.desk import Desk
from tests.journeys.portal import Portal
from tests.journeys.service import Service
from whatstr.accounts.models import StaffRole
from whatstr.local.seeds import STAFF

SUPPORT, AUDITOR = STAFF[StaffRole.SUPPORT][0], STAFF[StaffRole.AUDITOR][0]
SUBJECT, QUESTION = "Hattım bağlanmıyor", "Meta'dan döndükten sonra 190 kodunu görüyorum."
ANSWER = "Meta'daki oturumunuzu kapatıp hattı yeniden bağlayın."


@pytest.mark.browser
def test_support(visit: Visit, service: Service) -> None:
    """From the customer's question to their thanks; no name and no number is seen on the way."""
    client, email, _code = signed_up(service, "Destek İsteyen Kırtasiye")
    client.api.post("support", {"topic": "line", "subject": SUBJECT, "body": QUESTION})
    number = client.api.get("support")["requests"][0]["number"]

    desk = Desk(visit(), service)
    desk.sign_in(SUPPORT)
    desk.take_up(str(number))
    expect(desk.page.get_by_text(QUESTION)).to_be_visible()
    for hidden in (email, "Kırtasiye", "Ayşe Yılmaz"):
        expect(desk.page.get_by_text(hidden)).to_have_count(0)
    desk.page.get_by_label("Müşterinin okuyacağı").fill(ANSWER)
    desk.page.get_by_label("Talebi bu yanıtla kapat").check()
    desk.visitor.shoot("staff-support")
    desk.visitor.accessible("staff-support")
    desk.page.get_by_role("button", name="Gönder", exact=True).click()
    expect(desk.page.get_by_text("Gönderildi. Müşteriye e-postayla haber verildi.")).to_be_visible()

    link = service.mailed(email, r"(https?://\S+/destek#?\S*)")
    assert ANSWER not in link
    portal = Portal(visit(), service)
    portal.sign_in(email, PASSWORD)
    portal.goto("/destek")
    portal.page.get_by_role("link", name=SUBJECT).click()
    expect(portal.page.get_by_text(ANSWER)).to_be_visible()
    portal.press("İyi")
    expect(portal.page.get_by_text("Teşekkürler: İyi.")).to_be_visible()
    desk.page.reload()
    expect(desk.page.get_by_text("Müşteri diyor ki")).to_be_visible()
    _look_and_be_stopped(desk, portal)


def _look_and_be_stopped(desk: Desk, portal: Portal) -> None:
    """The customer lets support look, sees that they do, and ends it by a click."""
    portal.goto("/ayarlar")
    portal.press("Kod oluştur")
    code = portal.page.locator("[data-view-code]").inner_text()
    desk.page.goto(f"{desk.service.admin}/musteri-gozu/")
    desk.page.get_by_label("Müşterinin kodu").fill(code)
    desk.page.locator("form[action$='/basla'] button").click()
    expect(desk.page.locator("[data-watermark]")).to_be_visible()
    expect(desk.page.locator("section[aria-labelledby=h-sign-ins] li").first).to_be_visible()
    desk.visitor.shoot("staff-look")
    desk.visitor.accessible("staff-look")
    portal.goto("/ayarlar")
    expect(portal.page.locator(".notice").filter(has_text="bakabiliyor")).to_be_visible()
    portal.press("Bitir")
    portal.toast("Bitirildi.")
    with desk.visitor.expecting("404"):
        desk.page.reload()
        expect(desk.page.locator("[data-watermark]")).to_have_count(0)


@pytest.mark.browser
def test_auditor(visit: Visit, service: Service) -> None:
    """The auditor reads what everybody did, has the chain proved, and changes nothing."""
    desk = Desk(visit(), service)
    desk.sign_in(AUDITOR)
    page = desk.page
    desk.visitor.shoot("staff-auditor")
    for path in ("/vakalar/", "/istisnalar/", "/isletmeler/", "/gorevliler/", "/paketler/"):
        page.goto(service.admin + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        offered = page.locator("main form[method=post]:not([role=search])")
        expect(offered).to_have_count(0)
    page.goto(f"{service.admin}/denetim-kaydi/")
    desk.agree(desk.form("/denetim-kaydi/dogrula"))

    def proved() -> bool:
        page.reload()
        return page.get_by_text("audit.verified").count() > 0

    service.wait("the proof of the chain", proved)
    desk.visitor.shoot("staff-trail")
    desk.visitor.accessible("staff-trail")
    page.goto(f"{service.admin}/yetkiler/")
    expect(page.get_by_role("table")).to_contain_text(re.compile("Denet"))
    desk.visitor.accessible("staff-matrix")
