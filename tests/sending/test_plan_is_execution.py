"""What the plan says before the click is what the engine then does, within stated bounds.

The engine here is made of its own decisions (`gate.decide`, `Admission`, the size of a batch, when
a campaign is looked at again) under a clock that the test turns; only the posting and Redis are
stood in for: messages leave at the line's rate, and people are counted in a list.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from whatstr.campaigns.models import CampaignState
from whatstr.campaigns.pacing import (
    COUNTED_FOR,
    CanaryTally,
    CanaryVerdict,
    Wait,
    Window,
    canary_verdict,
    limit_at,
    ramp_limits,
)
from whatstr.campaigns.planning import Allowance, Load, plan
from whatstr.sending.admission import Admission
from whatstr.sending.batches import batch_size
from whatstr.sending.canary import Canary
from whatstr.sending.gate import CLOSING, Facts, Go, Pause, decide
from whatstr.sending.quota import Reserved
from whatstr.sending.rows import Candidate

NOON = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)  # 12:00 in Istanbul
ZONE = "Europe/Istanbul"
RATE = 20
PER_WAIT = timedelta(seconds=200)
"""What a wait may differ by: a canary told of sooner or later, looks fifteen seconds apart."""
PER_DAY = timedelta(seconds=75)
"""What each day may differ by: the plan frees people minute by minute."""


NOBODY = bytes(16)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class People:
    """A limit that several campaigns share, counted exactly."""

    rule: Allowance
    at: list[tuple[datetime, int]] = field(default_factory=list)

    def used(self, now: datetime) -> int:
        self.at = [(at, count) for at, count in self.at if at > now - COUNTED_FOR and count]
        return sum(count for _, count in self.at)


@dataclass
class Counted:
    """Stands for `Quota`: everybody is a new person."""

    people: Sequence[People]
    now: datetime

    def reserve(self, wanted: Sequence[bytes]) -> Reserved:
        free = {}
        for one in self.people:
            limit = limit_at(one.rule.limits, self.now)
            if limit is not None:
                free[one.rule.code] = (max(0, limit - one.used(self.now)), one)
        count = min([len(wanted), *(room for room, _ in free.values())])
        for one in self.people:
            one.at.append((self.now, count))
        if not free:
            return Reserved(count)
        code, (room, full) = min(free.items(), key=lambda entry: entry[1][0])
        if count < room:
            return Reserved(count)
        oldest = min((at for at, _ in full.at), default=self.now)
        return Reserved(count, code, (oldest + COUNTED_FOR - self.now).total_seconds())


@dataclass
class Running:
    """A campaign in the engine's hands."""

    load: Load
    people: Sequence[People]
    told_after: timedelta
    left: int
    first: int
    last: datetime | None = None
    rest: datetime = LONG_AGO
    sent: list[tuple[datetime, int]] = field(default_factory=list)

    def canary(self, now: datetime) -> Canary | None:
        if not self.load.first or (self.first == 0 and self.last is None):
            return None
        if self.first > 0:
            return Canary(CanaryVerdict.PASS, left=self.first)
        assert self.last is not None
        told = self.load.first if now >= self.last + self.told_after else 0
        tally = CanaryTally(self.load.first, told, 0)
        verdict = canary_verdict(tally, waited=now - self.last)
        if verdict is CanaryVerdict.PASS:
            self.last = None
            return None
        return Canary(verdict)


def engine(loads: Sequence[Load], told_after: timedelta, until: datetime) -> list[Running]:
    """Slices of all lines, each at its own pace, batch after batch."""
    shared: dict[int, People] = {}
    for load in loads:
        for rule in load.allowances:
            shared.setdefault(id(rule), People(rule, list(rule.used)))
    running = [
        Running(load, [shared[id(r)] for r in load.allowances], told_after, load.rows, load.first)
        for load in loads
    ]
    lines = [(NOON, line) for line in sorted({load.line for load in loads})]
    heapq.heapify(lines)
    while lines:
        now, line = heapq.heappop(lines)
        mine = [one for one in running if one.load.line == line and one.left > 0]
        if now < until and mine:
            heapq.heappush(lines, (slice_once(mine, now), line))
    return running


def slice_once(mine: Sequence[Running], now: datetime) -> datetime:
    """One batch of the line's first campaign that may send; when to go on."""
    for one in mine:
        if one.load.due_at > now or one.load.ends_at <= now or one.rest > now:
            continue
        told = decide(
            Facts(CampaignState.RUNNING, now, None, one.load.window, one.canary(now)), now=now
        )
        if isinstance(told, Pause):
            one.rest = looked_at_again(told, now)
            continue
        assert isinstance(told, Go)
        end = post(one, told, now)
        if end > now:
            return end
    wakes = [max(one.load.due_at, one.rest) for one in mine]
    return min(max(now + timedelta(seconds=1), wake) for wake in wakes)


