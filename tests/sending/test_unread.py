"""Nobody is written to past a refusal that lies unread."""

from __future__ import annotations

import asyncio

from tests.sending.stage import Stage, people
from whatstr.sending.bridge import Bridge
from whatstr.sending.slices import Slice


def run_for(stage: Stage, seconds: float) -> None:
    with Bridge(stage.app) as bridge:
        asyncio.run(Slice(bridge, stage.line, seconds=seconds).run())


def test_an_inbox_that_nobody_drains_holds_the_lines(stage: Stage) -> None:
    campaign = stage.campaign(people(30))
    stage.sql("INSERT INTO hook_inbox (at, sealed) VALUES (now() - interval '4 seconds', '')")

    run_for(stage, 0.6)

    assert stage.ledger()["messages"] == 0
    assert stage.counts(campaign) == {}
    stage.sql("DELETE FROM hook_inbox")
    stage.run()
    assert stage.ledger()["messages"] == 30


def test_what_came_just_now_holds_nothing(stage: Stage) -> None:
    stage.campaign(people(30))
    stage.sql("INSERT INTO hook_inbox (at, sealed) VALUES (now(), '')")

    run_for(stage, 30)

    assert stage.ledger()["messages"] == 30
    stage.sql("DELETE FROM hook_inbox")
