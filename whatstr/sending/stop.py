"""What ends the posting of a campaign, and why."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass

from whatstr.lines.error_policy import Action, Scope


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why posting has to stop, and what has to be held. `number` 0: nothing of Meta's."""

    reason: str
    action: Action
    scope: Scope = Scope.CAMPAIGN
    number: int = 0
    seconds: int = 0


class Stop:
    """The signal that ends posting; the first cause stands. It is also given by silence: a process
    that was held up for longer than its lease must not post when it wakes."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.trouble: Trouble | None = None
        self.valid_until = math.inf

    def now(self, trouble: Trouble | None = None) -> None:
        if not self._event.is_set():
            self.trouble = trouble
            self._event.set()

    @property
    def is_set(self) -> bool:
        return self._event.is_set() or time.monotonic() > self.valid_until

    async def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until the signal."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
