"""From sign-up to the settled report: everything by clicking, everything real."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.portal import Portal
from tests.journeys.service import Service
from whatstr.vault.client import Profile

SAMPLES = Path(__file__).parents[1] / "contacts" / "samples"
PROFILE = Profile(
    organization_name="Gül Kuru Temizleme",
    contact_name="Gül Kaya",
    email="",
    phone="0532 111 22 33",
    address="Moda Cad. 12, Kadıköy, İstanbul",
    website="https://gultemizlik.example",
    tax_number="1234567890",
    tax_office="Kadıköy",
)
PASSWORD = "mavi kuzu yedi limon"
LIST = "Sadık müşteriler"
# The endings decide what the simulated people do (whatstr.simulator.meta.behaviours).
MORE = 240
NOT_ON_WHATSAPP = ("905417700011", "Filiz Şahin")
HELD_BACK = ("905417700292", "Işıl Çınar")
SENT = MORE + 2 + 9


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """An Excel file with 242 new people, and five that the list has already."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Ad Soyad", "GSM No", "İl", "Bakiye"])
    for n in range(1, 6):
        sheet.append([f"Eski {n}", f"0532 100 00 {n:02}", "İzmir", "0"])
    sheet.append([NOT_ON_WHATSAPP[1], int(NOT_ON_WHATSAPP[0][2:]), "Iğdır", "12"])
    sheet.append([HELD_BACK[1], "0" + HELD_BACK[0][2:], "Muş", "7"])
    for n in range(MORE):
        sheet.append([f"Yeni Kişi {n}", f"0541 77{n:03} 00", "Ağrı", "%15"])
    path = tmp_path / "yeni müşteriler.xlsx"
    book.save(path)
    return path


@pytest.mark.browser
def test_the_main_job(visit: Visit, service: Service, workbook: Path, tmp_path: Path) -> None:
    visitor = visit()
    portal = Portal(visitor, service)
    page = visitor.page

    profile = replace(PROFILE, email=service.new_email("gul"))
    _sign_up(portal, profile)
    _buy(portal)
    _connect(portal)
    _import(portal, workbook)
    counts = _send(portal)

    # The report reconciles with itself, with the people and with Meta's ledger.
    total = counts.pop("total")
    assert total == SENT == sum(counts.values())
    assert counts["failed"] == 2
    assert counts["delivered"] + counts["read"] == SENT - 2
    _explain_failures(portal, tmp_path)

    portal.sign_out()
    portal.sign_in(profile.email, PASSWORD)
    visitor.shoot("overview-in-use")
    visitor.accessible("overview-in-use")
    portal.goto("/kisiler")
    page.get_by_role("button", name=LIST).click()
    expect(page.get_by_role("cell", name="Işıl Çınar", exact=True)).to_be_visible()
    visitor.shoot("contact-list")
    _connect_a_second_line(portal)


def _sign_up(portal: Portal, profile: Profile) -> None:
    page, visitor = portal.page, portal.visitor
    portal.goto("/kayit")
    visitor.shoot("sign-up")
    portal.start_sign_up(profile, PASSWORD)
    visitor.shoot("recovery-code")
    visitor.accessible("recovery-code")
    portal.keep_code()
    visitor.shoot("recovery-code-asked")
    portal.press("Hesabımı oluştur")
    expect(page.get_by_role("heading", name="Hesabınız hazır")).to_be_visible()
    portal.follow("Panele geç")
    visitor.opened()
    expect(page.locator("[data-slot=org-name]")).to_have_text(PROFILE.organization_name)
    expect(page.get_by_text("E-posta adresinizi doğrulayın").first).to_be_visible()
    visitor.shoot("overview-new")

    token = portal.service.mailed(profile.email, r"/onay#(\S+)")
    page.goto(f"{portal.service.web}/onay#{token}")
    expect(page.get_by_text("E-posta adresiniz doğrulandı")).to_be_visible()
    assert token not in page.url
    visitor.shoot("e-mail-confirmed")


def _buy(portal: Portal) -> None:
    portal.goto("/odeme")
    portal.visitor.shoot("plans")
    portal.choose("Başlangıç")
    portal.page.locator("a.back").click()  # a change of mind costs nothing
    expect(portal.page.get_by_text("Ödeme yapılmadı")).to_be_visible()
    portal.visitor.shoot("billing-left")
    portal.buy("İşletme")
    expect(portal.page.locator(".figure-value").first).to_have_text("10.000")
    portal.visitor.shoot("billing-paid")
    portal.visitor.accessible("billing-paid")


def _connect(portal: Portal) -> None:
    portal.goto("/hatlar")
    portal.visitor.shoot("lines-none")
    portal.connect_by_dialog()
    expect(portal.page.locator("[data-line]")).to_have_count(1)
    expect(portal.page.locator("[data-line]")).to_contain_text("Bağlı")
    portal.visitor.shoot("lines")


