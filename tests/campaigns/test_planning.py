"""The plan of the day on plain values: how many go when, and what holds the rest back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from whatstr.campaigns.pacing import CANARY_USUAL, Wait, Window, ramp_limits
from whatstr.campaigns.planning import Allowance, Load, Plan, plan

NOON = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)  # 12:00 in Istanbul
ZONE = "Europe/Istanbul"
WINDOW = Window.read("09:00", "21:00", ZONE)


def load(rows: int, *, line: str = "a", rate: int = 80, **more: object) -> Load:
    start = more.pop("due_at", NOON)
    assert isinstance(start, datetime)
    return Load(line, rate, rows, start, start + timedelta(days=7), **more)  # type: ignore[arg-type]


def portfolio(limit: int | None, *used: tuple[datetime, int]) -> Allowance:
    return Allowance(Wait.PORTFOLIO, [(NOON, limit)], used)


def told(found: Plan) -> list[tuple[str, int]]:
    return [(day.date, day.messages) for day in found.days]


def test_nothing_but_the_line() -> None:
    found = plan([load(10_000)], mine=0, now=NOON, zone=ZONE)
    assert told(found) == [("2026-11-27", 10_000)]
    assert (found.starts_at, found.finishes_at) == (NOON, NOON + timedelta(seconds=125))
    assert (found.waits, found.left) == ([], 0)


def test_the_window_divides_it_into_days() -> None:
    found = plan([load(1_000_000, rate=20, window=WINDOW)], mine=0, now=NOON, zone=ZONE)
    # 9 hours are left today, then 12 a day, at 72,000 messages an hour.
    assert told(found) == [("2026-11-27", 648_000), ("2026-11-28", 352_000)]
    assert found.days[0].ends_at == NOON + timedelta(hours=9)
    assert found.days[1].starts_at == NOON + timedelta(hours=21)
    assert found.waits == [Wait.WINDOW]


def test_a_later_start_outside_the_window_waits_for_it() -> None:
    night = NOON + timedelta(hours=11)
    found = plan([load(100, due_at=night, window=WINDOW)], mine=0, now=NOON, zone=ZONE)
    assert found.starts_at == NOON + timedelta(hours=21)
    assert plan([load(100, due_at=night)], mine=0, now=NOON, zone=ZONE).starts_at == night


def test_the_portfolio_limit_counts_what_was_sent_before() -> None:
    used = (NOON - timedelta(hours=20), 1_500)
    found = plan([load(3_000, allowances=[portfolio(2_000, used)])], mine=0, now=NOON, zone=ZONE)
    # 500 now, 1,500 once those of yesterday are 24 hours old, 500 a day after the first.
    assert told(found) == [("2026-11-27", 2_000), ("2026-11-28", 1_000)]
    assert found.waits == [Wait.PORTFOLIO]


def test_a_new_organization_climbs() -> None:
    ramp = Allowance(Wait.RAMP_UP, ramp_limits((100, 200, 400), first_sent=None, now=NOON))
    found = plan([load(1_000, allowances=[ramp])], mine=0, now=NOON, zone=ZONE)
    # A day after the first step 200 people are allowed and the first 100 are free again.
    assert told(found) == [
        ("2026-11-27", 100),
        ("2026-11-28", 200),
        ("2026-11-29", 400),
        ("2026-11-30", 300),
    ]
    assert found.waits == [Wait.RAMP_UP]


def test_two_lines_share_one_portfolio() -> None:
    shared = portfolio(1_000)
    loads = [load(800, line="b", allowances=[shared]), load(800, allowances=[shared])]
    found = plan(loads, mine=1, now=NOON, zone=ZONE)
    assert told(found) == [("2026-11-27", 500), ("2026-11-28", 300)]
    alone = plan([load(800, line="b"), load(800)], mine=1, now=NOON, zone=ZONE)
    assert told(alone) == [("2026-11-27", 800)]


def test_what_was_launched_before_on_the_line_goes_first() -> None:
    found = plan([load(8_000), load(80)], mine=1, now=NOON, zone=ZONE)
    assert found.starts_at == NOON + timedelta(seconds=100)
    assert (found.waits, found.queue_until) == ([Wait.QUEUE], found.starts_at)


def test_one_that_may_not_go_does_not_keep_the_others_waiting() -> None:
    night = NOON + timedelta(hours=11)
    loads = [load(8_000, due_at=night, window=WINDOW), load(80, due_at=night)]
    assert plan(loads, mine=1, now=night, zone=ZONE).starts_at == night


def test_the_rest_waits_for_the_first_ones() -> None:
    found = plan([load(1_000, first=80)], mine=0, now=NOON, zone=ZONE)
    # One second for the canary, the wait, then 920 at 80 a second.
    assert found.finishes_at == NOON + timedelta(seconds=1 + 11.5 + 0.5) + CANARY_USUAL
    assert found.waits == [Wait.CANARY]


def test_what_does_not_fit_into_seven_days() -> None:
    found = plan([load(10_000, allowances=[portfolio(250)])], mine=0, now=NOON, zone=ZONE)
    assert found.left == 10_000 - 7 * 250
    assert found.finishes_at is None
    assert len(found.days) == 7


def test_nobody_to_send_to() -> None:
    found = plan([load(0)], mine=0, now=NOON, zone=ZONE)
    assert (found.days, found.left, found.finishes_at) == ([], 0, None)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Load], list[Allowance]]:
    """Campaigns of a few lines that share limits, in the order in which their lines take them."""
    whole = draw(st.sampled_from([None, 250, 2_000, 10_000]))
    used = draw(st.lists(st.tuples(st.integers(0, 86_000), st.integers(1, 500)), max_size=5))
    shared = portfolio(whole, *((NOON - timedelta(seconds=s), n) for s, n in used))
    ramp = Allowance(Wait.RAMP_UP, ramp_limits((1_000, 4_000), first_sent=None, now=NOON))
    loads = [
        load(
            draw(st.integers(1, 30_000)),
            line=draw(st.sampled_from("ab")),
            due_at=NOON + timedelta(minutes=draw(st.integers(0, 2_000))),
            window=draw(st.sampled_from([None, WINDOW])),
            first=draw(st.sampled_from([0, 0, 1])),
            allowances=draw(st.sampled_from([[shared], [shared, ramp]])),
        )
        for _ in range(draw(st.integers(1, 4)))
    ]
    return sorted(loads, key=lambda one: one.due_at), [shared, ramp]


@given(worlds())
@settings(deadline=None, max_examples=60)
def test_a_plan_adds_up_and_keeps_the_rules(world: tuple[list[Load], list[Allowance]]) -> None:
    loads, _ = world
    for mine, wanted in enumerate(loads):
        found = plan(loads, mine=mine, now=NOON, zone=ZONE)
        assert sum(day.messages for day in found.days) + found.left == wanted.rows
        for day in found.days:
            assert wanted.due_at <= day.starts_at <= day.ends_at
            assert day.ends_at <= wanted.ends_at + timedelta(seconds=1)
            assert day.messages <= wanted.rate * ((day.ends_at - day.starts_at).seconds + 1)
            if wanted.window is not None:
                assert wanted.window.is_open(day.starts_at)
                closes = wanted.window.next_close(day.starts_at)
                assert closes is not None and day.ends_at <= closes
