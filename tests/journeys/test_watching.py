"""The watch over a visitor bites: a journey that passes has really been watched."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error, expect

from tests.journeys.conftest import Visit
from tests.journeys.service import Service
from tests.journeys.visitor import Visitor

INLINE = "document.body.setAttribute('style', 'color: red')"
FOREIGN = "new Image().src = 'http://elsewhere.example/pixel.png'"
UNCAUGHT = "setTimeout(() => { throw new Error('on purpose'); })"
PALE = """
const pale = document.createElement("p");
pale.textContent = "pale";
pale.animate([{ color: "#eee" }, { color: "#eee" }], { duration: 1, fill: "forwards" });
document.querySelector("main").prepend(pale);
"""
WIDE = """
const wide = document.createElement("canvas");
wide.width = 2000;
document.querySelector("main").append(wide);
"""


@pytest.fixture
def visitor(visit: Visit, service: Service) -> Visitor:
    made = visit()
    made.page.goto(service.web + "/")
    expect(made.page.locator("html[data-shell=ready]")).to_be_attached()
    return made


@pytest.mark.browser
@pytest.mark.parametrize(
    ("mischief", "words"),
    [
        (INLINE, "refused by policy: style-src"),
        (FOREIGN, "refused by policy: img-src"),
        (UNCAUGHT, "uncaught: on purpose"),
        ("console.error('loud')", "error in the console: loud"),
    ],
)
def test_mischief_is_seen(visitor: Visitor, service: Service, mischief: str, words: str) -> None:
    visitor.page.evaluate(f"() => {{ {mischief} }}")

    def seen() -> bool:
        visitor.page.evaluate("1")  # lets what the browser has told come in
        return any(words in one for one in visitor.complaints)

    service.wait(words, seen)
    visitor.complaints.clear()


@pytest.mark.browser
def test_another_host_is_seen(visitor: Visitor) -> None:
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        visitor.page.goto("http://elsewhere.example/")
    visitor.page.close()
    assert "a request to another host: http://elsewhere.example/" in visitor.complaints
    visitor.complaints.clear()


@pytest.mark.browser
def test_an_unreadable_or_a_wide_page_is_refused(visitor: Visitor) -> None:
    visitor.fits("landing")
    visitor.accessible("landing")
    visitor.page.evaluate(f"() => {{ {PALE} }}")
    with pytest.raises(AssertionError, match="color-contrast"):
        visitor.accessible("landing")
    visitor.page.evaluate(f"() => {{ {WIDE} }}")
    with pytest.raises(AssertionError, match="px too wide at 1280"):
        visitor.fits("landing")
