"""A reason that still stands holds a campaign again when it is resumed, and lets go when it is gone
(sending design: resume only after the cause is looked at again)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.sending.stage import Stage, people
from tests.sending.test_trouble import fault
from whatstr.simulator.meta import seed

ROWS = 12


@dataclass(frozen=True)
class Cause:
    """Why a campaign is held, how it comes and how it goes."""

    reason: str
    begin: Callable[[Stage], object]
    end: Callable[[Stage], object]


def refusing(code: int) -> Cause:
    """Meta answers every message with this code."""
    return Cause(
        f"meta:{code}",
        lambda stage: fault(stage, kind="error", code=code),
        lambda stage: stage.settings(faults=[]),
    )


def line_is(status: str) -> Callable[[Stage], object]:
    return lambda stage: stage.ask("POST", f"/_sim/lines/{seed.LINE_IDS[0]}", {"status": status})


CAUSES = [
    refusing(190),  # the token is no good any more
    refusing(368),  # the account is restricted
    refusing(131031),  # the account is locked
    refusing(131042),  # nobody pays Meta
    refusing(132015),  # the template is paused
    refusing(132016),  # the template is off
    Cause("meta:141000", line_is("FLAGGED"), line_is("CONNECTED")),
]


def resume(stage: Stage) -> None:
    """As `resume_campaign` and the line page do: both let go, nothing else is changed."""
    stage.sql(
        "UPDATE line SET state = 'connected', hold_code = NULL, hold_until = NULL,"
        " state_reason = NULL"
    )
    stage.sql("UPDATE campaign SET state = 'queued', reason_code = NULL, state_changed_at = now()")


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.reason)
def test_what_still_stands_holds_again(stage: Stage, cause: Cause) -> None:
    campaign = stage.campaign(people(ROWS))
    cause.begin(stage)
    try:
        stage.run()
        assert stage.state(campaign) == ("held", cause.reason)

        resume(stage)
        stage.run()
        assert stage.state(campaign) == ("held", cause.reason)
        assert stage.ledger()["messages"] == 0
    finally:
        cause.end(stage)

    resume(stage)
    stage.run()
    assert stage.counts(campaign) == {"accepted": ROWS}
    assert stage.ledger()["taken_twice_or_more"] == 0
