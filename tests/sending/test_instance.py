"""A restored copy of the database does not send until an operator says so; clocks that jump."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sending.stage import Stage, people
from whatstr import create_app, doctor
from whatstr.config import Settings
from whatstr.core import clock
from whatstr.core.db import db, transaction
from whatstr.sending import instance, leases
from whatstr.sending.clocks import QUIET, ClockWatch
from whatstr.sending.dispatcher import Dispatcher

NOON = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh(stage: Stage) -> Iterator[None]:
    """A database that no sender has seen, and a host that remembers none."""
    stage.sql("UPDATE s_instance SET id = NULL, beat = 0, cluster = NULL, refused = NULL")
    memory(stage).unlink(missing_ok=True)
    yield
    stage.sql("UPDATE s_instance SET id = NULL, beat = 0, cluster = NULL, refused = NULL")
    memory(stage).unlink(missing_ok=True)


def memory(stage: Stage) -> Path:
    return Path(f"{stage.keyring.path}.instance")


def look(stage: Stage, times: int = 1) -> Dispatcher:
    with stage.app.app_context():
        one = Dispatcher()
        for _ in range(times):
            one.look()
            for timer in one._timers:
                timer.last = float("-inf")
        db.session.remove()
    return one


def fault(stage: Stage) -> str | None:
    with stage.app.app_context(), transaction():
        return instance.fault()


def cli(stage: Stage, *words: str) -> str:
    """As an operator on the sender's host types it, with the sender's own login."""
    found: Settings = stage.app.extensions["whatstr_settings"]
    names = ("DATABASE_URL", "WHATSTR_SENDER_KEYRING")
    given = {"WHATSTR_ROLE": "tool", **{name: found[name] for name in names}}
    tool = create_app(Settings.from_environment(given))
    done = tool.test_cli_runner().invoke(args=["whatstr", *words])
    assert done.exit_code == 0, done.output
    with tool.app_context():
        db.engine.dispose()
    return str(done.output)


def nothing_leaves(stage: Stage) -> uuid.UUID:
    due = datetime.now(UTC) - timedelta(seconds=5)
    campaign = stage.campaign(people(5), state="scheduled", due_at=due)
    before = stage.ledger()["messages"]
    look(stage)
    stage.run()
    assert stage.ledger()["messages"] == before
    assert stage.state(campaign) == ("scheduled", None)
    return campaign


def test_the_first_sender_claims_a_new_database(stage: Stage) -> None:
    campaign = stage.campaign(people(5))
    look(stage, times=3)
    stage.run()
    assert stage.counts(campaign) == {"accepted": 5}
    assert fault(stage) is None
    assert memory(stage).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "copied",
    [
        "UPDATE s_instance SET id = gen_random_uuid()",
        "UPDATE s_instance SET cluster = '1/2'",
        "UPDATE s_instance SET beat = 1",
        "UPDATE s_instance SET id = NULL",
        "DELETE FROM s_instance",
    ],
    ids=["another one's", "read in elsewhere", "gone back in time", "from before", "no row"],
)
def test_a_copy_does_not_send_until_it_is_released(stage: Stage, copied: str) -> None:
    running = stage.campaign(people(5), state="running")
    look(stage, times=3)
    row = stage.sql("SELECT * FROM s_instance")[0]
    stage.sql(copied)
    try:
        scheduled = nothing_leaves(stage)
        if copied.startswith("DELETE"):
            return
        assert fault(stage) in ("unknown", "behind")

        cli(stage, "release-instance", "--yes")

        assert stage.state(running) == ("held", "restored")
        look(stage)
        stage.run()
        assert stage.counts(scheduled) == {"accepted": 5}
        assert stage.sql("SELECT verb FROM audit_event WHERE verb = 'instance.released'")
    finally:
        if copied.startswith("DELETE"):
            stage.sql("INSERT INTO s_instance (one, beat) VALUES (true, %s)", row["beat"])


def test_what_went_back_in_time_stands_for_every_host(stage: Stage) -> None:
    look(stage, times=3)
    stage.sql("UPDATE s_instance SET beat = 1")
    look(stage)
    # Another host, which saw only the first beat, must not send either.
    row = stage.sql("SELECT id FROM s_instance")[0]
    memory(stage).write_text(f'{{"id": "{row["id"].hex}", "beat": 1}}')
    nothing_leaves(stage)


def test_a_second_host_joins(stage: Stage) -> None:
    look(stage, times=3)
    memory(stage).unlink()
    campaign = nothing_leaves(stage)
    cli(stage, "release-instance", "--join", "--yes")
    look(stage)
    stage.run()
    assert stage.counts(campaign) == {"accepted": 5}


def test_a_memory_that_cannot_be_read_is_no_free_pass(stage: Stage) -> None:
    look(stage)
    stage.campaign(people(1))
    memory(stage).write_text("{")
    stage.sql("UPDATE s_instance SET id = NULL")
    nothing_leaves(stage)


def test_doctor_says_it(stage: Stage) -> None:
    look(stage, times=2)

    def told() -> doctor.Finding:
        with stage.app.app_context():
            found = doctor.examine(stage.app.extensions["whatstr_settings"])
        return next(one for one in found if one.what == "instance")

    assert told().fine
    stage.sql("UPDATE s_instance SET id = gen_random_uuid()")
    assert not told().fine
    assert "release-instance" in told().words


# Clocks ---------------------------------------------------------------------------------------


def test_a_jump_is_seen_and_waited_out() -> None:
    watch = ClockWatch()

    def at(seconds: float, jumped: float = 0.0, apart: float = 0.0) -> str | None:
        wall = NOON + timedelta(seconds=seconds + jumped)
        return watch.trouble(
            wall=wall, monotonic=1_000 + seconds, database=wall + timedelta(seconds=apart)
        )

    assert at(0) is None
    assert at(1, jumped=0.5) is None
    assert at(2, jumped=3_600) == "clock_jumped"
    assert at(3) == "clock_jumped"  # set right again
    assert at(3 + QUIET.total_seconds() - 1) == "clock_jumped"
    assert at(3 + QUIET.total_seconds()) is None
    assert at(200, apart=61) == "clocks_differ"
    assert at(201, apart=-61) == "clocks_differ"
    assert at(202) is None


@pytest.mark.parametrize("days", [-30, -1, 1, 30])
def test_a_clock_that_jumps_moves_no_campaign(stage: Stage, days: int) -> None:
    now = datetime.now(UTC)
    due = stage.campaign(people(5), state="scheduled", due_at=now + timedelta(hours=1))
    queued = stage.campaign(people(5))
    with stage.app.app_context():
        one = Dispatcher()
        one.look()
        with clock.frozen(now + timedelta(days=days)):
            one.look()
        db.session.remove()
    assert stage.state(due) == ("scheduled", None)
    assert stage.state(queued) == ("queued", None)
    assert len(stage.sql("SELECT * FROM campaign_seal")) == 2


def test_a_lease_of_a_clock_that_was_ahead_is_given_up(stage: Stage) -> None:
    stage.campaign(people(5))
    look(stage)
    with stage.app.app_context():
        with transaction():
            assert leases.take(stage.line, owner=uuid.uuid4())
        stage.sql("UPDATE s_lease SET until = now() + interval '59 seconds'")
        with transaction():
            assert leases.drop_impossible() == 0
        stage.sql("UPDATE s_lease SET until = now() + interval '1 hour'")
    look(stage)
    assert stage.sql("SELECT * FROM s_lease") == []
    started = time.monotonic()
    stage.run()
    assert time.monotonic() - started < 30
    assert stage.ledger()["messages"] == 5
