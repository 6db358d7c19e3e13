"""What a customer reads when things fail (vault design, 22).

docs/security.md has the whole table: each row, and where it is tried. Also here: a lost session,
two tabs, a lost connection, a list in an older version.
"""

from __future__ import annotations

import base64
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import LIST, PASSWORD, Customer, at_work, crowd
from tests.journeys.portal import Portal
from tests.journeys.service import Service
from whatstr.local.postgres import DATABASE

DAMAGED = "Eski kayıtlar"


def forged(route: Route) -> None:
    """The sender's certificate with one bit of its signature turned."""
    answer = route.fetch()
    cert = bytearray(base64.b64decode(answer.json()["cert"]))
    cert[-1] ^= 1
    route.fulfill(response=answer, json={**answer.json(), "cert": base64.b64encode(cert).decode()})


def harm(service: Service, statement: str, *values: object) -> None:
    with service.stack.postgres.superuser(DATABASE) as owner:
        owner.execute(statement, values)


@contextmanager
def sender_away(service: Service) -> Iterator[None]:
    """The whole role stands still, as on a machine that hangs."""
    everybody = [service.stack.supervisor.pids()["sender"]]
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
        everybody += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    try:
        yield
    finally:
        for pid in everybody:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def customer(service: Service) -> Customer:
    made = at_work(service, "Talihsiz Tesisat")
    made.bring(crowd(3))
    made.bring(crowd(2), name=DAMAGED)
    return made


@pytest.mark.browser
def test_when_things_fail(visit: Visit, service: Service, customer: Customer) -> None:
    visitor = visit()
    portal, page = Portal(visitor, service), visitor.page
    portal.sign_in(customer.email, PASSWORD)
    _damage(portal, customer)
    _offline(portal)
    _two_tabs(portal)
    _older(portal)
    _no_true_sender(portal, customer)
    _key_gone(portal, customer)
    _no_such_campaign(portal)
    _half_lost(portal, customer)
    expect(page.locator("h1")).to_have_text("Özet")


def _damage(portal: Portal, customer: Customer) -> None:
    """A list that does not open is named, stays as it is, and holds up nothing else."""
    name = next(
        one["id"]
        for one in customer.client.api.get("lists")["lists"]
        if customer.client.lists.open(one["id"])[0].name == DAMAGED
    )
    words = "UPDATE list_chunk SET data = set_byte(data, 100, 7) WHERE list_id = %s::uuid"
    harm(portal.service, words, name)
    portal.goto("/kisiler")
    portal.page.get_by_role("button", name=DAMAGED).click()
    expect(portal.page.get_by_text("Bu listenin bir bölümü açılamıyor")).to_be_visible()
    expect(portal.page.get_by_role("link", name="Bu listeye gönder")).to_have_count(0)
    expect(portal.page.locator(".card-head .status").first).to_have_text("Açılamıyor")
    portal.visitor.shoot("list-damaged")
    portal.visitor.accessible("list-damaged")
    portal.goto("/kisiler")
    portal.page.get_by_role("button", name=LIST, exact=True).click()
    expect(portal.page.get_by_role("cell", name="Kişi 1", exact=True)).to_be_visible()


def _offline(portal: Portal) -> None:
    """What was typed stays until the connection is back."""
    page, context = portal.page, portal.page.context
    portal.press("Bir kişi ekle")
    portal.type_in({"phone": "0532 111 22 44", "name": "Nehir Çay"}, within=portal.dialog)
    context.set_offline(True)
    with portal.visitor.expecting("ERR_INTERNET_DISCONNECTED"):
        portal.press("Ekle", within=portal.dialog)
        expect(page.get_by_text("Bağlantı kurulamadı. Girdikleriniz duruyor").first).to_be_visible()
        portal.visitor.shoot("offline")
    context.set_offline(False)
    expect(portal.dialog.locator("[name=name]")).to_have_value("Nehir Çay")
    portal.press("Ekle", within=portal.dialog)
    portal.toast("Kişi eklendi.")


def _two_tabs(portal: Portal) -> None:
    """Somebody else was quicker: theirs is shown, and the second try lands on it."""
    page = portal.page
    name = page.url.rpartition("#")[2]
    other = Portal(portal.visitor, portal.service)
    other.page = page.context.new_page()
    kept = page.evaluate("Object.entries(sessionStorage)")
    other.page.goto(portal.service.web + "/giris")
    other.page.evaluate("(all) => all.forEach(([k, v]) => sessionStorage.setItem(k, v))", kept)
    other.page.goto(f"{portal.service.web}/kisiler#{name}")
    expect(other.page.get_by_role("cell", name="Nehir Çay", exact=True)).to_be_visible()
    other.press("Nehir Çay: listeden çıkar")
    other.toast("Nehir Çay bu listeden çıkarıldı")
    other.page.close()

    portal.press("Kişi 1: düzelt")
    portal.type_in({"name": "Birinci Kişi"}, within=portal.dialog)
    portal.press("Kaydet", within=portal.dialog)
    expect(page.get_by_text("Bu kayıt başka bir sekmede değişti").first).to_be_visible()
    expect(page.get_by_role("cell", name="Nehir Çay", exact=True)).to_have_count(0)
    portal.press("Kaydet", within=portal.dialog)
    portal.toast("Değişiklik kaydedildi.")


