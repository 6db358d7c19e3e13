"""The real web role on a port of its own: a browser on an empty page of it, an owner at work."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page
from werkzeug.serving import make_server

from tests.apps import IDENT_PUBLIC, as_owner, b64, role_app
from tests.services import ModuleDatabase, tidy
from tests.vault.member_calls import OTHER, PASSWORD
from tests.vault.panels import RealPanel, blank
from whatstr.accounts.models import Member
from whatstr.core.security import open_to_all
from whatstr.local.valkey import EmbeddedValkey
from whatstr.vault.client import Profile, VaultClient
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
        server = make_server("127.0.0.1", port, tidy(app), threaded=True)
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


@pytest.fixture
def owner(address: str, database: ModuleDatabase, request: pytest.FixtureRequest) -> VaultClient:
    client = VaultClient(address)
    email = f"{request.node.originalname}@firma.com"
    client.enrol(Profile("Örnek Ltd", "Zeynep", email, "05301112233"), PASSWORD)
    with as_owner(database) as session:
        session.execute(sa.update(Member).values(email_confirmed_at=sa.func.now()))
    return client


@pytest.fixture
def join(address: str, owner: VaultClient) -> Callable[..., VaultClient]:
    """Somebody who takes up an invitation of the owner."""

    def joined(name: str, role: str = "manager") -> VaultClient:
        client = VaultClient(address)
        profile = {"contact_name": name, "email": f"{name}-{owner.organization[:8]}@firma.com"}
        client.members.accept(owner.members.invite(role, name), profile, OTHER)
        return client

    return joined
