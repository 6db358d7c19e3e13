"""`python -m tests.chaos.run`: campaigns while everything around them is killed.

The last line on standard output is JSON with the sums over all seeds; exit status 0 only if every
seed was run, nobody was lost, reached twice or reached against their will, nothing is left unknown
and every report is true.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

from tests.chaos.budget import FEW, Budget
from tests.chaos.customer import Customer
from tests.chaos.judge import Verdict
from tests.chaos.plan import LEASE, LINES, ROWS, UNKNOWN_WAIT, Plan, make_plan
from tests.chaos.servers import Mortals
from tests.chaos.storm import Storm
from tests.services import forget_own_environment, private_folder

SEEDS = 30
WORLDS = 5
"""Services that run beside each other and take the seeds in turns: much of a seed is waiting."""
FULL_WORLDS = 2
"""So many of them get seeds with all rows: five at once do not come to rest on two cores."""
MINUTES = 10.0
STOPPING = 15.0
"""Seconds before the bound at which every seed is judged, at rest or not."""
BAD = ("lost", "twice", "opted_out_reached", "unreconciled", "unknown_left")
SETTINGS: dict[str, Any] = {
    "webhook_retry_ms": [0, 100, 300, 1_000],
    "portfolio_limit": 1_000_000,
    "keep_payloads": 0,
}
SENDER = {
    "WHATSTR_UNKNOWN_WAIT": str(UNKNOWN_WAIT),
    "WHATSTR_LEASE_SECONDS": str(LEASE),
    "WHATSTR_SETTLE_WAIT": "3",
    "WHATSTR_SEND_WORKERS": "2",
}

_next: Synchronized[int]
"""The place of the seed that is taken next; all worlds share it."""


def share(place: Synchronized[int]) -> None:
    """Begin a process of the pool."""
    global _next
    _next = place
    forget_own_environment()


def work(seeds: Sequence[int], worlds: int, budget: Budget, end: float) -> list[dict[str, Any]]:
    """`live` in a process of the pool, where only text comes back of an error."""
    try:
        return live(seeds, worlds, budget, end)
    except Exception:
        raise RuntimeError(traceback.format_exc()) from None


def live(seeds: Sequence[int], worlds: int, budget: Budget, end: float) -> list[dict[str, Any]]:
    """One service, on which seeds are lived one after the other while there are any. After a seed
    that did not come to rest the next gets a service of its own."""
    found: list[dict[str, Any]] = []
    rested = False
    while not rested and time.monotonic() < end:
        rested = True
        with (
            private_folder() as folder,
            Mortals(Path(folder), settings=SETTINGS, sender=SENDER) as service,
        ):
            customer = Customer(service, lines=LINES)
            while rested and time.monotonic() < end and (place := _take()) < len(seeds):
                rows = budget.rows(len(seeds) - place, worlds=worlds)
                began = time.monotonic()
                told, verdict = _seed(service, customer, make_plan(seeds[place], rows=rows), end)
                budget.saw(rows, time.monotonic() - began)
                rested = verdict.rested
                found.append(told)
                notes = verdict.notes[:20]
                if any(told[name] for name in BAD):
                    notes.append(f"logged: {dict(service.logged())}")
                print(json.dumps(told), *notes, sep="\n  ", file=sys.stderr, flush=True)
    return found


def _seed(
    service: Mortals, customer: Customer, plan: Plan, end: float
) -> tuple[dict[str, Any], Verdict]:
    before, began = service.kills, time.monotonic()
    storm = Storm(service, customer, plan, end=end)
    verdict = storm.live()
    told = {
        "seed": plan.seed,
        "rows": plan.rows,
        "kills": service.kills - before,
        "orphans": storm.orphans,
        **verdict.numbers(),
        "seconds": round(time.monotonic() - began, 1),
    }
    return told, verdict


def _take() -> int:
    with _next.get_lock():
        _next.value += 1
        return _next.value - 1


def total(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The line that is judged."""
    sums = {name: sum(one[name] for one in found) for name in ("kills", "orphans", *BAD)}
    sizes = Counter(one["rows"] for one in found)
    return {
        "seeds": len(found),
        **sums,
        "rows": sum(one["rows"] for one in found),
        "rows_per_seed": {str(rows): sizes[rows] for rows in sorted(sizes, reverse=True)},
    }


def is_good(told: dict[str, Any], *, seeds: int) -> bool:
    """Whether every seed was run and nothing was found."""
    return told["seeds"] == seeds and not any(told[name] for name in BAD)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run")
    parser.add_argument("--seed", type=int, help="replay this one")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of a seed")
    parser.add_argument("--worlds", type=int, default=WORLDS, help="services side by side")
    parser.add_argument(
        "--minutes", type=float, help="the bound (10, none for a replay): seeds get fewer rows"
    )
    given = parser.parse_args()
    seeds = [given.seed] if given.seed is not None else list(range(1, given.seeds + 1))
    worlds = min(given.worlds, len(seeds))
    minutes = given.minutes or (math.inf if given.seed is not None else MINUTES)
    began = time.monotonic()
    end = began + minutes * 60 - STOPPING
    # Processes of their own: a child's parent-death signal is tied to the thread that started it.
    context = multiprocessing.get_context("spawn")
    place = context.Value("i", 0)
    with ProcessPoolExecutor(
        worlds, mp_context=context, initializer=share, initargs=(place,)
    ) as pool:
        sizes = [given.rows if n < FULL_WORLDS else min(given.rows, FEW) for n in range(worlds)]
        budgets = [Budget(full=rows, end=end) for rows in sizes]
        lived = [pool.submit(work, seeds, worlds, budget, end) for budget in budgets]
        found = [one for world in lived for one in world.result()]
    told = total(found)
    print(json.dumps({**told, "seconds": round(time.monotonic() - began, 1)}), flush=True)
    return 0 if is_good(told, seeds=len(seeds)) else 1


if __name__ == "__main__":
    sys.exit(main())
