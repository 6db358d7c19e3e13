"""A person says DUR while a campaign runs, another taps the button: both are left alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import LIST, PASSWORD, at_work, crowd
from tests.journeys.portal import Portal, phone_text
from tests.journeys.service import Service

ROWS = 900
TAPS = "230"


@pytest.mark.browser
def test_opt_out(visit: Visit, service: Service) -> None:
    customer = at_work(service, "Susan Optik")
    taps, *ordinary = reversed(crowd(ROWS - 1, TAPS))
    people = [taps, *ordinary]  # the button is tapped early, the last person is far off
    customer.bring(people)
    last, name = people[-1][:2]
    visitor = visit()
    portal = Portal(visitor, service)
    page = visitor.page
    portal.sign_in(customer.email, PASSWORD)

    portal.compose(title="İlk", liste=LIST)
    portal.launch(rows=ROWS)
    service.wait("the first message", lambda: service.sent_to(taps[0]))
    service.writes(last, "DUR", line=customer.phone_number_id)
    portal.state("Tamamlandı")
    counts = portal.settled()
    assert counts["suppressed"] == 1 and counts["total"] == ROWS
    assert not [one for one in service.sent_to(last) if one["type"] == "template"]

    # The customer sees who, and why.
    portal.press("Alıcıları göster")
    page.get_by_label("Durum", exact=True).select_option(label="Engellendi")
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("Engellendi")
    visitor.shoot("campaign-suppressed")

    portal.goto("/kisiler")
    refused = page.locator("section.panel").filter(
        has=page.get_by_role("heading", name="Mesaj istemeyenler")
    )
    expect(refused.get_by_role("row")).to_have_count(3)
    expect(refused.get_by_role("row").filter(has_text=phone_text(last))).to_contain_text("DUR")
    expect(refused.get_by_role("row").filter(has_text=phone_text(taps[0]))).to_contain_text(
        "düğmeyle"
    )
    visitor.shoot("contacts-with-opt-outs")
    visitor.accessible("contacts-with-opt-outs")

    # Neither gets the next campaign, and the plan says so before it is sent.
    portal.compose(title="İkinci", liste=LIST)
    expect(page.get_by_text("2 ret")).to_be_visible()
    visitor.shoot("compose-with-opt-outs")
    portal.launch(rows=ROWS - 2)
    portal.state("Gönderiliyor")
    portal.press("Kampanyayı iptal et")
    portal.press("Kampanyayı iptal et", within=portal.dialog)
    portal.state("İptal edildi")
    portal.settled()
    for number in (taps[0], last):
        found = service.sim(f"people?to={number}")
        assert found["after_opt_out"] == 0
    ledger = service.sim(f"ledger/summary?business={customer.business}&opted_out={last}")
    assert ledger["opted_out_reached"] == 0
    assert ledger["reached_twice_or_more"] == 0
