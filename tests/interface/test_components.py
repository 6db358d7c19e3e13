"""The components that pages are built of, in a real browser under the panel's policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from whatstr.core.security import PANEL_CSP

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
SPRITE = (ROOT / "templates" / "macros" / "icons.svg").read_text("utf-8")
PAGE = f"""<!doctype html><html lang="tr"><head><meta charset="utf-8"><title>Parça</title>
<link rel="stylesheet" href="/static/css/tokens.css"></head>
<body>{SPRITE}<main><h1>Parça</h1><form><div class="field"><label for="a">Ad</label>
<input id="a" name="ad" aria-describedby="a-help"><p id="a-help">Yardım</p></div></form></main>
<div data-toasts role="status"></div>
<script type="module" src="/static/js/ui/shell.mjs"></script></body></html>"""


class Handler(SimpleHTTPRequestHandler):
    """Serves whatstr/static and one page, with the panel's policy."""

    def do_GET(self) -> None:
        if self.path == "/":
            body = PAGE.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        else:
            super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", PANEL_CSP)
        super().end_headers()

    def log_request(self, *args: Any) -> None:
        """Quiet."""


Handler.extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=ROOT / "whatstr"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def parts(page: Page, site: str) -> Iterator[Page]:
    """A page with the components at `window.ui`; any breach of the policy fails the test."""
    complaints: list[str] = []
    page.on(
        "console",
        lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None,
    )
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.goto(site)
    page.wait_for_selector('html[data-shell="ready"]')
    page.evaluate("async () => { window.ui = await import('/static/js/ui/index.mjs') }")
    yield page
    assert complaints == []


def test_text_never_becomes_markup(parts: Page) -> None:
    assert parts.evaluate(
        "() => ui.h('p', {}, '<img src=x>', null, false, [1, [2]]).outerHTML"
    ) == ("<p>&lt;img src=x&gt;12</p>")
    for call in (
        "ui.h('a', {href: ' javascript:alert(1)'})",
        "ui.h('b', {onclick: 'alert(1)'})",
        "ui.h('b', {style: 'color:red'})",
    ):
        refused = f"() => {{ try {{ {call} }} catch (e) {{ return e instanceof TypeError }} }}"
        assert parts.evaluate(refused) is True, call


def test_numbers_money_and_time_as_people_read_them(parts: Page) -> None:
    found = parts.evaluate(
        """() => { const f = ui.fmt; return [f.number(12480), f.money(125000), f.money(-5),
        f.datetime("2026-11-23T11:05:00Z"), f.percent(0.984), f.percent(0.00001),
        f.duration(7500), f.fold("IĞDIR"), f.fold("ığdır"), f.money(125000, "en")] }"""
    )
    assert found == [
        "12.480",
        "1.250,00\N{NO-BREAK SPACE}₺",
        "−0,05\N{NO-BREAK SPACE}₺",
        "23 Kas 2026".replace(" ", "\N{NO-BREAK SPACE}") + " 14:05",
        "%98,4",
        "<%0,1",
        "2 sa 5 dk",
        "igdir",
        "igdir",
        "₺1,250.00",
    ]


def test_the_sum_bar_sums_to_the_whole_and_drops_nothing(parts: Page) -> None:
    widths, total, words = parts.evaluate(
        """() => { const bar = ui.sumBar({read: 60, failed: 30, pending: 0, strange: 10});
        return [[...bar.querySelectorAll("rect")].map(r => parseFloat(r.getAttribute("width"))),
        bar.querySelector("tfoot td").textContent,
        [...bar.querySelectorAll("tbody th")].map(c => c.textContent)] }"""
    )
    assert widths == [60, 30, 10]
    assert total == "100"
    assert words == ["Okundu", "Ulaşmadı", "strange"]


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ("{read: 50, pending: 750}", ["%6,3", "%93,7"]),
        ("{read: 1, sent: 1, failed: 1}", ["%33,4", "%33,3", "%33,3"]),
        ("{read: 99999, failed: 1}", ["%100", "<%0,1"]),
        ("{read: 7}", ["%100"]),
    ],
)
def test_the_shares_make_the_whole(parts: Page, counts: str, shares: list[str]) -> None:
    found = parts.evaluate(
        f"""() => [...ui.sumBar({counts}).querySelectorAll("tbody tr")]
        .map((row) => row.lastChild.textContent)"""
    )
    assert found == shares