def _import(portal: Portal, workbook: Path) -> None:
    page, visitor = portal.page, portal.visitor
    portal.goto("/kisiler#yeni")
    visitor.shoot("import-file")
    portal.choose_file(SAMPLES / "musteriler-karisik.csv")
    expect(page.get_by_label("Harf kodlaması")).to_have_value("windows-1254")
    visitor.shoot("import-columns")
    visitor.accessible("import-columns")
    assert portal.read_rows() == [9, 1, 7]
    expect(page.get_by_text("Sabit hat.")).not_to_contain_text("Hücrede")  # one line for each
    page.locator("summary").filter(has_text="Alınmayan 8 satır").click()
    expect(page.get_by_role("cell", name="5,32E+09", exact=True)).to_be_visible()
    visitor.shoot("import-result")
    visitor.accessible("import-result")
    with page.expect_download() as file:
        portal.press("Alınmayanları indir")
    assert "5,32E+09" in Path(file.value.path()).read_text("utf-8-sig")
    portal.press("9 kişiyle devam et")
    visitor.shoot("import-consent")
    portal.state_consent(name=LIST)
    portal.toast("Liste kaydedildi: 9 kişi.")

    portal.follow("Kişi ekle")
    portal.choose_file(workbook)
    assert portal.read_rows() == [242, 5, 0]
    expect(page.get_by_text("5 kişi listede zaten var")).to_be_visible()
    portal.press("242 kişiyle devam et")
    portal.state_consent()
    portal.toast("242 kişi eklendi.")
    expect(page.get_by_role("heading", name=LIST)).to_contain_text("251")


def _send(portal: Portal) -> dict[str, int]:
    page, visitor = portal.page, portal.visitor
    portal.goto("/kampanyalar")
    visitor.shoot("campaigns-none")
    portal.compose(title="Hafta sonu", liste=LIST)
    # The second variable is to be the balance, with a word for those who have none.
    page.get_by_label("Metindeki 2").select_option(label="Alan: Bakiye")
    bubble = page.locator(".phone-bubble")
    expect(bubble).to_contain_text("Merhaba Ayşe Yılmaz")
    expect(bubble).to_contain_text("1.250,00 indirim")
    portal.press("Sonraki kişi")
    expect(bubble).to_contain_text("Merhaba Şükrü Çağlayan")
    portal.press("Önceki kişi")
    expect(bubble).to_contain_text("Merhaba Ayşe Yılmaz")

    portal.type_in({"to": "0532 999 88 20"})
    portal.press("Deneme mesajı gönder")
    expect(page.get_by_text("Meta mesajı kabul etti")).to_be_visible()
    got = portal.service.wait("the test", lambda: portal.service.sent_to("905329998820"))
    assert "Ayşe Yılmaz" in str(got[0]["seen"])

    visitor.shoot("compose")
    visitor.accessible("compose")
    campaign = portal.launch(rows=SENT)
    assert len(campaign) == 32
    expect(page.locator(".figures")).to_contain_text(str(SENT))
    visitor.shoot("campaign-running")
    portal.state("Tamamlandı")
    counts = portal.settled()
    visitor.shoot("campaign-done")
    visitor.accessible("campaign-done")
    return counts


def _explain_failures(portal: Portal, tmp_path: Path) -> None:
    """Each reason in a sentence, the people behind it, and all of it as a file."""
    page, visitor = portal.page, portal.visitor
    reasons = page.locator("section.panel").filter(
        has=page.get_by_role("heading", name="Ulaşmama nedenleri")
    )
    expect(reasons.get_by_role("listitem")).to_have_count(2)
    absent = reasons.get_by_role("listitem").filter(has_text="Meta 131026")
    expect(absent).to_contain_text("1 alıcı")
    sentence = absent.locator("p").first.inner_text()
    assert len(sentence) > 20 and "131026" not in sentence
    portal.press("Kimler?", within=absent)
    people = page.locator("section.panel").filter(
        has=page.get_by_role("heading", name="Alıcılar", exact=True)
    )
    expect(people.get_by_role("row")).to_have_count(2)
    expect(people.get_by_role("row").last).to_contain_text(NOT_ON_WHATSAPP[1])
    expect(people.get_by_role("row").last).to_contain_text(sentence)
    visitor.shoot("campaign-people")
    visitor.accessible("campaign-people")

    with page.expect_download() as file:
        portal.press("CSV indir", within=people)
    path = tmp_path / "rapor.csv"
    file.value.save_as(path)
    text = path.read_text("utf-8-sig")
    rows = list(csv.reader(text.splitlines(), delimiter=";" if ";" in text[:80] else ","))
    assert len(rows) == SENT + 1
    assert any("Şükrü Çağlayan" in row for row in rows)
    assert any(NOT_ON_WHATSAPP[1] in row and sentence in row for row in rows)


def _connect_a_second_line(portal: Portal) -> None:
    account = portal.service.new_account("Gül Kuru Temizleme Destek")
    portal.connect_by_hand(account)
    expect(portal.page.locator("[data-line]")).to_have_count(2)
    portal.visitor.shoot("lines-two")
    portal.visitor.accessible("lines-two")
