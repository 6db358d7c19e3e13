"""What happens in a run, decided by its seed alone: campaigns, people, and who dies when."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

LINES = 4
ROWS = 20_000
AFTERWARDS = 20
"""Rows of a last campaign over each line, when nothing is killed any more."""


class Blow(StrEnum):
    """What is done to the service. All but EMPTY kill with -9."""

    JOB = "job"  # the process of one slice
    SLICES = "slices"  # a send worker; its slice lives on as an orphan
    DOORS = "doors"  # who drains webhooks
    DISPATCHER = "dispatcher"
    SENDER = "sender"  # all of it
    HOOK = "hook"
    WEB = "web"
    POSTGRES = "postgres"
    VALKEY = "valkey"
    EMPTY = "empty"  # Valkey forgets everything


OFTEN = {
    Blow.JOB: 5,
    Blow.SLICES: 2,
    Blow.DOORS: 2,
    Blow.DISPATCHER: 1,
    Blow.SENDER: 1,
    Blow.HOOK: 2,
    Blow.WEB: 2,
    Blow.POSTGRES: 2,
    Blow.VALKEY: 2,
    Blow.EMPTY: 2,
}


@dataclass(frozen=True)
class Event:
    """`down`: seconds until it is started again, where it is ours to start."""

    at: float
    blow: Blow
    down: float


@dataclass(frozen=True)
class Launch:
    """A campaign: to whom, over which line, when."""

    at: float
    line: int
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    seed: int
    launches: tuple[Launch, ...]
    refused: tuple[str, ...]
    """Had said no before anything was launched."""
    events: tuple[Event, ...]
    settings: dict[str, object]
    """Of Meta's simulator."""

    @property
    def rows(self) -> int:
        return sum(len(one.numbers) for one in self.launches)


def make_plan(seed: int, *, rows: int = ROWS, seconds: float = 14.0, blows: int = 7) -> Plan:
    """The same seed makes the same plan, always."""
    dice = random.Random(f"whatstr chaos {seed}")
    people = _people(dice, max(20, rows * 3 // 4))
    shapes = _shapes(dice, rows - LINES * AFTERWARDS, seconds, most=len(people))
    # A line that never sends again leaves no proof that Meta did not take a row (docs/decisions).
    shapes += [(seconds + 1, line, AFTERWARDS) for line in range(LINES)]
    launches = tuple(Launch(at, line, tuple(dice.sample(people, n))) for at, line, n in shapes)
    kinds = dice.choices(list(OFTEN), weights=list(OFTEN.values()), k=blows)
    events = sorted(
        (Event(dice.uniform(0.5, seconds), blow, dice.uniform(0.0, 2.0)) for blow in kinds),
        key=lambda event: event.at,
    )
    settings = {
        "seed": seed,
        "drop_after_probability": dice.choice([0.0, 0.002, 0.01]),
        "faults": [{"kind": "drop_before", "probability": 0.003}],
        "webhook_duplicate": dice.choice([0.05, 0.3]),
        "webhook_shuffle": 0.5,
        "webhook_late": dice.choice([0.02, 0.1]),
        "webhook_late_ms": 2_000,
    }
    refused = tuple(dice.sample(people, max(2, len(people) // 200)))
    return Plan(seed, launches, refused, tuple(events), settings)


def _people(dice: random.Random, count: int) -> list[str]:
    numbers: set[str] = set()
    while len(numbers) < count:
        numbers.add(f"905{dice.randrange(3, 6)}{dice.randrange(10**8):08d}")
    return sorted(numbers)


def _shapes(
    dice: random.Random, rows: int, seconds: float, *, most: int
) -> list[tuple[float, int, int]]:
    """(when, line, rows) of each campaign; together `rows`."""
    count = dice.randrange(3, 7) if rows >= 2_000 else 3
    cuts = sorted(dice.sample(range(rows // 20, rows - rows // 20), count - 1))
    sizes = [b - a for a, b in zip([0, *cuts], [*cuts, rows], strict=True)]
    found: list[tuple[float, int, int]] = []
    for size in sizes:
        for part in range(0, size, most):
            at = 0.0 if not found else dice.uniform(0.0, seconds * 0.7)
            found.append((at, dice.randrange(LINES), min(most, size - part)))
    return found
