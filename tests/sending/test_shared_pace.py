"""Two senders on one line, seen by Meta: together never over the line's rate."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import redis

from tests.sending.stage import Stage, people
from whatstr.lines.cloud_api import CloudApi
from whatstr.local.valkey import EmbeddedValkey
from whatstr.sending.bodies import Template
from whatstr.sending.forms import Forms
from whatstr.sending.mref import new_mref
from whatstr.sending.pace import Pace
from whatstr.simulator.meta import seed
from whatstr.vault.rows import JobRow

RATE, EACH = 100, 130


def send(stage: Stage, url: str, numbers: list[str]) -> None:
    """What a sender's process does at its line's pace, with a connection of its own."""

    async def run() -> None:
        (offer,) = [t for t in seed.templates_of("1", 1) if t.name == "hafta_sonu_firsati"]
        forms = Forms(Template.from_meta(offer.doc()))
        with redis.Redis.from_url(url) as client:
            pace = Pace(client, stage.line, rate=RATE)
            async with aiohttp.ClientSession() as session:
                api = CloudApi(session, base_url=stage.meta.url, version="v25.0", token=seed.TOKEN)
                waiting = list(numbers)
                while waiting:
                    grant = pace.take([stage.recipient_ix(to) for to in waiting])
                    await asyncio.sleep(grant.wait)
                    now, waiting = waiting[: len(grant.allowed)], waiting[len(grant.allowed) :]
                    rows = [JobRow(to, ("Elif", "%20")) for to in now]
                    bodies = [forms.write(row, mref=new_mref()).body for row in rows]
                    await asyncio.gather(*(api.send(seed.LINE_IDS[0], body) for body in bodies))

    asyncio.run(run())


def test_two_senders_never_pass_the_rate_of_their_line(
    stage: Stage, valkey_sender_server: EmbeddedValkey
) -> None:
    began = time.time()
    with ThreadPoolExecutor(2) as senders:
        found = [
            senders.submit(send, stage, valkey_sender_server.url, people(EACH)) for _ in range(2)
        ]
        for one in found:
            one.result()

    messages = stage.ask("GET", "/_sim/messages?limit=10000")["messages"]
    moments = sorted(one["accepted"] for one in messages)
    assert len(moments) == 2 * EACH
    for count, moment in enumerate(moments, start=1):
        allowed = RATE / 4 + RATE * (moment - began)
        assert count <= allowed + 1, f"{count} messages after {moment - began:.2f} s"
