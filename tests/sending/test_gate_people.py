"""How many people a portfolio may reach within 24 hours, and a new organization within a day."""

from __future__ import annotations

import os
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import redis

from tests.sending.conftest import Tune
from tests.sending.gates import told
from tests.sending.stage import Stage, job_rows, people, within
from whatstr.campaigns.pacing import COUNTED_FOR, Wait
from whatstr.sending import context
from whatstr.sending.quota import Reserved, quota_of
from whatstr.simulator.meta import seed


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


def test_a_campaign_that_just_fits_waits_for_nothing(stage: Stage) -> None:
    limit(stage, "TIER_250")
    campaign = stage.campaign(people(250))

    stage.run()

    assert stage.counts(campaign) == {"accepted": 250}
    row = told(stage, campaign)
    assert (row["state"], row["wait_code"]) == ("done", None)


def test_whoever_fills_a_limit_waits_like_who_met_it(stage: Stage) -> None:
    """Otherwise a line that takes what comes free as fast as it does is never told to wait, and
    another one of the portfolio, which was, finds nothing each time it looks."""
    limit(stage, "TIER_250")
    everybody = [os.urandom(16) for _ in range(250)]

    def reserve(some: list[bytes]) -> Reserved:
        now = datetime.now(UTC)
        quota = quota_of(
            context.pace_redis(), line_id=stage.line, organization_id=stage.organization, now=now
        )
        quota.build(now=now)
        return quota.reserve(some)

    assert within(stage, lambda: reserve(everybody[:249])) == Reserved(249)
    filled = within(stage, lambda: reserve(everybody[249:]))
    assert (filled.count, filled.wait) == (1, Wait.PORTFOLIO)
    assert 0 <= COUNTED_FOR.total_seconds() - filled.seconds < 60
    assert within(stage, lambda: reserve(everybody)) == Reserved(250), "all are counted already"
    assert within(stage, lambda: reserve([os.urandom(16)])).count == 0


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
