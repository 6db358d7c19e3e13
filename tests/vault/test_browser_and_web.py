"""The Worker against the real web role: its routes, its cookies, its policy, its database login."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from nacl import bindings

from tests.apps import IDENT_PUBLIC, IDENT_SECRET, as_owner
from tests.services import ModuleDatabase
from tests.vault.fake_world import TEMPLATE
from tests.vault.panels import PASSWORD, RealPanel
from tests.vault.worker.panel import CONSENT
from whatstr.accounts.models import Member
from whatstr.vault import rpc
from whatstr.vault.certificate import Certificate, make_certificate
from whatstr.vault.client import Profile, VaultClient
from whatstr.vault.models import RequestState, SenderCertificate, SenderRequest

pytestmark = pytest.mark.browser

EPOCH = bindings.crypto_box_seed_keypair(bytes(range(5, 37)))
KID = 4242


@pytest.fixture
def certified(database: ModuleDatabase) -> None:
    """The sender has published its weekly key."""
    now = datetime.now(UTC)
    nb, na = now - timedelta(hours=1), now + timedelta(days=6)
    cert = Certificate(KID, EPOCH[0], int(nb.timestamp()), int(na.timestamp()))
    with as_owner(database) as owner:
        owner.execute(sa.delete(SenderCertificate))
        row = {"kid": KID, "cert": make_certificate(cert, IDENT_SECRET)}
        owner.execute(sa.insert(SenderCertificate).values(**row, not_before=nb, not_after=na))


def answer_requests(database: ModuleDatabase, stop: threading.Event) -> None:
    """The sender in one loop: takes a request from its table and answers it."""
    while not stop.wait(0.05):
        with as_owner(database) as owner:
            found = owner.execute(
                sa.select(SenderRequest.id, SenderRequest.organization_id, SenderRequest.request)
                .where(SenderRequest.state == RequestState.WAITING)
            ).first()  # fmt: skip
            if found is None:
                continue
            request = rpc.open_request(
                found.request,
                keys={KID: EPOCH[1]},
                pinned_sign_pk=None,
                rpc=found.id.bytes,
                account=found.organization_id.bytes,
                now=datetime.now(UTC),
            )
            line = request.args["line"]
            answer = rpc.Answer(
                request.rpc, request.account, request.iat, True,
                {"line": line, "display_number": "+90 212", "templates": [TEMPLATE]},
            )  # fmt: skip
            sealed = rpc.seal_answer(answer, ident_sk=IDENT_SECRET, box_pk=request.box_pk)
            owner.execute(
                sa.update(SenderRequest)
                .where(SenderRequest.id == found.id)
                .values(state=RequestState.ANSWERED, response=sealed, answered_at=sa.func.now())
            )


def test_sign_up_reload_sign_out_sign_in(panel: RealPanel) -> None:
    panel.sign_up()
    before = panel.call("session")
    assert panel.open()["member"] == before["member"]
    draft = panel.call("drafts.save", value={"title": "Taslak"})
    panel.call("password.change", old=PASSWORD, new="Yeni uzun parola 77")
    panel.call("logout")
    assert panel.open() is None
    assert panel.refused("login", email=panel.email, password=PASSWORD) == "wrong_credentials"
    panel.call("login", email=panel.email, password="Yeni uzun parola 77")
    (kept,) = panel.call("drafts.all")
    assert (kept["id"], kept["value"]) == (draft["id"], {"title": "Taslak"})


def test_a_list_goes_up_and_comes_back(panel: RealPanel) -> None:
    panel.sign_up()
    panel.contacts(1_203)
    consent = {**CONSENT, "statement_version": panel.call("config")["statement_version"]}
    name = panel.call("lists.save", name="Bahar listesi", consent=consent)["id"]
    panel.open()
    page = panel.call("lists.rows", id=name, **{"from": 1_200, "count": 10})
    assert [row["name"] for row in page["rows"]] == ["Kişi 1200", "Kişi 1201", "Kişi 1202"]
    panel.contacts(5, first=1_201, list=name)
    assert panel.call("lists.append", id=name, consent=consent)["rows"] == 1_206
    panel.call("lists.rename", id=name, name="Yeni ad")
    (shown,) = panel.call("lists.all")
    assert (shown["name"], shown["rows"]) == ("Yeni ad", 1_206)
    panel.call("lists.delete", id=name)
    assert panel.call("lists.all") == []


def test_a_line_is_connected_through_the_mailbox(
    panel: RealPanel, database: ModuleDatabase, certified: None
) -> None:
    panel.sign_up()
    with as_owner(database) as owner:
        owner.execute(sa.update(Member).values(email_confirmed_at=sa.func.now()))
    stop = threading.Event()
    sender = threading.Thread(target=answer_requests, args=(database, stop))
    sender.start()
    try:
        args = {"method": "token", "token": "EAAG", "waba_id": "1", "phone_number_id": "2"}
        told = panel.call("lines.connect", **args)
    finally:
        stop.set()
        sender.join()
    assert told["display_number"] == "+90 212"
    assert panel.call("lines.templates", line=told["line"])["templates"] == [TEMPLATE]
    assert panel.call("config")["ident"]
    assert len(IDENT_PUBLIC) == 32


def test_python_and_browser_share_an_account(panel: RealPanel, address: str) -> None:
    client = VaultClient(address)
    client.enrol(Profile("Örnek Ltd", "Zeynep", panel.email, "05301112233"), PASSWORD)
    people: Any = [(f"9053010{n:05d}", f"Kişi {n}", ("x",)) for n in range(501)]
    name = client.lists.save("Piton", people, columns=["A"])
    panel.call("login", email=panel.email, password=PASSWORD)
    assert panel.call("lists.open", id=name)["rows"] == 501
    client.logout()
