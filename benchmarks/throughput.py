"""The whole path of a slice beside a bare loop of the same HTTP client with the same bodies.

Both sides run in this process on the same core against the same server, in turns: what the path
adds (opening, filling, franking, claims, pace, results) is what the ratio shows.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

import aiohttp
import uvloop

from benchmarks.measure import Result, machine, main, on_cores
from benchmarks.world import World, numbers, world
from whatstr.lines.cloud_api import open_session
from whatstr.sending.bodies import Template, fill
from whatstr.sending.interpreter import young_rubbish
from whatstr.sending.mref import new_mref
from whatstr.sending.posting import IN_FLIGHT
from whatstr.simulator.meta import seed
from whatstr.vault.rows import JobRow

RATIO, LEAST = 0.6, 1_000.0


def bare(url: str, bodies: list[dict[str, Any]]) -> tuple[float, float]:
    """Post the bodies with nothing around it; (messages a second, CPU-ms a message). Session and
    rubbish collection are those of a slice, so that they are no part of the difference."""

    async def post(session: aiohttp.ClientSession) -> None:
        address = f"{url}/v25.0/{seed.LINE_IDS[0]}/messages"
        headers = {"Authorization": f"Bearer {seed.TOKEN}"}
        waiting = iter(bodies)

        async def worker() -> None:
            for body in waiting:
                async with session.post(address, json=body, headers=headers) as answer:
                    assert answer.status == 200
                    await answer.json()

        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))

    async def run() -> None:
        async with open_session(at_once=IN_FLIGHT) as session:
            await post(session)

    began, used = time.monotonic(), time.process_time()
    with young_rubbish(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    return _rates(len(bodies), began, used)


def whole(world: World, rows: int) -> tuple[float, float]:
    """Send a sealed campaign with one slice, from the lease to the last result."""
    campaign = world.campaign(rows)
    began, used = time.monotonic(), time.process_time()
    world.stage.run()
    found = _rates(rows, began, used)
    assert world.stage.counts(campaign) == {"accepted": rows}, world.stage.counts(campaign)
    world.clear()
    return found


def _rates(rows: int, began: float, used: float) -> tuple[float, float]:
    return rows / (time.monotonic() - began), 1_000 * (time.process_time() - used) / rows


def some_bodies(count: int) -> list[dict[str, Any]]:
    """What the slice posts too."""
    (offer,) = [t for t in seed.templates_of("1", 1) if t.name == "hafta_sonu_firsati"]
    template = Template.from_meta(offer.doc())
    return [
        fill(template, JobRow(to, (f"Kişi {n}", "%20")), mref=new_mref()).body
        for n, to in enumerate(numbers(count))
    ]


def run(quick: bool) -> Result:
    rows, rounds = (300, 1) if quick else (12_000, 3)
    with world() as made, on_cores(made.sender_core):
        bodies = some_bodies(rows)
        bare(made.meta_url, bodies[:300])
        whole(made, 300)
        pairs = [(bare(made.meta_url, bodies), whole(made, rows)) for _ in range(rounds)]
    alone = statistics.median(one[0] for one, _ in pairs)
    sent = statistics.median(one[0] for _, one in pairs)
    ratio = statistics.median(path[0] / loop[0] for loop, path in pairs)
    return Result(
        value=sent,
        unit="messages/s",
        bar=f">= {LEAST:,.0f}/s and >= {RATIO} of the bare loop",
        ok=sent >= LEAST and ratio >= RATIO,
        detail={
            "ratio": round(ratio, 3),
            "bare_loop": round(alone),
            "cpu_ms": round(statistics.median(path[1] for _, path in pairs), 3),
            "bare_cpu_ms": round(statistics.median(loop[1] for loop, _ in pairs), 3),
            "cpu_ratio": round(statistics.median(loop[1] / path[1] for loop, path in pairs), 3),
            "rows": rows,
            **machine(),
        },
    )


if __name__ == "__main__":
    main("throughput", run)
