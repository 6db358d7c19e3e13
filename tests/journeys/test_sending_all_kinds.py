"""A picture to everybody, a second attempt, an answer, and free text to who wrote."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import LIST, PASSWORD, at_work, crowd
from tests.journeys.portal import Portal
from tests.journeys.service import Service

THANKS, FAILS = "260", "291"
OWN = "+905329990020"


@pytest.mark.browser
def test_files_answers_and_second_attempts(visit: Visit, service: Service, tmp_path: Path) -> None:
    customer = at_work(service, "Defne Kırtasiye")
    people = crowd(3, THANKS, FAILS)
    (thankful, _, _), (failing, _, _) = people[-2:]
    customer.bring(people)
    visitor = visit()
    portal = Portal(visitor, service)
    page = visitor.page
    portal.sign_in(customer.email, PASSWORD)

    # A file that Meta would not take is refused in words; one that it takes is shown and tried.
    portal.compose(title="Yeni ürünler", liste=LIST, template="yeni_urunler")
    wrong, right = tmp_path / "belge.pdf", tmp_path / "vitrin.png"
    wrong.write_bytes(b"%PDF-1.4")
    right.write_bytes(page.screenshot())  # wider than the phone of the preview
    page.locator("input[name=media]").set_input_files(wrong)
    expect(page.get_by_text("Başlık görseli JPEG ya da PNG olmalı")).to_be_visible()
    page.locator("input[name=media]").set_input_files(right)
    expect(page.get_by_text("Seçilen dosya: vitrin.png")).to_be_visible()
    expect(page.locator("img.phone-media")).to_be_visible()
    visitor.shoot("compose-with-picture")
    portal.type_in({"to": OWN})
    portal.press("Deneme mesajı gönder")
    expect(page.get_by_text("Meta mesajı kabul etti")).to_be_visible(timeout=30_000)
    (tried,) = service.sent_to(OWN[1:])
    assert tried["sent"]["template"]["components"][0]["parameters"][0]["type"] == "image"
    first = portal.launch(rows=len(people))
    portal.state("Tamamlandı")
    counts = portal.settled()
    assert counts["failed"] == 1 and counts["total"] == len(people)
    sent = [service.sent_to(number)[0] for number, _, _ in people]
    ids = {one["sent"]["template"]["components"][0]["parameters"][0]["image"]["id"] for one in sent}
    assert len(ids) == 1, "uploaded once"

    # Who got nothing for a passing reason gets a second attempt, which says whose it is.
    again = page.locator("form").filter(has=page.get_by_role("heading", name="İkinci deneme"))
    expect(again).to_be_visible()
    visitor.shoot("campaign-second-attempt")
    visitor.accessible("campaign-second-attempt")
    page.locator("input[name=media]").set_input_files(right)
    again.get_by_role("checkbox").check()
    again.get_by_role("button", name="1 kişiye yeniden gönder", exact=True).click()
    page.wait_for_url(lambda url: "kampanya#" in url and first not in url)
    visitor.opened()
    expect(page.get_by_text("başka bir kampanyanın ikinci denemesidir")).to_be_visible()
    portal.state("Tamamlandı")
    assert portal.settled()["failed"] == 1
    assert len(service.sent_to(failing)) == 2
    portal.goto(f"/kampanya#{first}")
    page.reload()
    visitor.opened()
    expect(page.get_by_role("heading", name="İkinci deneme")).to_have_count(0)

    # One reply is answered; then free text goes to whom the window is open for, and nobody else.
    portal.goto("/panel")
    page.get_by_text("Yanıtla", exact=True).click()
    portal.type_in({"text": "Rica ederiz."})
    visitor.shoot("overview-answer")
    portal.press("Yanıtı gönder")
    expect(page.get_by_text("Yanıtınız Meta'ya ulaştı")).to_be_visible(timeout=30_000)
    portal.goto("/kampanyalar/yeni")
    page.get_by_role("radio", name=re.compile("Serbest metinle")).check()
    portal.type_in({"title": "Teşekkür", "text": "Yarın da açığız.\nBekleriz."})
    expect(page.locator(".phone")).to_contain_text("Yarın da açığız.")
    visitor.shoot("compose-free-text")
    visitor.accessible("compose-free-text")
    portal.launch(rows=1)
    portal.state("Tamamlandı")
    got = [
        one["sent"]["text"]["body"] for one in service.sent_to(thankful) if one["type"] == "text"
    ]
    assert got == ["Rica ederiz.", "Yarın da açığız.\nBekleriz."]
