"""The hours in which campaigns go out: nobody is woken by a campaign."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Istanbul")
_SPEC = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class SendWindow:
    """From `opens` up to `closes` of a day in Istanbul, in minutes after midnight."""

    opens: int
    closes: int

    @classmethod
    def parse(cls, spec: str) -> SendWindow:
        """Read `09:00-21:00`; `00:00-24:00` is always open. Raises ValueError."""
        match = _SPEC.fullmatch(spec.strip())
        if match is None:
            raise ValueError("WHATSTR_SEND_WINDOW is not HH:MM-HH:MM")
        a, b, c, d = map(int, match.groups())
        opens, closes = a * 60 + b, c * 60 + d
        if b > 59 or d > 59 or not 0 <= opens < closes <= 24 * 60:
            raise ValueError("WHATSTR_SEND_WINDOW must open before it closes")
        return cls(opens, closes)

    def is_open(self, now: datetime) -> bool:
        """Whether a campaign may send at `now`."""
        local = now.astimezone(ZONE)
        return self.opens <= local.hour * 60 + local.minute < self.closes

    def next_opening(self, now: datetime) -> datetime:
        """`now` if it is open, else when it opens next."""
        if self.is_open(now):
            return now
        local = now.astimezone(ZONE)
        at = time(self.opens // 60, self.opens % 60)
        today = datetime.combine(local.date(), at, ZONE)
        return today if today > local else today + timedelta(days=1)
