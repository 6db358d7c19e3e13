"""`python -m tests.chaos.run`: campaigns while everything around them is killed.

The last line on standard output is JSON with the sums over all seeds; exit status 0 only if nobody
was lost, reached twice or reached against their will, and every report is true.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.chaos.customer import Customer
from tests.chaos.judge import Verdict, judge
from tests.chaos.plan import LINES, ROWS, Blow, Event, Plan, make_plan
from tests.chaos.servers import Mortals
from tests.services import forget_own_environment, private_folder
from whatstr.local.stack import call

SEEDS = 30
WORLDS = 3
"""Services that run beside each other, each with a share of the seeds: most of a run is waiting."""
UNKNOWN_WAIT = 15
OVER = {"done", "cancelled", "expired", "refused"}
PATIENCE = 240.0
SETTINGS: dict[str, Any] = {
    "webhook_retry_ms": [0, 100, 300, 1_000],
    "portfolio_limit": 1_000_000,
    "keep_payloads": 0,
}


class Run:
    """One seed on a service that runs already."""

    def __init__(self, service: Mortals, customer: Customer, plan: Plan) -> None:
        self._service = service
        self._customer = customer
        self._plan = plan
        self._began = 0.0
        self._restarts: list[tuple[float, Blow]] = []

    def live(self) -> Verdict:
        """Launch, kill, wait until it has come to rest by itself, judge."""
        meta = self._service.meta_url
        call(f"{meta}/_sim/reset", {})
        call(f"{meta}/_sim/settings", self._plan.settings)
        self._customer.refuse_for(self._plan.refused)
        self._began = time.monotonic()
        # The customer is a thread of its own: it waits for what this one has to start again.
        with ThreadPoolExecutor(1) as customer:
            launched = customer.submit(self._launch_all)
            for event in self._plan.events:
                self._pass(event.at)
                self._strike(event)
            self._pass(math.inf)
            campaigns = launched.result()
        return self._rest(campaigns)

    def _launch_all(self) -> list[str]:
        found = {}
        for n in sorted(range(len(self._plan.launches)), key=lambda n: self._plan.launches[n].at):
            launch = self._plan.launches[n]
            time.sleep(max(0.0, self._began + launch.at - time.monotonic()))
            found[n] = self._customer.launch(launch.numbers, line=launch.line)
        return [found[n] for n in sorted(found)]

    def _pass(self, moment: float) -> None:
        """Until then (seconds of the run), starting again what is due on the way."""
        while self._restarts and min(self._restarts)[0] <= moment:
            due = min(self._restarts)
            self._restarts.remove(due)
            time.sleep(max(0.0, self._began + due[0] - time.monotonic()))
            self._revive(due[1])
        if moment < math.inf:
            time.sleep(max(0.0, self._began + moment - time.monotonic()))

    def _strike(self, event: Event) -> None:
        service = self._service
        dead = {blow for _, blow in self._restarts}
        if event.blow in dead or (event.blow is Blow.EMPTY and Blow.VALKEY in dead):
            return
        match event.blow:
            case Blow.JOB:
                service.kill_sender_part("slices", horse=True)
                return
            case Blow.SLICES | Blow.DOORS | Blow.DISPATCHER:
                service.kill_sender_part(str(event.blow), horse=False)
                return
            case Blow.EMPTY:
                service.empty_valkey()
                return
            case Blow.POSTGRES:
                service.kill_postgres()
            case Blow.VALKEY:
                service.kill_valkey(service.sender_queue)
            case Blow.SENDER | Blow.HOOK | Blow.WEB:
                service.kill_program(str(event.blow))
        self._restarts.append((event.at + event.down, event.blow))

    def _revive(self, blow: Blow) -> None:
        service = self._service
        if blow is Blow.POSTGRES:
            service.postgres.start()
        elif blow is Blow.VALKEY:
            service.sender_queue.start()
        else:
            service.begin(str(blow))

    def _rest(self, campaigns: Sequence[str]) -> Verdict:
        """Nobody touches anything: wait until every campaign is over, Meta has nothing more to
        tell and the reports stand, then judge."""
        end = time.monotonic() + PATIENCE
        while True:
            reports = [self._customer.report(one) for one in campaigns]
            over = all(one["state"] in OVER for one in reports)
            hooks = call(f"{self._service.meta_url}/_sim/webhooks")
            quiet = over and not hooks["pending"] and not hooks["planned"] and self._drained()
            late = time.monotonic() > end
            if quiet or late:
                reports = [self._customer.report(one) for one in campaigns]
                verdict = judge(self._service, self._plan, campaigns, reports)
                if not over or hooks["pending"] or hooks["planned"]:
                    states = sorted(one["state"] for one in reports)
                    verdict.notes.insert(0, f"no rest: {states}, {hooks['pending']} webhooks wait")
                # The sums of a finished campaign are counted again every few seconds.
                if late or not verdict.may_heal:
                    return verdict
            time.sleep(0.5)

    def _drained(self) -> bool:
        with self._service.connect() as connection:
            row = connection.execute("SELECT NOT EXISTS (SELECT 1 FROM hook_inbox)").fetchone()
        return bool(row and row[0])


def work(seeds: Sequence[int], *, rows: int) -> list[dict[str, Any]]:
    """`live` in a process of a pool, where only text comes back of an error."""
    forget_own_environment()
    try:
        return live(seeds, rows=rows)
    except Exception:
        raise RuntimeError(traceback.format_exc()) from None


def live(seeds: Sequence[int], *, rows: int) -> list[dict[str, Any]]:
    """Some seeds on one service, one after the other."""
    found = []
    with (
        private_folder() as folder,
        Mortals(Path(folder), settings=SETTINGS, sender=_sender_settings()) as service,
    ):
        customer = Customer(service, lines=LINES)
        for seed in seeds:
            plan = make_plan(seed, rows=rows)
            before, began = service.kills, time.monotonic()
            verdict = Run(service, customer, plan).live()
            told = {
                "seed": seed,
                "rows": plan.rows,
                "kills": service.kills - before,
                **verdict.numbers(),
                "seconds": round(time.monotonic() - began, 1),
            }
            found.append(told)
            print(json.dumps(told), *verdict.notes[:60], sep="\n  ", file=sys.stderr, flush=True)
    return found


def _sender_settings() -> dict[str, str]:
    return {
        "WHATSTR_UNKNOWN_WAIT": str(UNKNOWN_WAIT),
        "WHATSTR_SETTLE_WAIT": "3",
        "WHATSTR_SEND_WORKERS": "2",
    }


def total(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The line that is judged."""
    names = ("kills", "lost", "twice", "opted_out_reached", "unreconciled", "unknown_left")
    sums = {name: sum(one[name] for one in found) for name in names}
    return {"seeds": len(found), **sums, "rows": sum(one["rows"] for one in found)}


def is_good(told: dict[str, Any]) -> bool:
    return not any(told[n] for n in ("lost", "twice", "opted_out_reached", "unreconciled"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run")
    parser.add_argument("--seed", type=int, help="replay this one")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of a seed")
    parser.add_argument("--worlds", type=int, default=WORLDS, help="services side by side")
    given = parser.parse_args()
    seeds = [given.seed] if given.seed is not None else list(range(1, given.seeds + 1))
    worlds = min(given.worlds, len(seeds))
    began = time.monotonic()
    # Processes of their own: a child's parent-death signal is tied to the thread that started it.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(worlds, mp_context=context) as pool:
        shares = [pool.submit(work, seeds[n::worlds], rows=given.rows) for n in range(worlds)]
        found = [one for share in shares for one in share.result()]
    told = total(found)
    print(json.dumps({**told, "seconds": round(time.monotonic() - began, 1)}), flush=True)
    return 0 if is_good(told) else 1


if __name__ == "__main__":
    sys.exit(main())
