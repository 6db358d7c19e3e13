"""How much an exception can defend, on every ground; periods; who used what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatstr.billing.models import Ground, PlanInterval
from whatstr.billing.policies import (
    SECOND_SIGNATURE_KURUS,
    Facts,
    consumed_by,
    credits_to_take,
    maximum_kurus,
    period_end,
    signatures_needed,
)


def facts(**changes: object) -> Facts:
    values: dict[str, object] = {
        "paid_kurus": 100_000,
        "refunded_kurus": 0,
        "price_now_kurus": 90_000,
        "credits": 1_000,
        "used": 600,
        "remaining": 400,
        "accepted": 600,
        "delivered": 500,
        "twin": False,
        "earlier_exceptions": 0,
        "earlier_refunded_kurus": 0,
        "open_disputes": 0,
        "lost_disputes": 0,
        **changes,
    }
    return Facts(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ground", "most", "credits"),
    [
        (Ground.HARDSHIP, 40_000, 400),
        (Ground.NEVER_DELIVERED, 50_000, 400),
        (Ground.OUR_OUTAGE, 50_000, 400),
        (Ground.PRICE_ERROR, 10_000, 0),
        (Ground.LEGAL_ORDER, 100_000, 400),
        (Ground.DUPLICATE_CHARGE, 0, 0),
    ],
)
def test_the_maximum_of_each_ground(ground: Ground, most: int, credits: int) -> None:  # noqa: A002
    assert maximum_kurus(ground, facts()) == most
    assert credits_to_take(ground, facts(), most) == credits


def test_a_duplicate_needs_its_twin() -> None:
    assert maximum_kurus(Ground.DUPLICATE_CHARGE, facts(twin=True)) == 40_000


def test_money_for_undelivered_messages_takes_no_unused_credits() -> None:
    assert credits_to_take(Ground.OUR_OUTAGE, facts(), 10_000) == 0
    assert credits_to_take(Ground.OUR_OUTAGE, facts(), 10_001) == 1


@pytest.mark.parametrize("dispute", ["open_disputes", "lost_disputes"])
@pytest.mark.parametrize("ground", Ground)
def test_nothing_under_a_dispute(ground: Ground, dispute: str) -> None:
    assert maximum_kurus(ground, facts(twin=True, **{dispute: 1})) == 0


@given(
    ground=st.sampled_from(Ground),
    refunded=st.integers(0, 120_000),
    used=st.integers(0, 1_000),
    delivered=st.integers(0, 5_000),
    clawed=st.integers(0, 1_000),
)
def test_never_more_than_is_left(
    ground: Ground, refunded: int, used: int, delivered: int, clawed: int
) -> None:
    found = facts(
        refunded_kurus=refunded,
        used=used,
        remaining=max(0, 1_000 - used - clawed),
        delivered=delivered,
        twin=True,
    )
    most = maximum_kurus(ground, found)
    assert 0 <= most <= found.left_kurus
    assert 0 <= credits_to_take(ground, found, most) <= found.remaining


def test_two_signatures_above_the_limit_or_the_budget() -> None:
    limit = SECOND_SIGNATURE_KURUS
    assert signatures_needed(amount_kurus=limit - 1, budget_left_kurus=limit) == 1
    assert signatures_needed(amount_kurus=limit, budget_left_kurus=2 * limit) == 2
    assert signatures_needed(amount_kurus=10, budget_left_kurus=9) == 2


@given(st.lists(st.integers(0, 500), max_size=6), st.integers(0, 3_000))
def test_credits_are_used_oldest_first(granted: list[int], consumed: int) -> None:
    used = consumed_by(granted, consumed)
    assert sum(used) == min(sum(granted), consumed)
    for index, (size, taken) in enumerate(zip(granted, used, strict=True)):
        assert 0 <= taken <= size
        if taken < size:
            assert sum(used[index + 1 :]) == 0


@pytest.mark.parametrize(
    ("start", "interval", "end"),
    [
        ("2027-01-31", PlanInterval.MONTH, "2027-02-28"),
        ("2027-12-15", PlanInterval.MONTH, "2028-01-15"),
        ("2028-02-29", PlanInterval.YEAR, "2029-02-28"),
    ],
)
def test_a_period_ends_on_the_same_day(start: str, interval: PlanInterval, end: str) -> None:
    found = period_end(datetime.fromisoformat(start).replace(tzinfo=UTC), interval)
    assert found == datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert period_end(datetime(2027, 1, 1, tzinfo=UTC), PlanInterval.ONCE) is None
