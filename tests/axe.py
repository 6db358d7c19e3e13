"""axe-core on a page. Its script, half a megabyte, is put into each document once."""

from __future__ import annotations

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_SCRIPT: str = Axe().axe_script
EVERY_RULE = {"resultTypes": ["violations"]}
COLOURS = {**EVERY_RULE, "runOnly": ["color-contrast"]}
"""What the theme changes; the other rules do not look at it."""


def check(page: Page, rules: dict[str, list[str]] = EVERY_RULE) -> AxeResults:
    """What axe-core says of the page as it stands."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_SCRIPT)
    return AxeResults(page.evaluate("(options) => axe.run(document, options)", rules))


def faults(page: Page, rules: dict[str, list[str]] = EVERY_RULE) -> list[tuple[str, str]]:
    """The rules that are broken, each with the first place."""
    found = check(page, rules).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found]
