"""How many rows the next seed gets, so that every seed is run within the time there is."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from tests.chaos.plan import ROWS

FEW = 2_000
"""Rows of a seed for which the time does not suffice otherwise."""
FIRST_GUESS = {"full": 120.0, "few": 60.0}
"""Seconds of a seed before one was seen."""
RESERVE = 30.0
"""A seed may take longer than the one before it."""


@dataclass
class Budget:
    """Of one world: `seeds` are those left when `worlds` take them in turns; `end` is a moment
    (monotonic), infinite when there is no bound."""

    full: int = ROWS
    end: float = math.inf
    _seen: dict[str, float] = field(default_factory=dict)

    def rows(self, seeds: int, *, worlds: int) -> int:
        """All rows, if the others still fit in after that with few. `seeds` are left with this."""
        rounds = math.ceil(seeds / worlds) - 1
        guess = FIRST_GUESS | self._seen
        needed = guess["full"] + rounds * guess["few"] + RESERVE
        return self.full if time.monotonic() + needed <= self.end else min(FEW, self.full)

    def saw(self, rows: int, seconds: float) -> None:
        """A seed of so many rows took so long; the longest counts, since seeds differ."""
        kind = "full" if rows == self.full else "few"
        self._seen[kind] = max(seconds, self._seen.get(kind, 0.0))
