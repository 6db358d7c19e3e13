"""Whatever does not belong together is refused with its code, before anything leaves."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from nacl import bindings

from tests.sending.stage import Stage, job_rows, people
from whatstr.sending.keyring import Keyring
from whatstr.simulator.meta import seed
from whatstr.vault.job_header import seal_header

HOUR = 3_600


def forged(stage: Stage) -> uuid.UUID:
    other = bindings.crypto_sign_seed_keypair(os.urandom(32))[1]
    return stage.launch(stage.seal(job_rows(people(5)), sign_sk=other))


def another_jobs_header(stage: Stage) -> uuid.UUID:
    made, other = stage.seal(job_rows(people(5))), stage.seal(job_rows(people(5)))
    made.sealed = other.sealed
    return stage.launch(made)


def another_line(stage: Stage) -> uuid.UUID:
    made = stage.seal(job_rows(people(5)), changes={"conn": uuid.uuid4().bytes})
    return stage.launch(made)


def changed_rows(stage: Stage) -> uuid.UUID:
    return stage.launch(stage.seal(job_rows(people(5))), rows=4)


def missing_chunk(stage: Stage) -> uuid.UUID:
    campaign = stage.campaign(people(510))
    stage.sql("DELETE FROM campaign_chunk WHERE no = 1")
    return campaign


def too_early(stage: Stage) -> uuid.UUID:
    later = int(time.time()) + HOUR
    return stage.launch(stage.seal(job_rows(people(5)), changes={"nb": later}))


def too_far_ahead(stage: Stage) -> uuid.UUID:
    changes = {"iat": int(time.time()) - 40 * 24 * HOUR}
    return stage.launch(stage.seal(job_rows(people(5)), changes=changes))


def run_twice(stage: Stage) -> uuid.UUID:
    campaign = stage.campaign(people(5))
    stage.sql("DELETE FROM campaign_seal")
    return campaign


def not_a_seal(stage: Stage) -> uuid.UUID:
    made = stage.seal(job_rows(people(5)))
    made.sealed = made.sealed[:60]
    return stage.launch(made)


CASES: list[tuple[Callable[[Stage], uuid.UUID], str]] = [
    (forged, "signature"),
    (another_jobs_header, "job"),
    (another_line, "conn"),
    (changed_rows, "rows"),
    (missing_chunk, "chunks_missing"),
    (too_early, "early"),
    (too_far_ahead, "iat"),
    (run_twice, "seal_missing"),
    (not_a_seal, "format"),
]


@pytest.mark.parametrize(("prepare", "reason"), CASES, ids=lambda v: getattr(v, "__name__", v))
def test_refused(stage: Stage, prepare: Callable[[Stage], uuid.UUID], reason: str) -> None:
    campaign = prepare(stage)

    stage.run()

    assert stage.state(campaign) == ("refused", reason)
    assert stage.ledger()["messages"] == 0
    assert stage.sql("SELECT * FROM campaign_seal") == []


def test_a_destroyed_weekly_key_opens_nothing(stage: Stage) -> None:
    campaign = stage.campaign(people(5))
    saved = stage.keyring.path.read_bytes()
    stage.keyring.rotate(datetime.now(UTC) + timedelta(days=60))
    try:
        stage.run()
    finally:
        stage.keyring.path.write_bytes(saved)

    assert stage.state(campaign) == ("held", "sender_key_gone")
    assert stage.ledger()["messages"] == 0


def test_a_new_header_lets_the_same_campaign_go_on(stage: Stage) -> None:
    """Re-seal (vault design, 22): same job, same chunks, sealed to the key of this week."""
    numbers = people(3)
    made = stage.seal(job_rows(numbers))
    campaign = stage.launch(made)
    saved = stage.keyring.path.read_bytes()
    stage.keyring.rotate(datetime.now(UTC) + timedelta(days=60))
    try:
        stage.run()
    finally:
        stage.keyring.path.write_bytes(saved)
    assert stage.state(campaign)[0] == "held"
    kid = stage.keyring.current_kid(datetime.now(UTC))
    again = seal_header(
        made.header, sign_sk=stage.sign[1], epoch_pk=stage.keyring.epoch_public(kid)
    )
    assert again != made.sealed
    stage.sql("UPDATE campaign_seal SET header = %s WHERE campaign_id = %s", again, campaign)
    stage.sql("UPDATE campaign SET state = 'queued' WHERE id = %s", campaign)
    stage.run()
    assert stage.state(campaign)[0] == "done"
    assert stage.ledger()["messages"] == 3


def test_an_altered_chunk_stops_the_campaign(stage: Stage) -> None:
    campaign = stage.campaign(people(510))
    stage.sql(
        "UPDATE campaign_chunk SET data = set_byte(data, 200, get_byte(data, 200) # 1) WHERE no = 0"
    )

    stage.run()

    assert stage.state(campaign) == ("refused", "chunk_altered")
    assert stage.ledger()["messages"] == 0


def test_swapped_chunks_are_refused(stage: Stage) -> None:
    made = stage.seal(job_rows(people(1_000)))
    made.chunks.reverse()
    campaign = stage.launch(made)

    stage.run()

    assert stage.state(campaign) == ("refused", "chunk_altered")


def test_a_connection_of_another_line_does_not_open(stage: Stage) -> None:
    other = uuid.uuid4()
    stage.add_line(other, seed.LINE_IDS[1])
    stage.sql(
        "UPDATE s_conn SET sealed = (SELECT sealed FROM s_conn WHERE line_id = %s)"
        " WHERE line_id = %s",
        other,
        stage.line,
    )
    campaign = stage.campaign(people(5))

    stage.run()

    assert stage.state(campaign) == ("held", "no_connection")
    assert stage.ledger()["messages"] == 0


def test_past_its_end_a_campaign_expires(stage: Stage) -> None:
    made = stage.seal(
        job_rows(people(5)),
        changes={"nb": int(time.time()) - 2 * HOUR, "exp": int(time.time()) - HOUR},
    )
    campaign = stage.launch(made)

    stage.run()

    assert stage.state(campaign) == ("expired", "expired")
    (row,) = stage.sql("SELECT totals FROM campaign")
    assert row["totals"]["expired"] == 5


@pytest.mark.parametrize(
    ("name", "reason"),
    [("son_gunler", "meta:132015"), ("yok_boyle_biri", "meta:132001")],
)
def test_a_template_that_may_not_be_sent_holds(stage: Stage, name: str, reason: str) -> None:
    from whatstr.vault.job_header import TemplateRef

    made = stage.seal(
        job_rows(people(5)), changes={"template": TemplateRef(name, "tr", "740000000000004")}
    )
    campaign = stage.launch(made)

    stage.run()

    assert stage.state(campaign) == ("held", reason)
    assert stage.ledger()["messages"] == 0


def test_a_template_made_anew_under_its_name_holds(stage: Stage) -> None:
    from whatstr.vault.job_header import TemplateRef

    made = stage.seal(
        job_rows(people(5)), changes={"template": TemplateRef("hafta_sonu_firsati", "tr", "1")}
    )
    campaign = stage.launch(made)

    stage.run()

    assert stage.state(campaign) == ("held", "template_changed")


def test_suspended_paused_and_held_send_nothing(stage: Stage, keyring: Keyring) -> None:
    for table, state in (("organization", "suspended"), ("line", "paused"), ("line", "held")):
        campaign = stage.campaign(people(3))
        before = "active" if table == "organization" else "connected"
        stage.sql(f"UPDATE {table} SET state = %s", state)

        stage.run()

        assert stage.counts(campaign) == {}, (table, state)
        stage.sql(f"UPDATE {table} SET state = %s", before)
    assert stage.ledger()["messages"] == 0
