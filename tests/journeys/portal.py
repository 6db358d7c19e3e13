"""The customer's clicks in the portal, in Turkish, as journeys share them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, expect

from tests.journeys.service import Service
from tests.journeys.visitor import Visitor
from whatstr.vault.client import Profile

OFFER = "hafta_sonu_firsati"
CARD = "4242 4242 4242 4242"


def number_of(shown: Locator) -> int:
    """A Turkish figure ("12.480") as a number."""
    return int(re.sub(r"\D", "", shown.inner_text()))


def phone_text(digits: str) -> str:
    """A Turkish number as the portal writes it."""
    return f"0{digits[2:5]} {digits[5:8]} {digits[8:10]} {digits[10:]}"


class Portal:
    """One person of a business at the portal."""

    def __init__(self, visitor: Visitor, service: Service) -> None:
        self.visitor = visitor
        self.page = visitor.page
        self.service = service

    def goto(self, path: str) -> None:
        self.visitor.goto(self.service.web + path)

    def press(self, name: str | re.Pattern[str], *, within: Locator | None = None) -> None:
        """The button with this name; a text must be the whole name."""
        place = within or self.page
        place.get_by_role("button", name=name, exact=isinstance(name, str)).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).click()

    def type_in(self, values: dict[str, str], *, within: Locator | None = None) -> None:
        """Fill the visible fields of these names."""
        for name, text in values.items():
            (within or self.page).locator(f"[name={name}]:visible").fill(text)

    def tick(self, name: str) -> None:
        self.page.locator(f"input[type=checkbox][name={name}]:visible").check()

    def toast(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.locator(".toast-line").filter(has_text=text).first).to_be_visible()

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    # The account --------------------------------------------------------------------------------

    def sign_in(self, email: str, password: str) -> None:
        """From the sign-in page to the overview."""
        self.goto("/giris")
        self.type_in({"email": email, "password": password})
        self.press("Giriş yap")
        self.page.wait_for_url("**/panel*")
        self.visitor.opened()

    def sign_out(self) -> None:
        self.page.locator(".rail [data-action=sign-out]").click()
        self.page.wait_for_url("**/giris")
        self.visitor.opened()

    def start_sign_up(self, profile: Profile, password: str) -> None:
        """The business, the password and the documents; the recovery code is on show then."""
        self.goto("/kayit")
        self.type_in({name: getattr(profile, name) for name in Profile.__slots__})
        self.press("Parolaya geç")
        self.type_in({"password": password, "again": password})
        self.press("Koşullara geç")
        ticks = self.page.get_by_role("checkbox")
        expect(ticks.first).to_be_visible()
        for tick in ticks.all():
            tick.check()
        self.press("Kurtarma kodumu oluştur")
        expect(self.page.locator(".code-block")).to_be_visible()

    def keep_code(self) -> str:
        """Write the shown code down, go on, and type back the groups that are asked for."""
        groups = [text.strip() for text in self.page.locator(".code-block li").all_inner_texts()]
        self.press("Kodu sakladım, devam")
        for asked in self.page.get_by_label(re.compile(r"^\d\. grup")).all():
            label = self.page.locator(f"label[for='{asked.get_attribute('id')}']").inner_text()
            asked.fill(groups[int(label.split(".")[0]) - 1].lower())
        return "-".join(groups)

    # Money --------------------------------------------------------------------------------------

    def choose(self, plan: str) -> None:
        """A plan by its title, with the term accepted; the hosted page opens."""
        self.goto("/odeme")
        card = self.page.locator("li.card-flat").filter(
            has=self.page.get_by_role("heading", name=plan, exact=True)
        )
        self.press("Bu paketi seç", within=card)
        self.tick("accepted")
        self.press(re.compile("ödemeye geç$"), within=self.dialog)
        self.page.wait_for_url(f"{self.service.stripe}/**")

    def buy(self, plan: str) -> None:
        """A plan paid on Stripe's page; back here once the credits are there."""
        self.choose(plan)
        self.pay()
        expect(self.page.get_by_text("Ödemeniz alındı, kontörünüz eklendi")).to_be_visible()

    def pay(self) -> None:
        """The simulator's hosted page."""
        self.page.locator("#card_number").fill(CARD)
        self.page.locator("#expiry").fill("12 / 34")
        self.page.locator("#cvc").fill("123")
        self.page.locator("form button[type=submit]").click()
        self.page.wait_for_url(f"{self.service.web}/odeme*")

    # Lines --------------------------------------------------------------------------------------

    def connect_by_dialog(self) -> None:
        """Meta's own dialog; a new business with a new line is opened there."""
        self.goto("/hatlar")
        self.press("Meta ile bağla")
        self.page.get_by_label("Yeni işletme ve yeni hat aç").check()
        self.press("Onayla ve bağla")
        self.page.wait_for_url(f"{self.service.web}/hatlar*")
        self.toast(re.compile(r"bağlandı, \d şablon alındı"))

    def connect_by_hand(self, account: dict[str, Any]) -> None:
        self.goto("/hatlar")
        self.press("Elle bağla")
        self.type_in(
            {
                "waba_id": account["id"],
                "phone_number_id": account["lines"][0]["id"],
                "token": account["tokens"][0],
            },
            within=self.dialog,
        )
        self.press("Hattı bağla", within=self.dialog)
        self.toast(re.compile(r"bağlandı, \d şablon alındı"))

    # Contacts -----------------------------------------------------------------------------------

    def choose_file(self, path: Path) -> None:
        self.page.locator("input[type=file]").set_input_files(path)
        expect(self.page.get_by_role("heading", name="Doğru okuduk mu?")).to_be_visible()

    def read_rows(self) -> list[int]:
        """Read the file; valid, duplicates, invalid as the page says them."""
        self.press(re.compile("satırı oku$"))
        expect(self.page.get_by_role("heading", name="Dosyanızın sonucu")).to_be_visible()
        return [number_of(one) for one in self.page.locator(".figure-value").all()]

    def state_consent(self, *, name: str = "") -> None:
        """Name and consent, then seal and save."""
        if name:
            self.type_in({"name": name})
        self.type_in({"source": "Mağaza kayıt formu", "collected_on": "2026-05-01"})
        self.tick("stated")
        self.press(re.compile("kişiyi şifrele ve kaydet$"))

    # Campaigns ----------------------------------------------------------------------------------

    def compose(self, *, title: str, liste: str, template: str = OFFER) -> None:
        """A campaign up to the last look; the first mapping guess is kept."""
        self.goto("/kampanyalar/yeni")
        self.type_in({"title": title})
        self.page.locator(".templates .choice").filter(has_text=template).get_by_role(
            "radio"
        ).check()
        picked = self.page.locator("select[name=list] option").filter(has_text=liste)
        self.page.locator("select[name=list]").select_option(picked.get_attribute("value") or "")

    def launch(self, *, rows: int) -> str:
        """Tick the statement and send; gives the campaign's id, on its page."""
        form = self.page.locator("form").filter(
            has=self.page.get_by_role("heading", name="Son bakış")
        )
        button = form.get_by_role("button", name=f"{_turkish(rows)} kişiye gönder", exact=True)
        expect(button).to_be_enabled()
        form.get_by_role("checkbox").check()
        button.click()
        return self.launched()

    def launched(self) -> str:
        """The id of the campaign whose page has opened."""
        self.page.wait_for_url("**/kampanya#*")
        self.visitor.opened()
        return self.page.url.rpartition("#")[2]

    def state(self, word: str, *, seconds: float = 60) -> None:
        """The campaign's badge says this."""
        badge = self.page.locator("[data-slot=state]")
        expect(badge).to_have_text(word, timeout=seconds * 1000)

    def counts(self) -> dict[str, int]:
        """The table under the sum bar: status → recipients, and what it says is the total."""
        rows = self.page.locator(".sumbar-table tbody tr").all()
        found = {
            row.get_attribute("data-status") or "": number_of(row.locator(".num").first)
            for row in rows
        }
        foot = self.page.locator(".sumbar-table tfoot .num").first
        return {**found, "total": number_of(foot)}

    def settled(self) -> dict[str, int]:
        """The counts once Meta has nothing more to tell."""

        def quiet() -> bool:
            hooks = self.service.sim("webhooks")
            return not hooks["pending"] + hooks["planned"]

        self.service.wait("Meta's last report", quiet, seconds=60)
        self.page.reload()
        self.visitor.opened()
        return self.counts()


def _turkish(number: int) -> str:
    return f"{number:,}".replace(",", ".")
