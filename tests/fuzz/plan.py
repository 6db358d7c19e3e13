"""How long, from which seed, and what came of it."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

HANG_SECONDS = 20.0
"""A single input may take so long, on a busy machine too."""


class Hang(Exception):
    """One input took too long."""


@dataclass
class Outcome:
    """What one parser did with its inputs."""

    inputs: int = 0
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)


@dataclass
class Plan:
    """`seconds` for each parser, or `inputs` where it is 0."""

    seed: int = 20261127
    seconds: float = 0.0
    inputs: int = 150
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def hammer(
        self, name: str, make: Callable[[random.Random], bytes], feed: Callable[[bytes], None]
    ) -> Outcome:
        """Feed made inputs until the time is up. The same seed makes the same inputs in the same
        order; `feed` raises when the parser does anything but take or refuse."""
        rng = random.Random(f"{self.seed}/{name}")
        outcome = self.outcomes.setdefault(name, Outcome())
        end = time.monotonic() + self.seconds
        while self._goes_on(outcome.inputs, end):
            data = make(rng)
            outcome.inputs += 1
            told = f"input {outcome.inputs}: {data[:400]!r}"
            try:
                with _alarm():
                    feed(data)
            except Hang:
                outcome.hangs.append(told)
            except Exception as error:
                outcome.crashes.append(f"{type(error).__name__} {str(error)[:300]} at {told}")
        return outcome

    def _goes_on(self, done: int, end: float) -> bool:
        return time.monotonic() < end if self.seconds else done < self.inputs

    def as_json(self) -> str:
        """The last line of `make fuzz`."""
        every = self.outcomes.values()
        return json.dumps(
            {
                "seed": self.seed,
                "inputs": sum(one.inputs for one in every),
                "crashes": sum(len(one.crashes) for one in every),
                "hangs": sum(len(one.hangs) for one in every),
                "parsers": {name: one.inputs for name, one in self.outcomes.items()},
            }
        )


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
