"""What a campaign waits for by itself: its hours, its canary, the people it may reach."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from tests.sending.stage import TEMPLATE, Stage, job_rows, people
from whatstr.config import Settings
from whatstr.core.db import db
from whatstr.sending.dispatcher import Dispatcher
from whatstr.simulator.meta import seed

Tune = Callable[..., None]


@pytest.fixture
def tune(stage: Stage) -> Tune:
    """Other settings for this sender."""

    def change(**values: str) -> None:
        found: Settings = stage.app.extensions["whatstr_settings"]
        stage.app.extensions["whatstr_settings"] = Settings(found.role, {**found.values, **values})

    return change


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


def make_informational(stage: Stage, campaign: uuid.UUID) -> None:
    stage.sql("UPDATE campaign SET kind = 'informational' WHERE id = %s", campaign)
    stage.ask("POST", f"/_sim/templates/{TEMPLATE.id}", {"category": "UTILITY"})


def told(stage: Stage, campaign: uuid.UUID) -> dict[str, Any]:
    (row,) = stage.sql("SELECT * FROM campaign WHERE id = %s", campaign)
    return row


def tell(stage: Stage, campaign: uuid.UUID, status: str, count: int) -> None:
    """As if Meta had told this of so many accepted rows."""
    stage.sql(
        f"UPDATE message SET status = '{status}', {status}_at = now()"
        " WHERE campaign_id = %s AND row IN (SELECT row FROM message WHERE campaign_id = %s"
        " AND status = 'accepted' ORDER BY row LIMIT %s)",
        campaign,
        campaign,
        count,
    )


def later(stage: Stage, campaign: uuid.UUID, minutes: int) -> None:
    """As if so much time had passed since it was sent."""
    stage.sql(
        "UPDATE message SET handed_at = handed_at - make_interval(mins => %s)"
        " WHERE campaign_id = %s",
        minutes,
        campaign,
    )
    stage.sql(
        "UPDATE campaign SET canary_since = canary_since - make_interval(mins => %s) WHERE id = %s",
        minutes,
        campaign,
    )


# Hours ----------------------------------------------------------------------------------------


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


# Canary ---------------------------------------------------------------------------------------


def test_the_first_ones_go_and_the_rest_waits_for_them(stage: Stage, tune: Tune) -> None:
    tune(WHATSTR_CANARY_ROWS="20")
    campaign = stage.campaign(people(100))

    stage.run()
    assert stage.counts(campaign) == {"accepted": 20}
    row = told(stage, campaign)
    assert (row["canary_size"], row["canary_reason"]) == (20, "organization")

    stage.run()
    assert stage.counts(campaign) == {"accepted": 20}
    assert told(stage, campaign)["wait_code"] == "canary"

    tell(stage, campaign, "delivered", 15)
    stage.run()
    assert sum(stage.counts(campaign).values()) == 20

    tell(stage, campaign, "delivered", 1)
    stage.run()
    assert stage.counts(campaign) == {"accepted": 84, "delivered": 16}
    assert told(stage, campaign)["canary_passed_at"] is not None


def test_what_is_proven_needs_no_canary(stage: Stage, tune: Tune) -> None:
    tune(WHATSTR_CANARY_ROWS="20")
    first = stage.campaign(people(100))
    stage.run()
    tell(stage, first, "delivered", 20)
    stage.run()

    second = stage.campaign(people(100))
    stage.run()
    assert stage.counts(second) == {"accepted": 100}

    stage.set_tier("TIER_UNLIMITED", quality_rating="YELLOW")
    third = stage.campaign(people(100))
    stage.run()
    assert told(stage, third)["canary_reason"] == "quality"
    assert stage.counts(third) == {"accepted": 20}


def test_another_template_begins_anew(stage: Stage, tune: Tune) -> None:
    tune(WHATSTR_CANARY_ROWS="20")
    first = stage.campaign(people(100))
    stage.run()
    tell(stage, first, "delivered", 20)
    stage.run()
    stage.sql("UPDATE campaign SET template_ix = %s", os.urandom(16))

    second = stage.campaign(people(100))
    stage.run()

    assert told(stage, second)["canary_reason"] == "template"


def test_a_canary_that_fails_holds_the_campaign_and_asks(stage: Stage, tune: Tune) -> None:
    tune(WHATSTR_CANARY_ROWS="20")
    campaign = stage.campaign(people(100))
    stage.run()
    tell(stage, campaign, "failed", 5)
    tell(stage, campaign, "delivered", 15)
    stage.run()
    assert stage.state(campaign) == ("held", "canary_failed")

    # Resumed, it is looked at again: still bad, so as many more go first, and no others.
    stage.sql("UPDATE campaign SET state = 'queued', state_changed_at = now()")
    stage.run()
    assert stage.counts(campaign) == {"failed": 5, "delivered": 15, "accepted": 20}
    tell(stage, campaign, "failed", 20)
    stage.run()
    assert stage.state(campaign) == ("held", "canary_failed")

    stage.sql("UPDATE campaign SET state = 'queued', state_changed_at = now()")
    stage.run()
    tell(stage, campaign, "delivered", 20)
    stage.run()
    assert sum(stage.counts(campaign).values()) == 100


def test_a_silent_canary_holds_after_half_an_hour(stage: Stage, tune: Tune) -> None:
    tune(WHATSTR_CANARY_ROWS="20")
    campaign = stage.campaign(people(100))
    stage.run()
    tell(stage, campaign, "delivered", 9)
    later(stage, campaign, 29)
    stage.run()
    assert told(stage, campaign)["wait_code"] == "canary"
    later(stage, campaign, 2)
    stage.run()
    assert stage.state(campaign) == ("held", "canary_silent")

    # Its statuses came after all: resuming needs no second one.
    tell(stage, campaign, "delivered", 11)
    stage.sql("UPDATE campaign SET state = 'queued', state_changed_at = now()")
    stage.run()
    assert stage.counts(campaign) == {"accepted": 80, "delivered": 20}


# Late start -----------------------------------------------------------------------------------


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


# People in 24 hours ---------------------------------------------------------------------------


def limit(stage: Stage, tier: str) -> None:
    stage.sql("UPDATE line SET limit_tier = %s", tier)
    stage.set_tier(tier)


def test_no_more_people_than_the_portfolio_may_reach(stage: Stage) -> None:
    limit(stage, "TIER_250")
    campaign = stage.campaign(people(400))

    stage.run()

    assert stage.counts(campaign) == {"accepted": 250}
    row = told(stage, campaign)
    assert (row["state"], row["wait_code"]) == ("running", "portfolio_limit")
    hours = (row["wait_until"] - datetime.now(UTC)) / timedelta(hours=1)
    assert 23.9 < hours < 24.2


def test_whoever_was_reached_already_counts_once(stage: Stage) -> None:
    limit(stage, "TIER_250")
    known = people(200)
    stage.campaign(known)
    stage.run()
    again = stage.campaign([*known, *people(100)])

    stage.settings(pair_interval=0.0)
    redis_of(stage).flushall()  # the pair rule has nothing to do with it
    stage.run()

    assert stage.counts(again) == {"accepted": 250}
    assert reached(stage) == 250


def test_who_wrote_to_the_line_today_is_not_counted(stage: Stage) -> None:
    limit(stage, "TIER_250")
    friends, strangers = people(100), people(300)
    for number in friends:
        stage.sql(
            "INSERT INTO s_window (line_id, recipient_ix, at) VALUES (%s, %s, now())",
            stage.line,
            stage.recipient_ix(number),
        )
    mixed = [*strangers[:200], *friends, *strangers[200:]]
    campaign = stage.campaign(mixed)

    stage.run()

    assert stage.counts(campaign) == {"accepted": 350}
    assert told(stage, campaign)["wait_code"] == "portfolio_limit"


def test_people_of_yesterday_are_free_again(stage: Stage) -> None:
    limit(stage, "TIER_250")
    stage.campaign(people(250))
    stage.run()
    stage.sql("UPDATE message SET handed_at = now() - interval '25 hours'")
    redis_of(stage).flushall()
    campaign = stage.campaign(people(250))

    stage.run()

    assert stage.counts(campaign) == {"accepted": 250}


@pytest.mark.parametrize("lost", ["emptied", "an older snapshot"])
def test_a_redis_that_lost_the_count_has_it_built_again(stage: Stage, lost: str) -> None:
    limit(stage, "TIER_250")
    first = stage.campaign(people(200))
    stage.run()
    client = redis_of(stage)
    if lost == "emptied":
        client.flushall()
    else:
        # What a snapshot of another run holds: fewer people, under that run's name.
        (key,) = [one for one in client.keys("people:*") if not one.endswith(b":run")]
        client.zremrangebyrank(key, 0, 150)
        client.set(key + b":run", "0" * 40)
    second = stage.campaign(people(200))

    stage.run()

    assert stage.counts(first) == {"accepted": 200}
    assert stage.counts(second) == {"accepted": 50}


def test_without_the_count_nothing_is_sent(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(stage, "TIER_250")
    campaign = stage.campaign(people(10))
    monkeypatch.setattr("whatstr.sending.quota.Quota.build", lambda self, now: None)

    stage.run()

    assert stage.ledger()["messages"] == 0
    assert stage.counts(campaign) == {}


def test_two_lines_of_one_portfolio_never_pass_its_limit(stage: Stage) -> None:
    """Two slices at once, each with more work than is allowed, while the count is lost on the
    way: Meta's own limit of the portfolio is never met."""
    other = uuid.uuid4()
    stage.add_line(other, seed.LINE_IDS[1])
    limit(stage, "TIER_1K")
    stage.settings(portfolio_limit=1_000)
    campaigns = [stage.campaign(people(900)), campaign_on(stage, other, 900)]
    slices = [threading.Thread(target=stage.run, args=(line,)) for line in (stage.line, other)]
    for one in slices:
        one.start()
    emptied = threading.Timer(0.4, redis_of(stage).flushall)
    emptied.start()
    for one in slices:
        one.join()
    emptied.join()
    for line in (stage.line, other):  # a slice that met the lost count ended; the next goes on
        stage.run(line)

    assert reached(stage) == 1_000
    assert sum(sum(stage.counts(one).values()) for one in campaigns) == 1_000
    assert all(stage.counts(one).keys() == {"accepted"} for one in campaigns)


