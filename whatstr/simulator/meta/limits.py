"""Meta's limits: pace of a line, pace to one person, people per moving day of a portfolio."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

_DAY = 86_400.0
_HOUR = 3_600.0


@dataclass(slots=True)
class Bucket:
    """A token bucket; starts full."""

    rate: float
    capacity: float
    tokens: float
    at: float

    def take(self, now: float, *, force: bool = False) -> bool:
        """Take one token; `force` takes it even from an empty bucket (inbound counts too)."""
        self.tokens = min(self.capacity, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1.0 and not force:
            return False
        self.tokens = max(self.tokens - 1.0, -self.capacity)
        return True


@dataclass(slots=True)
class Limits:
    """All counters. Nothing of this is kept over a restart but the people of the day."""

    _lines: dict[str, Bucket] = field(default_factory=dict)
    _pairs: dict[tuple[str, str], tuple[float, int, float]] = field(default_factory=dict)
    _people: dict[str, OrderedDict[str, float]] = field(default_factory=dict)
    _marketing: dict[str, list[float]] = field(default_factory=dict)
    _calls: dict[str, list[float]] = field(default_factory=dict)

    def line(
        self, line_id: str, *, rate: float, burst_seconds: float, now: float, force: bool = False
    ) -> bool:
        """Whether the line may send now (else 130429)."""
        capacity = max(1.0, rate * burst_seconds)
        bucket = self._lines.get(line_id)
        if bucket is None or bucket.rate != rate or bucket.capacity != capacity:
            bucket = self._lines[line_id] = Bucket(rate, capacity, capacity, now)
        return bucket.take(now, force=force)

    def pair(self, line_id: str, person: str, *, interval: float, burst: int, now: float) -> bool:
        """Whether this person may get another one now (else 131056).

        One per `interval`; a burst within one interval is allowed and borrows from the future:
        after n messages at once the next one waits n intervals.
        """
        start, count, free_at = self._pairs.get((line_id, person), (0.0, 0, 0.0))
        if now >= free_at:
            start, count, free_at = now, 0, now
        elif now > start + interval or count >= burst:
            return False
        if len(self._pairs) > 300_000:
            self._pairs = {k: v for k, v in self._pairs.items() if v[2] > now}
        self._pairs[line_id, person] = (start, count + 1, free_at + interval)
        return True

    def person_of_day(self, business: str, person: str, *, limit: int | None, now: float) -> bool:
        """Count a person of the portfolio's moving 24 hours; False if they are one too many."""
        people = self._people.setdefault(business, OrderedDict())
        while people and next(iter(people.values())) <= now - _DAY:
            people.popitem(last=False)
        if limit is not None and person not in people and len(people) >= limit:
            return False
        people[person] = now
        people.move_to_end(person)
        return True

    def people_of_day(self, business: str, now: float) -> int:
        """How many people the portfolio has reached in 24 hours."""
        return sum(at > now - _DAY for at in self._people.get(business, {}).values())

    def marketing(self, person: str, *, cap: int, now: float) -> bool:
        """Count a marketing message to a person; False beyond the cap of a day (131049)."""
        if cap <= 0:
            return True
        times = [at for at in self._marketing.get(person, ()) if at > now - _DAY]
        self._marketing[person] = times
        if len(times) >= cap:
            return False
        times.append(now)
        return True

    def management(self, waba_id: str, *, per_hour: int, now: float) -> tuple[bool, int]:
        """Count a management call; whether it is allowed (else 80007), and percent used."""
        calls = self._calls.setdefault(waba_id, [])
        while calls and calls[0] <= now - _HOUR:
            calls.pop(0)
        if len(calls) >= per_hour:
            return False, 100
        calls.append(now)
        return True, 100 * len(calls) // max(per_hour, 1)
