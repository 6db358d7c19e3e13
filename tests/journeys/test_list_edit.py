"""One person more in a list, corrected, taken out by mistake and put back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.customer import PASSWORD, crowd, signed_up
from tests.journeys.portal import Portal
from tests.journeys.service import Service
from whatstr.vault.client_lists import Consent

# As files and their columns are called, without a place to break: longer than a phone is wide.
LIST = "musteriler_2026_kasim_indirim_kampanyasi_icin_hazirlanan_ve_denetlenen_son_hali"
COLUMNS = [f"indirim_orani_ve_kampanya_kodu_{year}_kasim" for year in (2024, 2025, 2026)]


@pytest.mark.browser
def test_people_of_a_list(visit: Visit, service: Service) -> None:
    client, email, _ = signed_up(service, "Kalem Kırtasiye")
    consent = Consent("explicit_consent", "Form", "2026-05-01")
    people = [(number, name, ("%20", "", "")) for number, name, _ in crowd(3)]
    saved = client.lists.save(LIST, people, columns=COLUMNS, consent=consent)
    visitor = visit()
    portal = Portal(visitor, service)
    page = visitor.page
    portal.sign_in(email, PASSWORD)
    portal.goto("/kisiler")
    expect(page.get_by_role("button", name=LIST)).to_be_visible()
    visitor.shoot("lists-of-long-names")
    page.get_by_role("button", name=LIST).click()

    portal.press("Bir kişi ekle")
    new = {"phone": "0532 999 88 77", "name": "Zeynep Ada", "field0": "%30"}
    portal.type_in(new, within=portal.dialog)
    visitor.accessible("list-person-added")
    portal.press("Ekle", within=portal.dialog)
    portal.toast("Kişi eklendi.")
    portal.press("Zeynep Ada: düzelt")
    portal.type_in({"name": "Zeynep Adalı"}, within=portal.dialog)
    portal.press("Kaydet", within=portal.dialog)
    portal.toast("Değişiklik kaydedildi.")

    there = page.get_by_role("cell", name="Zeynep Adalı", exact=True)
    portal.press("Zeynep Adalı: listeden çıkar")
    portal.toast("Zeynep Adalı bu listeden çıkarıldı")
    expect(there).to_have_count(0)
    visitor.shoot("list-person-taken-out")
    visitor.accessible("list-person-taken-out")
    assert len(client.lists.open(saved)[1]) == 3
    portal.press("Geri al")
    portal.toast("Zeynep Adalı yeniden listede.")
    expect(there).to_be_visible()
    expect(page.get_by_role("button", name="Geri al")).to_have_count(0)
    *_, last = client.lists.open(saved)[1]
    assert last == ("905329998877", "Zeynep Adalı", ("%30", "", ""))
