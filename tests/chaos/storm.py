"""One seed on a service that runs already: launch, kill, wait for rest, judge."""

from __future__ import annotations

import math
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from tests.chaos.customer import Customer
from tests.chaos.judge import Verdict, judge
from tests.chaos.plan import Blow, Event, Launch, Plan
from tests.chaos.servers import Mortals
from whatstr.local.processes import wait_until
from whatstr.local.stack import call

OVER = {"done", "cancelled", "expired", "refused"}
PATIENCE = 240.0
FLOW = 20
"""So many rows in hand: the slices are in the middle of it."""
ANSWER_MS = 3_000
"""Meta takes its time to answer, so that no result is written before the slice dies."""
FLOW_WAIT = 30.0
JOB_WAIT = 3.0
_OPEN = """
SELECT sum(c.rows) - (SELECT count(*) FROM message m WHERE m.campaign_id = ANY(%(ids)s)
                      AND m.status NOT IN ('pending', 'handing'))
FROM campaign c WHERE c.id = ANY(%(ids)s)
"""
_QUIET = """
SELECT NOT EXISTS (SELECT 1 FROM hook_inbox)
  AND NOT EXISTS (SELECT 1 FROM campaign WHERE id = ANY(%(ids)s) AND NOT state = ANY(%(over)s))
"""
_IN_HAND = "SELECT count(*) FROM message WHERE status = 'handing'"
_COUNTS = "SELECT status, count(*) FROM message WHERE campaign_id = %s GROUP BY 1"


class Storm:
    """`end`: a moment (monotonic) at which it is judged, at rest or not."""

    def __init__(self, service: Mortals, customer: Customer, plan: Plan, *, end: float) -> None:
        self._service = service
        self._customer = customer
        self._plan = plan
        self._end = end
        self._began = 0.0
        self._restarts: list[tuple[float, Blow]] = []
        self.orphans = 0
        """Rows that were in hand when all slices died in silence."""

    def live(self) -> Verdict:
        """The verdict, once everything has come to rest by itself."""
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
        end = min(self._end, time.monotonic() + PATIENCE)
        with self._service.connect() as connection:
            while _one(connection, _OPEN, campaigns) and time.monotonic() < end:
                time.sleep(0.5)
            campaigns += [self._launch(one) for one in self._plan.closing]
            return self._rest(connection, campaigns, end)

    # The customer -----------------------------------------------------------------------------

    def _launch_all(self) -> list[str]:
        found = {}
        for n in sorted(range(len(self._plan.launches)), key=lambda n: self._plan.launches[n].at):
            launch = self._plan.launches[n]
            time.sleep(max(0.0, self._began + launch.at - time.monotonic()))
            found[n] = self._launch(launch)
        return [found[n] for n in sorted(found)]

    def _launch(self, launch: Launch) -> str:
        return self._customer.launch(launch.numbers, line=launch.line)

    # The deaths -------------------------------------------------------------------------------

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
            case Blow.JOB | Blow.DRAIN:
                kind = "slices" if event.blow is Blow.JOB else "doors"
                # Often there is none at this very moment; the next is as good.
                wait_until(lambda: service.kill_sender_part(kind, horse=True), seconds=JOB_WAIT)
                return
            case Blow.SLICES | Blow.DOORS | Blow.DISPATCHER:
                service.kill_sender_part(str(event.blow), horse=False)
                return
            case Blow.EMPTY:
                service.empty_valkey()
                return
            case Blow.SILENCE:
                self._silence()
            case Blow.POSTGRES:
                service.kill_postgres()
            case Blow.VALKEY:
                service.kill_valkey(service.sender_queue)
            case Blow.SENDER | Blow.HOOK | Blow.WEB:
                service.kill_program(str(event.blow))
        self._restarts.append((time.monotonic() - self._began + event.down, event.blow))

    def _silence(self) -> None:
        """Every slice dies while its messages are with Meta, which takes them, and Meta's webhooks
        say nothing of it: whoever takes such rows for not sent sends them twice."""
        if self._restarts:
            self._pass(max(self._restarts)[0])
        settings = f"{self._service.meta_url}/_sim/settings"
        call(settings, {"webhook_hold": True, "slow_ms": ANSWER_MS})
        with self._service.connect() as connection:
            wait_until(lambda: _flows(connection), seconds=FLOW_WAIT)
            self._service.kill_sender_part("slices", horse=True, every=True)
            self.orphans += _in_hand(connection)
        call(settings, {"slow_ms": self._plan.settings["slow_ms"]})

    def _revive(self, blow: Blow) -> None:
        service = self._service
        if blow is Blow.POSTGRES:
            service.postgres.start()
        elif blow is Blow.VALKEY:
            service.sender_queue.start()
        elif blow is Blow.SILENCE:
            call(f"{service.meta_url}/_sim/settings", {"webhook_hold": False})
        else:
            service.begin(str(blow))

    # The rest ---------------------------------------------------------------------------------

    def _rest(
        self, connection: psycopg.Connection[Any], campaigns: Sequence[str], end: float
    ) -> Verdict:
        """Nobody touches anything: wait until every campaign is over, Meta has nothing more to
        tell and the reports stand, then judge."""
        while True:
            late = time.monotonic() > end
            hooks = call(f"{self._service.meta_url}/_sim/webhooks")
            waits = hooks["pending"] or hooks["planned"]
            if late or (not waits and _one(connection, _QUIET, campaigns)):
                reports = [self._customer.report(one) for one in campaigns]
                # The sums of a finished campaign are counted again every few seconds.
                if late or _told(connection, campaigns, reports):
                    verdict = judge(self._service, self._plan, campaigns, reports)
                    verdict.rested = not late
                    if late:
                        states = sorted(one["state"] for one in reports)
                        verdict.notes.insert(0, f"no rest: {states}, {hooks['pending']} webhooks")
                    if late or not verdict.may_heal:
                        return verdict
                    time.sleep(2)
            time.sleep(0.5)


def _flows(connection: psycopg.Connection[Any]) -> bool:
    """Whether messages are in hand and stay there: those that Meta answered sooner are gone."""
    if _in_hand(connection) < FLOW:
        return False
    time.sleep(0.5)
    return _in_hand(connection) >= FLOW


def _in_hand(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(_IN_HAND).fetchone()
    return int(row[0]) if row else 0


def _one(connection: psycopg.Connection[Any], query: str, campaigns: Sequence[str]) -> Any:
    ids = [uuid.UUID(one) for one in campaigns]
    row = connection.execute(query.encode(), {"ids": ids, "over": list(OVER)}).fetchone()
    return row and row[0]


def _told(
    connection: psycopg.Connection[Any],
    campaigns: Sequence[str],
    reports: Sequence[Mapping[str, Any]],
) -> bool:
    """Whether the reports say what the rows say by now."""
    for campaign, report in zip(campaigns, reports, strict=True):
        rows = Counter(dict(connection.execute(_COUNTS, [uuid.UUID(campaign)]).fetchall()))
        rows["pending"] += report["rows"] - rows.total()
        if +rows != +Counter(report["counts"]):
            return False
    return True
