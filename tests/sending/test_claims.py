"""A claim is the last gate: whatever changed since the look, it sees within its transaction."""

from __future__ import annotations

import os
import threading
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.sending.stage import Stage, people
from whatstr import create_app
from whatstr.config import Settings
from whatstr.core.db import db, transaction
from whatstr.lines.error_policy import DUPLICATE, OPTED_OUT, UNUSABLE_ROW
from whatstr.sending import context, leases, rows
from whatstr.sending.bridge import Bridge
from whatstr.sending.rows import Batch, Candidate, Halted
from whatstr.sending.watch import Watch


def batch(stage: Stage, campaign: uuid.UUID) -> Batch:
    now = datetime.now(UTC)
    return Batch(
        campaign_id=campaign,
        organization_id=stage.organization,
        line_id=stage.line,
        claim=uuid.uuid4(),
        kid=stage.keyring.franking_key(now)[0],
        now=now,
    )


def candidates(stage: Stage, count: int) -> list[Candidate]:
    return [
        Candidate(row=row, to=to, recipient_ix=stage.recipient_ix(to), mref=os.urandom(16))
        for row, to in enumerate(people(count))
    ]


def test_a_lease_lasts_as_long_as_the_setting_says(
    stage: Stage, sender_environment: dict[str, str]
) -> None:
    """In the database, at each renewal, and in the slice that must know when it has lost it."""
    short = create_app(
        Settings.from_environment({**sender_environment, "WHATSTR_LEASE_SECONDS": "7"})
    )
    owner = uuid.uuid4()
    left = "SELECT round(extract(epoch FROM until - now())) AS s FROM s_lease"
    with short.app_context():
        with transaction():
            assert leases.take(stage.line, owner=owner)
        assert [int(row["s"]) for row in stage.sql(left)] == [7]
        stage.sql("UPDATE s_lease SET until = now() + interval '2 seconds'")
        with transaction():
            assert leases.renew(stage.line, owner=owner)
        assert [int(row["s"]) for row in stage.sql(left)] == [7]
        redis = context.pace_redis()
    with Bridge(short) as bridge:
        watch = Watch(bridge, redis, stage.line, owner)
        watch.leased(at=100.0)
        assert watch.new_stop().valid_until == 107.0
    with short.app_context():
        redis.close()
        db.engine.dispose()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE campaign SET state = 'paused'",
        "UPDATE campaign SET state = 'cancelled'",
        "UPDATE campaign SET expires_at = now()",
        "UPDATE organization SET state = 'suspended'",
        "UPDATE line SET state = 'held'",
        "UPDATE s_lease SET until = now() - interval '1 second'",
        "UPDATE s_lease SET owner = gen_random_uuid()",
    ],
)
def test_nothing_is_claimed_after_a_change(stage: Stage, change: str) -> None:
    mine = batch(stage, stage.campaign(people(3)))
    with stage.app.app_context():
        with transaction():
            leases.take(stage.line, owner=mine.claim)
        stage.sql(change)
        with pytest.raises(Halted), transaction():
            rows.claim(mine, candidates(stage, 3))

    assert stage.sql("SELECT * FROM message") == []
    assert stage.sql("SELECT * FROM s_frank") == []


def test_a_pause_waits_for_the_claim_and_is_then_seen(stage: Stage) -> None:
    mine = batch(stage, stage.campaign(people(3)))
    paused = threading.Event()

    def pause() -> None:
        stage.sql("UPDATE campaign SET state = 'paused'")
        paused.set()

    with stage.app.app_context():
        with transaction():
            leases.take(stage.line, owner=mine.claim)
        with transaction():
            assert len(rows.claim(mine, candidates(stage, 3))) == 3
            waiting = threading.Thread(target=pause)
            waiting.start()
            assert not paused.wait(0.3), "the claim holds it off"
        waiting.join(10)
        assert paused.is_set()
        db.session.remove()


def test_rows_and_tags_are_kept_together_before_anything_leaves(stage: Stage) -> None:
    mine = batch(stage, stage.campaign(people(3)))
    with stage.app.app_context(), transaction():
        leases.take(stage.line, owner=mine.claim)
        handed = rows.claim(mine, candidates(stage, 3))

    assert [one.row for one in handed] == [0, 1, 2]
    found = stage.sql(
        "SELECT m.row, m.status, m.claim FROM message m JOIN s_frank f ON f.mref = m.mref"
        " AND f.recipient_ix = m.recipient_ix ORDER BY m.row"
    )
    assert [(r["row"], r["status"], r["claim"]) for r in found] == [
        (row, "handing", mine.claim) for row in range(3)
    ]


def test_whoever_has_a_row_already_gets_no_second_message(stage: Stage) -> None:
    """In the batch before, in the same one, refused, unusable: one row holds the person, each
    other stands as a repeat under a pseudonym of its own, and none is left out."""
    mine = batch(stage, stage.campaign(people(6)))
    first, second = candidates(stage, 2)
    stopped, blank = (
        replace(one, row=row) for row, one in zip((2, 3), candidates(stage, 2), strict=True)
    )
    blank.usable = False
    stage.opt_out(stopped.to)

    def repeat(one: Candidate, row: int) -> Candidate:
        return replace(one, row=row, mref=os.urandom(16), usable=True)

    with stage.app.app_context():
        with transaction():
            leases.take(stage.line, owner=mine.claim)
            assert rows.claim(mine, [first, second, stopped, blank]) == [first, second]
        with transaction():
            later = [repeat(one, 4 + row) for row, one in enumerate([first, stopped, blank])]
            (person,) = (replace(one, row=7) for one in candidates(stage, 1))
            assert rows.claim(mine, [*later, person, repeat(person, 8)]) == [person]

    found = stage.sql("SELECT row, status, code, recipient_ix FROM message ORDER BY row")
    assert [(one["row"], one["status"], one["code"]) for one in found] == [
        (0, "handing", None),
        (1, "handing", None),
        (2, "suppressed", OPTED_OUT),
        (3, "failed", UNUSABLE_ROW),
        (4, "suppressed", DUPLICATE),
        (5, "suppressed", OPTED_OUT),
        (6, "suppressed", DUPLICATE),
        (7, "handing", None),
        (8, "suppressed", DUPLICATE),
    ]
    assert len({bytes(one["recipient_ix"]) for one in found}) == 9


def test_a_row_that_another_slice_took_is_not_written_off(stage: Stage) -> None:
    mine = batch(stage, stage.campaign(people(2)))
    (theirs,) = candidates(stage, 1)
    with stage.app.app_context():
        with transaction():
            leases.take(stage.line, owner=mine.claim)
            assert rows.claim(mine, [theirs]) == [theirs]
        with transaction():
            assert rows.claim(mine, [replace(theirs, mref=os.urandom(16))]) == []

    (found,) = stage.sql("SELECT status, mref FROM message")
    assert (found["status"], bytes(found["mref"])) == ("handing", theirs.mref)
