"""How many of the next rows are admitted: the canary's size, the people that may be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from whatstr.sending.gate import Pause
from whatstr.sending.quota import Quota
from whatstr.sending.rows import Candidate


@dataclass
class Admission:
    """For one campaign within one slice. `at_most` None: no canary is under way. `ended`: what was
    admitted is the last for now; `pause` says what it waits for, None that the gate decides."""

    quota: Quota
    at_most: int | None = None
    ended: bool = False
    pause: Pause | None = None

    def admit(self, found: Sequence[Candidate], *, now: datetime) -> list[Candidate]:
        """The first of them that may be taken in hand, in the transaction that takes them.
        Raises PaceUnavailable."""
        fit = list(found if self.at_most is None else found[: self.at_most])
        reserved = self.quota.reserve([one.recipient_ix for one in fit])
        if reserved.wait is not None:
            until = now + timedelta(seconds=reserved.seconds)
            self.ended, self.pause = True, Pause(reserved.wait, until)
        fit = fit[: reserved.count]
        if self.at_most is not None:
            self.at_most -= len(fit)
            self.ended = self.ended or self.at_most <= 0
        return fit
