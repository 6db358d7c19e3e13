"""What encryption costs: import and launch in Chromium with and without it, sign-in, the sender.

The same pages, Worker and calls run twice in one browser. In the second round the Worker gets its
primitives with the cipher, the commitment and the key derivation of Boxes taken out; padding,
JSON, sealing of the header and every call to the server stay. What both share is the server: the
stand-in of the Worker's tests. Opening and posting are timed for one chunk of 500 rows.
"""

from __future__ import annotations

import itertools
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks import fake_meta
from benchmarks.measure import Result, cores, machine, main
from benchmarks.throughput import bare, some_bodies
from tests.services import ROOT
from tests.vault import page_server
from tests.vault.fake_api import fake_api
from tests.vault.worker.panel import CONSENT, EMAIL, PASSWORD, Panel
from whatstr.local.chromium import find_chromium, launch_arguments
from whatstr.vault.rows import JobRow, box_job_chunk, open_job_chunk

CONTACTS, QUICK = 100_000, 3_000
CHUNK = 500
_PRIMITIVES = "js/vault/primitives.mjs"
# Each line of the cipher, and what stands there without it.
_TAKEN_OUT = {
    'const commitment = prf(key, "wtr1/box/com", tag, nonce, ...aad);': (
        "const commitment = new Uint8Array(32);"
    ),
    "const body = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(\n"
    "    pad(bytesOf(plain)), lv(head, ...aad), null, nonce, "
    'prf(key, "wtr1/box/enc", tag, nonce),\n'
    "  );": "const body = concat(pad(bytesOf(plain)), new Uint8Array(16));",
    'const commitment = prf(key, "wtr1/box/com", head.slice(1), nonce, ...aad);\n'
    "  if (!sodium.memcmp(commitment, blob.slice(26, HEADER))) {": "if (nonce.length !== 24) {",
    "padded = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(\n"
    "      null, blob.subarray(HEADER), lv(head, ...aad), nonce,\n"
    '      prf(key, "wtr1/box/enc", head.slice(1), nonce),\n'
    "    );": "padded = blob.slice(HEADER, blob.length - 16);",
}


def without_encryption() -> bytes:
    """The primitives with Boxes that hide nothing. Fails when the source has changed."""
    text = (ROOT / "whatstr" / "static" / _PRIMITIVES).read_text()
    for line, instead in _TAKEN_OUT.items():
        if line not in text:
            raise SystemExit(f"the source of the primitives has changed: {line[:60]}")
        text = text.replace(line, instead)
    return text.encode()


@contextmanager
def plain_boxes() -> Iterator[None]:
    """While this is open the stand-in hands out the primitives without encryption."""
    handler, real = page_server.PageHandler, page_server.PageHandler.do_GET
    text = without_encryption()

    def do_get(self: page_server.PageHandler) -> None:
        if self.path.endswith(_PRIMITIVES):
            self.answer(200, text, "text/javascript")
        else:
            real(self)

    handler.do_GET = do_get  # type: ignore[method-assign]
    try:
        yield
    finally:
        handler.do_GET = real  # type: ignore[method-assign]


def import_and_launch(page: Page, contacts: int) -> dict[str, float]:
    """Seconds of reading the file, sealing and saving the list, and launching to all of it."""
    with fake_api() as (address, world):
        panel = Panel(page, address, world)
        panel.open()
        panel.enrol()
        line = panel.line()
        marks = [time.monotonic()]
        panel.contacts(contacts)
        marks.append(time.monotonic())
        list_id = panel.call("lists.save", name="Liste", consent=CONSENT)["id"]
        marks.append(time.monotonic())
        panel.call("campaigns.launch", **panel.launch_args(line, list_id))
        marks.append(time.monotonic())
        signed_in = []
        for _ in range(3):
            panel.call("logout")
            began = time.monotonic()
            panel.call("login", email=EMAIL, password=PASSWORD)
            signed_in.append(time.monotonic() - began)
        page.goto("about:blank")
    read, saved, launched = (after - before for before, after in itertools.pairwise(marks))
    return {"read": read, "save": saved, "launch": launched, "login": min(signed_in)}


def in_browser(contacts: int, rounds: int) -> list[tuple[dict[str, float], dict[str, float]]]:
    """(with, without) of each round, in turns."""
    program = find_chromium()
    if program is None:
        raise SystemExit("There is no Chromium: install it, or set WHATSTR_CHROMIUM.")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=launch_arguments())
        try:
            pairs = []
            for _ in range(rounds):
                sealed = import_and_launch(browser.new_page(), contacts)
                with plain_boxes():
                    pairs.append((sealed, import_and_launch(browser.new_page(), contacts)))
            return pairs
        finally:
            browser.close()


def opening(rounds: int = 20) -> float:
    """Seconds to open and read a chunk of 500 rows, as the sender does."""
    key, account, job = os.urandom(32), bytes(16), bytes(range(16))
    rows = [JobRow(f"90532{n:07d}", (f"Kişi {n}", "%20")) for n in range(CHUNK)]
    blob = box_job_chunk(key, rows, account=account, job=job, no=0, chunks=1)
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        assert open_job_chunk(key, blob, account=account, job=job, no=0, chunks=1) == rows
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def posting() -> float:
    """Seconds to post 500 messages with the bare client, to a Meta that does nothing."""
    bodies = some_bodies(CHUNK)
    with fake_meta.running(b'{"data":[]}', *cores()) as address:
        bare(address, bodies[:50])
        return statistics.median(CHUNK / bare(address, bodies)[0] for _ in range(3))


def run(quick: bool) -> Result:
    contacts, rounds = (QUICK, 1) if quick else (CONTACTS, 2)
    pairs = in_browser(contacts, rounds)
    total = [
        tuple(sum(one[k] for k in ("read", "save", "launch")) for one in pair) for pair in pairs
    ]
    ratio = statistics.median(sealed / plain for sealed, plain in total)
    opened, posted = opening(), posting()
    detail: dict[str, Any] = {
        f"{name}_s": round(statistics.median(pair[0][name] for pair in pairs), 2)
        for name in ("read", "save", "launch", "login")
    }
    return Result(
        value=ratio,
        unit="times as long as without encryption",
        bar="reported; opening <= 0.2 of posting",
        ok=opened <= 0.2 * posted,
        detail={
            **detail,
            "without_s": round(statistics.median(plain for _, plain in total), 2),
            "contacts": contacts,
            "open_500_ms": round(1000 * opened, 2),
            "post_500_ms": round(1000 * posted, 1),
            "opening_of_posting": round(opened / posted, 4),
            **machine(),
        },
    )


if __name__ == "__main__":
    main("vault", run)
