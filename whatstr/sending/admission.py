"""How many of the next rows are admitted: the canary's size, the people that may be reached."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from whatstr.sending.gate import Pause
from whatstr.sending.quota import Quota, Reserved
from whatstr.sending.rows import Candidate


class Talking(Protocol):
    """Those among some people whose service window is open."""

    def __call__(self, people: Collection[bytes], *, now: datetime) -> set[bytes]: ...


@dataclass
class Admission:
    """For one campaign within one slice. `at_most` None: no canary is under way. `ended`: what was
    admitted is the last for now; `pause` says what the next row waits for, None that the gate
    decides. `turned_away`: somebody was not admitted."""

    quota: Quota
    talking: Talking
    at_most: int | None = None
    ended: bool = False
    pause: Pause | None = None
    turned_away: bool = False

    def admit(self, found: Sequence[Candidate], *, now: datetime) -> list[Candidate]:
        """The first of them that may be taken in hand, in the transaction that takes them.
        Raises PaceUnavailable."""
        fit = list(found if self.at_most is None else found[: self.at_most])
        reserved = self._reserve(fit, now)
        if reserved.wait is not None:
            until = now + timedelta(seconds=reserved.seconds)
            self.ended, self.pause = True, Pause(reserved.wait, until)
        self.turned_away = self.turned_away or reserved.count < len(fit)
        fit = fit[: reserved.count]
        if self.at_most is not None:
            self.at_most -= len(fit)
            self.ended = self.ended or self.at_most <= 0
        return fit

    def waits(self, *, any_due: bool) -> Pause | None:
        """What the campaign waits for; None when nobody of it is left, turned away or due."""
        return self.pause if any_due or self.turned_away else None

    def _reserve(self, fit: Sequence[Candidate], now: datetime) -> Reserved:
        """Whoever wrote to the line in the last 24 hours is not counted (facts 4)."""
        people = [one.recipient_ix for one in fit]
        free = self.talking(people, now=now)
        counted = [place for place, person in enumerate(people) if person not in free]
        reserved = self.quota.reserve([people[place] for place in counted])
        # With the first that was not admitted everybody after it waits too.
        count = counted[reserved.count] if reserved.count < len(counted) else len(fit)
        return replace(reserved, count=count)
