"""Clicks of those who lost everything, of those who leave, and of those with a second step."""

from __future__ import annotations

import re
import time

import pyotp
import redis
from playwright.sync_api import expect

from tests.journeys.portal import Portal
from tests.journeys.service import Service
from whatstr.core import queues
from whatstr.local.postgres import DATABASE

BEGIN, CANCEL, SET_UP = (rf"/sifirlama#({word}\.\S+)" for word in ("basla", "vazgec", "yeni"))
_HALF_MINUTE = 30


def ask_for_empty_vault(portal: Portal, email: str, *, after: str = "") -> str:
    """From the sign-in page to the mail, and from its link, which comes `after` another one, to the
    beginning of the wait; gives the link."""
    portal.goto("/giris")
    portal.follow("Parolamı unuttum")
    portal.visitor.opened()
    portal.follow("Kurtarma kodumu da kaybettim")
    portal.visitor.opened()
    portal.type_in({"email": email})
    portal.press("Bağlantı gönder")
    expect(portal.page.get_by_text("E-postanıza bakın")).to_be_visible()

    def fresh() -> str | None:
        found = portal.service.mailed(email, BEGIN)
        return found if found != after else None

    link = portal.service.wait("the link", fresh)
    open_link(portal, link)
    portal.press("Beklemeyi başlat")
    expect(portal.page.get_by_text("Bekleme başladı")).to_be_visible()
    return link


def open_link(portal: Portal, fragment: str) -> None:
    """A link of a mail that leads to the page of empty vaults."""
    portal.page.goto("about:blank")
    portal.goto(f"/sifirlama#{fragment}")


def three_days_pass(service: Service) -> None:
    """For every wait that is under way; then the worker looks."""
    with service.stack.postgres.superuser(DATABASE) as owner:
        owner.execute(
            "UPDATE vault_reset SET requested_at = requested_at - interval '72 hours',"
            " due_at = due_at - interval '72 hours'"
        )
    with redis.Redis.from_url(service.stack.queue.url) as connection:
        queues.enqueue(queues.queue(connection, "housekeeping"), "housekeeping.resets")


def set_up_empty_vault(portal: Portal, email: str, password: str) -> str:
    """With the link that comes after the wait; gives the new recovery code."""
    open_link(portal, portal.service.mailed(email, SET_UP))
    portal.type_in({"password": password, "again": password})
    portal.press("Devam")
    expect(portal.page.locator(".code-block")).to_be_visible()
    code = portal.keep_code()
    portal.press("Eskisini sil, yeni kasayı kur")
    expect(portal.page.get_by_text("Yeni kasanız hazır")).to_be_visible()
    return code


def delete_account(portal: Portal, password: str) -> None:
    """In the settings, with the customer number and the password once more."""
    portal.goto("/ayarlar")
    portal.press("Hesabı sil…")
    label = portal.dialog.locator("label[for]").filter(has_text="müşteri numaranızı")
    number = re.findall(r"\d+", label.inner_text())[-1]
    portal.type_in({"number": number, "password": password}, within=portal.dialog)
    portal.press("Hesabı kalıcı olarak sil", within=portal.dialog)
    expect(portal.page.get_by_role("heading", level=1)).to_have_text("Hesabınız silindi")
    expect(portal.page.get_by_role("navigation")).to_have_count(0)
    expect(portal.page.locator("[data-slot=org-name]")).to_be_empty()


class SecondStep:
    """A member's authenticator app: each code once, as the server has it."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.last = ""
        self._spent = 0

    def code(self, service: Service) -> str:
        step = max(self._spent + 1, int(time.time()) // _HALF_MINUTE)
        now = lambda: int(time.time()) // _HALF_MINUTE + 1 >= step  # noqa: E731
        service.wait("the next code", now, seconds=60)
        self._spent = step
        self.last = str(pyotp.TOTP(self.secret).generate_otp(step))
        return self.last


def turn_second_step_on(portal: Portal) -> SecondStep:
    """In the settings."""
    portal.goto("/ayarlar")
    panel = portal.page.locator("section.panel").filter(
        has=portal.page.get_by_role("heading", name="İkinci adım", exact=True)
    )
    portal.press("Aç", within=panel)
    app = SecondStep(portal.dialog.locator("code").inner_text().replace(" ", ""))
    portal.type_in({"totp": app.code(portal.service)}, within=portal.dialog)
    portal.press("İkinci adımı aç", within=portal.dialog)
    portal.toast("İkinci adım açıldı.")
    return app


def sign_in_with_code(portal: Portal, email: str, password: str, app: SecondStep) -> None:
    """The field for the code appears after the right password."""
    portal.goto("/giris")
    portal.type_in({"email": email, "password": password})
    with portal.visitor.expecting("status of 401"):
        portal.press("Giriş yap")
        expect(portal.page.locator("[name=totp]")).to_be_visible()
    portal.type_in({"totp": app.code(portal.service)})
    portal.press("Giriş yap")
    portal.page.wait_for_url("**/panel*")
    portal.visitor.opened()