def test_a_list_is_searched_sorted_and_walked_by_key(parts: Page) -> None:
    parts.evaluate(
        """() => { window.opened = []; const rows = ["Işık", "Ömer", "Çağrı", "Ayşe"].map(
          (name, i) => ({name, n: [9, 10, 2, 1][i]}));
        document.querySelector("main").append(ui.dataTable({caption: "Kişiler", rows,
          columns: [{key: "name", label: "Ad"}, {key: "n", label: "Mesaj", num: true}],
          sort: {key: "name", dir: "asc"}, onRow: (row) => opened.push(row.name)})) }"""
    )
    names = parts.locator(".row-open")
    expect(names).to_have_text(["Ayşe", "Çağrı", "Işık", "Ömer"])
    parts.keyboard.press("/")
    parts.keyboard.type("isik")
    expect(names).to_have_text(["Işık"])
    expect(parts.locator(".table-found")).to_have_text("1 / 4 satır")
    parts.keyboard.type("x")
    parts.get_by_role("button", name="Aramayı temizle").click()
    parts.get_by_role("button", name="Mesaj").click()
    expect(names).to_have_text(["Ayşe", "Çağrı", "Işık", "Ömer"])
    parts.get_by_role("button", name="Mesaj").click()
    expect(names).to_have_text(["Ömer", "Işık", "Çağrı", "Ayşe"])
    names.first.focus()
    parts.keyboard.press("ArrowDown")
    parts.keyboard.press("Enter")
    assert parts.evaluate("opened") == ["Işık"]


def test_what_cannot_be_undone_is_typed_again(parts: Page) -> None:
    # The answer is written into the page: wait_for_function would need eval, which is refused.
    ask = (
        "() => { delete document.body.dataset.answer; ui.confirmDialog({title: 'Sil?', "
        "body: '3 kişi', confirm: 'Sil', danger: true, retype: 'Bahar'})"
        ".then((yes) => { document.body.dataset.answer = yes }) }"
    )
    body = parts.locator("body")
    parts.evaluate(ask)
    go = parts.get_by_role("button", name="Sil", exact=True)
    expect(go).to_be_disabled()
    parts.keyboard.type("Baha")
    expect(go).to_be_disabled()
    parts.keyboard.press("Enter")
    parts.keyboard.type("r")
    go.click()
    expect(body).to_have_attribute("data-answer", "true")
    parts.evaluate(ask)
    parts.keyboard.press("Escape")
    expect(body).to_have_attribute("data-answer", "false")


def test_errors_stand_beside_the_field_and_at_the_top(parts: Page) -> None:
    show = "(e) => ui.errorSummary(document.querySelector('form'), e)"
    assert parts.evaluate(show, {"ad": "Ad eksik.", "": "Genel."}) is False
    field = parts.locator("#a")
    expect(parts.locator(".error-summary")).to_be_focused()
    expect(parts.locator(".error-summary h2")).to_have_text("Düzeltmeniz gereken 2 yer var")
    expect(field).to_have_attribute("aria-describedby", "a-help a-problem")
    parts.get_by_role("link", name="Ad eksik.").click()
    expect(field).to_be_focused()
    assert parts.evaluate(show, {}) is True
    expect(field).to_have_attribute("aria-describedby", "a-help")
    expect(parts.locator(".error-summary, .field-error")).to_have_count(0)


def test_a_message_is_shown_as_the_phone_would_show_it(parts: Page) -> None:
    shown = parts.evaluate(
        """() => ui.phonePreview({body: "*Bahar* 2*3*4 _a_ ~b~ ```c*d*``` <b>", buttons: ["Dur"]})
        .querySelector(".phone-bubble p").outerHTML"""
    )
    assert shown == "<p><b>Bahar</b> 2*3*4 <i>a</i> <s>b</s> <code>c*d*</code> &lt;b&gt;</p>"


def test_progress_says_how_much_how_fast_and_how_long(parts: Page) -> None:
    said = parts.evaluate(
        """() => { const bar = ui.progressBar({label: "Mühürleniyor"});
        bar.update({done: 41200, total: 100000, rate: 8300}); return bar.innerText ||
        [...bar.querySelectorAll("p")].map(p => p.textContent) }"""
    )
    text = " ".join(said) if isinstance(said, list) else said
    assert "41.200 / 100.000" in text
    assert "Saniyede 8.300 · yaklaşık 7 sn kaldı" in text


def test_a_card_that_begins_with_a_number_says_what_it_counts(parts: Page) -> None:
    """On a phone the first cell is the card's title; a bare "8" would say nothing."""
    parts.set_viewport_size({"width": 360, "height": 700})
    told = parts.evaluate(
        """async () => {
          const sheet = document.createElement("link");
          Object.assign(sheet, {rel: "stylesheet", href: "/static/css/app.css"});
          await new Promise((done) => { sheet.onload = done; document.head.append(sheet); });
          const titles = [[true, 8], [false, "Ayşe"]].map(([num, value]) => {
            const table = ui.dataTable({caption: "x", rows: [{value}], search: false,
              columns: [{key: "value", label: "Satır", num}]});
            document.querySelector("main").append(table);
            return getComputedStyle(table.querySelector("td"), "::before").content;
          });
          return titles;
        }"""
    )
    assert told == ['"Satır"', "none"]


def test_a_language_is_a_word(parts: Page) -> None:
    """Meta says "en_US"; nobody who runs a shop does."""
    said = parts.evaluate(
        """async () => {
          const { languageWord } = await import("/static/js/portal/badges.mjs");
          return ["tr", "en_US", "?"].map(languageWord);
        }"""
    )
    assert said == ["Türkçe", "Amerikan İngilizcesi", "?"]
