"""The panel in a real browser, under its own policy: decisions, the desk, no violation by axe."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import flask
import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from tests.admin.customers import Customer
from tests.admin.office import PASSWORD, Colleague, cookies, hire, served
from tests.admin.test_workplaces import case_id, request_id, state_of  # noqa: F401 - fixtures
from tests.apps import as_owner
from tests.axe import faults
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole
from whatstr.billing.models import ExceptionRequest, Plan
from whatstr.campaigns import daily
from whatstr.campaigns.models import MessageDay
from whatstr.core import clock
from whatstr.lines.models import Line
from whatstr.support.models import (
    Author,
    CannedReply,
    SupportMessage,
    SupportRequest,
    SupportTopic,
)

pytestmark = pytest.mark.browser
WHY = "Üç bildirim doğrulandı; onay gösterilmedi."


def support_request(database: ModuleDatabase, shop: Customer) -> uuid.UUID:
    """A customer waits for an answer."""
    now = clock.now()
    request = SupportRequest(
        organization_id=shop.organization,
        member_id=shop.member,
        topic=SupportTopic.LINE,
        opened_at=now,
        waiting_since=now,
        last_at=now,
    )
    request.subject = "Hattım bağlanmıyor"
    message = SupportMessage(
        request_id=request.id, author=Author.CUSTOMER, author_id=shop.member, at=now
    )
    message.body = "Kod 190 görüyorum."
    with as_owner(database) as owner:
        owner.add(request)
        owner.flush()
        owner.add(message)
        return request.id


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


def ready(page: Page) -> None:
    """The page's script is there: the server asks about an earlier click (test_conflicts)."""
    expect(page.locator("html")).to_have_attribute("data-panel", "ready")


def no_violation(page: Page) -> None:
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_signing_in_by_hand(quiet: Page, panel: flask.Flask, address: str) -> None:
    who = hire(panel, StaffRole.ABUSE_OPERATOR)
    quiet.goto(address + "/giris?lang=en")
    no_violation(quiet)
    quiet.get_by_label("E-mail").fill(who.email)
    quiet.get_by_label("Password").fill(PASSWORD)
    quiet.get_by_role("button", name="Continue").click()
    expect(quiet.get_by_role("heading", level=1, name="Second factor")).to_be_visible()
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
    quiet.locator(f'.queue-item[href="/vaka/{case_id}/"]').click()
    quiet.get_by_role("button", name="Take this case").click()
    quiet.get_by_role("radio", name=re.compile("Pause the line")).check()
    quiet.get_by_label("Rule").select_option("fraud")
    quiet.get_by_label("Ground").select_option("terms")
    quiet.get_by_label("Explanation").fill(WHY)
    no_violation(quiet)
    ready(quiet)
    quiet.locator("form[data-decision]").get_by_role("button", name="Decide").click()
    dialog = quiet.get_by_role("dialog")
    expect(dialog).to_contain_text("Stops 850 messages")
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
    ready(quiet)
    quiet.get_by_role("button", name="Sign", exact=True).click()
    quiet.get_by_role("dialog").get_by_role("button", name="Sign").click()
    expect(quiet.get_by_text("Signed.", exact=True)).to_be_visible()
    ready(quiet)
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
    ready(quiet)
    quiet.get_by_role("button", name="Lock").click()
    dialog = quiet.get_by_role("dialog")
    expect(dialog).to_contain_text("1 session ends at once")
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


def test_support_answers_by_keyboard_and_goes_on(
    quiet: Page,
    context: BrowserContext,
    panel: flask.Flask,
    database: ModuleDatabase,
    address: str,
    shop: Customer,
) -> None:
    """`n` begins, a canned reply, Ctrl+Enter sends and opens the next, `/` finds the customer."""
    with as_owner(database) as owner:  # what other tests asked is not in the queue
        owner.execute(sa.update(SupportRequest).values(state="closed"))
    first, second = support_request(database, shop), support_request(database, shop)
    seat(context, hire(panel, StaffRole.SUPPORT), address)
    with as_owner(database) as owner:
        texts = {"title_tr": "Selam", "title_en": "Hello", "body_tr": "Merhaba,", "body_en": "Hi,"}
        owner.add(CannedReply(topic=SupportTopic.LINE, created_at=clock.now(), **texts))
    quiet.goto(f"{address}/destek/{first}/")
    quiet.get_by_label("Put in a canned reply").select_option(label="Hello")
    answer = quiet.get_by_label("What the customer reads")
    expect(answer).to_have_value("Merhaba,")
    answer.press("Control+Enter")
    expect(quiet.get_by_text("Sent. The customer is told by e-mail.")).to_be_visible()
    assert state_of(database, SupportRequest, first) == "answered"
    expect(quiet).to_have_url(f"{address}/destek/{second}/")
    ready(quiet)
    quiet.get_by_role("heading", level=1).click()
    quiet.keyboard.press("/")
    quiet.keyboard.type(shop.email)
    quiet.keyboard.press("Enter")
    expect(quiet).to_have_url(f"{address}/isletme/{shop.organization}/")
    ready(quiet)
    quiet.keyboard.press("?")
    sheet = quiet.get_by_role("dialog")
    expect(sheet).to_contain_text("Search everything")
    expect(sheet.get_by_role("heading")).to_be_in_viewport()
    quiet.keyboard.press("Escape")
    quiet.keyboard.press("g")
    quiet.keyboard.press("q")
    expect(quiet.get_by_role("heading", level=1, name="Support requests")).to_be_visible()
    ready(quiet)
    quiet.keyboard.press("j")
    expect(quiet.locator(".row-link").first).to_be_focused()


