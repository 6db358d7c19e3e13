"""What happens in a run, decided by its seed alone: campaigns, people, and who dies when."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

LINES = 4
ROWS = 20_000
CLOSING = 20
"""Rows of a last campaign over each line, once everything else has left."""
SHORT = 2_000
"""Fewer rows than this are gone sooner, so they are struck within a shorter time."""
LEASE = 8
"""Seconds, as the sender of a run is configured."""
UNKNOWN_WAIT = 15
SILENCE = LEASE + 12.0
"""Long enough for a lease to end, its rows to be swept up and another slice to take the line."""


class Blow(StrEnum):
    """What is done to the service. All but EMPTY kill with -9."""

    JOB = "job"  # the process of one slice
    SLICES = "slices"  # a send worker; its slice lives on as an orphan
    DRAIN = "drain"  # the process of one drain of webhooks
    DOORS = "doors"  # who starts it; it lives on as an orphan
    DISPATCHER = "dispatcher"
    SENDER = "sender"  # all of it
    HOOK = "hook"
    WEB = "web"
    POSTGRES = "postgres"
    VALKEY = "valkey"
    EMPTY = "empty"  # Valkey forgets everything
    SILENCE = "silence"  # all slices in the middle of sending, while Meta's webhooks stand still


OFTEN = {
    Blow.JOB: 5,
    Blow.SLICES: 2,
    Blow.DRAIN: 3,
    Blow.DOORS: 1,
    Blow.DISPATCHER: 1,
    Blow.SENDER: 1,
    Blow.HOOK: 2,
    Blow.WEB: 2,
    Blow.POSTGRES: 2,
    Blow.VALKEY: 2,
    Blow.EMPTY: 2,
}
SILENT_SHARE = 0.5
"""Of the seeds; SILENCE is not drawn with the others, since it takes so long."""


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
    closing: tuple[Launch, ...]
    """A line that never sends again leaves no proof that Meta did not take a row (docs/decisions);
    these leave when all others have. Their `at` means nothing."""
    refused: tuple[str, ...]
    """Had said no before anything was launched."""
    events: tuple[Event, ...]
    settings: dict[str, object]
    """Of Meta's simulator."""

    @property
    def all(self) -> tuple[Launch, ...]:
        return self.launches + self.closing

    @property
    def rows(self) -> int:
        return sum(len(one.numbers) for one in self.all)


def make_plan(seed: int, *, rows: int = ROWS, blows: int = 7) -> Plan:
    """The same seed and number of rows make the same plan, always."""
    seconds = 14.0 if rows >= SHORT else 7.0
    dice = random.Random(f"whatstr chaos {seed}")
    people = _people(dice, max(20, rows * 3 // 4))
    shapes = _shapes(dice, rows - LINES * CLOSING, seconds, most=len(people))
    launches = tuple(Launch(at, line, tuple(dice.sample(people, n))) for at, line, n in shapes)
    closing = tuple(
        Launch(seconds, line, tuple(dice.sample(people, CLOSING))) for line in range(LINES)
    )
    kinds = dice.choices(list(OFTEN), weights=list(OFTEN.values()), k=blows)
    events = [Event(dice.uniform(0.5, seconds), blow, dice.uniform(0.0, 2.0)) for blow in kinds]
    if dice.random() < SILENT_SHARE:
        events.append(Event(dice.uniform(0.5, seconds / 2), Blow.SILENCE, SILENCE))
    # Connections are cut only so long that no second try is cut as well: there is no third.
    cut = {"seconds": min(seconds, UNKNOWN_WAIT - 1.0)}
    settings = {
        "seed": seed,
        "webhook_hold": False,
        "slow_ms": dice.choice([0, 100, 400]),
        "faults": [
            {"kind": "drop_after", "probability": dice.choice([0.001, 0.002, 0.01]), **cut},
            {"kind": "drop_before", "probability": 0.003, **cut},
        ],
        "webhook_duplicate": dice.choice([0.05, 0.3]),
        "webhook_shuffle": 0.5,
        "webhook_late": dice.choice([0.02, 0.1]),
        "webhook_late_ms": 2_000,
    }
    refused = tuple(dice.sample(people, max(2, len(people) // 200)))
    events.sort(key=lambda event: event.at)
    return Plan(seed, launches, closing, refused, tuple(events), settings)


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
