"""Every page of the panel and of the public site in a real browser: the policy is active, nothing
breaks it, no other host is asked; every answer under /api/ is data (vault design, 19 and 20.15)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import flask
import pytest
from playwright.sync_api import Page, Response, expect

from tests.accounts.people import sign_up
from tests.apps import ApiClient, role_app
from tests.services import ModuleDatabase
from tests.vault.panels import RealPanel
from whatstr.local.valkey import EmbeddedValkey
from whatstr.portal.pages import SHELLS

DATA = ("application/json", "application/octet-stream")
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""
# Markup as text is refused where the policy is active, in every engine that has Trusted Types.
MARKUP = """() => {
  try { document.createElement("p").innerHTML = "<b>x</b>"; return "taken"; }
  catch (error) { return error.name; }
}"""
SEEN = "new Promise((done) => setTimeout(() => done(window.violations.length > 0), 50))"
PUBLIC = ("/", "/guvenlik", "/kosullar", "/gizlilik", "/islemciler", "/cerezler", "/bildir")
QUIET = "html[data-shell=ready]"


class Walk:
    """A browser that notes what it asks for and what it is refused."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.hosts: set[str] = set()
        self.answers: dict[str, str] = {}
        page.add_init_script(LISTEN)
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("response", self._note)

    def _note(self, response: Response) -> None:
        path = urlsplit(response.url).path
        if path.startswith("/api/") and response.status != 204:
            self.answers[path] = response.headers.get("content-type", "none")

    def look(self, path: str) -> None:
        """Open a page, let its module do what it does, ask the page what was refused."""
        self.page.goto(self.address + path)
        self.page.wait_for_selector(QUIET, state="attached")
        expect(self.page.locator("[data-view][aria-busy=true]")).to_have_count(0, timeout=30_000)
        assert self.page.evaluate("window.violations") == [], path
        assert self.page.evaluate(MARKUP) == "TypeError", path
        assert self.page.evaluate(SEEN), path  # the listener listens

    def own_host_only(self) -> bool:
        return self.hosts <= {urlsplit(self.address).netloc, ""}


@pytest.mark.browser
def test_every_page_keeps_the_policy(panel: RealPanel, address: str) -> None:
    signed_out = Walk(panel.page.context.new_page(), address)
    for path in (*PUBLIC, "/giris", "/kayit", "/kurtarma", "/surum"):
        signed_out.look(f"{path}?lang=tr")
    signed_out.look("/?lang=en")
    panel.sign_up()
    walk = Walk(panel.page, address)
    for path in SHELLS:
        walk.look(path)
    assert walk.own_host_only() and signed_out.own_host_only()
    assert len(walk.answers) > 8
    wrong = {p: kind for p, kind in walk.answers.items() if not kind.startswith(DATA)}
    assert wrong == {}
    panel.problems.clear()  # the markup that was tried on purpose


@pytest.fixture(scope="module")
def web(database: ModuleDatabase, valkey_server: EmbeddedValkey) -> Iterator[flask.Flask]:
    with role_app("web", database, valkey_server) as app:
        yield app


@pytest.mark.parametrize("signed_in", [False, True])
def test_every_call_answers_with_data(web: flask.Flask, *, signed_in: bool) -> None:
    """Every route under /api/ with every method, with odd arguments and an odd body."""
    client = ApiClient(web)
    if signed_in:
        sign_up(client, "herkes@firma.com")
    calls = 0
    for rule in web.url_map.iter_rules():
        if not rule.rule.startswith("/api/") or rule.rule == "/api/logout":
            continue
        path = re.sub(r"<uuid:[^>]*>", "0" * 32, rule.rule)
        path = re.sub(r"<int:[^>]*>", "7", path)
        path = re.sub(r"<[^>]*>", "x", path).removeprefix("/api/")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            said = client.call(method, path, None if method == "GET" else {"x": "<b>"})
            calls += 1
            empty = not said.data and said.status_code in (202, 204)
            assert empty or said.mimetype in DATA, (method, path, said.mimetype)
            assert said.headers["X-Content-Type-Options"] == "nosniff"
            said.close()
    assert calls > 50
