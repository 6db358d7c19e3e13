"""The customer's own days: sign-up, a line, people, every kind of campaign, help, the archive."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from playwright.sync_api import expect

from tests.journeys.portal import Portal
from tests.journeys.test_sending_all_kinds import PIXEL
from tests.leaks import cast
from tests.leaks.days import Days, worker
from tests.leaks.patterns import Kind, Planted, Tier
from whatstr.core import clock

ROWS = 1200
"""Enough that a campaign still runs when it is paused."""
Person = tuple[str, str, str]
PEOPLE: list[Person] = [
    (
        f"905419{n:04d}{'00' if n else '11'}",  # the first one is not on WhatsApp
        f"{cast.FIRST_NAMES[n % 8]} {cast.LAST_NAMES[n // 8 % 6]} {n:04d}",
        f"Tekne-{n:04d}-{cast.LAST_NAMES[n % 6]}",
    )
    for n in range(ROWS)
]


def sign_up(days: Days, portal: Portal) -> str:
    """To the paid plan; gives the recovery code."""
    portal.start_sign_up(cast.BROWSER_PROFILE, cast.BROWSER_PASSWORD)
    code = portal.keep_code()
    portal.press("Hesabımı oluştur")
    expect(portal.page.get_by_role("heading", name="Hesabınız hazır")).to_be_visible()
    token = days.service.mailed(cast.BROWSER_PROFILE.email, r"/onay#(\S+)")
    portal.page.goto(f"{days.service.web}/onay#{token}")
    expect(portal.page.get_by_text("E-posta adresiniz doğrulandı")).to_be_visible()
    portal.buy("İşletme")
    days.add_profile("browser", cast.BROWSER_PROFILE)
    days.add(
        Planted("browser password", cast.BROWSER_PASSWORD),
        Planted("browser recovery code", code, kind=Kind.CODE),
        Planted("link to confirm", token, kind=Kind.TOKEN),
    )
    return code


def connect(days: Days, portal: Portal) -> tuple[str, str]:
    """A line by hand; gives Meta's id of it and its number."""
    account = days.service.new_account("Çağlayan Ebru")
    portal.connect_by_hand(account)
    line = account["lines"][0]
    days.add(
        Planted("token typed in the browser", account["tokens"][0], kind=Kind.ID),
        Planted("browser line's number", line["number"], Tier.STAFF, Kind.PHONE),
    )
    return line["id"], line["number"]


def bring(
    days: Days, portal: Portal, *, file: str, name: str, people: Sequence[Person], whose: str
) -> None:
    """A CSV becomes a list."""
    lines = ["Ad Soyad;Cep telefonu;Tekne", *(f"{n};{p};{t}" for p, n, t in people)]
    portal.goto("/panel")  # what the last import said goes with its page
    portal.goto("/kisiler#yeni")
    portal.choose_file(days.file(file, "\n".join(lines)))
    assert portal.read_rows()[0] == len(people)
    portal.press(re.compile("kişiyle devam et$"))
    portal.state_consent(name=name)
    portal.page.wait_for_url(re.compile(r"/kisiler#[0-9a-f]{32}$"))
    portal.toast(re.compile("^Liste kaydedildi"))
    days.add(Planted(f"{whose} file's name", file), Planted(f"{whose} list name", name))
    for number, person in enumerate(people):
        plant_person(days, f"{whose} {number}", person)


def plant_person(days: Days, whose: str, person: Person) -> None:
    number, name, field = person
    days.add(
        Planted(f"{whose} number", number, kind=Kind.PHONE),
        Planted(f"{whose} name", name),
        Planted(f"{whose} field", field),
    )


def edit(days: Days, portal: Portal) -> None:
    """One more person in a list, corrected, taken out, back again, and out for good."""

    def fill(person: Person, button: str) -> None:
        number, name, field = person
        portal.type_in({"phone": number, "name": name, "field0": field}, within=portal.dialog)
        portal.press(button, within=portal.dialog)

    portal.goto("/kisiler")
    portal.page.get_by_role("button", name=cast.MASTERS_LIST).click()
    portal.press("Bir kişi ekle")
    fill(cast.ADDED, "Ekle")
    portal.toast("Kişi eklendi.")
    portal.press(f"{cast.ADDED[1]}: düzelt")
    fill(cast.CORRECTED, "Kaydet")
    portal.toast("Değişiklik kaydedildi.")
    portal.press(f"{cast.CORRECTED[1]}: listeden çıkar")
    portal.press("Geri al")
    portal.toast(f"{cast.CORRECTED[1]} yeniden listede.")
    portal.press(f"{cast.CORRECTED[1]}: listeden çıkar")
    portal.toast(f"{cast.CORRECTED[1]} bu listeden çıkarıldı.")
    plant_person(days, "added", cast.ADDED)
    plant_person(days, "corrected", cast.CORRECTED)


def campaigns(days: Days, portal: Portal, line: str) -> str:
    """One tested, started, paused, resumed and cancelled; one planned and cancelled."""
    page = portal.page

    def taken() -> int:
        found = days.service.sim("messages?limit=100000")["messages"]
        return sum(one["phone_number_id"] == line for one in found)

    portal.compose(title=cast.BROWSER_TITLE, liste=cast.BROWSER_LIST)
    page.get_by_label("Metindeki 2").select_option(label="Alan: Tekne")
    portal.type_in({"to": cast.TESTED_NUMBER})
    portal.press("Deneme mesajı gönder")
    expect(page.get_by_text("Meta mesajı kabul etti")).to_be_visible()
    campaign = portal.launch(rows=ROWS)
    portal.state("Gönderiliyor")
    days.service.wait("the first messages", taken, seconds=60)
    portal.press("Duraklat")
    portal.press("Duraklat", within=portal.dialog)
    portal.state("Duraklatıldı")
    stood = taken()
    portal.press("Sürdür")
    portal.state("Gönderiliyor")
    days.service.wait("further messages", lambda: taken() > stood, seconds=60)
    _cancel(portal)
    _later(portal)
    days.add(
        Planted("number of the test", cast.TESTED_NUMBER, kind=Kind.PHONE),
        Planted("browser title", cast.BROWSER_TITLE),
        Planted("browser later title", cast.BROWSER_LATER),
    )
    return campaign


