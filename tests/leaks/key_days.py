"""The days of passwords: changed, forgotten, with a second step; and of an account that ends."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys import departing
from tests.journeys.portal import Portal
from tests.leaks import cast
from tests.leaks.days import Days
from tests.leaks.loud_stack import through_proxy
from tests.leaks.patterns import Kind, Planted, Tier
from whatstr.vault.client import VaultClient
from whatstr.vault.client_lists import Consent


def passwords(days: Days, portal: Portal, code: str) -> None:
    """Changed in the settings, with the key; then forgotten."""
    page = portal.page
    email = cast.BROWSER_PROFILE.email
    portal.goto("/ayarlar")
    form = page.locator("form").filter(has=page.locator("[name=old]"))
    typed = {"old": cast.BROWSER_PASSWORD, "password": cast.BROWSER_CHANGED}
    portal.type_in({**typed, "again": cast.BROWSER_CHANGED}, within=form)
    portal.press("Parolayı değiştir", within=form)
    portal.toast("Parolanız değişti; diğer oturumlar kapatıldı.")
    portal.press("Anahtarı da değiştir", within=portal.dialog)
    portal.toast("Hesap anahtarı değişti. Verileriniz yerinde.")
    portal.sign_out()
    portal.sign_in(email, cast.BROWSER_CHANGED)
    portal.sign_out()
    portal.follow("Parolamı unuttum")
    portal.visitor.opened()
    portal.type_in({"email": email})
    portal.press("Bağlantı gönder")
    token = days.service.mailed(email, r"/kurtarma#(\S+)")
    page.goto("about:blank")
    portal.goto(f"/kurtarma#{token}")
    new = cast.BROWSER_RECOVERED
    portal.type_in({"code": code, "password": new, "again": new})
    portal.press("Kasayı aç")
    expect(page.locator(".code-block")).to_be_visible()
    fresh = portal.keep_code()
    portal.press("Yeni parolamı kaydet")
    expect(page.get_by_text("Hesabınız kurtarıldı")).to_be_visible()
    days.add(
        Planted("browser changed password", cast.BROWSER_CHANGED),
        Planted("browser recovered password", new),
        Planted("browser second code", fresh, kind=Kind.CODE),
        Planted("link to recover", token, kind=Kind.TOKEN),
    )


def second_step(days: Days, portal: Portal) -> None:
    """Turned on, and used to sign in."""
    app = departing.turn_second_step_on(portal)
    portal.sign_out()
    email = cast.BROWSER_PROFILE.email
    departing.sign_in_with_code(portal, email, cast.BROWSER_RECOVERED, app)
    days.add(Planted("secret of the second step", app.secret, Tier.STAFF, Kind.ID))


def leaving(days: Days) -> None:
    """Another business loses password and code, gets an empty vault, and goes for good."""
    client = through_proxy(VaultClient(days.service.web))
    code = client.enrol(cast.LEAVER, cast.LEAVER_PASSWORD)
    consent = Consent("explicit_consent", "Form", "2026-05-01")
    people = cast.LEAVER_PEOPLE
    client.lists.save(cast.LEAVER_LIST, people, columns=["Eser"], consent=consent)
    client.api.close()
    portal, email = days.portal(), cast.LEAVER.email
    link = departing.ask_for_empty_vault(portal, email)
    departing.three_days_pass(days.service)
    fresh = departing.set_up_empty_vault(portal, email, cast.LEAVER_NEW)
    departing.delete_account(portal, cast.LEAVER_NEW)
    names = days.add_profile("leaver's", cast.LEAVER)
    # The last e-mails to the address, with the name in them, end by themselves after a month.
    days.erased |= names - {"leaver's email", "leaver's contact_name"}
    days.add(
        Planted("leaver's password", cast.LEAVER_PASSWORD),
        Planted("leaver's new password", cast.LEAVER_NEW),
        Planted("leaver's code", code, kind=Kind.CODE),
        Planted("leaver's second code", fresh, kind=Kind.CODE),
        Planted("link to an empty vault", link.partition(".")[2], kind=Kind.TOKEN),
        Planted("leaver's list", cast.LEAVER_LIST),
        *(Planted(f"reader {n} number", p, kind=Kind.PHONE) for n, (p, _, _) in enumerate(people)),
        *(Planted(f"reader {n} name", name) for n, (_, name, _) in enumerate(people)),
        *(Planted(f"reader {n} field", f[0]) for n, (_, _, f) in enumerate(people)),
    )
