"""Finding work: from rows to queue entries, each once, and what the sweeps set right."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import redis

from tests.sending.stage import Stage, people
from whatstr.core.db import db, transaction
from whatstr.local.valkey import EmbeddedValkey
from whatstr.sending import leases
from whatstr.sending.dispatcher import Dispatcher
from whatstr.sending.process import work


@contextmanager
def dispatcher(stage: Stage) -> Iterator[Dispatcher]:
    with stage.app.app_context():
        yield Dispatcher()
        db.session.remove()


def queued(server: EmbeddedValkey, name: str) -> list[str]:
    with redis.Redis.from_url(server.url) as client:
        return [job.decode() for job in client.lrange(f"rq:queue:{name}", 0, -1)]  # type: ignore


def test_a_line_with_work_is_enqueued_once(
    stage: Stage, valkey_sender_server: EmbeddedValkey
) -> None:
    stage.campaign(people(5))
    stage.campaign(people(5))
    with dispatcher(stage) as one:
        one.look()
        one.look()

    (job,) = queued(valkey_sender_server, "slices")
    assert job.startswith(f"slice-{stage.line.hex}")


def test_a_lost_queue_is_built_again(stage: Stage, valkey_sender_server: EmbeddedValkey) -> None:
    campaign = stage.campaign(people(5))
    with dispatcher(stage) as one:
        one.look()
        with redis.Redis.from_url(valkey_sender_server.url) as client:
            client.flushall()
        one.look()
        work("slices", ("whatstr.sending.slices",), burst=True)

    assert stage.counts(campaign) == {"accepted": 5}


def test_lines_that_may_not_send_are_passed_over(
    stage: Stage, valkey_sender_server: EmbeddedValkey
) -> None:
    stage.campaign(people(5), state="paused")
    stage.campaign(people(5), state="held")
    with dispatcher(stage) as one:
        one.look()
        stage.campaign(people(5))
        with transaction():
            leases.take(stage.line, owner=uuid.uuid4())
        one.look()
        stage.sql("DELETE FROM s_lease")
        stage.sql("UPDATE organization SET state = 'suspended'")
        one.look()

    assert queued(valkey_sender_server, "slices") == []


def test_scheduled_campaigns_start_when_due(stage: Stage) -> None:
    now = datetime.now(UTC)
    later = stage.campaign(people(5), state="scheduled", due_at=now + timedelta(hours=1))
    due = stage.campaign(people(5), state="scheduled", due_at=now - timedelta(seconds=1))
    with dispatcher(stage) as one:
        one.look()

    assert stage.state(later)[0] == "scheduled"
    assert stage.state(due)[0] == "queued"


def test_past_their_end_campaigns_expire_and_are_shredded(stage: Stage) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    found = [
        stage.campaign(people(5), state=state, expires_at=past)
        for state in ("scheduled", "queued", "paused", "held")
    ]
    with dispatcher(stage) as one:
        one.look()

    assert {stage.state(campaign) for campaign in found} == {("expired", "expired")}
    assert stage.sql("SELECT * FROM campaign_seal") == []
    assert all(row["totals"]["expired"] == 5 for row in stage.sql("SELECT totals FROM campaign"))


def test_a_cancelled_campaign_is_shredded_and_summed(stage: Stage) -> None:
    campaign = stage.campaign(people(5))
    stage.sql("UPDATE campaign SET state = 'cancelled', finished_at = now()")
    with dispatcher(stage) as one:
        one.look()

    assert stage.sql("SELECT * FROM campaign_seal") == []
    (row,) = stage.sql("SELECT totals FROM campaign WHERE id = %s", campaign)
    assert row["totals"]["cancelled"] == 5


def test_waiting_mail_wakes_the_doors(stage: Stage, valkey_sender_server: EmbeddedValkey) -> None:
    stage.sql("DELETE FROM hook_inbox")
    stage.sql("INSERT INTO hook_inbox (at, sealed) VALUES (now(), '')")
    stage.sql(
        "INSERT INTO sender_rpc (id, organization_id, member_id, op, state, request, created_at)"
        " VALUES (%s, %s, %s, 'templates', 'waiting', '', now())",
        uuid.uuid4(),
        stage.organization,
        stage.member,
    )
    with dispatcher(stage) as one:
        one.look()
        one.look()
    stage.sql("DELETE FROM hook_inbox")

    jobs = queued(valkey_sender_server, "doors")
    assert [job.rsplit("-", 1)[0] for job in jobs] == ["doors-requests", "doors-inbox"]


def test_the_certificate_is_published_at_the_first_look(stage: Stage) -> None:
    with dispatcher(stage) as one:
        one.look()

    kids = [row["kid"] for row in stage.sql("SELECT kid FROM sender_cert")]
    assert stage.keyring.current_kid(datetime.now(UTC)) in kids


def test_without_the_queue_the_sweeps_still_run(stage: Stage) -> None:
    due = datetime.now(UTC) - timedelta(seconds=1)
    campaign = stage.campaign(people(5), state="scheduled", due_at=due)
    with dispatcher(stage) as one:
        one._slices.connection = one._doors.connection = redis.Redis(host="127.0.0.1", port=1)
        one.look()

    assert stage.state(campaign)[0] == "queued"


def test_only_one_dispatcher_leads(stage: Stage) -> None:
    with stage.app.app_context():
        leader, follower = Dispatcher(), Dispatcher()
    looked: list[str] = []
    seen = threading.Event()

    def note(name: str) -> None:
        looked.append(name)
        seen.set()

    leader.look = lambda: note("leader")  # type: ignore[method-assign]
    follower.look = lambda: note("follower")  # type: ignore[method-assign]

    def lead(one: Dispatcher) -> threading.Thread:
        def run() -> None:
            with stage.app.app_context():
                one.run()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    first = lead(leader)
    assert seen.wait(10)
    second = lead(follower)
    try:
        before = len(looked)
        for _ in range(3):
            stage.sql("SELECT pg_notify('whatstr_sender', '')")
        seen.clear()
        assert seen.wait(5)
        assert len(looked) > before
        assert set(looked) == {"leader"}
        leader.stop()
        stage.sql("SELECT pg_notify('whatstr_sender', '')")
        first.join(10)
        looked.clear()
        seen.clear()
        assert seen.wait(10)
        assert looked[0] == "follower"
    finally:
        leader.stop()
        follower.stop()
        first.join(10)
        second.join(10)


def test_a_sweep_that_fails_does_not_stop_the_others(stage: Stage) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    campaign = stage.campaign(people(5), expires_at=past)
    stage.keyring.path.chmod(0o644)
    try:
        with dispatcher(stage) as one:
            one.look()
    finally:
        stage.keyring.path.chmod(0o600)

    assert stage.state(campaign)[0] == "expired"
