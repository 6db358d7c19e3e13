"""What Meta's codes, lost answers and lost servers do to rows, lines and campaigns."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
import redis

from tests.sending.stage import Stage, fault, people, soon, within
from whatstr.core.queues import Refused
from whatstr.local.valkey import EmbeddedValkey
from whatstr.sending import leases, progress, sweeps
from whatstr.sending.pace import Pace
from whatstr.simulator.meta import seed


def test_too_fast_slows_down_and_loses_nothing(
    stage: Stage, valkey_sender_server: EmbeddedValkey
) -> None:
    campaign = stage.campaign(people(60))
    fault(stage, kind="error", code=130429, count=10)

    stage.run()

    assert stage.counts(campaign) == {"accepted": 50, "pending": 10}
    with redis.Redis.from_url(valkey_sender_server.url) as client:
        rate = client.hget(f"pace:{stage.line.hex}", "rate")
    assert rate is not None and 600 <= float(rate) < 900  # type: ignore[arg-type]
    soon(stage)
    stage.run()
    assert stage.counts(campaign) == {"accepted": 60}
    assert stage.state(campaign)[0] == "done"
    assert stage.ledger()["taken_twice_or_more"] == 0


def test_a_limit_of_the_whole_app_rests_every_line(
    stage: Stage, valkey_sender_server: EmbeddedValkey
) -> None:
    """Code 4 counts the calls of all customers together: another account's line rests as well."""
    campaign = stage.campaign(people(60))
    fault(stage, kind="error", code=4, count=1)

    stage.run()

    assert set(stage.counts(campaign)) <= {"accepted", "pending"}
    assert stage.counts(campaign)["pending"] >= 1
    with redis.Redis.from_url(valkey_sender_server.url) as client:
        told = Pace(client, uuid.uuid4(), rate=100).take([b"anybody"])
    assert told.allowed == () and 50 < told.wait <= 60


def test_a_bad_token_holds_line_and_campaign(stage: Stage) -> None:
    campaign = stage.campaign(people(60))
    fault(stage, kind="error", code=190)

    stage.run()

    assert stage.state(campaign) == ("held", "meta:190")
    (line,) = stage.sql("SELECT state, hold_code, hold_until FROM line")
    assert line == {"state": "held", "hold_code": 190, "hold_until": None}
    assert set(stage.counts(campaign)) == {"pending"}
    assert stage.sql("SELECT * FROM s_frank") == []


def test_a_paused_template_holds_the_campaign_and_resumes(stage: Stage) -> None:
    campaign = stage.campaign(people(60))
    fault(stage, kind="error", code=132015)
    stage.run()
    assert stage.state(campaign) == ("held", "meta:132015")
    assert stage.sql("SELECT state FROM line") == [{"state": "connected"}]

    stage.settings(faults=[])
    stage.sql("UPDATE campaign SET state = 'queued', reason_code = NULL")
    stage.run()

    assert stage.counts(campaign) == {"accepted": 60}
    assert stage.ledger()["taken_twice_or_more"] == 0


def test_a_restricted_account_holds_every_line_of_it(stage: Stage) -> None:
    other = uuid.uuid4()
    stage.add_line(other, seed.LINE_IDS[1])
    first = stage.campaign(people(20))
    second = stage.campaign(people(20), line=other)
    fault(stage, kind="error", code=368)

    stage.run()

    assert stage.state(first) == stage.state(second) == ("held", "meta:368")
    assert stage.sql("SELECT DISTINCT state FROM line") == [{"state": "held"}]


def test_maintenance_rests_the_line_and_lets_go(stage: Stage) -> None:
    campaign = stage.campaign(people(20))
    fault(stage, kind="error", code=131057, count=5)
    stage.run()
    (line,) = stage.sql("SELECT state, hold_until FROM line")
    assert line["state"] == "held"
    assert stage.state(campaign)[0] == "running"

    over = line["hold_until"] + timedelta(seconds=1)
    assert within(stage, lambda: sweeps.release_lines(now=over)) == 1
    soon(stage)
    stage.run()

    assert stage.counts(campaign) == {"accepted": 20}


