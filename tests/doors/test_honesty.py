"""Figures held against Meta's receipts: differences are found, kept for staff and corrected."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.doors.stage import Doors
from tests.sending.stage import people
from whatstr.core.db import transaction
from whatstr.sending import honesty


def finished(doors: Doors) -> uuid.UUID:
    """A campaign of 4, over for ten minutes, every receipt in."""
    doors.subscribe()
    doors.settings(webhook_hold=False)
    campaign = doors.campaign(people(4, ending="021"))
    doors.run()
    doors.settle()
    doors.sql(
        "UPDATE campaign SET state = 'done', finished_at = now() - interval '10 minutes',"
        " totals = NULL WHERE id = %s",
        campaign,
    )
    return campaign


def check(doors: Doors, *, later: timedelta = timedelta(0)) -> list[tuple[str, int, bool]]:
    """Both checks; every difference on record."""
    with doors.app.app_context(), transaction():
        honesty.check_finished(now=datetime.now(UTC) + later)
        honesty.Round().go_on(now=datetime.now(UTC) + later)
    found = doors.sql("SELECT kind, rows, corrected FROM campaign_check ORDER BY at, kind")
    return [(row["kind"], row["rows"], row["corrected"]) for row in found]


def test_figures_that_agree_leave_no_trace(doors: Doors) -> None:
    campaign = finished(doors)

    assert check(doors) == []
    assert doors.counts(campaign) == {"read": 4}


@pytest.mark.parametrize("shown", ["accepted", "sent", "failed", "unknown", "expired", "delivered"])
def test_receipts_that_told_more_are_believed(doors: Doors, shown: str) -> None:
    campaign = finished(doors)
    doors.sql("UPDATE message SET status = %s WHERE row < 2", shown)

    assert check(doors) == [("too_little", 2, True)]
    assert doors.counts(campaign) == {"read": 4}
    assert check(doors) == [("too_little", 2, True)], "once"


def test_what_no_receipt_told_is_taken_back(doors: Doors) -> None:
    campaign = finished(doors)
    doors.sql("UPDATE message SET read_at = NULL WHERE row = 0")
    doors.sql("UPDATE message SET read_at = NULL, delivered_at = NULL WHERE row = 1")

    assert check(doors) == [("too_much", 2, True)]
    assert doors.counts(campaign) == {"read": 2, "delivered": 1, "sent": 1}


def test_accepted_and_then_silent_is_on_record_until_it_changes(doors: Doors) -> None:
    campaign = finished(doors)
    doors.sql(
        "UPDATE message SET status = 'accepted', sent_at = NULL, delivered_at = NULL,"
        " read_at = NULL WHERE row < 3"
    )
    assert check(doors) == []

    day = timedelta(days=1, minutes=1)
    assert check(doors, later=day) == [("silent", 3, False)]
    assert check(doors, later=day) == [("silent", 3, False)]
    assert doors.counts(campaign) == {"accepted": 3, "read": 1}


def test_a_sum_that_is_none_is_counted_again(doors: Doors) -> None:
    campaign = finished(doors)
    doors.sql("""UPDATE campaign SET totals = '{"read": 3}' WHERE id = %s""", campaign)

    assert check(doors) == [("totals", 1, True)]
    (row,) = doors.sql("SELECT totals FROM campaign WHERE id = %s", campaign)
    assert row["totals"]["read"] == 4


def test_what_was_accepted_and_never_told_of_expires_after_thirty_days(doors: Doors) -> None:
    campaign = finished(doors)
    doors.sql(
        "UPDATE message SET status = 'accepted', sent_at = NULL, delivered_at = NULL,"
        " read_at = NULL WHERE row < 2"
    )
    check(doors, later=timedelta(days=29, hours=23))
    assert doors.counts(campaign) == {"accepted": 2, "read": 2}

    check(doors, later=timedelta(days=30, minutes=1))
    assert doors.counts(campaign) == {"expired": 2, "read": 2}
    (row,) = doors.sql("SELECT totals FROM campaign WHERE id = %s", campaign)
    assert (row["totals"]["expired"], row["totals"]["accepted"]) == (2, 0)


def test_a_round_checks_each_campaign_once_a_day_and_a_few_at_a_time(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaigns = {finished(doors) for _ in range(3)}
    checked: list[uuid.UUID] = []
    monkeypatch.setattr(honesty, "check", lambda one, now: checked.append(one) or 0)
    monkeypatch.setattr(honesty, "MOMENT", 0.0)
    now, going = datetime.now(UTC), honesty.Round()

    def go_on(later: timedelta) -> int:
        with doors.app.app_context(), transaction():
            going.go_on(now=now + later)
        return len(checked)

    assert go_on(timedelta(0)) == 0, "no time is left"
    ticks = iter(range(0, 1_000))
    monkeypatch.setattr(honesty, "MOMENT", 1.5)
    monkeypatch.setattr(honesty.time, "monotonic", lambda: float(next(ticks)))
    assert go_on(timedelta(minutes=1)) == 1
    assert go_on(timedelta(minutes=2)) == 2
    assert go_on(timedelta(minutes=3)) == 3 and set(checked) == campaigns
    assert go_on(timedelta(hours=23)) == 3, "the day is not over"
    assert go_on(timedelta(hours=24)) == 4
