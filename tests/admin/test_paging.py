"""Lists are turned by the place of a row: every row is on one page, whatever sorts the list."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import quote

import flask
import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from tests.admin.customers import Customer
from tests.admin.office import Colleague, cookies, hire, served
from tests.admin.test_access import views
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole
from whatstr.admin.views import Register
from whatstr.billing.models import Payment, PaymentState
from whatstr.core import clock

ROWS = re.compile(r"/odemeler/details/\?id=([0-9a-f-]{36})")
SIZE = 5


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Register, "page_size", SIZE)
    monkeypatch.setattr("whatstr.admin.suppressions.PAGE_SIZE", SIZE)


@pytest.fixture
def paid(database: ModuleDatabase, shop: Customer) -> list[Payment]:
    """Twenty-three payments: begun at four instants, paid at three or never."""
    now = clock.now().replace(microsecond=123_456)
    with as_owner(database) as owner:
        owner.execute(sa.text("TRUNCATE payment CASCADE"))
        rows = [_payment(shop, now, n) for n in range(23)]
        owner.add_all(rows)
        owner.flush()
        owner.expunge_all()
    return rows


def _payment(shop: Customer, now: datetime, n: int) -> Payment:
    made = Payment(
        id=uuid.uuid4(),
        organization_id=shop.organization,
        member_id=shop.member,
        plan_id=shop.plan,
        state=PaymentState.PAID if n % 3 else PaymentState.FAILED,
        amount_kurus=100 + n,
        vat_kurus=0,
        term_version="1",
        term_accepted_at=now,
        created_at=now - timedelta(hours=n % 4),
        paid_at=now - timedelta(days=n % 3) if n % 5 else None,
    )
    made.address = "203.0.113.4"
    return made


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'href="(\?[^"]+)" rel="{rel}"', page)
    return found[1].replace("&amp;", "&") if found else None


def turned(who: Colleague, path: str, rel: str, rows: re.Pattern[str]) -> Iterator[list[str]]:
    """The rows of each page, turned until there is none."""
    query: str | None = path.partition("?")[1] + path.partition("?")[2]
    while query is not None:
        answer = who.get(path.partition("?")[0] + query)
        assert answer.status_code == 200
        yield list(dict.fromkeys(rows.findall(answer.text)))
        query = link(answer.text, rel)


def wanted(rows: list[Payment], by: str, *, down: bool) -> list[str]:
    """As PostgreSQL sorts: what has no value counts as the greatest."""
    last = max(row.created_at for row in rows) + timedelta(days=1)

    def place(row: Payment) -> Any:
        return (getattr(row, by) or last, row.id.bytes)

    return [str(row.id) for row in sorted(rows, key=place, reverse=down)]


@pytest.mark.parametrize("down", [True, False])
@pytest.mark.parametrize(("column", "by"), [(0, "created_at"), (4, "paid_at")])
def test_every_row_is_on_one_page_in_the_order_asked_for(
    panel: flask.Flask, small: None, paid: list[Payment], column: int, by: str, down: bool
) -> None:
    who = hire(panel, StaffRole.BILLING)
    path = f"/odemeler/?sort={column}{'&desc=1' if down else ''}"
    pages = list(turned(who, path, "next", ROWS))
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    assert list(chain(*pages)) == wanted(paid, by, down=down)


@pytest.mark.parametrize("down", [True, False])
@pytest.mark.parametrize(("column", "by"), [(0, "created_at"), (4, "paid_at")])
def test_the_way_back_shows_the_same_pages(
    panel: flask.Flask, small: None, paid: list[Payment], column: int, by: str, down: bool
) -> None:
    who = hire(panel, StaffRole.BILLING)
    query: str | None = f"?sort={column}{'&desc=1' if down else ''}"
    there, last = [], ""
    while query:
        last = who.get(f"/odemeler/{query}").text
        there.append(list(dict.fromkeys(ROWS.findall(last))))
        query = link(last, "next")
    back = link(last, "prev")
    assert back
    assert list(turned(who, f"/odemeler/{back}", "prev", ROWS)) == there[-2::-1]


def test_filters_and_the_order_stay_when_a_page_is_turned(
    panel: flask.Flask, small: None, paid: list[Payment]
) -> None:
    who = hire(panel, StaffRole.BILLING)
    path = "/odemeler/?sort=0&desc=1&flt0_0=paid"
    found = list(chain(*turned(who, path, "next", ROWS)))
    assert found == wanted(
        [r for r in paid if r.state is PaymentState.PAID], "created_at", down=True
    )
    second = who.get(f"/odemeler/{link(who.get(path).text, 'next')}").text
    chip = re.search(r'class="chip" href="([^"]+)"', second)
    assert chip and "after" not in chip[1] and "sort=0" in chip[1], "a chip begins anew"
    assert "after" not in "".join(re.findall(r'<th[^>]*><a href="([^"]+)"', second))


def test_what_is_inserted_meanwhile_moves_nothing(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer, small: None, paid: list[Payment]
) -> None:
    who = hire(panel, StaffRole.BILLING)
    following = link(who.get("/odemeler/").text, "next")
    before = ROWS.findall(who.get(f"/odemeler/{following}").text)
    with as_owner(database) as owner:
        owner.add_all([_payment(shop, clock.now() + timedelta(days=1), n) for n in range(3)])
    page = who.get(f"/odemeler/{following}").text
    assert ROWS.findall(page) == before
    back = who.get(f"/odemeler/{link(page, 'prev')}").text
    assert len(set(ROWS.findall(back))) == SIZE
    first = who.get(f"/odemeler/{link(back, 'prev')}").text
    assert ROWS.findall(first) == ROWS.findall(who.get("/odemeler/").text), "a full first page"


def cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


SOME = uuid.UUID(int=7).hex
AT = "2026-11-01T10:00:00+00:00"
ODD = [
    *("x", "AAAA", "%00", "é", "=" * 9, "A" * 10_000, cursor(), cursor(AT), cursor(AT, SOME, 1)),
    *(cursor("yesterday", SOME), cursor(AT, "no-id"), cursor(AT[:-6], SOME), cursor(AT, 7)),
    *(cursor(None, SOME), cursor(AT, None), cursor(1, 2), cursor([AT], SOME), cursor({}, SOME)),
    *(cursor(AT + "\0", SOME), cursor("\ud800", SOME), cursor(2**70), cursor(True), cursor(1.5)),
    *(cursor("0001-01-01T00:00:00+23:59", SOME), cursor("9999-12-31T23:59:59-23:59", SOME)),
    base64.urlsafe_b64encode(b"[" * 400).decode(),
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
]


READ = [cursor(AT, SOME), cursor(None, SOME), cursor(1, 2), cursor(True, SOME), cursor("é", SOME)]
"""Places whose parts reach the comparison."""


@pytest.mark.parametrize("name", ["after", "before"])
def test_a_malformed_place_is_never_a_crash(panel: flask.Flask, shop: Customer, name: str) -> None:
    who = hire(panel, StaffRole.OWNER)
    lists = [view.url for view in views(panel) if isinstance(view, Register)] + ["/engeller"]
    for url in lists:
        # How a place is read is the same for all; what it is compared with is each list's own.
        for text in ODD if url == lists[0] else READ:
            answer = who.get(f"{url}/?{name}={quote(text)}")
            assert answer.status_code == 200, (url, text[:60])


def test_a_malformed_place_is_the_first_page(
    panel: flask.Flask, small: None, paid: list[Payment]
) -> None:
    who = hire(panel, StaffRole.BILLING)
    first = ROWS.findall(who.get("/odemeler/").text)
    naive = cursor(AT[:-6], SOME)
    for text in ("x", naive, cursor(None, SOME), cursor(AT), cursor("yesterday", SOME)):
        assert ROWS.findall(who.get(f"/odemeler/?after={text}").text) == first, text
    far = cursor("1999-01-01T00:00:00+00:00", SOME)
    page = who.get(f"/odemeler/?after={far}").text
    assert "The list ends before this page" in page and "To the beginning" in page


def test_refusals_of_one_instant_are_one_row_and_none_is_lost(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer, small: None
) -> None:
    with as_owner(database) as owner:
        owner.execute(sa.text("TRUNCATE s_optout"))
        owner.execute(
            sa.text(
                "INSERT INTO s_optout (organization_id, recipient_ix, via, at) SELECT :o,"
                " decode(md5(n::text), 'hex'), CASE WHEN n % 4 < 2 THEN 'link' ELSE 'word' END,"
                " timestamptz '2026-11-01' + interval '1 hour' * (n % 6)"
                " FROM generate_series(1, 40) n"
            ),
            {"o": shop.organization},
        )
    who = hire(panel, StaffRole.SUPPORT)
    counts = re.compile(r'class="num"><span class="number">(\d+)<')

    def shown(query: str) -> list[list[int]]:
        pages = []
        while query:
            page = who.get(f"/engeller/{query}").text
            pages.append([int(one) for one in counts.findall(page)])
            query = link(page, "next") or ""
        return pages

    assert [len(page) for page in shown("?")] == [5, 5, 2]
    assert sum(chain(*shown("?"))) == 40
    assert [len(page) for page in shown("?via=link")] == [5, 1]
    assert sum(chain(*shown("?via=link"))) == 20


def test_a_page_deep_in_a_list_is_found_by_its_index(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer, paid: list[Payment]
) -> None:
    """No OFFSET is left, and the place bounds the column that is sorted by."""
    said: list[str] = []
    with panel.app_context():
        from whatstr.core.db import db

        engine = db.engine

    def hear(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        said.append(statement)

    sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        place = cursor(AT, SOME)
        hire(panel, StaffRole.BILLING).get(f"/odemeler/?after={place}")
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)
    (asked,) = [one for one in said if "FROM payment" in one]
    assert "OFFSET" not in asked and "payment.created_at <= " in asked


@pytest.mark.browser
def test_pages_are_turned_by_keyboard(
    page: Page, context: BrowserContext, panel: flask.Flask, small: None, paid: list[Payment]
) -> None:
    who = hire(panel, StaffRole.BILLING)
    with served(panel) as address:
        context.add_cookies(list(cookies(who, address)))
        page.set_viewport_size({"width": 360, "height": 740})
        page.goto(f"{address}/odemeler/")
        ready = page.locator("html")
        expect(ready).to_have_attribute("data-shell", "ready")
        first = page.locator(".row-link").first.get_attribute("href")
        page.keyboard.press("l")
        expect(page).to_have_url(re.compile(r"\?after="))
        expect(ready).to_have_attribute("data-shell", "ready")
        for link in page.locator(".pager a").all():
            box = link.bounding_box()
            assert box and box["x"] >= 0 and box["x"] + box["width"] <= 360, box
        page.keyboard.press("h")
        expect(page).not_to_have_url(re.compile(r"\?after="))
        expect(page.locator(".row-link").first).to_have_attribute("href", first or "")