def _older(portal: Portal) -> None:
    """A list as it was before: not used until the customer says that this is right."""
    page = portal.page
    page.evaluate(
        """(id) => new Promise((done) => {
          indexedDB.open("wtr-seen").onsuccess = ({ target: { result: base } }) => {
            const lists = base.transaction("lists", "readwrite").objectStore("lists");
            lists.put(99, id).onsuccess = done;
          };
        }).then(() => null)""",
        page.url.rpartition("#")[2],
    )
    page.reload()
    portal.visitor.opened()
    expect(page.get_by_text("eski bir sürümünü verdi")).to_be_visible()
    portal.visitor.shoot("list-older")
    portal.visitor.accessible("list-older")
    portal.press("Bu eski sürümle sürdür")
    expect(page.get_by_role("cell", name="Birinci Kişi", exact=True)).to_be_visible()


def _no_true_sender(portal: Portal, customer: Customer) -> None:
    """Nothing is sealed to a key that the sender's identity did not sign."""
    page = portal.page
    page.context.route("**/api/sender-cert", forged)
    portal.compose(title="Sahte gönderici", liste=LIST)
    form = page.locator("form").filter(has=page.get_by_role("heading", name="Son bakış"))
    button = form.get_by_role("button", name="3 kişiye gönder", exact=True)
    expect(button).to_be_enabled()
    form.get_by_role("checkbox").check()
    button.click()
    expect(page.get_by_text("Gönderim sürecinin sertifikası doğrulanamadı").first).to_be_visible()
    portal.visitor.shoot("sender-not-believed")
    portal.visitor.accessible("sender-not-believed")
    assert customer.client.api.get("campaigns")["campaigns"] == []
    portal.goto("/ayarlar")
    expect(page.get_by_text("Anahtarın imzası doğrulanamadı")).to_be_visible()
    portal.visitor.shoot("sender-key-not-believed")
    page.context.unroute("**/api/sender-cert")
    portal.goto("/ayarlar")
    expect(page.locator("[data-sender-key=valid]")).to_be_visible()
    portal.visitor.shoot("sender-key")
    portal.visitor.accessible("sender-key")


def _key_gone(portal: Portal, customer: Customer) -> None:
    """The weekly key died before the campaign ran: one click seals the same campaign anew."""
    with sender_away(portal.service):
        portal.compose(title="Geç kalan", liste=LIST)
        campaign = portal.launch(rows=3)
        portal.state("Sıraya alındı")  # it waits, and goes out late
        years_ago = "UPDATE campaign_seal SET kid = kid - 256, header ="
        years_ago += " set_byte(header, 3, get_byte(header, 3) - 1) WHERE campaign_id = %s::uuid"
        harm(portal.service, years_ago, campaign)
    portal.state("Bekletiliyor")
    expect(portal.page.get_by_text("gerekeni tarayıcınız yapar")).to_be_visible()
    expect(portal.page.get_by_role("link", name="Hatları aç")).to_have_count(0)
    portal.visitor.shoot("sender-key-gone")
    portal.visitor.accessible("sender-key-gone")
    portal.press("Sürdür")
    portal.state("Tamamlandı")
    assert portal.settled()["total"] == 3
    assert customer.taken() == 3


def _no_such_campaign(portal: Portal) -> None:
    """A link to a campaign that was deleted leads on, and offers no second try."""
    portal.page.goto("about:blank")
    with portal.visitor.expecting("status of 404"):
        portal.goto(f"/kampanya#{'0' * 32}")
    expect(portal.page.get_by_text("Kampanya bulunamadı")).to_be_visible()
    portal.visitor.shoot("campaign-gone")
    portal.visitor.accessible("campaign-gone")
    portal.follow("Kampanyalara dön")
    portal.visitor.opened()


def _half_lost(portal: Portal, customer: Customer) -> None:
    """The server has ended the session, or the tab was new: sign in, and be where one was."""
    page = portal.page
    page.evaluate("sessionStorage.clear()")
    with portal.visitor.expecting("status of 401"):
        page.goto(portal.service.web + "/kisiler")
        page.wait_for_url("**/giris#*")
        portal.visitor.opened()
    portal.type_in({"email": customer.email, "password": PASSWORD})
    portal.press("Giriş yap")
    page.wait_for_url("**/kisiler")
    portal.visitor.opened()
    mine = next(one for one in customer.client.api.get("sessions")["sessions"] if one["current"])
    harm(
        portal.service,
        "UPDATE member_session SET revoked_at = now() WHERE member_id ="
        " (SELECT member_id FROM member_session WHERE id = %s::uuid)",
        mine["id"],
    )
    with portal.visitor.expecting("status of 401"):
        page.reload()
        page.wait_for_url("**/giris#*")
        portal.visitor.opened()
    portal.sign_in(customer.email, PASSWORD)
