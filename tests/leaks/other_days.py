"""The days of everybody else: recipients, a stranger, a colleague, our staff."""

from __future__ import annotations

import re
import uuid

from playwright.sync_api import expect

from tests.journeys.desk import Desk
from tests.journeys.portal import Portal
from tests.leaks import cast
from tests.leaks.customer_days import PEOPLE
from tests.leaks.days import Days, worker
from tests.leaks.patterns import Kind, Planted, Tier
from whatstr.accounts.models import StaffRole
from whatstr.local.seeds import STAFF

NOTE = "Bildirilen sözlere bakmadan karar verilemiyor."


def recipients(days: Days, portal: Portal, line: str) -> None:
    """They reply, refuse and complain; the customer reads it."""
    service = days.service
    reached = [(place, p) for place, (p, _, _) in enumerate(PEOPLE) if place and service.sent_to(p)]
    (_, asks), (_, refuses), (place, complains) = reached[:3]
    last = service.sent_to(complains)[-1]["id"]
    service.writes(asks, cast.BROWSER_REPLY, line=line)
    service.writes(refuses, "DUR", line=line)
    service.writes(complains, "ŞİKAYET", line=line, to=last)
    replied = portal.page.get_by_text(cast.BROWSER_REPLY).first

    def shown() -> bool:
        portal.goto("/panel")
        return replied.count() > 0

    service.wait("the reply on the overview", shown, seconds=60)
    days.add(Planted("reply read in the browser", cast.BROWSER_REPLY))
    days.reported |= {f"person {place} {part}" for part in ("number", "name", "field")}


def report(days: Days, number: str) -> None:
    """The public page, by somebody without an account."""
    page = days.visitor().page
    page.goto(f"{days.service.web}/bildir")
    page.locator("[name=number]").fill(number)
    page.locator("[name=category]").select_option("fraud")
    page.locator("[name=text]").fill(cast.BROWSER_REPORTED)
    page.locator("[name=contact]").fill(cast.BROWSER_REPORTER)
    page.locator("main form button[type=submit]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bildiriminiz alındı")
    days.add(
        Planted("report typed in the browser", cast.BROWSER_REPORTED),
        Planted("its writer's address", cast.BROWSER_REPORTER),
    )
    days.reported |= {"report typed in the browser", "its writer's address"}


def guest(days: Days, portal: Portal) -> None:
    """A colleague joins by a link whose secret the server never sees, and is taken out again: the
    account gets another key."""
    portal.goto("/ekip")
    invited = worker(portal, "members.invite", role="manager", label=cast.INVITED_NAME)
    other = days.portal()
    other.goto("/giris")
    worker(other, "invitation.open", link=invited["fragment"])
    code = worker(other, "invitation.prepare", password=cast.INVITED_PASSWORD)
    said = [code["groups"][place] for place in code["ask"]]
    assert worker(other, "code.confirm", answers=said)["confirmed"]
    profile = {"contact_name": cast.INVITED_NAME, "email": cast.INVITED, "phone": None}
    worker(other, "invitation.accept", profile=profile, language="tr")
    assert len(worker(other, "lists.all")) == 2
    portal.goto("/ekip")
    row = portal.page.locator("[data-member]").filter(has_text=cast.INVITED_NAME)
    portal.press("Çıkar", within=row)
    portal.press("Çıkar", within=portal.dialog)
    portal.toast(f"{cast.INVITED_NAME} çıkarıldı.")
    portal.toast("Hesap anahtarı değişti. Verileriniz yerinde.")
    days.add(
        Planted("secret of the invitation", invited["fragment"], kind=Kind.ID),
        Planted("guest's password", cast.INVITED_PASSWORD),
        Planted("guest's code", "-".join(code["groups"]), kind=Kind.CODE),
        Planted("guest's e-mail", cast.INVITED, Tier.STAFF),
        Planted("guest's name", cast.INVITED_NAME, Tier.STAFF),
    )


def staff(days: Days, portal: Portal) -> None:
    """Support answers and looks on with a code; an operator takes the case, reads what was
    reported and a value of the profile."""
    me = portal.page.evaluate("fetch('/api/me').then((answer) => answer.json())")
    number = me["organization"]["customer_no"]
    support = Desk(days.visitor(), days.service)
    support.sign_in(STAFF[StaffRole.SUPPORT][0])
    _find(support, cast.BROWSER_PROFILE.email)
    support.take_up(f"müşteri {number}")
    support.page.locator("[name=body]").fill(cast.SUPPORT_ANSWER)
    support.page.locator("button[name=after][value=stay]").click()
    expect(support.page.get_by_text(cast.SUPPORT_ANSWER)).to_be_visible()
    portal.goto("/ayarlar")
    portal.press("Kod oluştur")
    code = portal.page.locator("[data-view-code]").inner_text()
    support.page.goto(f"{days.service.admin}/musteri-gozu/")
    support.page.locator("[name=code]").fill(code)
    support.page.locator("form:has([name=code]) button[type=submit]").click()
    expect(support.page.get_by_text(str(number)).first).to_be_visible()

    operator = Desk(days.visitor(), days.service)
    operator.sign_in(STAFF[StaffRole.ABUSE_OPERATOR][0])
    operator.take_up(f"müşteri {number}")
    operator.agree(operator.form("/ustlen"))
    first = operator.page.locator(".report").first
    first.locator("summary").click()
    first.locator("[name=reason]").select_option(index=1)
    first.locator("[name=note]").fill(NOTE)
    first.locator("button[type=submit]").click()
    expect(operator.page.locator("#h-words")).to_be_visible()
    _find(operator, cast.BROWSER_PROFILE.phone)
    owner = uuid.UUID(me["organization"]["id"])
    operator.page.goto(f"{days.service.admin}/isletme/{owner}/")
    shows = operator.form("/goster")
    shows.locator("[name=field]").select_option(index=1)
    shows.locator("[name=reason]").select_option(index=1)
    shows.locator("[name=note]").fill(NOTE)
    shows.locator("button[type=submit]").click()
    expect(operator.page.locator("[data-reveal-value]")).to_be_visible()
    days.add(Planted("support's answer", cast.SUPPORT_ANSWER, Tier.STAFF))


def _find(desk: Desk, value: str) -> None:
    """By a personal value as a whole: what alone is found opens at once."""
    desk.page.goto(f"{desk.service.admin}/ara/")
    desk.page.locator("#q").fill(value)
    desk.page.locator("form:has(#q) button[type=submit]").click()
    expect(desk.page).not_to_have_url(re.compile("/ara/"))
