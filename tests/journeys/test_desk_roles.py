"""Days of support, billing, the owner and the auditor at the panel. Those of the abuse desk are
`test_abuse`; an exception that two have to sign is `test_exception`."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import PASSWORD, buy, signed_up
from tests.journeys.desk import Desk
from tests.journeys.portal import Portal
from tests.journeys.service import Service
from whatstr.accounts.models import StaffRole
from whatstr.local.postgres import DATABASE
from whatstr.local.seeds import SECOND, STAFF

SUPPORT, AUDITOR = STAFF[StaffRole.SUPPORT][0], STAFF[StaffRole.AUDITOR][0]
BILLING, COLLEAGUE = STAFF[StaffRole.BILLING][0], SECOND[StaffRole.BILLING][0]
OWNER = STAFF[StaffRole.OWNER][0]
SUBJECT, QUESTION = "Hattım bağlanmıyor", "Meta'dan döndükten sonra 190 kodunu görüyorum."
ANSWER = "Meta'daki oturumunuzu kapatıp hattı yeniden bağlayın."
REFUSAL = "Paketin yarısı kullanılmış."
SIGN_BY_HAND = """
(form, amount) => {
  form.action = form.action.replace(/reddet$/, "imzala");
  const add = (name, value) =>
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  add("amount_kurus", amount);
  add("confirmed", "1");
  form.submit();
}
"""
"""Sends what the page does not offer: the form beside it, under another address."""


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
def test_billing(visit: Visit, service: Service) -> None:
    """A request is opened for a customer: who asked cannot sign it, a colleague turns it down, and
    the customer reads why. The next one is signed within the facts, after a fresh proof of
    identity; then the money leaves Stripe, once."""
    client, email, _code = signed_up(service, "Vazgeçen Terzi")
    buy(service, client, "baslangic", email=email)
    desk = Desk(visit(), service)
    desk.sign_in(BILLING)
    page = desk.page
    queues = page.locator("main section h2")
    expect(queues).to_contain_text(["İstisna talepleri", "Başarısız iadeler"])
    menu = page.locator(".rail")
    hidden = ("/vakalar/", "/destek-talepleri/", "/gorevliler/", "/kuyruklar/", "/aciklamalar/")
    with desk.visitor.expecting("403"):
        for path in hidden:
            expect(menu.locator(f"a[href='{path}']")).to_have_count(0)
            answer = page.goto(service.admin + path)
            assert answer and answer.status == 403, path

    _ask_for_the_customer(desk, email)
    expect(page.get_by_text("İmzayı başka bir görevli atar.")).to_be_visible()
    assert desk.form("/imzala").count() == 0, "never one's own"
    desk.form("/reddet").evaluate(SIGN_BY_HAND, "299,00")
    expect(page.get_by_text("İstisnayı talep eden onaylayamaz.")).to_be_visible()
    expect(page.get_by_text("0 / 1")).to_be_visible()

    other = Desk(visit(), service)
    other.sign_in(COLLEAGUE)
    other.take_up("299,00 ₺")
    other.page.get_by_label("Müşterinin okuyacağı").fill(REFUSAL)
    other.page.get_by_role("button", name="Talebi reddet").click()
    expect(other.page.get_by_text("Reddedildi. Müşteriye nedeni bildirilir.")).to_be_visible()
    other.visitor.shoot("staff-exception-refused")
    other.visitor.accessible("staff-exception-refused")
    asked = client.api.get("billing")["payments"][0]["exception"]
    assert asked["state"] == "rejected"
    service.mailed(email, f"({re.escape(REFUSAL)})")
    portal = Portal(visit(), service)
    portal.sign_in(email, PASSWORD)
    portal.goto("/odeme")
    expect(portal.page.get_by_text(REFUSAL)).to_be_visible()

    _ask_for_the_customer(desk, email)
    _sign_and_refund(other, portal)


def _ask_for_the_customer(desk: Desk, email: str) -> None:
    page = desk.page
    page.goto(f"{desk.service.admin}/odemeler/")
    expect(page.get_by_text(email)).to_have_count(0)
    page.get_by_role("row").filter(has_text="299,00").locator("a").first.click()
    page.get_by_role("link", name="İstisna talep et").click()
    # Not hardship: another journey may have used up what goes out on one signature this month.
    page.get_by_label("Dayanak").select_option("our_outage")
    page.get_by_label("Açıklama").fill("Müşteri telefonda kesintide gönderemediğini anlattı.")
    page.get_by_role("button", name="Talebi gönder").click()


def _sign_and_refund(desk: Desk, portal: Portal) -> None:
    """The colleague's side of the second request, and what comes of it at Stripe and in the
    portal."""
    page, service = desk.page, desk.service
    before = service.refunded_at_stripe()
    desk.take_up("299,00 ₺")
    page.get_by_label("Tutar (lira)").fill("299,01")
    desk.agree(desk.form("/imzala"))
    said = page.locator(".notice").filter(has_text="Veriler en çok 299,00 ₺ tutarını kaldırır.")
    expect(said).to_be_visible()

    with service.stack.postgres.superuser(DATABASE) as owner:
        owner.execute("UPDATE staff_session SET stepped_up_at = now() - interval '16 minutes'")
    page.get_by_label("Tutar (lira)").fill("100,00")
    desk.agree(desk.form("/imzala"))
    expect(page).to_have_url(re.compile("/dogrula"))
    page.locator("#f-code").fill(service.staff_code(COLLEAGUE))
    page.locator("form:has(#f-code) button[type=submit]").click()
    expect(page.get_by_text("0 / 1")).to_be_visible()
    page.get_by_label("Tutar (lira)").fill("100,00")
    desk.agree(desk.form("/imzala"))
    expect(page.get_by_text("1 / 1")).to_be_visible()
    desk.agree(desk.form("/iade-et"))
    expect(page.locator("#h-refund")).to_be_visible()

    def refunded() -> bool:
        page.reload()
        return page.locator("#h-refund [data-status=succeeded]").count() == 1

    service.wait("Stripe's word on the refund", refunded)
    assert service.refunded_at_stripe() - before == 10_000
    portal.goto("/odeme")
    expect(portal.page.get_by_text("(100,00 ₺ iade edildi)")).to_be_visible()


@pytest.mark.browser
def test_owner(visit: Visit, service: Service) -> None:
    """A colleague is invited and comes, gets another role; an edition goes on sale and off again;
    all of it stands in the trail."""
    desk = Desk(visit(), service)
    desk.sign_in(OWNER)
    page, email = desk.page, service.new_email("yeni")
    page.goto(f"{service.admin}/gorevliler/new/")
    page.locator("[name=display_name]").fill("Nil Yeni")
    page.locator("[name=email]").fill(email)
    page.get_by_label("Destek").check()
    page.get_by_role("button", name="Daveti gönder").click()
    expect(page.get_by_text("Davet yola çıktı.")).to_be_visible()
    token = service.mailed(email, r"/davet#(\S+)")
    _come(visit, f"{service.admin}/davet#{token}")

    page.goto(f"{service.admin}/gorevliler/")
    page.get_by_role("link", name="Nil Yeni").click()
    page.get_by_role("link", name="Değiştir").click()
    page.get_by_label("Destek").uncheck()
    page.get_by_label("Gözetim").check()
    page.get_by_role("button", name="Kaydet").click()
    expect(page.locator(".facts")).to_contain_text("Gözetim")
    desk.visitor.shoot("staff-colleague")

    page.goto(f"{service.admin}/paketler/new/")
    values = {"code": "deneme", "price_kurus": "12,50", "credits": "10"}
    for name, value in {**values, "title_tr": "Deneme", "title_en": "Trial"}.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name="Yayımla").click()
    expect(page.get_by_text("Yayımlandı.")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("12,50 ₺")
    desk.agree(desk.form("/cek"))  # no other journey buys it
    expect(page.get_by_text("Satıştan çekildi.")).to_be_visible()

    page.goto(f"{service.admin}/denetim-kaydi/")
    colleague = ("Görevli davet edildi", "Görevli hesabı açıldı", "Görevli değiştirildi")
    for act in (*colleague, "Paket yayımlandı"):
        expect(page.get_by_role("cell", name=act, exact=True).first).to_be_visible()
    page.locator(".rail").get_by_role("button", name="Çıkış yap").click()
    expect(page).to_have_url(re.compile("/giris"))
    page.goto(f"{service.admin}/gorevliler/")
    expect(page).to_have_url(re.compile("/giris"))


def _come(visit: Visit, link: str) -> None:
    """The invited person chooses a password; then a second factor is due (tests/admin)."""
    guest = visit()
    guest.page.goto(link)
    for name in ("password", "again"):
        guest.page.locator(f"[name={name}]").fill("yepyeni bir parola 7")
    guest.page.get_by_role("button", name="Parolayı belirle").click()
    expect(guest.page.get_by_text("Parolanız belirlendi.")).to_be_visible()


@pytest.mark.browser
def test_auditor(visit: Visit, service: Service) -> None:
    """The auditor reads what everybody did, has the chain proved, and changes nothing."""
    desk = Desk(visit(), service)
    desk.sign_in(AUDITOR)
    page = desk.page
    expect(page.get_by_role("heading", name="Sizi bekleyen iş yok")).to_be_visible()
    desk.visitor.shoot("staff-auditor")
    desk.visitor.accessible("staff-auditor")
    page.locator(".queue-item[href='/denetim-kaydi/']").click()
    expect(page.get_by_role("heading", level=1, name="Denetim kaydı")).to_be_visible()
    for path in ("/vakalar/", "/istisnalar/", "/isletmeler/", "/gorevliler/", "/paketler/"):
        page.goto(service.admin + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        offered = page.locator("main form[method=post]:not([role=search])")
        expect(offered).to_have_count(0)
    page.goto(f"{service.admin}/denetim-kaydi/")
    desk.agree(desk.form("/denetim-kaydi/dogrula"))

    def proved() -> bool:
        page.reload()
        return page.get_by_role("cell", name="Zincir doğrulandı", exact=True).count() > 0

    service.wait("the proof of the chain", proved)
    desk.visitor.shoot("staff-trail")
    desk.visitor.accessible("staff-trail")
    page.goto(f"{service.admin}/yetkiler/")
    expect(page.get_by_role("table")).to_contain_text(re.compile("Denet"))
    desk.visitor.accessible("staff-matrix")
