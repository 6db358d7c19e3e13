"""A person at a browser, watched: errors, refused content and strange hosts fail the journey."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebError,
    expect,
)

from tests.axe import COLOURS, EVERY_RULE, check

WIDTHS = (1280, 360)
HEIGHT = 900
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`refused by policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""
# The page, and the dialog over it: what can be moved sideways has something out of sight.
_SIDEWAYS = """
Math.max(...[document.documentElement, ...document.querySelectorAll("dialog[open]")]
  .map((one) => one.scrollWidth - one.clientWidth))
"""
# What hangs over the right edge, for the failure's words.
_WIDE = """
[...document.querySelectorAll("body *")]
  .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 5)
  .map((node) => `${node.tagName.toLowerCase()}.${node.className}`)
"""
# Colours of a theme begin to change one frame after it is chosen, and take a moment. Before, they
# are those of the other theme, which may hide what is wrong as well as show what is not.
_SETTLED = """
new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  .then(() => document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().endTime !== Infinity)
    .map((one) => one.finished))
  .then((ends) => Promise.allSettled(ends))
"""
expect.set_options(timeout=15_000)


class Visitor:
    """One browser context with one page; `complaints` must be empty at the end."""

    def __init__(self, context: BrowserContext, *, own: set[str], pictures: Path | None) -> None:
        self.complaints: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        self._own = own
        self._pictures = pictures
        context.set_default_timeout(20_000)
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        self.page: Page = context.new_page()

    # Watching -----------------------------------------------------------------------------------

    @contextmanager
    def expecting(self, pattern: str) -> Iterator[None]:
        """Inside, an error in the console that matches is part of the story."""
        self._expected.append(re.compile(pattern))
        try:
            yield
        finally:
            self._expected.pop()

    def _complain(self, text: str) -> None:
        if not any(one.search(text) for one in self._expected):
            self.complaints.append(text)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complain(f"{message.type} in the console: {message.text} {message.location}")

    def _error(self, error: WebError) -> None:
        self._complain(f"uncaught: {error.error}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("data", "blob"):
            return
        if f"{parts.scheme}://{parts.netloc}" not in self._own:
            self._complain(f"a request to another host: {request.url}")

    # Looking ------------------------------------------------------------------------------------

    def opened(self) -> None:
        """Wait until a page of the portal has built itself."""
        expect(self.page.locator("html[data-page=ready]")).to_be_attached()

    def goto(self, address: str) -> None:
        """Open a page of the portal and wait for it."""
        self.page.goto(address)
        self.opened()

    def shoot(self, name: str) -> None:
        """The page as it stands must fit both widths; pictures of it where they are wanted."""
        page, own = self.page, self.page.viewport_size
        assert own is not None
        for width in sorted(WIDTHS, key=lambda one: one == own["width"]):
            page.set_viewport_size({"width": width, "height": HEIGHT})
            self.fits(name)
            if self._pictures is not None:
                self._picture(self._pictures / f"{name}-{width}.png", width)
        page.set_viewport_size(own)

    def _picture(self, path: Path, width: int) -> None:
        page = self.page
        path.parent.mkdir(parents=True, exist_ok=True)
        dialog = page.locator("dialog[open]").count() > 0  # it covers the window, not the page
        # A window as tall as the page, so that what sticks to its edges stays there.
        height = HEIGHT if dialog else page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=path, animations="disabled")

    def fits(self, name: str) -> None:
        """Nothing can be scrolled sideways."""
        over = self.page.evaluate(_SIDEWAYS)
        if over > 0:
            width = self.page.viewport_size or {"width": 0}
            wide = self.page.evaluate(_WIDE)
            raise AssertionError(f"{name} is {over} px too wide at {width['width']}: {wide}")

    def accessible(self, name: str) -> None:
        """axe-core finds nothing on the page, in light and in dark."""
        for theme, rules in (("dark", COLOURS), ("light", EVERY_RULE)):
            self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            self.page.evaluate(_SETTLED)
            found = check(self.page, rules)
            if found.violations_count:
                raise AssertionError(f"{name} in {theme}:\n{found.generate_report()}")
