"""One source of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from whatstr.core import clock

NOON = datetime(2026, 11, 23, 12, 0, 0, 700_000, tzinfo=UTC)


def test_the_clock_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_a_frozen_clock_moves_only_by_hand() -> None:
    with clock.frozen(NOON) as advance:
        assert clock.now() == clock.now() == NOON
        assert clock.unix() == 1_795_435_200
        advance(timedelta(minutes=90))
        assert clock.now() == NOON + timedelta(minutes=90)
    assert clock.now() > NOON - timedelta(days=3650)


def test_the_clock_runs_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), clock.frozen(datetime(2001, 1, 1, tzinfo=UTC)):
        raise ZeroDivisionError
    assert clock.now().year > 2001


def test_frozen_clocks_nest() -> None:
    with clock.frozen(NOON):
        with clock.frozen(NOON + timedelta(days=1)):
            assert clock.now().day == 24
        assert clock.now() == NOON
