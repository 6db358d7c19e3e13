"""Two workers on two lines beside one: what a second process adds."""

from __future__ import annotations

import statistics
import time
import uuid

from benchmarks.measure import Result, cores, machine, main
from benchmarks.sender import Workers
from benchmarks.world import UNLIMITED, World, world
from whatstr.simulator.meta import seed

LEAST = 1.7
CORES = 4
"""Two workers, the database and Meta's stand-in: with less the second worker has no core."""


def rate(made: World, lines: list[uuid.UUID], rows: int) -> float:
    """Messages a second of as many workers as lines, each on its own."""
    for line in lines:
        made.campaign(rows, line=line)
    with Workers(made, len(lines)) as workers:
        every = tuple(cores())
        running = [workers.begin(line, cores=every, at=time.time() + 6) for line in lines]
        seconds = max(one.get().seconds for one in running)
    made.clear()
    return rows * len(lines) / seconds


def run(quick: bool) -> Result:
    rows, rounds = (200, 1) if quick else (8_000, 3)
    with world() as made:
        second = uuid.uuid4()
        made.stage.add_line(second, seed.LINE_IDS[1])
        made.stage.sql("UPDATE line SET throughput = %s", UNLIMITED)
        pairs = [
            (rate(made, [made.stage.line], rows), rate(made, [made.stage.line, second], rows))
            for _ in range(rounds)
        ]
    ratio = statistics.median(two / one for one, two in pairs)
    enough = len(cores()) >= CORES
    return Result(
        value=ratio,
        unit="x one worker",
        bar=f">= {LEAST} on {CORES} cores or more",
        ok=ratio >= LEAST if enough else None,
        detail={
            "one": round(statistics.median(one for one, _ in pairs)),
            "two": round(statistics.median(two for _, two in pairs)),
            "rows": rows,
            **machine(),
        },
    )


if __name__ == "__main__":
    main("two_workers", run)