def looked_at_again(pause: Pause, now: datetime, rises: Sequence[datetime] = ()) -> datetime:
    """The engine looks every few seconds; here only the first look is taken that can find anything
    new, half a period after it: the wait is over, or a limit has risen."""
    half = timedelta(seconds=Pause(pause.wait).seconds(now) / 2)
    new = [pause.until or now, *(at for at in rises if at > now)]
    return max(now, min(new)) + half


def nobody_talks(people: Collection[bytes], *, now: datetime) -> set[bytes]:
    return set()


def post(one: Running, go: Go, now: datetime) -> datetime:
    rate = one.load.rate
    size = min(batch_size(rate), one.left)
    if go.closes is not None:
        # The watch gives the signal; what was not posted is given back.
        size = min(size, int((go.closes - CLOSING - now).total_seconds() * rate) + 1)
    admission = Admission(Counted(one.people, now), nobody_talks, one.first or None)  # type: ignore[arg-type]
    found = [Candidate(row, "", NOBODY, b"") for row in range(size)]
    count = len(admission.admit(found, now=now))
    if admission.pause is not None:
        rises = [at for rule in one.load.allowances for at, _ in rule.limits]
        one.rest = looked_at_again(admission.pause, now, rises)
    one.left -= count
    end = now + timedelta(seconds=count / rate)
    if count:
        one.sent.append((end, count))
    if one.first:
        one.first -= count
        one.last = end
    return end


@st.composite
def worlds(draw: st.DrawFn) -> list[Load]:
    shared = Allowance(
        Wait.PORTFOLIO,
        [(NOON, draw(st.sampled_from([None, 10_000, 100_000])))],
        [(NOON - timedelta(hours=draw(st.integers(1, 23))), draw(st.integers(0, 9_000)))],
    )
    steps = draw(st.sampled_from([(), (1_000, 2_000, 5_000)]))
    ramp = Allowance(Wait.RAMP_UP, ramp_limits(steps, first_sent=None, now=NOON))
    window = draw(st.sampled_from([None, Window.read("09:00", "21:00", ZONE)]))
    loads = []
    for _ in range(draw(st.integers(1, 3))):
        due = NOON + timedelta(minutes=draw(st.integers(0, 1_500)))
        loads.append(
            Load(
                line=draw(st.sampled_from("ab")),
                rate=RATE,
                rows=draw(st.sampled_from([300, 5_000, 60_000, 200_000])),
                due_at=due,
                ends_at=due + timedelta(days=7),
                window=window,
                first=draw(st.sampled_from([0, 100])),
                allowances=[shared, ramp],
            )
        )
    return sorted(loads, key=lambda one: one.due_at)


def two_lines_of_one_limit() -> list[Load]:
    """The second comes when the first has used up the limit: from then on they share what comes
    free, at the very rate at which either could send it alone."""
    shared = Allowance(Wait.PORTFOLIO, [(NOON, 100_000)])
    times = [("a", NOON), ("b", NOON + timedelta(hours=11))]
    return [
        Load(line, RATE, 200_000, at, at + timedelta(days=7), first=100, allowances=[shared])
        for line, at in times
    ]


@given(worlds(), st.integers(0, 100))
@example(two_lines_of_one_limit(), 45)
@settings(deadline=None, max_examples=8)
def test_the_engine_does_what_the_plan_said(loads: list[Load], told_seconds: int) -> None:
    until = max(load.ends_at for load in loads)
    done = engine(loads, timedelta(seconds=told_seconds), until)
    for mine, one in enumerate(done):
        told = plan(loads, mine=mine, now=NOON, zone=ZONE)
        assert sum(count for _, count in one.sent) + one.left == one.load.rows
        for days in range(1, 9):
            midnight = datetime(2026, 11, 27, tzinfo=ZoneInfo(ZONE)) + timedelta(days=days)
            date = midnight.date().isoformat()
            planned = sum(day.messages for day in told.days if day.date < date)
            sent = sum(count for at, count in one.sent if at <= midnight)
            # Each campaign on the way may shift the others by as much as itself.
            shift = len(loads) * (PER_WAIT + days * PER_DAY)
            assert abs(planned - sent) <= RATE * shift.total_seconds()


@given(st.integers(1, 60), st.sampled_from([None, 1_000]))
@settings(deadline=None, max_examples=8)
def test_alone_on_its_line_it_ends_when_the_plan_says(hundreds: int, limit: int | None) -> None:
    """One campaign without a window: the end itself is compared, to the seconds."""
    people = Allowance(Wait.PORTFOLIO, [(NOON, limit)])
    ends = NOON + timedelta(days=7)
    load = Load("a", RATE, hundreds * 100, NOON, ends, allowances=[people])
    (done,) = engine([load], timedelta(0), ends)
    told = plan([load], mine=0, now=NOON, zone=ZONE)
    assert told.left == done.left
    if told.finishes_at is not None:
        days = (told.finishes_at - NOON).days
        apart = abs(told.finishes_at - done.sent[-1][0])
        assert apart <= timedelta(seconds=20) + days * PER_DAY
