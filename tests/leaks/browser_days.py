"""Days lived through in a real browser: by clicking where a person clicks, through the page's own
Worker where the click is another test's matter. What it types is planted like everything else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from tests.journeys.portal import Portal
from tests.journeys.service import Service
from tests.journeys.visitor import Visitor
from tests.leaks.cast import (
    ADDRESS,
    BROWSER_CHANGED,
    BROWSER_DRAFT,
    BROWSER_FILE,
    BROWSER_LATER,
    BROWSER_LIST,
    BROWSER_LONG,
    BROWSER_PASSWORD,
    BROWSER_PROFILE,
    BROWSER_RECOVERED,
    BROWSER_REPLY,
    BROWSER_REPORTED,
    BROWSER_REPORTER,
    BROWSER_TITLE,
    FIRST_NAMES,
    INVITED,
    INVITED_NAME,
    INVITED_PASSWORD,
    LAST_NAMES,
    TESTED_NUMBER,
)
from tests.leaks.loud_stack import LoudStack
from tests.leaks.patterns import Kind, Planted, Tier
from whatstr.core import clock
from whatstr.local.chromium import find_chromium, launch_arguments
from whatstr.vault.client import Profile

ROWS = 1200
"""Enough that a campaign still runs when it is paused."""
_CALL = """
async ([name, args]) => {
  const { openVault } = await import("/static/js/vault/client.mjs");
  window.leakVault ??= await openVault();
  const said = await window.leakVault.call(name, args);
  return said?.blob ? { ...said, blob: said.blob.size } : said;
}
"""


class BrowserDays:
    """One customer, one guest and one recipient at real browsers."""

    def __init__(self, stack: LoudStack, *, folder: Path) -> None:
        self.service = Service(stack)
        self.planted: list[Planted] = []
        self.reported: set[str] = set()
        self._folder = folder
        self._people = [
            (
                f"905419{n:04d}{'00' if n else '11'}",  # the first one is not on WhatsApp
                f"{FIRST_NAMES[n % 8]} {LAST_NAMES[n // 8 % 6]} {n:04d}",
                f"Tekne-{n:04d}-{LAST_NAMES[n % 6]}",
            )
            for n in range(ROWS)
        ]

    def live(self) -> None:
        """From sign-up to the recovered vault."""
        with _chromium(self._folder) as browser:
            self._browser = browser
            portal = self._visit()
            code = self._sign_up(portal)
            self._connect(portal)
            self._import(portal)
            first = self._campaigns(portal)
            self._recipients(portal, first)
            self._drawer(portal)
            self._guest(portal)
            self._report()
            self._passwords(portal, code)
            for visitor in self._visitors:
                assert visitor.complaints == [], visitor.complaints
        self.service.tidy()

    _visitors: list[Visitor]

    def _visit(self) -> Portal:
        context = self._browser.new_context(
            locale="tr-TR",
            timezone_id="Europe/Istanbul",
            viewport={"width": 1280, "height": 900},
            extra_http_headers={"X-Forwarded-For": ADDRESS},
        )
        visitor = Visitor(context, own=self.service.own_origins(), pictures=self._folder)
        self._visitors = [*getattr(self, "_visitors", []), visitor]
        return Portal(visitor, self.service)

    # The customer --------------------------------------------------------------------------------

    def _sign_up(self, portal: Portal) -> str:
        portal.start_sign_up(BROWSER_PROFILE, BROWSER_PASSWORD)
        code = portal.keep_code()
        portal.press("Hesabımı oluştur")
        expect(portal.page.get_by_role("heading", name="Hesabınız hazır")).to_be_visible()
        token = self.service.mailed(BROWSER_PROFILE.email, r"/onay#(\S+)")
        portal.page.goto(f"{self.service.web}/onay#{token}")
        expect(portal.page.get_by_text("E-posta adresiniz doğrulandı")).to_be_visible()
        portal.buy("İşletme")
        self._add(
            Planted("browser password", BROWSER_PASSWORD),
            Planted("browser recovery code", code, kind=Kind.CODE),
            Planted("link to confirm", token, kind=Kind.ID),
            Planted(
                "browser phone", BROWSER_PROFILE.phone.removeprefix("+"), Tier.STAFF, Kind.PHONE
            ),
            *(
                Planted(f"browser {name}", getattr(BROWSER_PROFILE, name), Tier.STAFF)
                for name in Profile.__slots__
                if name != "phone"
            ),
        )
        return code

    def _connect(self, portal: Portal) -> None:
        account = self.service.new_account("Çağlayan Ebru")
        portal.connect_by_hand(account)
        self._line = account["lines"][0]["id"]
        self._number = account["lines"][0]["number"]
        self._add(
            Planted("token typed in the browser", account["tokens"][0], kind=Kind.ID),
            Planted("browser line's number", self._number, Tier.STAFF, Kind.PHONE),
        )

    def _import(self, portal: Portal) -> None:
        file = self._folder / BROWSER_FILE
        lines = ["Ad Soyad;Cep telefonu;Tekne", *(f"{n};{p};{t}" for p, n, t in self._people)]
        file.write_text("\n".join(lines), encoding="utf-8")
        portal.goto("/kisiler#yeni")
        portal.choose_file(file)
        assert portal.read_rows()[0] == ROWS
        portal.press(re.compile("kişiyle devam et$"))
        portal.state_consent(name=BROWSER_LIST)
        portal.toast(re.compile("^Liste kaydedildi"))
        self._add(
            Planted("browser file's name", BROWSER_FILE),
            Planted("browser list name", BROWSER_LIST),
            *(Planted(f"person {n} number", p, kind=Kind.PHONE) for n, (p, _, _) in self._each()),
            *(Planted(f"person {n} name", name) for n, (_, name, _) in self._each()),
            *(Planted(f"person {n} field", field) for n, (_, _, field) in self._each()),
        )

    def _each(self) -> Iterator[tuple[int, tuple[str, str, str]]]:
        return enumerate(self._people)

    def _campaigns(self, portal: Portal) -> str:
        """One tested, started, paused, resumed and cancelled; one planned and cancelled."""
        page = portal.page
        portal.compose(title=BROWSER_TITLE, liste=BROWSER_LIST)
        page.get_by_label("Metindeki 2").select_option(label="Alan: Tekne")
        portal.type_in({"to": TESTED_NUMBER})
        portal.press("Deneme mesajı gönder")
        expect(page.get_by_text("Meta mesajı kabul etti")).to_be_visible()
        campaign = portal.launch(rows=ROWS)
        portal.state("Gönderiliyor")
        self.service.wait("the first messages", self._taken, seconds=60)
        portal.press("Duraklat")
        portal.press("Duraklat", within=portal.dialog)
        portal.state("Duraklatıldı")
        stood = self._taken()
        portal.press("Sürdür")
        portal.state("Gönderiliyor")
        self.service.wait("further messages", lambda: self._taken() > stood, seconds=60)
        portal.press("Kampanyayı iptal et")
        portal.press("Kampanyayı iptal et", within=portal.dialog)
        portal.state("İptal edildi")
        self._later(portal)
        self._add(
            Planted("number of the test", TESTED_NUMBER, kind=Kind.PHONE),
            Planted("browser title", BROWSER_TITLE),
            Planted("browser later title", BROWSER_LATER),
            Planted("browser draft's title", BROWSER_LONG),
        )
        return campaign

    def _taken(self) -> int:
        found = self.service.sim("messages?limit=100000")["messages"]
        return sum(one["phone_number_id"] == self._line for one in found)

    def _later(self, portal: Portal) -> None:
        page = portal.page
        portal.compose(title=BROWSER_LATER, liste=BROWSER_LIST)
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
        portal.press("Kampanyayı iptal et")
        portal.press("Kampanyayı iptal et", within=portal.dialog)
        portal.state("İptal edildi")

    def _drawer(self, portal: Portal) -> None:
        """Records, exports and a new account key, through the page's Worker."""
        portal.goto("/kampanyalar")
        value = {"title": BROWSER_LONG, "text": BROWSER_DRAFT}
        self._worker(portal, "drafts.save", value=value)
        kept = self._worker(portal, "export.all", lang="tr")
        assert kept["summary"]["lists"] == 1 and kept["blob"] > ROWS
        assert self._worker(portal, "rekey.run")["version"] == 2
        portal.goto("/kisiler")
        portal.page.get_by_role("button", name=BROWSER_LIST).click()
        name = self._people[0][1]
        expect(portal.page.get_by_role("cell", name=name, exact=True)).to_be_visible()
        self._add(Planted("browser draft", BROWSER_DRAFT))

    def _worker(self, portal: Portal, name: str, **args: Any) -> Any:
        return portal.page.evaluate(_CALL, [name, args])

    def _guest(self, portal: Portal) -> None:
        """A colleague joins by a link whose secret the server never sees."""
        invited = self._worker(portal, "members.invite", role="manager", label=INVITED_NAME)
        guest = self._visit()
        guest.page.goto(f"{self.service.web}/giris")
        self._worker(guest, "invitation.open", link=invited["fragment"])
        code = self._worker(guest, "invitation.prepare", password=INVITED_PASSWORD)
        answers = [code["groups"][place] for place in code["ask"]]
        assert self._worker(guest, "code.confirm", answers=answers)["confirmed"]
        profile = {"contact_name": INVITED_NAME, "email": INVITED, "phone": None}
        self._worker(guest, "invitation.accept", profile=profile, language="tr")
        assert len(self._worker(guest, "lists.all")) == 1
        self._add(
            Planted("secret of the invitation", invited["fragment"], kind=Kind.ID),
            Planted("guest's password", INVITED_PASSWORD),
            Planted("guest's code", "-".join(code["groups"]), kind=Kind.CODE),
            Planted("guest's e-mail", INVITED, Tier.STAFF),
            Planted("guest's name", INVITED_NAME, Tier.STAFF),
        )

    def _passwords(self, portal: Portal, code: str) -> None:
        """Changed in the settings, then forgotten."""
        page = portal.page
        portal.goto("/ayarlar")
        form = page.locator("form").filter(has=page.locator("[name=old]"))
        portal.type_in(
            {"old": BROWSER_PASSWORD, "password": BROWSER_CHANGED, "again": BROWSER_CHANGED},
            within=form,
        )
        portal.press("Parolayı değiştir", within=form)
        portal.toast("Parolanız değişti; diğer oturumlar kapatıldı.")
        portal.sign_out()
        portal.sign_in(BROWSER_PROFILE.email, BROWSER_CHANGED)
        portal.sign_out()
        portal.follow("Parolamı unuttum")
        portal.visitor.opened()
        portal.type_in({"email": BROWSER_PROFILE.email})
        portal.press("Bağlantı gönder")
        token = self.service.mailed(BROWSER_PROFILE.email, r"/kurtarma#(\S+)")
        page.goto("about:blank")
        portal.goto(f"/kurtarma#{token}")
        portal.type_in({"code": code, "password": BROWSER_RECOVERED, "again": BROWSER_RECOVERED})
        portal.press("Kasayı aç")
        expect(page.locator(".code-block")).to_be_visible()
        fresh = portal.keep_code()
        portal.press("Yeni parolamı kaydet")
        expect(page.get_by_text("Hesabınız kurtarıldı")).to_be_visible()
        self._add(
            Planted("browser changed password", BROWSER_CHANGED),
            Planted("browser recovered password", BROWSER_RECOVERED),
            Planted("browser second code", fresh, kind=Kind.CODE),
            Planted("link to recover", token, kind=Kind.ID),
        )

    # Recipients and strangers --------------------------------------------------------------------

    def _recipients(self, portal: Portal, campaign: str) -> None:
        """They reply, refuse and complain; the customer reads it."""
        reached = [p for p, _, _ in self._people[1:] if self.service.sent_to(p)]
        asks, refuses, complains = reached[:3]
        last = self.service.sent_to(complains)[-1]["id"]
        self.service.writes(asks, BROWSER_REPLY, line=self._line)
        self.service.writes(refuses, "DUR", line=self._line)
        self.service.writes(complains, "ŞİKAYET", line=self._line, to=last)
        replied = portal.page.get_by_text(BROWSER_REPLY).first

        def shown() -> bool:
            portal.goto("/panel")
            return replied.count() > 0

        self.service.wait("the reply on the overview", shown, seconds=60)
        portal.goto(f"/kampanya#{campaign}")
        place = next(n for n, (p, _, _) in self._each() if p == complains)
        self._add(Planted("reply read in the browser", BROWSER_REPLY))
        self.reported |= {f"person {place} {part}" for part in ("number", "name", "field")}

    def _report(self) -> None:
        """The public page, by somebody without an account."""
        page = self._visit().page
        page.goto(f"{self.service.web}/bildir")
        page.locator("[name=number]").fill(self._number)
        page.locator("[name=category]").select_option("fraud")
        page.locator("[name=text]").fill(BROWSER_REPORTED)
        page.locator("[name=contact]").fill(BROWSER_REPORTER)
        page.locator("main form button[type=submit]").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Bildiriminiz alındı")
        self._add(
            Planted("report typed in the browser", BROWSER_REPORTED),
            Planted("its writer's address", BROWSER_REPORTER),
        )
        self.reported |= {"report typed in the browser", "its writer's address"}

    def _add(self, *values: Planted) -> None:
        self.planted += values


@contextmanager
def _chromium(folder: Path) -> Iterator[Browser]:
    """The customer's own machine: what the browser keeps there is no trace of ours."""
    program = find_chromium()
    if program is None:
        raise SystemExit("There is no Chromium: install it, or set WHATSTR_CHROMIUM.")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program, args=launch_arguments(), env={"TMPDIR": str(folder)}
        )
        try:
            yield browser
        finally:
            browser.close()
