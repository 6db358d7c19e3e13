"""The plan of the day: what the engine will do with campaigns, told by one pure function.

`plan` walks a clock over everything that waits on the lines concerned and does what a slice does:
the line's first campaign that may send now sends, at the line's rate, until a window closes, an
allowance of people is used up, its canary is out, or it is done. The page calls it before the
click; the engine's own decisions (`whatstr.sending.gate`) stand on the same rules.

Bounds of the plan: it counts every recipient as a new person (nobody but the sender can know who
was reached already), frees people in steps of ten minutes or less, and expects a canary to take
`CANARY_USUAL`. So the engine is never earlier than its rate allows, and later than the plan only
by what Meta does: a slower line, refusals that are tried again, a canary that is told of late.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from whatstr.campaigns.pacing import CANARY_USUAL, COUNTED_FOR, Wait, Window

STEP = timedelta(minutes=1)
_NOTHING = 1e-3


@dataclass(slots=True)
class Allowance:
    """People in moving 24 hours that several campaigns share. `limits`: (since, people or None),
    the first holds now; `used`: (when they were written to, how many) of the last 24 hours."""

    code: Wait
    limits: Sequence[tuple[datetime, int | None]]
    used: Sequence[tuple[datetime, int]] = ()


@dataclass(slots=True)
class Load:
    """A campaign on its line, in the order in which the line takes them. `window` None: it may go
    at any time. `first`: rows of its canary that are still to go; 0 when the rest may follow."""

    line: str
    rate: int
    rows: int
    due_at: datetime
    ends_at: datetime
    window: Window | None = None
    first: int = 0
    allowances: Sequence[Allowance] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of the plan."""

    date: str
    starts_at: datetime
    ends_at: datetime
    messages: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`waits`: what held the campaign back, in the order in which it came. `left`: rows that do
    not fit before the end of the campaign."""

    days: Sequence[Day]
    waits: Sequence[Wait]
    left: int
    queue_until: datetime | None

    @property
    def starts_at(self) -> datetime | None:
        return self.days[0].starts_at if self.days else None

    @property
    def finishes_at(self) -> datetime | None:
        return self.days[-1].ends_at if self.days and not self.left else None


@dataclass(slots=True)
class _Account:
    """An allowance while the clock walks."""

    rule: Allowance
    used: float = 0.0
    frees: list[tuple[float, float]] = field(default_factory=list)

    def at(self, now: float) -> None:
        while self.frees and self.frees[0][0] <= now:
            self.used -= heapq.heappop(self.frees)[1]

    def free(self, now: float) -> float:
        limit = [limit for since, limit in self.rule.limits if since.timestamp() <= now][-1]
        return float("inf") if limit is None else max(0.0, limit - self.used)

    def take(self, count: float, now: float) -> None:
        self.used += count
        heapq.heappush(self.frees, (now + COUNTED_FOR.total_seconds(), count))

    def next_change(self, now: float) -> float:
        later = [since.timestamp() for since, _ in self.rule.limits if since.timestamp() > now]
        return min([*later, *(at for at, _ in self.frees[:1])], default=float("inf"))


@dataclass(slots=True)
class _Walker:
    """A load while the clock walks."""

    load: Load
    accounts: list[_Account]
    left: float
    first: float
    canary_until: float = float("-inf")

    def blocked(self, now: float, moment: datetime) -> Wait | None:
        """What a slice would wait for."""
        if self.canary_until > now:
            return Wait.CANARY
        for account in self.accounts:
            if account.free(now) < 1:
                return account.rule.code
        if self.load.window is not None and not self.load.window.is_open(moment):
            return Wait.WINDOW
        return None

    def room(self, now: float) -> float:
        """Rows that may go before something of its own stops it."""
        return self.first if self.first > 0 else self.left

    def next_change(self, now: float, moment: datetime) -> float:
        changes = [self.load.due_at.timestamp(), self.load.ends_at.timestamp(), self.canary_until]
        window = self.load.window
        if window is not None:
            edge = window.next_close(moment) if window.is_open(moment) else window.next_open(moment)
            if edge is not None:
                changes.append(edge.timestamp())
        return min((at for at in changes if at > now), default=float("inf"))

    def send(self, count: float, end: float) -> None:
        self.left = max(0.0, self.left - count)
        if self.left < _NOTHING:
            self.left = 0.0
        if self.first > 0:
            self.first -= count
            if self.first < _NOTHING:
                self.first = 0.0
                self.canary_until = end + CANARY_USUAL.total_seconds()
        for account in self.accounts:
            account.take(count, end)


def plan(loads: Sequence[Load], *, mine: int, now: datetime, zone: str) -> Plan:
    """What becomes of `loads[mine]` from `now` on. Days are local in `zone`."""
    accounts: dict[int, _Account] = {}
    for load in loads:
        for rule in load.allowances:
            accounts.setdefault(id(rule), _opened(rule, now))
    walkers = [
        _Walker(load, [accounts[id(rule)] for rule in load.allowances], load.rows, load.first)
        for load in loads
    ]
    me = walkers[mine]
    notes = _Notes(zone)
    at, end = now.timestamp(), me.load.ends_at.timestamp()
    while me.left > 0 and at < end:
        moment = datetime.fromtimestamp(at, UTC)
        for account in accounts.values():
            account.at(at)
        active = _active(walkers, at, moment)
        if me not in active and me.load.due_at.timestamp() <= at:
            notes.wait(me.blocked(at, moment) or Wait.QUEUE, at)
        until = min(
            end,
            notes.midnight(moment),
            *(walker.next_change(at, moment) for walker in walkers if walker.left > 0),
            *(account.next_change(at) for account in accounts.values()),
        )
        if active:
            until = min(until, at + STEP.total_seconds(), *_exhausted(active, at))
            for walker in active:
                count = min(walker.load.rate * (until - at), walker.room(at))
                walker.send(count, until)
                if walker is me:
                    notes.sent(at, until, count)
        if until == float("inf"):
            break
        at = until
    return notes.plan(rows=me.load.rows)


def _opened(rule: Allowance, now: datetime) -> _Account:
    account = _Account(rule)
    for at, count in rule.used:
        account.take(count, at.timestamp())
    account.at(now.timestamp())
    return account


def _active(walkers: Sequence[_Walker], at: float, moment: datetime) -> list[_Walker]:
    """The first of each line that may send now."""
    found: dict[str, _Walker] = {}
    for walker in walkers:
        load = walker.load
        if (
            load.line not in found
            and walker.left > 0
            and load.due_at.timestamp() <= at < load.ends_at.timestamp()
            and walker.blocked(at, moment) is None
        ):
            found[load.line] = walker
    return list(found.values())


def _exhausted(active: Sequence[_Walker], at: float) -> list[float]:
    """When the first of them comes to an end of its own or of what it shares."""
    ends = [at + walker.room(at) / walker.load.rate for walker in active]
    rates: dict[int, tuple[_Account, float]] = {}
    for walker in active:
        for account in walker.accounts:
            _, rate = rates.get(id(account), (account, 0.0))
            rates[id(account)] = (account, rate + walker.load.rate)
    return ends + [at + account.free(at) / rate for account, rate in rates.values()]


@dataclass(slots=True)
class _Notes:
    """What is written down of one campaign while the clock walks."""

    zone: str
    stretches: list[tuple[float, float, float]] = field(default_factory=list)
    waits: dict[Wait, None] = field(default_factory=dict)
    queued_at: float | None = None

    def wait(self, what: Wait, at: float) -> None:
        self.waits[what] = None
        self.queued_at = at if what is Wait.QUEUE else self.queued_at

    def sent(self, start: float, end: float, count: float) -> None:
        self.stretches.append((start, end, count))

    def midnight(self, moment: datetime) -> float:
        """The next local midnight: a day of the plan ends there."""
        local = moment.astimezone(ZoneInfo(self.zone))
        following = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return max(following.timestamp(), moment.timestamp() + 1)

    def plan(self, *, rows: int) -> Plan:
        sums: dict[str, list[float]] = {}
        for start, end, count in self.stretches:
            local = datetime.fromtimestamp(start, ZoneInfo(self.zone))
            known = sums.setdefault(local.date().isoformat(), [start, end, 0.0])
            known[1], known[2] = end, known[2] + count
        days, told, exact = [], 0, 0.0
        for date, (start, end, count) in sums.items():
            exact += count
            days.append(Day(date, _at(start), _at(end), round(exact) - told))
            told = round(exact)
        first = self.stretches[0][0] if self.stretches else None
        queue = first if self.queued_at is not None else None
        queued_until = _at(queue) if queue is not None else None
        return Plan(days, list(self.waits), rows - told, queued_until)


def _at(moment: float) -> datetime:
    """Whole seconds, rounded up: the page promises nothing earlier."""
    return datetime.fromtimestamp(-(-moment // 1), UTC)
