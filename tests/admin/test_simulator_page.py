"""Meta's stand-in at the panel: counts for those who run the house, and no trace in production."""

from __future__ import annotations

import asyncio
import http.server
import threading
from collections.abc import Iterator

import flask
import pytest

from tests.admin.customers import Customer
from tests.admin.office import hire
from tests.apps import as_owner, role_app
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole
from whatstr.accounts.permissions import STAFF_PERMISSIONS
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.config import ConfigError
from whatstr.lines.models import Line
from whatstr.local.valkey import EmbeddedValkey
from whatstr.simulator.meta.seed import TOKEN
from whatstr.simulator.meta.server import MetaConfig, MetaSimulator

PAGE = "/benzetici/"


@pytest.fixture(scope="module")
def meta() -> Iterator[MetaSimulator]:
    """The simulator itself, on a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def do(work: object) -> object:
        return asyncio.run_coroutine_threadsafe(work, loop).result(20)  # type: ignore[arg-type]

    running = MetaSimulator(MetaConfig())
    do(running.start())
    try:
        yield running
    finally:
        do(running.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def house(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None, meta: MetaSimulator
) -> Iterator[flask.Flask]:
    with role_app("admin", database, valkey_server, WHATSTR_META_SIMULATOR=meta.url) as app:
        yield app


@pytest.mark.parametrize("role", list(StaffRole))
def test_only_who_runs_the_house_sees_it(house: flask.Flask, role: StaffRole) -> None:
    who = hire(house, role)
    may = P.SETTINGS_READ in STAFF_PERMISSIONS[role]
    assert who.get(PAGE).status_code == (200 if may else 403)
    assert (PAGE in who.get("/yetkiler/").text) is may, "the menu"
    assert who.post(PAGE).status_code == 405


def test_lines_and_counts_are_shown_and_neither_token_nor_number(
    house: flask.Flask, database: ModuleDatabase, shop: Customer, meta: MetaSimulator
) -> None:
    line = next(iter(meta.graph.world.lines.values()))
    with as_owner(database) as owner:
        owner.get_one(Line, shop.line).display_number = f"+{line.number}"
    page = hire(house, StaffRole.OWNER).get(PAGE).text
    assert line.id in page and "Messages taken" in page and "Never reached" in page
    assert f"/hatlar/details/?id={shop.line}" in page, "the line of ours with this number"
    assert line.number not in page.replace(" ", "") and TOKEN not in page
    for name in {one.verified_name for one in meta.graph.world.lines.values()}:
        assert name not in page, name


def test_a_stand_in_that_is_away_is_a_sentence(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None
) -> None:
    class Odd(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Odd) as odd:
        thread = threading.Thread(target=odd.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{odd.server_address[1]}"
            with role_app("admin", database, valkey_server, WHATSTR_META_SIMULATOR=url) as app:
                page = hire(app, StaffRole.AUDITOR).get(PAGE)
                assert page.status_code == 200 and "does not answer" in page.text
        finally:
            odd.shutdown()
            thread.join()
    with role_app("admin", database, valkey_server, WHATSTR_META_SIMULATOR=url) as app:
        page = hire(app, StaffRole.AUDITOR).get(PAGE)
        assert page.status_code == 200 and "does not answer" in page.text


def test_without_an_address_there_is_no_page(panel: flask.Flask) -> None:
    assert "simulator.index" not in panel.view_functions
    who = hire(panel, StaffRole.OWNER)
    assert who.get(PAGE).status_code == 404 and PAGE not in who.get("/").text


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ("production", "http://127.0.0.1:8003"),
        ("development", "https://graph.facebook.com"),
        ("development", "http://10.0.0.7:8003"),
        ("development", "http://127.0.0.1@evil.example:80"),
        ("development", "http://localhost"),
        ("development", "file:///etc/passwd"),
    ],
)
def test_it_is_never_there_in_production_nor_elsewhere(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, environment: str, address: str
) -> None:
    wanted = {"WHATSTR_ENV": environment, "WHATSTR_META_SIMULATOR": address}
    with (
        pytest.raises(ConfigError, match="WHATSTR_META_SIMULATOR"),
        role_app("admin", database, valkey_server, **wanted),
    ):
        pass
