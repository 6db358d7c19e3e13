"""What became of each row of a slice, handed to the writer."""

from __future__ import annotations

from datetime import datetime, timedelta

from whatstr.audiences.models import OptOutSource
from whatstr.core import clock
from whatstr.lines.cloud_api import Accepted
from whatstr.lines.error_policy import rule_for
from whatstr.sending.results import Outcome, Result
from whatstr.sending.rows import Candidate
from whatstr.sending.writer import Writer


class Outcomes:
    """Of one campaign; nothing is tried again at or after `until`."""

    def __init__(self, writer: Writer, *, until: datetime) -> None:
        self._writer = writer
        self._until = until
        self._accepted = 0
        self._failed = 0

    @property
    def all_failed(self) -> int:
        """How many failed for good, as long as Meta has taken none."""
        return 0 if self._accepted else self._failed

    def accepted(self, one: Candidate, accepted: Accepted) -> None:
        self._accepted += 1
        self._write(one, Result.ACCEPTED, accepted=accepted)

    def unknown(self, one: Candidate) -> None:
        """It left, and no answer was seen."""
        self._write(one, Result.UNKNOWN)

    def returned(self, one: Candidate) -> None:
        """It was taken in hand and not posted."""
        self._write(one, Result.RETURNED)

    def again(self, one: Candidate, number: int, wait: timedelta) -> None:
        """Once more after the wait, if the rule and the campaign's time allow it."""
        if one.attempts >= rule_for(number).tries or clock.now() + wait >= self._until:
            self.failed(one, number)
        else:
            self.postponed(one, wait, code=number)

    def postponed(self, one: Candidate, wait: timedelta, *, code: int | None) -> None:
        """Once more after the wait, in any case."""
        self._write(one, Result.LATER, code=code, not_before=clock.now() + wait)

    def failed(self, one: Candidate, number: int, *, opt_out: OptOutSource | None = None) -> None:
        """For good. With `opt_out` the person is not to be written to any more."""
        self._failed += opt_out is None
        self._write(one, Result.FAILED, code=number, opt_out=opt_out)

    def _write(
        self,
        one: Candidate,
        result: Result,
        *,
        code: int | None = None,
        not_before: datetime | None = None,
        accepted: Accepted | None = None,
        opt_out: OptOutSource | None = None,
    ) -> None:
        self._writer.add(Outcome(one, result, clock.now(), code, not_before, accepted, opt_out))
