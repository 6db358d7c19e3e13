"""A colleague joins by a link and is taken out again: the key goes with them, the data stays."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import LIST, PASSWORD, Customer, at_work, crowd
from tests.journeys.portal import Portal
from tests.journeys.service import Service
from tests.journeys.test_keys import broken
from tests.journeys.under_key import opened_with
from whatstr.vault.client import VaultClient
from whatstr.vault.http import ApiError

# One word of the name is wider than a phone, as is the address below.
NAME = "Mehmet Uzunsoyadlıoğullarındangelenlersülalesininenbüyükoğlu"
THEIRS = "altı fener sarı liman"
DRAFT = "ab" * 16


@pytest.fixture
def customer(service: Service) -> Customer:
    made = at_work(service, "Kalabalık Kuaför")
    made.bring(crowd(3))
    made.client.put_record("draft", DRAFT, 1, {"title": "Yılbaşı"})
    return made


@pytest.mark.browser
def test_a_colleague_comes_and_goes(visit: Visit, service: Service, customer: Customer) -> None:
    visitor, guest = visit(), visit()
    portal, other = Portal(visitor, service), Portal(guest, service)
    portal.sign_in(customer.email, PASSWORD)
    portal.compose(title="Önce", liste=LIST)
    campaign = portal.launch(rows=3)
    portal.state("Tamamlandı")

    email = service.new_email("mehmetuzunsoyadlioglu")  # wider than a phone
    link = _invited(portal)
    _joins(other, email, link)
    _only_once(other, link)
    _reads_the_list(other)
    known = service.client()
    known.login(email, THEIRS)
    stored = opened_with(known, known)
    assert {kind for kind, _ in stored} >= {"list", "job", "draft", "templates", "members"}

    # Taken out while the change of the key fails: shut out at once all the same.
    _takes_out_half(portal)
    _is_out(other, email)
    portal.press("Sürdür")
    portal.toast("Hesap anahtarı değişti. Verileriniz yerinde.")
    expect(portal.page.locator("[data-member]")).to_have_count(1)
    expect(portal.page.get_by_text("Anahtar değişikliği")).to_have_count(0)

    # Every other browser of the business signs in again.
    with pytest.raises(ApiError, match="not_signed_in"):
        customer.client.api.get("lists")

    # Nothing that is stored opens with the key that they knew; everything does with the new one.
    fresh = service.client()
    fresh.login(customer.email, PASSWORD)
    assert opened_with(known, fresh) == set()
    assert opened_with(fresh, fresh) >= stored
    _reads_the_list(portal)
    portal.goto(f"/kampanya#{campaign}")
    portal.press("Alıcıları göster")
    expect(portal.page.get_by_role("cell", name="Kişi 1", exact=True)).to_be_visible()
    _is_new(customer, known, portal)


def _invited(portal: Portal) -> str:
    """The link, as it is shown once."""
    portal.goto("/ekip")
    portal.press("Davet et")
    portal.type_in({"label": "Mehmet, mağaza"}, within=portal.dialog)
    portal.visitor.shoot("team-invite")
    portal.press("Bağlantı oluştur", within=portal.dialog)
    shown = portal.page.get_by_label("Bağlantı", exact=True)
    link = shown.input_value()
    portal.visitor.shoot("team-link")
    portal.press("Tamam", within=portal.dialog)
    expect(portal.page.get_by_text("Mehmet, mağaza")).to_be_visible()
    portal.visitor.shoot("team-invited")
    portal.visitor.accessible("team-invited")
    return link


def _joins(other: Portal, email: str, link: str) -> None:
    page, visitor = other.page, other.visitor
    visitor.goto(link)
    expect(page.get_by_label("Adınız ve soyadınız")).to_be_visible()
    visitor.shoot("team-join")
    visitor.accessible("team-join")
    person = {"contact_name": NAME, "email": email, "phone": "0532 111 22 99"}
    other.type_in({**person, "password": THEIRS, "again": THEIRS})
    other.press("Devam")
    expect(page.locator(".code-block")).to_be_visible()
    other.keep_code()
    other.press("Hesaba katıl")
    expect(page.get_by_text("Ekibe katıldınız")).to_be_visible()
    visitor.shoot("team-joined")
    other.follow("Panele geç")
    visitor.opened()


def _only_once(other: Portal, link: str) -> None:
    other.page.goto("about:blank")
    with other.visitor.expecting("status of 4"):
        other.visitor.goto(link)
    expect(other.page.get_by_text("Davet geçmiyor")).to_be_visible()
    expect(other.page.get_by_role("link", name="Giriş yapın")).to_be_visible()
    other.visitor.shoot("team-link-used")


def _reads_the_list(who: Portal) -> None:
    who.goto("/kisiler")
    who.page.get_by_role("button", name=LIST).click()
    expect(who.page.get_by_role("cell", name="Kişi 1", exact=True)).to_be_visible()


def _takes_out_half(portal: Portal) -> None:
    page = portal.page
    page.route("**/api/rekey/items", broken)
    portal.goto("/ekip")
    row = page.locator("[data-member]").filter(has_text=NAME)
    portal.visitor.shoot("team-two")
    portal.press("Çıkar", within=row)
    expect(portal.dialog.get_by_text("hesabın anahtarı değişir")).to_be_visible()
    portal.visitor.shoot("team-take-out")
    with portal.visitor.expecting("status of 500"):
        portal.press("Çıkar", within=portal.dialog)
        portal.toast(f"{NAME} çıkarıldı.")
        expect(page.get_by_text("Anahtar değişikliği durdu")).to_be_visible()
    page.unroute("**/api/rekey/items")
    portal.goto("/ekip")
    expect(page.get_by_text("Anahtar değişikliği yarım kaldı")).to_be_visible()


def _is_out(other: Portal, email: str) -> None:
    """Neither the open browser nor the password leads in."""
    page = other.page
    with other.visitor.expecting("status of 401"):
        page.reload()
        page.wait_for_url("**/giris#*")
        other.visitor.opened()
        other.type_in({"email": email, "password": THEIRS})
        other.press("Giriş yap")
        expect(page.locator(".error-summary")).to_be_visible()


def _is_new(customer: Customer, known: VaultClient, portal: Portal) -> None:
    """What is brought from now on is shut to the old key, too."""
    customer.client = portal.service.client()
    customer.client.login(customer.email, PASSWORD)
    customer.bring(crowd(2), name="Sonra gelenler")
    assert opened_with(known, customer.client) == set()