def test_charts_are_drawn_and_have_their_tables(
    quiet: Page,
    context: BrowserContext,
    panel: flask.Flask,
    database: ModuleDatabase,
    address: str,
    shop: Customer,
) -> None:
    with as_owner(database) as owner:
        owner.merge(
            MessageDay(day=daily.today(), handed=12, accepted=11, delivered=10, read=3, failed=1)
        )
    seat(context, hire(panel, StaffRole.OWNER), address)
    quiet.goto(f"{address}/rakamlar/?lang=tr")
    chart = quiet.locator("figure", has=quiet.get_by_role("heading", name="Günlük mesajlar"))
    drawn = chart.locator("canvas").evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v !== 0)"
    )
    assert drawn
    expect(chart.get_by_role("table")).to_be_hidden()
    chart.get_by_text("Tablo olarak").click()
    expect(chart.get_by_role("row").last).to_contain_text("12")


def test_a_revealed_value_leaves_the_page(
    quiet: Page, context: BrowserContext, panel: flask.Flask, address: str, shop: Customer
) -> None:
    seat(context, hire(panel, StaffRole.OWNER), address)
    quiet.clock.install()
    quiet.goto(f"{address}/isletme/{shop.organization}/")
    quiet.get_by_label("Value", exact=True).select_option("email")
    quiet.get_by_label("Reason", exact=True).select_option("support")
    quiet.get_by_label("Why now, in words").fill("Müşteri aramamızı istedi.")
    quiet.get_by_role("button", name="Record and show").click()
    shown = quiet.get_by_text(shop.email)
    expect(shown).to_be_visible()
    right = "node => node.getBoundingClientRect().right"
    card = quiet.locator(".revealed")
    assert shown.evaluate(right) < card.evaluate(right), "it is read to its end"
    fits = "all => all.every((one) => one.scrollWidth <= one.clientWidth)"
    quiet.set_viewport_size({"width": 1280, "height": 900})
    assert quiet.locator(".card > .table-wrap").evaluate_all(fits), "tables fit their cards"
    expect(quiet.get_by_text("Hidden again in")).to_be_visible()  # the script is at work
    quiet.clock.run_for(31_000)
    expect(quiet.get_by_text(shop.email)).to_have_count(0)
    expect(quiet.get_by_text("Hidden again.")).to_be_visible()


def test_what_came_too_late_is_looked_at_and_sent_again(
    page: Page,
    context: BrowserContext,
    panel: flask.Flask,
    database: ModuleDatabase,
    address: str,
    shop: Customer,
) -> None:
    """Two windows on one plan: the second sees both versions, wide and narrow, and goes on."""
    who, other = hire(panel, StaffRole.BILLING), hire(panel, StaffRole.BILLING, name="Ece Kasa")
    seat(context, who, address)
    page.goto(f"{address}/paketler/edit/?id={shop.plan}&lang=en")
    page.get_by_label("Title in Turkish").fill("İşletme Pro")
    seen = page.locator("[name=seen]").input_value()
    words = {"title_tr": "İşletme Artı", "title_en": "Business"}
    assert other.post(f"/paketler/edit/?id={shop.plan}", seen=seen, **words).status_code == 302
    with page.expect_response(lambda one: one.request.method == "POST") as late:
        page.get_by_role("button", name="Save").click()
    assert late.value.status == 409
    row = page.get_by_role("row").filter(has_text="Title in Turkish")
    expect(row).to_contain_text("İşletme Artı")
    expect(row).to_contain_text("İşletme Pro")
    expect(page.get_by_text("Last changed by Ece Kasa")).to_be_visible()
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        no_violation(page)
    page.get_by_role("button", name="Save what I sent").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    with as_owner(database) as owner:
        title = owner.scalar(sa.select(Plan.title_tr).where(Plan.id == shop.plan))
    assert title == "İşletme Pro"
