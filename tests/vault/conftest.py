"""The real web role on a port of its own, and a browser on an empty page of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from werkzeug.serving import make_server

from tests.apps import IDENT_PUBLIC, b64, role_app
from tests.services import ModuleDatabase
from tests.vault.panels import RealPanel, blank
from whatstr.core.security import open_to_all
from whatstr.local.valkey import EmbeddedValkey
from whatstr.vault.release import write_release


@pytest.fixture
def address(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None, tmp_path: Path
) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    write_release(tmp_path, ident=b64(IDENT_PUBLIC))
    more = {"WHATSTR_WEB_URL": url, "WHATSTR_RELEASE": str(tmp_path)}
    with role_app("web", database, valkey_server, **more) as app:
        app.add_url_rule("/bos", "blank", open_to_all(blank))
        server = make_server("127.0.0.1", port, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield url
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def panel(page: Page, address: str, request: pytest.FixtureRequest) -> Iterator[RealPanel]:
    panel = RealPanel(page, address, f"{request.node.originalname}@ornek.com.tr")
    page.goto(panel.address)
    panel.open()
    yield panel
    page.goto("about:blank")
    assert [p for p in panel.problems if "Failed to load resource" not in p] == []
