"""When and how many: send window, people a day, ramp-up, canary. Rules on plain values.

The plan before the click and the engine both decide by these (`planning`, `whatstr.sending.gate`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from whatstr.core.errors import InvalidInput

DAY = timedelta(hours=24)
COUNTED_FOR = DAY + timedelta(minutes=5)
"""So long a person counts: our clock and Meta's need not agree to the second."""
FULL_DAY = 24 * 60
SHORTEST_WINDOW = 60
LATE_LIMIT_MINUTES = 120
"""How late a scheduled campaign may begin when its customer chose nothing else."""
LATE_LIMITS = (5, 7 * 24 * 60)
_CLOCK = re.compile(r"([0-2][0-9]):([0-5][0-9])")
_SETTING = re.compile(r"(\S+)-(\S+) (\S+)")


class Wait(StrEnum):
    """What holds the rest of a campaign back although nobody stopped it."""

    WINDOW = "window"
    PORTFOLIO = "portfolio_limit"
    RAMP_UP = "ramp_up"
    CANARY = "canary"
    QUEUE = "queue"
    RETRY = "retry"


# Send window ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes of the local day from which and before which marketing may leave, in `zone`."""

    opens: int
    closes: int
    zone: str

    @classmethod
    def read(cls, start: str, end: str, zone: str) -> Window:
        """From `"09:00"`, `"21:00"`, `"Europe/Istanbul"`. Raises InvalidInput that names the
        field: the window lies within one day and is an hour long at least."""
        opens, closes = _minutes("window.from", start), _minutes("window.to", end)
        if opens + SHORTEST_WINDOW > closes:
            raise InvalidInput("window.to", "window_too_short")
        if not is_zone(zone):
            raise InvalidInput("window.time_zone", "not_a_zone")
        return cls(opens, closes, zone)

    @property
    def start(self) -> str:
        return _clock(self.opens)

    @property
    def end(self) -> str:
        return _clock(self.closes)

    @property
    def is_whole_day(self) -> bool:
        return self.opens == 0 and self.closes == FULL_DAY

    def is_open(self, at: datetime) -> bool:
        """By the clock on the wall there: a change to summer time moves no message."""
        local = at.astimezone(ZoneInfo(self.zone))
        return self.opens <= local.hour * 60 + local.minute < self.closes

    def next_open(self, at: datetime) -> datetime:
        """`at` when open, else the next opening."""
        return at if self.is_open(at) else self._next(self.opens, at)

    def next_close(self, at: datetime) -> datetime | None:
        """When it closes next; None for a window of the whole day."""
        return None if self.is_whole_day else self._next(self.closes, at)

    def _next(self, minute: int, at: datetime) -> datetime:
        today = at.astimezone(ZoneInfo(self.zone)).date()
        moments = [
            _instant(today + timedelta(days=day), minute, self.zone, fold)
            for day in (-1, 0, 1, 2)
            for fold in (0, 1)
        ]
        return min(moment for moment in moments if moment > at)


def _instant(day: date, minute: int, zone: str, fold: int) -> datetime:
    """A local time as an instant; one that the change to summer time skips comes right after."""
    extra, minute = divmod(minute, FULL_DAY)
    on = day + timedelta(days=extra)
    hour, minute = divmod(minute, 60)
    local = datetime(on.year, on.month, on.day, hour, minute, tzinfo=ZoneInfo(zone), fold=fold)
    return local.astimezone(UTC)


