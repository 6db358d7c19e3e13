"""Nobody is written to past a refusal that lies unread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.sending.stage import Stage, people
from whatstr.local.processes import wait_until
from whatstr.sending import posting
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


@contextmanager
def in_hand(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A slice that holds 20 rows for a second, since its line may send 20 in that time; then
    another for what it gave back."""
    monkeypatch.setattr(posting, "LOOK_SECONDS", 0.2)
    stage.sql("UPDATE line SET throughput = 20")
    slice_ = threading.Thread(target=run_for, args=(stage, 30))
    slice_.start()
    wait_until(lambda: stage.sql("SELECT 1 FROM message WHERE status = 'handing'"), seconds=10)
    yield
    slice_.join(20)
    assert not slice_.is_alive()
    stage.run()


def test_who_refuses_while_in_hand_gets_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = people(20)
    campaign = stage.campaign(numbers)

    with in_hand(stage, monkeypatch):
        stage.opt_out(numbers[-1])

    assert stage.counts(campaign) == {"accepted": 19, "suppressed": 1}
    assert stage.ledger()["messages"] == 19


def test_what_lies_unread_holds_rows_in_hand(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = stage.campaign(people(20))

    with in_hand(stage, monkeypatch):
        stage.sql("INSERT INTO hook_inbox (at, sealed) VALUES (now() - interval '4 seconds', '')")
        wait_until(lambda: stage.counts(campaign).get("pending"), seconds=10)
        sent = stage.ledger()["messages"]
        stage.sql("DELETE FROM hook_inbox")

    assert sent < 20
    assert stage.counts(campaign) == {"accepted": 20}
    assert stage.ledger()["messages"] == 20
