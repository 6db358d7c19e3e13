"""A slice dies between its claim and its posts: what never left goes, the rest is unknown."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import redis

from tests.sending.stage import Stage, people
from whatstr.core.db import transaction
from whatstr.local.valkey import EmbeddedValkey
from whatstr.sending import asked, context, leases, rows, sweeps
from whatstr.sending.pace import Pace
from whatstr.sending.rows import Batch, Candidate

COUNT = 6


def dead_slice(stage: Stage, *, posts: int) -> uuid.UUID:
    """Claims rows of a new campaign, gets tokens for the first of them and is seen no more."""
    numbers = people(COUNT)
    campaign, owner = stage.campaign(numbers), uuid.uuid4()
    stage.sql("UPDATE campaign SET state = 'running', started_at = now()")
    now = datetime.now(UTC) - timedelta(minutes=1)
    batch = Batch(campaign, stage.organization, stage.line, owner, kid=202611, now=now)
    found = [
        Candidate(row=row, to=to, recipient_ix=stage.recipient_ix(to), mref=os.urandom(16))
        for row, to in enumerate(numbers)
    ]
    with stage.app.app_context():
        with transaction():
            assert leases.take(stage.line, owner=owner)
        asked.begin(context.pace_redis(), owner)
        with transaction():
            handed = rows.claim(batch, found)
        pace = Pace(context.pace_redis(), stage.line, rate=1_000, claim=owner)
        mine = handed[:posts]
        granted = pace.take([one.recipient_ix for one in mine], mrefs=[one.mref for one in mine])
        assert granted.allowed == (True,) * posts
    stage.sql("UPDATE s_lease SET until = now() - interval '1 second'")
    return campaign


def sweep(stage: Stage) -> int:
    with stage.app.app_context(), transaction():
        return sweeps.settle_orphans(context.pace_redis(), now=datetime.now(UTC))


def test_what_was_claimed_and_never_posted_is_sent_by_the_next_slice(stage: Stage) -> None:
    campaign = dead_slice(stage, posts=0)

    assert sweep(stage) == COUNT

    assert stage.counts(campaign) == {"pending": COUNT}
    assert stage.sql("SELECT * FROM s_frank") == []
    stage.run()
    assert stage.counts(campaign) == {"accepted": COUNT}
    assert stage.state(campaign)[0] == "done"
    assert stage.ledger()["taken_twice_or_more"] == 0
    again = stage.sql("SELECT count(*) AS n FROM message WHERE resent_at IS NOT NULL")
    assert again == [{"n": 0}], "nobody was written to before: it is no second try"


def test_whoever_had_a_token_is_unknown(stage: Stage) -> None:
    campaign = dead_slice(stage, posts=2)

    assert sweep(stage) == COUNT

    assert stage.counts(campaign) == {"unknown": 2, "pending": COUNT - 2}
    unknown = stage.sql("SELECT row FROM message WHERE status = 'unknown' ORDER BY row")
    assert [one["row"] for one in unknown] == [0, 1]
    assert len(stage.sql("SELECT * FROM s_frank")) == 2


@pytest.mark.parametrize("loss", ["flushed", "restored", "begun_late"])
def test_a_redis_that_may_have_forgotten_proves_nothing(
    stage: Stage, valkey_sender_server: EmbeddedValkey, loss: str
) -> None:
    campaign = dead_slice(stage, posts=2)
    with redis.Redis.from_url(valkey_sender_server.url) as client:
        (key,) = client.keys("asked:*")
        if loss == "flushed":
            client.flushall()
        elif loss == "restored":
            (run,) = [one for one in client.smembers(key) if one.startswith(b"run:")]
            client.srem(key, run)
            client.sadd(key, b"run:" + b"0" * 40)
        else:
            client.delete(key)
            owner = uuid.UUID(key.decode().removeprefix("asked:"))
            pace = Pace(client, stage.line, rate=1_000, claim=owner)
            pace.take([os.urandom(16)], mrefs=[os.urandom(16)])

    assert sweep(stage) == COUNT
    assert stage.counts(campaign) == {"unknown": COUNT}


def test_a_slice_that_lives_keeps_its_rows(stage: Stage) -> None:
    campaign = dead_slice(stage, posts=0)
    stage.sql("UPDATE s_lease SET until = now() + interval '20 seconds'")

    assert sweep(stage) == 0
    assert stage.counts(campaign) == {"handing": COUNT}


def test_a_slice_notes_what_it_asks_for(stage: Stage, valkey_sender_server: EmbeddedValkey) -> None:
    stage.campaign(people(COUNT))
    stage.run()

    with redis.Redis.from_url(valkey_sender_server.url) as client:
        (key,) = client.keys("asked:*")
        noted = {one for one in client.smembers(key) if not one.startswith(b"run:")}
        assert 0 < client.ttl(key) <= asked.KEPT_SECONDS
    assert noted == {bytes(one["mref"]) for one in stage.sql("SELECT mref FROM message")}