def _minutes(name: str, text: str) -> int:
    if text == "24:00":
        return FULL_DAY
    found = _CLOCK.fullmatch(text)
    if found is None or int(found[1]) > 23:
        raise InvalidInput(name, "not_a_time")
    return int(found[1]) * 60 + int(found[2])


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def is_zone(name: str) -> bool:
    """Whether the tz database knows it."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def window_setting(text: str) -> Window:
    """WHATSTR_SEND_WINDOW. Raises ValueError."""
    found = _SETTING.fullmatch(text)
    try:
        if found is not None:
            return Window.read(*found.groups())
    except InvalidInput:
        pass
    raise ValueError(f"WHATSTR_SEND_WINDOW must look like 09:00-21:00 Europe/Istanbul, not {text}")


# People a day ---------------------------------------------------------------------------------

_TIERS: dict[str | None, int | None] = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
    "TIER_UNLIMITED": None,
}
LOWEST_TIER = 250


def people_limit(tiers: Collection[str | None]) -> int | None:
    """How many people a portfolio may reach in moving 24 hours, by what Meta told of its lines;
    None: as many as it likes.

    The lowest told counts, since one of the lines was asked last. Where nothing was told, or only
    words that are not known, the lowest of all holds (facts 4: 250, 2,000, 10,000, 100,000,
    unlimited, and older names).
    """
    known = [_TIERS[tier] for tier in tiers if tier in _TIERS]
    limits = [limit for limit in known if limit is not None]
    if limits:
        return min(limits)
    return None if known else LOWEST_TIER


def ramp_setting(text: str) -> tuple[int, ...]:
    """WHATSTR_RAMP_UP. Raises ValueError."""
    if text == "none":
        return ()
    try:
        steps = tuple(int(word) for word in text.split())
    except ValueError:
        steps = ()
    if not steps or list(steps) != sorted(steps) or steps[0] < 1:
        raise ValueError(f"WHATSTR_RAMP_UP must be rising numbers or none, not {text}")
    return steps


def ramp_limits(
    steps: Sequence[int], *, first_sent: datetime | None, now: datetime
) -> list[tuple[datetime, int | None]]:
    """(from when, people in 24 hours) of a new organization: one step for each 24 hours since it
    first sent, then no limit of ours. First is what holds now."""
    begin = first_sent if first_sent is not None and first_sent <= now else now
    changes: list[tuple[datetime, int | None]] = [
        (begin + day * DAY, step) for day, step in enumerate(steps)
    ]
    changes.append((begin + len(steps) * DAY, None))
    past = [change for change in changes if change[0] <= now]
    return [(now, past[-1][1]), *(change for change in changes if change[0] > now)]


def limit_at(changes: Sequence[tuple[datetime, int | None]], at: datetime) -> int | None:
    """What of `ramp_limits` holds at a moment."""
    return [limit for since, limit in changes if since <= at][-1]


# Canary ---------------------------------------------------------------------------------------

CANARY_WAIT = timedelta(minutes=30)
"""So long the rest waits for statuses of the first ones at most; then it is decided."""
CANARY_USUAL = timedelta(minutes=2)
"""So long the plan expects it to take: Meta tells within seconds, phones take a little longer."""
CANARY_TOLD = 0.8
CANARY_TOLD_LATE = 0.5
CANARY_FAILED = 0.2
PROVEN_MESSAGES = 50
"""So many delivered messages prove an organization, a line or a template."""


def canary_size(rows: int, *, minimum: int) -> int:
    """How many go first: one in a hundred and `minimum` at least; 0 where that is everybody."""
    size = max(minimum, -(-rows // 100)) if minimum else 0
    return size if size < rows else 0


def canary_reason(
    *, organization_proven: bool, line_proven: bool, template_proven: bool, quality: str
) -> str | None:
    """Why a campaign begins with a canary; None when nothing is new and quality is green."""
    if not organization_proven:
        return "organization"
    if not line_proven:
        return "line"
    if not template_proven:
        return "template"
    return None if quality == "GREEN" else "quality"


class CanaryVerdict(StrEnum):
    WAIT = "wait"
    PASS = "pass"  # noqa: S105 - not a password
    FAILED = "canary_failed"
    SILENT = "canary_silent"


@dataclass(frozen=True, slots=True)
class CanaryTally:
    """What became of the first ones: taken in hand, told of by Meta (in any way), failed."""

    taken: int
    told: int
    failed: int


def canary_verdict(tally: CanaryTally, *, waited: timedelta) -> CanaryVerdict:
    """Ends once Meta has told of four in five; holds the campaign when more than one in five of
    those failed. After half an hour half of them are enough; if not even that came, it holds."""
    enough = CANARY_TOLD if waited < CANARY_WAIT else CANARY_TOLD_LATE
    if tally.told >= tally.taken * enough:
        bad = tally.failed > tally.told * CANARY_FAILED
        return CanaryVerdict.FAILED if bad else CanaryVerdict.PASS
    return CanaryVerdict.WAIT if waited < CANARY_WAIT else CanaryVerdict.SILENT
