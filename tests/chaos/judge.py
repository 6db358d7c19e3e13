"""The verdict over a run: what the customer's report says, held against what people really got."""

from __future__ import annotations

import base64
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.chaos.plan import Plan
from tests.chaos.servers import Mortals
from whatstr.local.stack import call

SENT = {"accepted", "sent", "delivered", "read", "failed"}
REACHED = {"delivered", "read"}


@dataclass
class Verdict:
    """`lost`: rows whose person had not refused, that Meta never got and nobody wrote off openly.
    `twice`: rows that Meta got more than once. `unreconciled`: campaigns whose report is not the
    sum of its rows, or not what the ledger says. `unknown_left`: rows that still say unknown."""

    lost: int = 0
    twice: int = 0
    opted_out_reached: int = 0
    unreconciled: int = 0
    unknown_left: int = 0
    rested: bool = True
    """False when it was judged because the time was over."""
    notes: list[str] = field(default_factory=list)

    @property
    def may_heal(self) -> bool:
        """Whether waiting could change it: who was reached stays reached."""
        done = self.twice or self.opted_out_reached
        return not done and bool(self.lost or self.unreconciled or self.unknown_left)

    def numbers(self) -> dict[str, int]:
        found: dict[str, int] = {
            k: v for k, v in asdict(self).items() if k not in ("notes", "rested")
        }
        return found


def judge(
    service: Mortals, plan: Plan, campaigns: Sequence[str], reports: Sequence[Mapping[str, Any]]
) -> Verdict:
    """Read the ledger, the rows and the reports; nothing is changed."""
    found = Verdict()
    summary = call(f"{service.meta_url}/_sim/ledger/summary?prefix=m1:")
    ledger = call(f"{service.meta_url}/_sim/ledger?prefix=m1:")["rows"]
    taken = {_mref(row["opaque"]): row for row in ledger}
    found.opted_out_reached = summary["opted_out_reached"]
    refused = set(plan.refused)
    for launch, campaign, report in zip(plan.all, campaigns, reports, strict=True):
        rows = _rows(service, campaign)
        told: Counter[str] = Counter()
        for place, number in enumerate(launch.numbers):
            status, mref = rows.pop(place, ("pending", b""))
            entry = taken.pop(mref, None)
            times = entry["taken"] if entry else 0
            told[status] += 1
            if times > 1 or (entry and entry["reached"] > 1):
                found.twice += 1
                found.notes.append(f"twice: row {place} of {campaign}, {status}, {entry}")
            if entry and entry["after_opt_out"]:
                refusal = call(f"{service.meta_url}/_sim/people?to={number}")["opted_out"]
                messages = call(f"{service.meta_url}/_sim/messages?to={number}")["messages"]
                when = [one["times"] for one in messages]
                handed = _handed(service, campaign, place)
                note = f"refused: row {place} of {campaign}, {refusal}, in hand {handed}, {when}"
                found.notes.append(note)
            if number in refused:
                found.opted_out_reached += times
            elif not times and status in SENT | {"pending", "handing", "unknown"}:
                found.lost += 1
                found.notes.append(f"lost: row {place} of {campaign}, {status}")
            reached = entry is not None and entry["reached"] > 0
            if reached is not (status in REACHED):
                found.notes.append(f"untrue: row {place} of {campaign}, {status}, {entry}")
                told["untrue"] += 1
        found.unknown_left += told["unknown"]
        counts = {name: n for name, n in report["counts"].items() if n}
        if report["rows"] != len(launch.numbers) or counts != dict(told) or rows:
            found.unreconciled += 1
            found.notes.append(f"report of {campaign}: {report['state']} {counts}, rows {told}")
    if taken:
        found.unreconciled += 1
        found.notes.append(f"{len(taken)} messages belong to no row")
    return found


def _rows(service: Mortals, campaign: str) -> dict[int, tuple[str, bytes]]:
    with service.connect() as connection:
        rows = connection.execute(
            "SELECT row, status, mref FROM message WHERE campaign_id = %s", [uuid.UUID(campaign)]
        ).fetchall()
    return {row: (status, bytes(mref)) for row, status, mref in rows}


def _handed(service: Mortals, campaign: str, row: int) -> float:
    """When a row was last taken in hand, in seconds like the ledger's."""
    query = "SELECT extract(epoch FROM handed_at) FROM message WHERE campaign_id = %s AND row = %s"
    with service.connect() as connection:
        (found,) = connection.execute(query, [uuid.UUID(campaign), row]).fetchone() or (0,)
    return float(found)


def _mref(opaque: str) -> bytes:
    return base64.b64decode(opaque.removeprefix("m1:"))
