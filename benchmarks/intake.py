"""Status webhooks at the hook's door and their effect in the rows, under a steady load.

Real processes: a hook under granian, and a sender whose doors worker drains. The load comes at its
own pace, whatever the answers take, in posts of 1 to 100 updates as Meta's do.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import random
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import uvloop

from benchmarks import seeding
from benchmarks.measure import Result, machine, main
from benchmarks.world import World, numbers, world
from tests.services import ROOT
from whatstr.local.ports import free_port
from whatstr.local.processes import wait_until
from whatstr.local.supervisor import answers
from whatstr.sending.mref import opaque_of
from whatstr.simulator.meta import seed

SECRET = "sim-app-secret"
LEAST, MEDIAN, P99 = 3_000.0, 50.0, 250.0
OFFERED = 3_300.0
"""Updates a second that arrive: a little more than the bar, so that keeping up can show it."""
STATUSES = ("sent", "delivered", "read")


def value(mref: bytes, number: str, status: str) -> dict[str, Any]:
    """One status as the simulator writes it, with the person's user id."""
    mark = hashlib.blake2b(number.encode(), digest_size=15).digest()
    user = "TR." + base64.b32encode(mark).decode()
    return {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "908505550001", "phone_number_id": seed.LINE_IDS[0]},
        "contacts": [
            {"profile": {"name": "Elif Kaya"}, "wa_id": number, "user_id": user},
        ],
        "statuses": [
            {
                "id": "wamid." + base64.b64encode(mref + mref + mref[:8]).decode(),
                "status": status,
                "timestamp": str(int(time.time())),
                "recipient_id": number,
                "recipient_user_id": user,
                "biz_opaque_callback_data": opaque_of(mref),
                "pricing": {"billable": True, "pricing_model": "PMP", "category": "marketing"},
            }
        ],
    }


def posts(people: list[str], mrefs: list[bytes], dice: random.Random) -> list[tuple[int, bytes]]:
    """(updates, body) of every post: each message's statuses in order, spread over the whole."""
    told = [
        (n + step * 600 + dice.random(), mref, number, status)
        for n, (mref, number) in enumerate(zip(mrefs, people, strict=True))
        for step, status in enumerate(STATUSES)
    ]
    told.sort(key=lambda entry: entry[0])
    made, place = [], 0
    while place < len(told):
        some = told[place : place + dice.randint(1, 100)]
        place += len(some)
        changes = [
            {"field": "messages", "value": value(mref, number, status)}
            for _, mref, number, status in some
        ]
        entry = {"id": seed.WABA_ID, "changes": changes}
        body = {"object": "whatsapp_business_account", "entry": [entry]}
        made.append((len(some), json.dumps(body, separators=(",", ":")).encode()))
    return made


async def _load(address: str, made: list[tuple[int, bytes]]) -> list[float]:
    """Post at OFFERED updates a second; milliseconds from each post's moment to its answer."""
    took: list[float] = []

    async def post(session: aiohttp.ClientSession, moment: float, body: bytes) -> None:
        mark = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": mark, "Content-Type": "application/json"}
        async with session.post(address, data=body, headers=headers) as answer:
            assert answer.status == 200, answer.status
        took.append(1_000 * (time.monotonic() - moment))

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:
        began, sent = time.monotonic(), 0
        async with asyncio.TaskGroup() as group:
            for count, body in made:
                moment = began + sent / OFFERED
                await asyncio.sleep(max(0.0, moment - time.monotonic()))
                group.create_task(post(session, moment, body))
                sent += count
    return took


@contextmanager
def processes(made: World) -> Iterator[str]:
    """A hook and a sender; gives the hook's address."""
    port = free_port()
    base = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "WHATSTR_ENV": "test",
        "WHATSTR_LOG_LEVEL": "ERROR",
    }
    hook = {
        **base,
        "WHATSTR_ROLE": "hook",
        "WHATSTR_BIND": f"127.0.0.1:{port}",
        "WHATSTR_WEB_WORKERS": "1",
        "DATABASE_URL": made.postgres.url("whatstr_hook"),
        "WHATSTR_IDENT_PUBLIC": base64.b64encode(made.stage.keyring.ident_public).decode(),
        "META_APP_SECRET": SECRET,
        "META_VERIFY_TOKEN": "verify",
    }
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "whatstr.process", environment["WHATSTR_ROLE"]],
            env=environment,
            cwd=ROOT,
        )
        for environment in (hook, {**base, **made.environment})
    ]
    try:
        # Healthy once the sender has published the key that webhooks are sealed to.
        address = f"http://127.0.0.1:{port}"
        assert wait_until(lambda: answers(f"{address}/health"), seconds=90)
        yield f"{address}/meta"
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(30)


def _left(made: World, campaign: uuid.UUID, rows: int) -> int:
    """Messages that do not know all three statuses yet."""
    (found,) = made.stage.sql(
        "SELECT count(*) AS n FROM message WHERE campaign_id = %s AND status = 'read'"
        " AND sent_at IS NOT NULL AND delivered_at IS NOT NULL AND read_at IS NOT NULL",
        campaign,
    )
    return rows - int(found["n"])


def run(quick: bool) -> Result:
    rows = 300 if quick else 22_000
    with world() as made:
        people = numbers(rows)
        campaign = made.stage.campaign(people, state="paused")
        mrefs = seeding.accepted(made, campaign, people)
        bodies = posts(people, mrefs, random.Random(3))
        with processes(made) as address:
            began = time.monotonic()
            took = uvloop.run(_load(address, bodies))
            loaded = time.monotonic() - began
            wait_until(lambda: not made.stage.sql("SELECT 1 FROM hook_inbox LIMIT 1"), seconds=120)
            wait_until(lambda: not _left(made, campaign, rows), seconds=30)
            seconds = time.monotonic() - began
            lost = _left(made, campaign, rows)
    took.sort()
    updates = rows * len(STATUSES)
    median, p99 = statistics.median(took), took[int(len(took) * 0.99)]
    return Result(
        value=updates / seconds,
        unit="updates/s",
        bar=f">= {LEAST:,.0f}/s taken and in effect, none lost; answers: median <= {MEDIAN:.0f} ms,"
        f" p99 <= {P99:.0f} ms",
        ok=updates / seconds >= LEAST and not lost and median <= MEDIAN and p99 <= P99,
        detail={
            "offered": round(updates / loaded),
            "lost": lost,
            "median_ms": round(median, 1),
            "p99_ms": round(p99, 1),
            "posts": len(bodies),
            "updates": updates,
            "seconds_behind": round(seconds - loaded, 1),
            **machine(),
        },
    )


if __name__ == "__main__":
    main("intake", run)
