"""What the days in a real browser share: the service, the browser, and what was typed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.journeys.portal import Portal
from tests.journeys.service import Service
from tests.journeys.visitor import HEIGHT, WIDTHS, Visitor
from tests.leaks.cast import ADDRESS
from tests.leaks.patterns import Kind, Planted, Tier
from whatstr.core import static_files
from whatstr.local.chromium import find_chromium, launch_arguments
from whatstr.vault.client import Profile

# From where the page itself has it: a second copy of the module would start a vault of its own.
_CALL = """
async ([at, name, args]) => {
  const { openVault } = await import(`${at}/js/vault/client.mjs`);
  window.leakVault ??= await openVault();
  return window.leakVault.call(name, args);
}
"""


class Days:
    """`planted` must not be found afterwards; of it the desk may read `reported`, and nobody may
    open `erased` any more, which stood in a deleted account."""

    def __init__(self, service: Service, browser: Browser, folder: Path) -> None:
        self.service = service
        self.folder = folder
        self.planted: list[Planted] = []
        self.reported: set[str] = set()
        self.erased: set[str] = set()
        self.visitors: list[Visitor] = []
        self._browser = browser

    def visitor(self) -> Visitor:
        """Somebody at a browser of their own, who writes in Turkish from a known address."""
        context = self._browser.new_context(
            locale="tr-TR",
            timezone_id="Europe/Istanbul",
            viewport={"width": WIDTHS[0], "height": HEIGHT},
            extra_http_headers={"X-Forwarded-For": ADDRESS},
        )
        made = Visitor(context, own=self.service.own_origins(), pictures=self.folder)
        self.visitors.append(made)
        return made

    def portal(self) -> Portal:
        return Portal(self.visitor(), self.service)

    def add(self, *values: Planted) -> None:
        self.planted += values

    def add_profile(self, whose: str, profile: Profile) -> set[str]:
        """Everything that a business says about itself; gives the names."""
        made = [
            Planted(f"{whose} phone", profile.phone.removeprefix("+"), Tier.STAFF, Kind.PHONE),
            *(
                Planted(f"{whose} {name}", getattr(profile, name), Tier.STAFF)
                for name in Profile.__slots__
                if name != "phone"
            ),
        ]
        self.add(*made)
        return {one.name for one in made}

    def file(self, name: str, body: bytes | str) -> Path:
        """A file on the customer's machine."""
        path = self.folder / name
        path.write_bytes(body.encode() if isinstance(body, str) else body)
        return path


def worker(portal: Portal, name: str, **args: Any) -> Any:
    """A call of the page's own Worker, where the click is another test's matter."""
    return portal.page.evaluate(_CALL, [static_files.address(), name, args])


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """The customer's own machine: what the browser keeps there is no trace of ours."""
    program = find_chromium()
    if program is None:
        raise SystemExit("There is no Chromium: install it, or set WHATSTR_CHROMIUM.")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program,
            args=launch_arguments(),
            env={**os.environ, "TMPDIR": str(folder)},
        )
        try:
            yield browser
        finally:
            browser.close()
