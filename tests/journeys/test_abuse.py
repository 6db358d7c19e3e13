"""Complaints reach the desk with their proof; what staff decide stops the sending at once."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import LIST, PASSWORD, Customer, at_work, crowd
from tests.journeys.desk import Desk
from tests.journeys.portal import OFFER, Portal
from tests.journeys.service import Service
from whatstr.accounts.models import StaffRole
from whatstr.local.seeds import STAFF
from whatstr.vault.rows import JobRow

OPERATOR, OWNER = STAFF[StaffRole.ABUSE_OPERATOR][0], STAFF[StaffRole.OWNER][0]
ROWS = 2500
AT_ONCE = 1.0
EXPLANATION = "Alıcılar onay vermediklerini bildirdi; doğrulanan bildirimler bunu gösteriyor."


@pytest.mark.browser
def test_complaints_stop_a_line(visit: Visit, service: Service) -> None:
    customer = at_work(service, "Israrcı Emlak")
    (reporter, *_), *everybody = crowd(ROWS)
    _send_one(customer, reporter)
    # The person replies ŞİKAYET to the message, and forwards its words to our number as well.
    message = _last(service, reporter)["id"]
    service.writes(reporter, "ŞİKAYET", line=customer.phone_number_id, to=message)
    words = "\n".join(_words(service, reporter))
    service.writes(reporter, words, line=service.abuse_line)
    customer.bring(everybody)

    desk = Desk(visit(), service)
    desk.sign_in(OPERATOR)
    _two_reports(desk, customer)
    desk.visitor.shoot("staff-my-work")
    desk.visitor.accessible("staff-my-work")
    desk.take_up(f"müşteri {customer.number}")
    assert sorted(desk.verdicts()) == ["sender_only", "verified"]
    desk.agree(desk.form("/ustlen"))
    _open_words(desk, words)

    portal = Portal(visit(), service)
    portal.sign_in(customer.email, PASSWORD)
    portal.compose(title="Durdurulacak", liste=LIST)
    portal.launch(rows=ROWS - 1)
    service.wait("the campaign to run", lambda: customer.taken() > 20)
    desk.page.reload()
    _decide(desk, "pause_line")
    stopped = time.time()
    desk.visitor.shoot("staff-case-decided")
    desk.visitor.accessible("staff-case-decided")
    _nothing_after(customer, stopped)

    portal.state("Bekletiliyor")
    expect(portal.page.get_by_text("Görevlilerimiz durdurdu")).to_be_visible()
    expect(portal.page.get_by_role("link", name="Hatları aç")).to_have_count(0)
    expect(portal.page.get_by_role("link", name="Özet sayfasını aç")).to_be_visible()
    portal.visitor.shoot("campaign-held")
    portal.goto("/hatlar")
    expect(portal.page.locator("[data-line]")).to_contain_text("Durduruldu")
    portal.visitor.shoot("lines-paused")
    portal.visitor.accessible("lines-paused")
    assert EXPLANATION in service.mailed(customer.email, f"({re.escape(EXPLANATION)})")


@pytest.mark.browser
def test_a_suspension_needs_a_second_person(visit: Visit, service: Service) -> None:
    customer = at_work(service, "Sahte Çekiliş")
    (victim, *_), *everybody = crowd(ROWS)
    _send_one(customer, victim)
    words = _words(service, victim)
    _report_on_the_web(visit, customer, victim, words)
    customer.bring(everybody)

    operator, owner = Desk(visit(), service), Desk(visit(), service)
    operator.sign_in(OPERATOR)
    operator.take_up(f"müşteri {customer.number}")

    def verified() -> bool:
        operator.page.reload()
        return operator.verdicts() == ["verified"]

    service.wait("the proof of the report", verified)
    operator.agree(operator.form("/ustlen"))
    _decide(operator, "suspend", hold=False)
    assert operator.form("/imzala").count() == 0
    operator.visitor.shoot("staff-case-proposed")
    operator.visitor.accessible("staff-case-proposed")
    assert operator.page.locator("form[action*='/onay/']").count() == 0  # never one's own

    portal = Portal(visit(), service)
    portal.sign_in(customer.email, PASSWORD)
    portal.compose(title="Askıya alınacak", liste=LIST)
    portal.launch(rows=ROWS - 1)
    service.wait("the campaign to run", lambda: customer.taken() > 20)

    owner.sign_in(OWNER)
    owner.page.locator("section[aria-labelledby=h-signatures] .queue-item").last.click()
    expect(owner.page.locator("form[action*='/onay/']")).to_be_visible()
    owner.visitor.shoot("staff-case-to-sign")
    owner.agree(owner.page.locator("form[action*='/onay/']"))
    _nothing_after(customer, time.time())
    owner.visitor.shoot("staff-suspended")

    portal.state("Bekletiliyor")
    expect(portal.page.get_by_text("İşletmenizin gönderimleri durduruldu")).to_be_visible()
    assert portal.page.get_by_role("button", name="Sürdür").count() == 0
    portal.visitor.shoot("campaign-of-suspended")
    portal.goto("/panel")
    told = portal.page.locator("[data-slot=banners] .notice").first
    expect(told).to_contain_text("Gönderimleriniz durduruldu")
    expect(told).to_contain_text("Gerekçesi e-posta adresinize gönderildi")
    portal.visitor.shoot("overview-suspended")
    portal.visitor.accessible("overview-suspended")
    portal.page.locator(".rail").get_by_role("link", name="English").click()
    expect(portal.page.locator("html")).to_have_attribute("lang", "en")
    portal.visitor.opened()
    expect(told).to_contain_text("Your sending is stopped")
    expect(told).to_contain_text("The reasons were sent to your e-mail address")
    portal.visitor.shoot("overview-suspended-in-english")


def _send_one(customer: Customer, number: str) -> None:
    """A campaign to one person, read on the phone."""
    templates = customer.client.records("templates")
    offer = next(
        one for _, kept in templates.values() for one in kept["templates"] if one["name"] == OFFER
    )
    documents = customer.client.api.get("config")["documents"]
    version = next(d["version"] for d in documents if d["document"] == "launch-statement")
    campaign = customer.client.campaigns.launch(
        [JobRow(number, ("Zeynep", "%20"))],
        title="Tek kişi",
        line=customer.client.api.get("lines")["lines"][0]["id"],
        template=offer,
        documents=[{"document": "launch-statement", "version": version}],
    )
    *_, last = customer.client.campaigns.watch(campaign, seconds=60)
    assert last["state"] == "done"


def _words(service: Service, number: str) -> list[str]:
    """The lines of the message, as its recipient copies them."""
    seen = _last(service, number)["seen"]
    return [seen[part] for part in ("header", "body", "footer") if seen.get(part)]


def _last(service: Service, number: str) -> dict[str, Any]:
    """The newest template that this person got."""
    return [one for one in service.sent_to(number) if one["type"] == "template"][-1]


def _two_reports(desk: Desk, customer: Customer) -> None:
    """Both reports have joined the case."""

    def both() -> bool:
        desk.page.goto(desk.service.admin + "/")
        mine = desk.page.locator(".queue-item").filter(has_text=f"müşteri {customer.number}")
        return mine.count() == 1 and "2 bildirim" in mine.inner_text()

    desk.service.wait("two reports in one case", both)


def _open_words(desk: Desk, words: str) -> None:
    """With a recorded reason an operator reads what was reported, line by line."""
    desk.visitor.shoot("staff-case")
    desk.visitor.accessible("staff-case")
    report = desk.page.locator(".report").filter(has=desk.page.locator("[data-status=verified]"))
    report.locator("summary").click()
    report.locator("[name=reason]").select_option(index=1)
    report.locator("[name=note]").fill("Bildirilen sözlere bakmadan karar verilemiyor.")
    report.locator("button[type=submit]").click()
    marked = desk.page.locator(".marked li")
    expect(marked).to_have_count(len(words.split("\n")))
    for line in words.split("\n"):
        expect(desk.page.locator(".mark-yes").filter(has_text=line)).to_have_count(1)
    desk.visitor.shoot("staff-words")
    desk.visitor.accessible("staff-words")
    desk.page.go_back()


def _decide(desk: Desk, outcome: str, *, hold: bool | None = None) -> None:
    form = desk.page.locator("form[data-decision]")
    form.locator(f"input[value={outcome}]").check()
    if hold is not None:
        form.locator("input[type=checkbox][name=hold_line]").set_checked(hold)
    form.locator("[name=policy]").select_option("consent")
    form.locator("[name=ground]").select_option("terms")
    form.locator("[name=explanation]").fill(EXPLANATION)
    answer = desk.agree(form)
    assert answer.status == 302, desk.page.locator("#main").inner_text()


def _nothing_after(customer: Customer, moment: float) -> None:
    """Meta has taken no message of theirs later than a second after this."""
    service = customer.service
    service.wait("Meta's last report", lambda: not service.sim("webhooks")["planned"])
    stood = customer.taken()
    assert stood < ROWS, "the campaign was over before anybody decided"
    found = service.sim("messages?limit=1000000")["messages"]
    lines = {customer.phone_number_id}
    last = max(
        one["accepted"]
        for one in found
        if one["phone_number_id"] in lines and one["type"] == "template"
    )
    assert last <= moment + AT_ONCE


def _report_on_the_web(visit: Visit, customer: Customer, victim: str, words: list[str]) -> None:
    """The public page, without an account; the code goes to our number from the person's phone."""
    visitor, service = visit(), customer.service
    page = visitor.page
    page.goto(service.web + "/bildir")
    visitor.shoot("report")
    visitor.accessible("report")
    with visitor.expecting("status of 400"):
        page.locator("main form button[type=submit]").click()
        expect(page.locator("#error-summary")).to_be_visible()
    visitor.shoot("report-errors")
    page.locator("[name=number]").fill(customer.account["lines"][0]["number"])
    page.locator("[name=category]").select_option("fraud")
    page.locator("[name=text]").fill("\n".join(words))
    page.locator("main form button[type=submit]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bildiriminiz alındı")
    visitor.shoot("report-done")
    visitor.accessible("report-done")
    code = page.locator("code").inner_text()
    service.writes(victim, code, line=service.abuse_line)
