"""The Worker in a page of its own, against a stand-in; nothing may go wrong unseen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.vault.fake_api import fake_api
from tests.vault.worker.panel import Panel


@pytest.fixture
def panel(page: Page) -> Iterator[Panel]:
    with fake_api() as (address, world):
        panel = Panel(page, address, world)
        panel.open()
        yield panel
        page.goto("about:blank")
    assert [p for p in panel.problems if "Failed to load resource" not in p] == []
    assert len(panel.hosts - {""}) <= 1
