"""Every page of the panel, wide and on a phone, light and dark: no violation by axe-core, nothing
wider than the screen, no other host asked."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import flask
import pytest
from playwright.sync_api import BrowserContext, Page

from tests.admin.customers import Customer
from tests.admin.office import hire, served
from tests.admin.test_browser import (  # noqa: F401 - fixtures
    address,
    quiet,
    seat,
    support_request,
)
from tests.admin.test_simulator_page import house, meta  # noqa: F401 - fixtures
from tests.admin.test_workplaces import case_id, request_id  # noqa: F401 - fixtures
from tests.axe import COLOURS, EVERY_RULE, faults
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole

pytestmark = pytest.mark.browser

WIDE, PHONE = (1280, 900), (360, 740)
LOOKS = ((WIDE, "light", EVERY_RULE), (PHONE, "dark", EVERY_RULE))
FRAME = ((WIDE, "dark", COLOURS), (PHONE, "light", COLOURS))
"""The other two are looked at on one page: what only they show is the frame around each."""
Looks = Sequence[tuple[tuple[int, int], str, dict[str, list[str]]]]
SETTLED = """
new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  .then(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)))
"""


def looks_right(page: Page, looks: Looks = LOOKS) -> None:
    for (width, height), theme, rules in looks:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.evaluate(SETTLED)
        assert faults(page, rules) == [], (page.url, width, theme)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def walk(page: Page, address: str, paths: list[str]) -> None:  # noqa: F811
    elsewhere: list[str] = []
    page.on("request", lambda one: elsewhere.append(one.url))
    for path in paths:
        page.goto(address + path)
        looks_right(page)
    page.goto(address + "/")
    looks_right(page, FRAME)
    assert [url for url in elsewhere if not url.startswith((address, "data:"))] == []


def test_no_list_has_a_violation(
    quiet: Page,  # noqa: F811
    context: BrowserContext,
    panel: flask.Flask,
    address: str,  # noqa: F811
    shop: Customer,
    case_id: uuid.UUID,  # noqa: F811
    request_id: uuid.UUID,  # noqa: F811
) -> None:
    seat(context, hire(panel, StaffRole.OWNER), address)
    # Every view but the home page: registers, workplaces, whatever comes next.
    views = panel.extensions["admin"][0]._views
    lists = [f"{view.url}/" for view in views if view.url not in (None, "/")]
    walk(quiet, address, [*lists, "/kampanyalar/?flt0_0=refused&flt1_1=marketing"])


def test_no_other_page_has_a_violation(
    quiet: Page,  # noqa: F811
    context: BrowserContext,
    panel: flask.Flask,
    database: ModuleDatabase,
    address: str,  # noqa: F811
    shop: Customer,
    case_id: uuid.UUID,  # noqa: F811
    request_id: uuid.UUID,  # noqa: F811
) -> None:
    seat(context, hire(panel, StaffRole.OWNER), address)
    asked = support_request(database, shop)
    places = [
        "/",
        f"/vaka/{case_id}/",
        f"/istisna/{request_id}/",
        f"/istisna/yeni/{shop.payment}",
        f"/isletme/{shop.organization}/",
        f"/destek/{asked}/",
        "/dogrula",
        "/eposta",
        "/davet",
        "/hesabim/",
        "/hesabim/dogrulama/",
    ]
    forms = [
        "/gorevliler/new/",
        "/paketler/new/",
        "/hazir-yanitlar/new/",
        f"/isletmeler/edit/?id={shop.organization}",
        f"/kullanicilar/edit/?id={shop.member}",
        f"/paketler/edit/?id={shop.plan}",
    ]
    details = [
        f"/hatlar/details/?id={shop.line}",
        f"/sablonlar/details/?id={shop.template}",
        f"/kampanyalar/details/?id={shop.running}",
        f"/kullanicilar/details/?id={shop.member}",
        f"/odemeler/details/?id={shop.payment}",
    ]
    walk(quiet, address, [*places, *forms, *details])


def test_the_page_of_meta_s_stand_in_has_no_violation(
    page: Page,
    context: BrowserContext,
    house: flask.Flask,  # noqa: F811
) -> None:
    """It is there only where one tries things out; the others are walked without it."""
    with served(house) as url:
        seat(context, hire(house, StaffRole.OWNER), url)
        walk(page, url, ["/benzetici/"])
        page.goto(url + "/benzetici/")
        assert page.locator("tbody tr").count() > 0


def test_doors_have_no_violation_for_who_is_not_signed_in(quiet: Page, address: str) -> None:  # noqa: F811
    walk(quiet, address, ["/giris", "/eposta", "/davet"])
