"""When a campaign waits by itself: its hours, and a start that comes too late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.sending.gates import make_informational, told
from tests.sending.stage import Stage, people
from whatstr.core.db import db
from whatstr.sending.dispatcher import Dispatcher


def zone_where_it_is(hour: int) -> str:
    """A zone whose clocks show this hour now."""
    ahead = (hour - datetime.now(UTC).hour) % 24
    ahead = ahead - 24 if ahead > 14 else ahead
    return f"Etc/GMT{-ahead:+d}"


def set_hours(stage: Stage, start: int, end: int, zone: str, **more: bool) -> None:
    stage.sql(
        "UPDATE organization SET window_from = %s, window_to = %s, time_zone = %s,"
        " informational_any_time = %s",
        start * 60,
        end * 60,
        zone,
        more.get("informational_any_time", False),
    )


def test_at_night_nothing_leaves_and_the_campaign_says_until_when(stage: Stage) -> None:
    set_hours(stage, 9, 21, zone_where_it_is(23))
    campaign = stage.campaign(people(5))

    stage.run()

    assert stage.ledger()["messages"] == 0
    row = told(stage, campaign)
    assert (row["state"], row["wait_code"]) == ("queued", "window")
    hours = (row["wait_until"] - datetime.now(UTC)) / timedelta(hours=1)
    assert 9 <= hours <= 10

    set_hours(stage, 9, 21, zone_where_it_is(12))
    stage.run()

    assert stage.counts(campaign) == {"accepted": 5}
    assert told(stage, campaign)["wait_code"] is None


def test_informational_ones_go_at_night_where_the_organization_says_so(stage: Stage) -> None:
    set_hours(stage, 9, 21, zone_where_it_is(23))
    campaign = stage.campaign(people(5))
    make_informational(stage, campaign)

    stage.run()
    assert stage.counts(campaign) == {}

    set_hours(stage, 9, 21, zone_where_it_is(23), informational_any_time=True)
    stage.run()
    assert stage.counts(campaign) == {"accepted": 5}


def test_one_that_waits_does_not_keep_the_next_from_going(stage: Stage) -> None:
    set_hours(stage, 9, 21, zone_where_it_is(23), informational_any_time=True)
    first = stage.campaign(people(5))
    second = stage.campaign(people(5), due_at=datetime.now(UTC))
    make_informational(stage, second)

    stage.run()

    assert stage.counts(first) == {}
    assert stage.counts(second) == {"accepted": 5}


def test_the_last_message_leaves_before_the_window_closes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A campaign far too large for what is left of the day stops by itself."""
    stage.sql("UPDATE line SET throughput = 40")
    campaign = stage.campaign(people(500))
    closes = datetime.now(UTC) + timedelta(seconds=3)

    class Closing:
        zone = "UTC"
        is_whole_day = False

        def is_open(self, at: datetime) -> bool:
            return at < closes

        def next_open(self, at: datetime) -> datetime:
            return at if self.is_open(at) else closes + timedelta(hours=12)

        def next_close(self, at: datetime) -> datetime:
            return closes

    monkeypatch.setattr("whatstr.campaigns.outlook.Hours.of", lambda self, kind: Closing())
    stage.run()

    last = stage.ask("GET", "/_sim/messages?limit=1000")
    times = [one["accepted"] for one in last["messages"]]
    assert 20 < len(times) < 250
    assert max(times) < closes.timestamp()
    stage.run()
    assert told(stage, campaign)["wait_code"] == "window"


def look(stage: Stage) -> None:
    with stage.app.app_context():
        Dispatcher().look()
        db.session.remove()


def test_a_campaign_that_comes_too_late_asks(stage: Stage) -> None:
    now = datetime.now(UTC)
    late, due = (
        stage.campaign(people(5), state="scheduled", due_at=now - timedelta(hours=3))
        for _ in range(2)
    )
    stage.sql("UPDATE campaign SET late_after = now() - interval '1 s' WHERE id = %s", late)
    stage.sql("UPDATE campaign SET late_after = now() + interval '1 h' WHERE id = %s", due)

    look(stage)
    stage.run()

    assert stage.state(late) == ("held", "late_start")
    assert stage.counts(late) == {}
    assert stage.counts(due) == {"accepted": 5}


def test_one_that_was_queued_in_time_and_never_begun_asks_too(stage: Stage) -> None:
    campaign = stage.campaign(people(5))
    stage.sql("UPDATE campaign SET late_after = now() - interval '1 s'")

    stage.run()

    assert stage.state(campaign) == ("held", "late_start")
    # What its customer resumes starts now, however late it is.
    stage.sql("UPDATE campaign SET state = 'queued', late_after = NULL")
    stage.run()
    assert stage.counts(campaign) == {"accepted": 5}


def test_what_has_begun_is_never_late(stage: Stage) -> None:
    campaign = stage.campaign(people(5), state="running")
    stage.sql("UPDATE campaign SET started_at = now(), late_after = now() - interval '1 s'")

    stage.run()

    assert stage.counts(campaign) == {"accepted": 5}
