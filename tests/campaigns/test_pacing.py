"""When and how many: windows over every change of the clock, limits, ramp-up, canary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatstr.campaigns import pacing
from whatstr.campaigns.pacing import CanaryTally, CanaryVerdict, Window
from whatstr.core.errors import InvalidInput

NOON = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)  # 12:00 in Istanbul
ISTANBUL = Window.read("09:00", "21:00", "Europe/Istanbul")
# Summer time, no summer time, half hours, a change at midnight, the other side of the date line.
ZONES = ["Europe/Istanbul", "Europe/Berlin", "America/Havana", "Asia/Beirut", "Asia/Kolkata"]
ZONES += ["Australia/Lord_Howe", "Pacific/Apia", "UTC"]
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    opens = draw(st.integers(0, 23 * 60))
    closes = draw(st.integers(opens + 60, 24 * 60))
    return Window(opens, closes, draw(st.sampled_from(ZONES)))


@given(windows(), MOMENTS)
@settings(deadline=None)
def test_a_window_opens_and_closes_in_turn(window: Window, at: datetime) -> None:
    opens = window.next_open(at)
    assert at <= opens <= at + timedelta(hours=26)
    assert window.is_open(opens)
    closes = window.next_close(at)
    if closes is None:
        assert window.is_whole_day
    else:
        assert at < closes <= at + timedelta(hours=26)
        # Where the day ends at midnight and begins there, it closes and opens at once.
        assert window.opens == 0 or not window.is_open(closes)


@given(MOMENTS)
@settings(deadline=None)
def test_the_wall_clock_decides(at: datetime) -> None:
    local = at.astimezone(ZoneInfo("Europe/Berlin"))
    window = Window.read("09:00", "21:00", "Europe/Berlin")
    assert window.is_open(at) == (9 <= local.hour < 21)


def test_the_default_window() -> None:
    assert pacing.window_setting("09:00-21:00 Europe/Istanbul") == ISTANBUL
    late = NOON + timedelta(hours=9)
    assert ISTANBUL.is_open(NOON) and not ISTANBUL.is_open(late)
    assert ISTANBUL.next_close(NOON) == NOON + timedelta(hours=9)
    assert ISTANBUL.next_open(late) == NOON + timedelta(hours=21)


@pytest.mark.parametrize("change", [(3, 29), (10, 25)])
def test_summer_time_moves_the_window_with_the_wall(change: tuple[int, int]) -> None:
    """Berlin changed its clocks on these two days of 2026, Istanbul never does."""
    day = datetime(2026, *change, tzinfo=ZoneInfo("Europe/Berlin"))
    window = Window.read("09:00", "21:00", "Europe/Berlin")
    before = window.next_open(day.astimezone(UTC) - timedelta(hours=12))
    after = window.next_open(day.astimezone(UTC) + timedelta(hours=1))
    assert after.astimezone(ZoneInfo("Europe/Berlin")).hour == 9
    assert (after - before) % timedelta(hours=24) != timedelta(0)


@pytest.mark.parametrize(
    ("start", "end", "zone", "field"),
    [
        ("9:00", "21:00", "UTC", "window.from"),
        ("24:00", "24:00", "UTC", "window.to"),
        ("25:00", "21:00", "UTC", "window.from"),
        ("09:00", "09:59", "UTC", "window.to"),
        ("21:00", "09:00", "UTC", "window.to"),
        ("09:00", "21:00", "Mars/Olympus", "window.time_zone"),
        ("09:00", "21:00", "../etc/passwd", "window.time_zone"),
        ("09:00", "21:00", "", "window.time_zone"),
    ],
)
def test_a_window_that_is_none(start: str, end: str, zone: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Window.read(start, end, zone)
    assert refused.value.context["field"] == field


def test_a_bad_setting_is_said() -> None:
    for text in ("", "09:00-21:00", "09:00-08:00 UTC", "nine to five UTC"):
        with pytest.raises(ValueError, match="WHATSTR_SEND_WINDOW"):
            pacing.window_setting(text)
    for text in ("", "5 4", "0 1", "many"):
        with pytest.raises(ValueError, match="WHATSTR_RAMP_UP"):
            pacing.ramp_setting(text)


@pytest.mark.parametrize(
    ("tiers", "limit"),
    [
        (["TIER_250"], 250),
        (["TIER_1K"], 1_000),
        (["TIER_2K"], 2_000),
        (["TIER_10K"], 10_000),
        (["TIER_100K"], 100_000),
        (["TIER_UNLIMITED"], None),
        (["TIER_UNLIMITED", "TIER_2K", None], 2_000),
        (["TIER_10K", None], 10_000),
        ([None], 250),
        (["TIER_NOT_SET"], 250),
        (["TIER_OF_TOMORROW"], 250),
        ([], 250),
    ],
)
def test_people_a_day_fail_closed(tiers: list[str | None], limit: int | None) -> None:
    assert pacing.people_limit(tiers) == limit


def test_a_new_organization_climbs_a_step_a_day() -> None:
    def at(hours: int) -> int | None:
        moment = NOON + timedelta(hours=hours)
        limits = pacing.ramp_limits((10, 20), first_sent=NOON, now=moment)
        assert limits[0][0] == moment
        return pacing.limit_at(limits, moment)

    assert [at(0), at(23), at(24), at(47), at(48), at(1000)] == [10, 10, 20, 20, None, None]
    ahead = pacing.ramp_limits((10, 20), first_sent=None, now=NOON)
    assert [limit for _, limit in ahead] == [10, 20, None]
    assert pacing.ramp_limits((), first_sent=None, now=NOON) == [(NOON, None)]


def test_a_clock_that_was_ahead_does_not_skip_the_ramp() -> None:
    later = NOON + timedelta(days=400)
    limits = pacing.ramp_limits((10, 20), first_sent=later, now=NOON)
    assert limits[0] == (NOON, 10)


@pytest.mark.parametrize(
    ("rows", "size"),
    [(1, 0), (50, 0), (51, 50), (5_000, 50), (5_001, 51), (100_000, 1_000), (500_000, 5_000)],
)
def test_one_in_a_hundred_goes_first(rows: int, size: int) -> None:
    assert pacing.canary_size(rows, minimum=50) == size
    assert pacing.canary_size(rows, minimum=0) == 0


@pytest.mark.parametrize(
    ("told", "failed", "minutes", "verdict"),
    [
        (0, 0, 0, CanaryVerdict.WAIT),
        (39, 0, 29, CanaryVerdict.WAIT),
        (40, 0, 0, CanaryVerdict.PASS),
        (40, 8, 0, CanaryVerdict.PASS),
        (40, 9, 0, CanaryVerdict.FAILED),
        (25, 5, 30, CanaryVerdict.PASS),
        (25, 6, 30, CanaryVerdict.FAILED),
        (24, 0, 30, CanaryVerdict.SILENT),
        (0, 0, 30, CanaryVerdict.SILENT),
    ],
)
def test_what_ends_a_canary(told: int, failed: int, minutes: int, verdict: CanaryVerdict) -> None:
    tally = CanaryTally(taken=50, told=told, failed=failed)
    assert pacing.canary_verdict(tally, waited=timedelta(minutes=minutes)) is verdict


def test_what_is_new_begins_with_a_canary() -> None:
    known = {
        "organization_proven": True,
        "line_proven": True,
        "template_proven": True,
        "quality": "GREEN",
    }
    assert pacing.canary_reason(**known) is None
    for name, reason in (
        ("organization_proven", "organization"),
        ("line_proven", "line"),
        ("template_proven", "template"),
    ):
        assert pacing.canary_reason(**{**known, name: False}) == reason
    for quality in ("YELLOW", "RED", "UNKNOWN", "NA"):
        assert pacing.canary_reason(**{**known, "quality": quality}) == "quality"
