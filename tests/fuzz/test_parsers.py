"""No crash and no hang: eight parsers and odd input. `make fuzz` gives them ten minutes."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import random
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page
from redis import Redis

from tests.accounts.people import sign_up
from tests.apps import ApiClient
from tests.billing.desk import Desk
from tests.contacts.conftest import Server
from tests.contacts.workbooks import handmade, workbook
from tests.doors.stage import Doors
from tests.fuzz.corpus import requests, webhooks
from tests.fuzz.mutations import odd_bytes, odd_json
from tests.fuzz.plan import HANG_SECONDS, Outcome, Plan
from whatstr.core import queues
from whatstr.local.valkey import EmbeddedValkey
from whatstr.vault import rpc
from whatstr.vault.seals import seal_to_sender
from whatstr.vault.signed import Label, sign

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
SAMPLES = Path(__file__).parents[1] / "contacts" / "samples"


def fine(outcome: Outcome) -> None:
    assert outcome.inputs > 0
    assert outcome.crashes == [] and outcome.hangs == [], "\n".join(
        outcome.crashes[:5] + outcome.hangs[:5]
    )


class Contained(AssertionError):
    """Our own log says that an exception went further than its parser."""


def check(contained: list[str]) -> None:
    if contained:
        told = ", ".join(contained)
        contained.clear()
        raise Contained(told)


# Meta's webhook ----------------------------------------------------------------------------------


def test_the_hook_body(doors: Doors, plan: Plan, contained: list[str]) -> None:
    corpus = webhooks()

    def feed(data: bytes) -> None:
        status = doors.post(data)
        if status not in (200, 400, 413):
            raise AssertionError(f"status {status}")
        doors.drain()
        check(contained)

    fine(plan.hammer("hook body", lambda rng: odd_json(rng, corpus), feed))


# What the customer's browser sends ---------------------------------------------------------------


def _no_limits(valkey: EmbeddedValkey) -> Callable[[], None]:
    """Counters of tries are not what is tried here."""
    calls = itertools.count(1)

    def forget() -> None:
        if next(calls) % 20 == 0:
            with Redis.from_url(valkey.url) as connection:
                connection.flushall()

    return forget


def _call(client: ApiClient, method: str, path: str, body: bytes, kind: str) -> None:
    said = client.browser.open(
        f"/api/{path}",
        method=method,
        data=body,
        headers={**client.headers, "Content-Type": kind},
    )
    if said.status_code >= 500 and said.status_code != 503:
        raise AssertionError(f"{method} {path.split('?')[0]}: status {said.status_code}")
    if said.status_code >= 400 and not said.is_json:
        raise AssertionError(f"{method} {path.split('?')[0]} refused without JSON")


def test_chunks_and_manifests(
    desk: Desk, plan: Plan, valkey_server: EmbeddedValkey, contained: list[str]
) -> None:
    client = ApiClient(desk.web)
    sign_up(client, f"{uuid.uuid4().hex[:8]}@firma.com")
    list_id = uuid.uuid4().hex
    wrap = base64.b64encode(b"\x01\x10" + bytes(136)).decode()
    body = base64.b64encode(b"\x01\x20" + bytes(136)).decode()
    assert client.post("lists", {"id": list_id, "wrap": wrap}).status_code == 201
    versions = ("1", "0", "-1", "2147483648", "x", "1&version=2", "", "١")
    manifest = {"manifest": body, "version": 1, "rows": 1, "chunks": [[0, 1]],
                "consent": {"basis": "merchant", "source": "Mağaza", "collected_on": "2026-05-01",
                            "statement_version": "1"}}  # fmt: skip
    record = {"type": "draft", "version": 1, "data": body}
    forget, turn = _no_limits(valkey_server), itertools.count()

    def make(rng: random.Random) -> bytes:
        if next(turn) % 2:
            return odd_json(rng, [manifest, record])
        return odd_bytes(rng, [b"\x01\x21" + rng.randbytes(136), bytes(138), rng.randbytes(4000)])

    def feed(data: bytes) -> None:
        forget()
        rng = random.Random(data)
        no, version = rng.choice((0, 1, 999, 2**31)), rng.choice(versions)
        chunk = f"lists/{list_id}/chunks/{no}?version={version}"
        _call(client, "PUT", chunk, data, rng.choice(("application/octet-stream", "text/plain")))
        _call(client, "PUT", f"lists/{list_id}/manifest", data, "application/json")
        _call(client, "PUT", f"records/{uuid.uuid4().hex}", data, "application/json")
        check(contained)

    fine(plan.hammer("chunk upload", make, feed))


def test_the_sealed_request_at_our_door(
    desk: Desk, plan: Plan, valkey_server: EmbeddedValkey, contained: list[str]
) -> None:
    client = ApiClient(desk.web)
    sign_up(client, f"{uuid.uuid4().hex[:8]}@firma.com")
    seal = base64.b64encode(b"\x11" + bytes(200)).decode()
    corpus = [{"id": uuid.uuid4().hex, "op": "templates", "seal": seal}]
    forget = _no_limits(valkey_server)

    def feed(data: bytes) -> None:
        forget()
        _call(client, "POST", "requests", data, "application/json")
        check(contained)

    fine(plan.hammer("request envelope", lambda rng: odd_json(rng, corpus), feed))


def test_the_sealed_request_as_the_sender_opens_it(
    doors: Doors, plan: Plan, contained: list[str]
) -> None:
    """Odd JSON that the account really signed and sealed, and odd bytes around it."""
    corpus = requests(doors)
    kid = next(iter(doors.keyring.epoch_keys()))
    public = doors.keyring.epoch_public(kid)

    def feed(data: bytes) -> None:
        row, rng = uuid.uuid4(), random.Random(data)
        try:
            body = json.loads(data)
        except ValueError:
            body = None
        if isinstance(body, dict) and rng.random() < 0.9:
            body |= {"id": row.hex, "kid": kid} if rng.random() < 0.9 else {}
            data = json.dumps(body).encode()
        blob = seal_to_sender(kid, public, sign(Label.RPC, data, doors.sign[1]))
        if rng.random() < 0.2:
            blob = odd_bytes(rng, [blob])
        op = str(body.get("op")) if isinstance(body, dict) else ""
        doors.leave(row, op if op in {str(one) for one in rpc.Op} else "templates", blob)
        doors.serve()
        check(contained)

    fine(plan.hammer("sealed request", lambda rng: odd_json(rng, corpus), feed))


# Stripe's webhook --------------------------------------------------------------------------------


def test_the_webhook_of_stripe(
    desk: Desk, plan: Plan, valkey_server: EmbeddedValkey, contained: list[str]
) -> None:
    desk.shop().buy()
    corpus = [json.loads(one.payload) for one in desk.webhooks()]
    assert corpus
    secret = desk.sim.webhook_secret.encode()

    def feed(data: bytes) -> None:
        stamp = int(time.time())
        mark = hmac.new(secret, f"{stamp}.".encode() + data, hashlib.sha256).hexdigest()
        said = desk.web.test_client().post(
            "/webhooks/stripe",
            data=data,
            headers={
                "Stripe-Signature": f"t={stamp},v1={mark}",
                "Content-Type": "application/json",
            },
        )
        if said.status_code not in (200, 400, 413):
            raise AssertionError(f"status {said.status_code}")
        with contextlib.suppress(queues.Refused):
            desk.run_jobs()
        # What Stripe signed and we cannot read stays, is logged and tried again: no money is lost.
        contained[:] = [one for one in contained if not one.startswith("task.failed")]
        check(contained)

    def make(rng: random.Random) -> bytes:
        made = odd_json(rng, corpus)
        return made.replace(b'"evt_', b'"evt_%d' % rng.randrange(10**9), 1)

    fine(plan.hammer("Stripe webhook", make, feed))


# Contact files, in the browser -------------------------------------------------------------------

_CALL = """
async ([url, limit]) => {
  const late = new Promise((done) => setTimeout(() => done({ late: true }), limit));
  return await Promise.race([window.call("import", { url, keep: 1 }), late]);
}
"""


def _read_in_browser(page: Page, server: Server) -> Callable[[bytes], None]:
    names = itertools.count()

    def feed(data: bytes) -> None:
        path = f"/files/fuzz-{next(names)}"
        server.files[path] = data
        try:
            said = page.evaluate(_CALL, [path, HANG_SECONDS * 1000])
        finally:
            del server.files[path]
        if said.get("late"):
            page.reload()
            page.wait_for_function("document.getElementById('state').textContent === 'ready'")
            raise AssertionError("hang: the Worker did not answer")
        code = said.get("error", {}).get("code", "")
        if ":" in code:  # ours are bare words; an engine's error is "TypeError: …"
            raise AssertionError(code)

    return feed


@pytest.mark.browser
def test_csv_files(contact_page: Page, contact_server: Server, plan: Plan) -> None:
    corpus = [path.read_bytes() for path in SAMPLES.glob("*.csv")]
    feed = _read_in_browser(contact_page, contact_server)
    fine(plan.hammer("CSV import", lambda rng: odd_bytes(rng, corpus), feed))


@pytest.mark.browser
def test_xlsx_files(contact_page: Page, contact_server: Server, plan: Plan) -> None:
    rows = [["Ad", "Telefon"], ["Ayşe", 5321112233], ["Zeynep", "0532 111 22 34"]]
    corpus = [*(path.read_bytes() for path in SAMPLES.glob("*.xlsx")), workbook(rows)]
    feed = _read_in_browser(contact_page, contact_server)
    fine(plan.hammer("XLSX container", lambda rng: odd_bytes(rng, corpus), feed))


@pytest.mark.browser
def test_the_xml_in_xlsx_files(contact_page: Page, contact_server: Server, plan: Plan) -> None:
    """The parts within: a broken container would hide them from the mutations."""
    cell = '<c r="A1" t="inlineStr"><is><t>Telefon</t></is></c><c r="B1"><v>5321112233</v></c>'
    second = cell.replace("1", "2", 1)
    xml = [
        f'<sheetData><row r="1">{cell}</row><row r="2">{second}</row></sheetData>',
        '<dimension ref="A1:XFD1048576"/><sheetData><row><c t="s"><v>0</v></c></row></sheetData>',
        "<sheetData><row r='4294967296'><c r='ZZZZ9'><v>1e400</v></c></row></sheetData>",
    ]
    strings = ["<si><t>Telefon</t></si>", "<si><r><t>05321112233</t></r></si>", ""]

    def make(rng: random.Random) -> bytes:
        sheet = odd_bytes(rng, [one.encode() for one in xml]).decode("utf-8", "replace")
        shared = odd_bytes(rng, [one.encode() for one in strings if one]).decode("utf-8", "replace")
        return handmade(sheet, strings_xml=rng.choice(("", shared)))

    feed = _read_in_browser(contact_page, contact_server)
    fine(plan.hammer("XLSX parts", make, feed))
