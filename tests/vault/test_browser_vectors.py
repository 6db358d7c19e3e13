"""The known answers, in a real browser under the panel's Content-Security-Policy."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.vault.make_vectors import PATH
from tests.vault.page_server import serving


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.mark.browser
def test_the_browser_gives_the_same_answers(page: Page, address: str) -> None:
    page.goto(address)
    run = "async (vectors) => (await import('/tests/vectors.mjs')).check(vectors)"
    results = page.evaluate(run, json.loads(PATH.read_text(encoding="utf-8")))
    assert len(results) >= 150
    assert [pair for pair in results if pair[1] != "ok"] == []
