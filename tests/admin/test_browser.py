"""The panel in a real browser, under its own policy: decisions, the desk, no violation by axe."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import flask
import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.admin.office import PASSWORD, Colleague, Customer, cookies, hire, served
from tests.admin.test_workplaces import case_id, request_id, state_of  # noqa: F401 - fixtures
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole
from whatstr.billing.models import ExceptionRequest, Plan
from whatstr.lines.models import Line

pytestmark = pytest.mark.browser
WHY = "Üç bildirim doğrulandı; onay gösterilmedi."


@pytest.fixture
def address(panel: flask.Flask) -> Iterator[str]:
    with served(panel) as url:
        yield url


@pytest.fixture
def quiet(page: Page) -> Iterator[Page]:
    """A page that must not complain: no script error, nothing refused by the policy."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    yield page
    assert said == []


def seat(context: BrowserContext, who: Colleague, address: str) -> None:
    context.clear_cookies()
    context.add_cookies(list(cookies(who, address)))


def no_violation(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_signing_in_by_hand(quiet: Page, panel: flask.Flask, address: str) -> None:
    who = hire(panel, StaffRole.ABUSE_OPERATOR)
    quiet.goto(address + "/giris?lang=en")
    no_violation(quiet)
    quiet.get_by_label("E-mail").fill(who.email)
    quiet.get_by_label("Password").fill(PASSWORD)
    quiet.get_by_role("button", name="Continue").click()
    no_violation(quiet)
    quiet.get_by_label("Code from your authenticator app").fill(who.code())
    quiet.get_by_role("button", name="Confirm").click()
    expect(quiet.get_by_role("heading", level=1, name="My work")).to_be_visible()
    quiet.locator(".rail").get_by_role("button", name="Sign out").click()
    expect(quiet).to_have_url(re.compile("/giris"))


def test_a_case_is_decided_after_a_look_at_the_consequences(
    quiet: Page,
    context: BrowserContext,
    panel: flask.Flask,
    database: ModuleDatabase,
    address: str,
    case_id: uuid.UUID,  # noqa: F811
    shop: Customer,
) -> None:
    seat(context, hire(panel, StaffRole.ABUSE_OPERATOR), address)
    quiet.goto(address)
    quiet.locator(f'a[href="/vaka/{case_id}/"]').click()
    quiet.get_by_role("button", name="Take this case").click()
    quiet.get_by_role("radio", name=re.compile("Pause the line")).check()
    quiet.get_by_label("Explanation").fill(WHY)
    no_violation(quiet)
    quiet.locator("form[data-decision]").get_by_role("button", name="Decide").click()
    dialog = quiet.get_by_role("dialog")
    expect(dialog).to_contain_text("stops 850 messages")
    no_violation(quiet)
    dialog.get_by_role("button", name="Cancel").click()
    assert state_of(database, Line, shop.line) == "connected"
    quiet.locator("form[data-decision]").get_by_role("button", name="Decide").click()
    quiet.get_by_role("dialog").get_by_role("button", name="Decide").click()
    expect(quiet.get_by_text("Decided. What was stopped has stopped.")).to_be_visible()
    assert state_of(database, Line, shop.line) == "paused"
    no_violation(quiet)


def test_an_exception_is_signed_and_ordered(
    quiet: Page,
    context: BrowserContext,
    panel: flask.Flask,
    database: ModuleDatabase,
    address: str,
    request_id: uuid.UUID,  # noqa: F811
) -> None:
    seat(context, hire(panel, StaffRole.BILLING), address)
    quiet.goto(f"{address}/istisna/{request_id}/")
    no_violation(quiet)
    quiet.get_by_label("Amount in lira").fill("500,00")
    quiet.get_by_role("button", name="Sign", exact=True).click()
    quiet.get_by_role("dialog").get_by_role("button", name="Sign").click()
    quiet.get_by_role("button", name="Refund ₺500.00").click()
    dialog = quiet.get_by_role("dialog")
    expect(dialog).to_contain_text("This cannot be undone")
    dialog.get_by_role("button", name="Refund ₺500.00").click()
    expect(quiet.get_by_text("The refund is ordered from Stripe.")).to_be_visible()
    assert state_of(database, ExceptionRequest, request_id) == "executed"


def test_a_dangerous_verb_asks_with_and_without_script(
    quiet: Page,
    context: BrowserContext,
    panel: flask.Flask,
    database: ModuleDatabase,
    address: str,
    shop: Customer,
) -> None:
    seat(context, hire(panel, StaffRole.OWNER), address)
    other = hire(panel, StaffRole.SUPPORT, name="Can Destek")
    quiet.goto(f"{address}/gorevliler/details/?id={other.id}")
    quiet.get_by_role("button", name="Lock").click()
    dialog = quiet.get_by_role("dialog")
    expect(dialog).to_contain_text("1 sessions end at once")
    expect(dialog.get_by_role("button", name="Lock")).to_be_disabled()
    dialog.get_by_role("textbox").fill("Can Destek")
    dialog.get_by_role("button", name="Lock").click()
    expect(quiet.get_by_text("Account locked.")).to_be_visible()
    plain = context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
    seat(plain, hire(panel, StaffRole.BILLING), address)
    bare = plain.new_page()
    bare.goto(f"{address}/paketler/details/?id={shop.plan}")
    bare.get_by_role("button", name="Withdraw from sale").click()
    with as_owner(database) as owner:
        assert owner.scalar(sa.select(Plan.visible).where(Plan.id == shop.plan)) is True
    bare.get_by_role("button", name="Withdraw from sale").click()
    expect(bare.get_by_text("Withdrawn.")).to_be_visible()
    plain.close()


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 740)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_violation(
    quiet: Page,
    context: BrowserContext,
    panel: flask.Flask,
    address: str,
    shop: Customer,
    case_id: uuid.UUID,  # noqa: F811
    request_id: uuid.UUID,  # noqa: F811
    width: int,
    height: int,
    scheme: str,
) -> None:
    seat(context, hire(panel, StaffRole.OWNER), address)
    quiet.set_viewport_size({"width": width, "height": height})
    quiet.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    lists = [view.url + "/" for view in panel.extensions["admin"][0]._views[4:]]
    own = ["/", f"/vaka/{case_id}/", f"/istisna/{request_id}/", f"/isletme/{shop.organization}/"]
    forms = [
        "/gorevliler/new/",
        "/paketler/new/",
        "/dogrula",
        "/hesabim/",
        "/hesabim/dogrulama/",
        f"/istisna/yeni/{shop.payment}",
    ]
    for path in [*own, *lists, *forms, f"/hatlar/details/?id={shop.line}"]:
        quiet.goto(address + path)
        no_violation(quiet)


def test_a_revealed_value_leaves_the_page(
    quiet: Page, context: BrowserContext, panel: flask.Flask, address: str, shop: Customer
) -> None:
    seat(context, hire(panel, StaffRole.OWNER), address)
    quiet.clock.install()
    quiet.goto(f"{address}/isletme/{shop.organization}/")
    quiet.get_by_label("Value", exact=True).select_option("email")
    quiet.get_by_label("Why now, in words").fill("Müşteri aramamızı istedi.")
    quiet.get_by_role("button", name="Record and show").click()
    expect(quiet.get_by_text(shop.email)).to_be_visible()
    expect(quiet.get_by_text("Hidden again in")).to_be_visible()  # the script is at work
    quiet.clock.run_for(31_000)
    expect(quiet.get_by_text(shop.email)).to_have_count(0)
    expect(quiet.get_by_text("Hidden again.")).to_be_visible()
