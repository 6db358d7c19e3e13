"""One running service for all journeys; each brings organizations of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.journeys.service import Service, running
from tests.journeys.visitor import HEIGHT, WIDTHS, Visitor

Visit = Callable[..., Visitor]
NewContext = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """Everything runs: servers, simulators, every role."""
    with running() as made:
        yield made


@pytest.fixture(autouse=True)
def tidied(service: Service) -> Iterator[None]:
    yield
    service.tidy()


@pytest.fixture
def visit(
    service: Service, new_context: NewContext, pytestconfig: pytest.Config
) -> Iterator[Visit]:
    """Open a browser of one's own: `visit()`; `language` and `width` where they matter.
    With WHATSTR_PICTURES=1 every page on the way is kept as a picture, below `--output`."""
    visitors: list[Visitor] = []
    wanted = os.environ.get("WHATSTR_PICTURES") == "1"
    pictures = Path(pytestconfig.getoption("--output")).absolute() / "pages" if wanted else None

    def open_one(*, language: str = "tr", width: int = WIDTHS[0], **more: Any) -> Visitor:
        context = new_context(
            viewport={"width": width, "height": HEIGHT},
            locale="tr-TR" if language == "tr" else "en-GB",
            timezone_id="Europe/Istanbul",
            reduced_motion="reduce",
            **more,
        )
        visitor = Visitor(context, own=service.own_origins(), pictures=pictures)
        visitors.append(visitor)
        return visitor

    yield open_one
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    assert complaints == []