def _cancel(portal: Portal) -> None:
    portal.press("Kampanyayı iptal et")
    portal.press("Kampanyayı iptal et", within=portal.dialog)
    portal.state("İptal edildi")


def _later(portal: Portal) -> None:
    page = portal.page
    portal.compose(title=cast.BROWSER_LATER, liste=cast.BROWSER_LIST)
    page.get_by_label("Metindeki 2").select_option(label="Alan: Tekne")
    page.get_by_label("Daha sonra").check()
    tomorrow = clock.now() + timedelta(days=1)
    page.get_by_label("Başlama zamanı").fill(tomorrow.strftime("%Y-%m-%dT10:30"))
    page.get_by_label("Başlama zamanı").blur()
    button = page.get_by_role("button", name=re.compile(r"kişi için zamanla$"))
    expect(button).to_be_enabled()
    portal.tick("stated")
    button.click()
    portal.launched()
    portal.state("Planlandı")
    _cancel(portal)


def picture(days: Days, portal: Portal) -> None:
    """A picture to a few, and a second attempt for who was not reached."""
    page = portal.page
    file = days.file(cast.PICTURE_FILE, PIXEL + cast.PICTURE_WORDS.encode())
    portal.compose(title=cast.PICTURE_TITLE, liste=cast.MASTERS_LIST, template="yeni_urunler")
    page.locator("input[name=media]").set_input_files(file)
    expect(page.locator("img.phone-media")).to_be_visible()
    first = portal.launch(rows=len(cast.MASTERS))
    portal.state("Tamamlandı")
    assert portal.settled()["failed"] == 1
    again = page.locator("form").filter(has=page.get_by_role("heading", name="İkinci deneme"))
    page.locator("input[name=media]").set_input_files(file)
    again.get_by_role("checkbox").check()
    again.get_by_role("button", name="1 kişiye yeniden gönder", exact=True).click()
    page.wait_for_url(lambda url: "kampanya#" in url and first not in url)
    portal.visitor.opened()
    portal.state("Tamamlandı")
    days.add(
        Planted("picture's file", cast.PICTURE_FILE),
        Planted("picture's words", cast.PICTURE_WORDS),
        Planted("picture's title", cast.PICTURE_TITLE),
    )


def answers(days: Days, portal: Portal) -> None:
    """One reply is answered; free text goes to whoever wrote in the last 24 hours."""
    page = portal.page
    portal.goto("/panel")
    page.get_by_text("Yanıtla", exact=True).first.click()
    portal.type_in({"text": cast.ANSWER})
    portal.press("Yanıtı gönder")
    expect(page.get_by_text("Yanıtınız Meta'ya ulaştı")).to_be_visible(timeout=30_000)
    portal.goto("/kampanyalar/yeni")
    page.get_by_role("radio", name=re.compile("Serbest metinle")).check()
    portal.type_in({"title": cast.TEXT_TITLE, "text": cast.TEXT_WORDS})
    button = page.get_by_role("button", name=re.compile(r"kişiye gönder$"))
    expect(button).to_be_enabled()
    portal.tick("stated")
    button.click()
    portal.launched()
    portal.state("Tamamlandı")
    days.add(
        Planted("answer", cast.ANSWER),
        Planted("free text's title", cast.TEXT_TITLE),
        Planted("free text", cast.TEXT_WORDS),
    )


def ask_support(days: Days, portal: Portal) -> None:
    portal.goto("/destek")
    portal.press("Yeni talep")
    portal.type_in({"subject": cast.SUPPORT_SUBJECT, "body": cast.SUPPORT_WORDS})
    portal.page.locator("[name=topic]:visible").select_option("billing")
    portal.press("Gönder", within=portal.dialog)
    portal.toast("Talebiniz bize ulaştı.")
    days.add(
        Planted("support request", cast.SUPPORT_SUBJECT, Tier.STAFF),
        Planted("its words", cast.SUPPORT_WORDS, Tier.STAFF),
    )


def drawer(days: Days, portal: Portal) -> None:
    """A draft, the archive of everything, and a new account key."""
    portal.goto("/kampanyalar")
    value = {"title": cast.BROWSER_LONG, "text": cast.BROWSER_DRAFT}
    worker(portal, "drafts.save", value=value)
    portal.goto("/ayarlar")
    with portal.page.expect_download() as archive:
        portal.press("Arşivi hazırla")
    assert archive.value.path().stat().st_size > 10_000
    portal.toast(re.compile("^Arşiv hazır: 2 liste, 5 kampanya"))
    assert worker(portal, "rekey.run")["version"] == 2
    portal.goto("/kisiler")
    portal.page.get_by_role("button", name=cast.BROWSER_LIST).click()
    expect(portal.page.get_by_role("cell", name=PEOPLE[0][1], exact=True)).to_be_visible()
    days.add(
        Planted("browser draft", cast.BROWSER_DRAFT),
        Planted("browser draft's title", cast.BROWSER_LONG),
    )