def test_lines_of_another_portfolio_do_not_count(stage: Stage) -> None:
    other = uuid.uuid4()
    stage.add_line(other, seed.LINE_IDS[1])
    stage.sql("UPDATE line SET portfolio_ix = %s WHERE id = %s", os.urandom(16), other)
    limit(stage, "TIER_250")
    campaigns = [stage.campaign(people(250)), campaign_on(stage, other, 250)]

    stage.run()
    stage.run(other)

    assert [stage.counts(one) for one in campaigns] == [{"accepted": 250}] * 2


def test_a_new_organization_climbs_from_day_to_day(stage: Stage, tune: Tune) -> None:
    tune(WHATSTR_RAMP_UP="30 50")
    campaign = stage.campaign(people(200))
    stage.run()
    assert stage.counts(campaign) == {"accepted": 30}
    assert told(stage, campaign)["wait_code"] == "ramp_up"

    yesterday = "handed_at = handed_at - interval '25 hours'"
    stage.sql(f"UPDATE message SET {yesterday}")
    stage.sql("UPDATE campaign SET started_at = started_at - interval '25 hours'")
    redis_of(stage).flushall()
    stage.run()
    assert stage.counts(campaign) == {"accepted": 80}

    stage.sql("UPDATE campaign SET started_at = started_at - interval '25 hours'")
    redis_of(stage).flushall()
    stage.run()
    assert stage.counts(campaign) == {"accepted": 200}


def redis_of(stage: Stage) -> redis.Redis:
    return redis.Redis.from_url(stage.app.extensions["whatstr_settings"]["SENDER_REDIS_URL"])


def campaign_on(stage: Stage, line: uuid.UUID, rows: int) -> uuid.UUID:
    made = stage.seal(job_rows(people(rows)), changes={"conn": line.bytes})
    return stage.launch(made, line=line)


def reached(stage: Stage) -> int:
    """Different people that Meta took messages for."""
    found = stage.ask("GET", "/_sim/ledger")["rows"]
    return len({one["to"] for one in found})