def test_a_bad_row_fails_alone(stage: Stage) -> None:
    numbers = [*people(30), *people(1, ending="77")]
    campaign = stage.campaign(numbers)
    fault(stage, kind="error", code=131009, to_ending="77")

    stage.run()

    assert stage.counts(campaign) == {"accepted": 30, "failed": 1}
    assert stage.codes(campaign) == {131009: 1}
    assert len(stage.sql("SELECT * FROM s_frank")) == 30


def test_when_all_first_rows_fail_the_campaign_is_held(stage: Stage) -> None:
    campaign = stage.campaign(people(200))
    fault(stage, kind="error", code=131009)

    stage.run()

    assert stage.state(campaign) == ("held", "all_rows_fail")
    assert stage.ledger()["messages"] == 0


def test_an_unknown_code_fails_the_row(stage: Stage) -> None:
    campaign = stage.campaign([*people(10), *people(1, ending="77")])
    fault(stage, kind="error", code=199_999, to_ending="77")

    stage.run()

    assert stage.codes(campaign) == {199_999: 1}
    assert stage.state(campaign)[0] == "done"


def test_who_stopped_marketing_is_suppressed_for_good(stage: Stage) -> None:
    (number,) = people(1, ending="77")
    stage.campaign([number, *people(5)])
    fault(stage, kind="error", code=131050, to_ending="77")
    stage.run()
    (row,) = stage.sql("SELECT recipient_ix, via FROM s_optout")
    assert (bytes(row["recipient_ix"]), row["via"]) == (stage.recipient_ix(number), "meta_error")

    stage.settings(faults=[])
    second = stage.campaign([number])
    stage.run()

    assert stage.counts(second) == {"suppressed": 1}


def test_two_slices_never_work_one_line(stage: Stage) -> None:
    campaign = stage.campaign(people(10))
    within(stage, lambda: leases.take(stage.line, owner=uuid.uuid4()))

    stage.run()

    assert stage.counts(campaign) == {}


def test_without_the_pace_nothing_is_sent(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = stage.campaign(people(10))
    nowhere = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=1)
    monkeypatch.setattr("whatstr.sending.context.pace_redis", lambda: nowhere)

    stage.run()

    assert stage.ledger()["messages"] == 0
    assert stage.counts(campaign) == {"pending": 10}
    assert stage.state(campaign)[0] == "running"


def test_meta_away_keeps_the_rows(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = stage.campaign(people(10))
    monkeypatch.setitem(
        stage.app.extensions["whatstr_settings"].values, "META_BASE_URL", "http://127.0.0.1:1"
    )

    stage.run()

    assert stage.counts(campaign) == {}
    assert stage.state(campaign)[0] == "running"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE campaign SET state = 'paused'",
        "UPDATE campaign SET state = 'cancelled', finished_at = now()",
        "UPDATE organization SET state = 'suspended'",
        "UPDATE line SET state = 'paused'",
    ],
)
def test_the_last_message_leaves_within_a_second(stage: Stage, statement: str) -> None:
    stage.sql("UPDATE line SET throughput = 50")
    stage.settings(slow_ms=400)  # so that some are on their way when the stop comes
    campaign = stage.campaign(people(2_000))
    running = threading.Thread(target=stage.run)
    running.start()
    try:
        _until(lambda: stage.ledger()["messages"] > 20)
        stage.sql(statement)
        stopped = time.time()
    finally:
        running.join(20)
    assert not running.is_alive()

    last = max(one["accepted"] for one in stage.ask("GET", "/_sim/messages?limit=2000")["messages"])
    assert last < stopped + 1.0
    counts = stage.counts(campaign)
    assert counts.get("handing", 0) == 0
    assert counts["accepted"] == stage.ledger()["messages"]
    within(stage, sweeps.close_over)
    totals = within(stage, lambda: progress.store_totals(campaign))
    assert sum(totals.values()) == 2_000


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_failed_task_says_a_code_only(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("905321234567")

    monkeypatch.setattr(leases, "take", explode)
    from whatstr.sending.slices import run_slice

    with stage.app.app_context(), pytest.raises(Refused) as raised:
        run_slice(stage.line.hex)
    assert str(raised.value) == "RuntimeError"
    assert raised.value.__cause__ is None
