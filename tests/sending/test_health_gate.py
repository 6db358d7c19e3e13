"""Meta is asked whether a line can send before each campaign leaves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.sending.stage import Stage, people
from whatstr.simulator.meta import seed

LINE = seed.LINE_IDS[0]


def test_a_blocked_line_sends_nothing_and_says_why(stage: Stage) -> None:
    campaign = stage.campaign(people(3))
    stage.ask("POST", f"/_sim/lines/{LINE}", {"status": "FLAGGED"})
    try:
        stage.run()
    finally:
        stage.ask("POST", f"/_sim/lines/{LINE}", {"status": "CONNECTED"})

    assert stage.state(campaign) == ("held", "meta:141000")
    (line,) = stage.sql("SELECT state, hold_code, health FROM line WHERE id = %s", stage.line)
    assert (line["state"], line["hold_code"]) == ("held", 141000)
    assert line["health"]["can_send"] == "BLOCKED"
    assert stage.ledger()["messages"] == 0


@pytest.mark.parametrize("before", [False, True])
def test_it_is_asked_once_for_each_start(stage: Stage, before: bool) -> None:
    """Asked when the campaign began after the last look, and not again by the next slice."""
    campaign = stage.campaign(people(2))
    if before:
        stage.sql(
            "UPDATE campaign SET state = 'running', started_at = now(), state_changed_at = %s",
            datetime(2026, 1, 1, tzinfo=UTC),
        )
        stage.sql("UPDATE line SET checked_at = now()")
    stage.run()
    assert stage.state(campaign)[0] == "done"
    (line,) = stage.sql("SELECT meta_status FROM line WHERE id = %s", stage.line)
    assert (line["meta_status"] is None) is before
