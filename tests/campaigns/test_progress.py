"""A campaign that many watch: counted once for all, told at once, and cheap to ask about."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import flask
import pytest
from sqlalchemy import event

from tests.campaigns.shop import Shop, open_shop
from tests.services import ModuleDatabase
from whatstr.campaigns.models import MessageStatus
from whatstr.campaigns.progress_board import KEPT_SECONDS, ProgressBoard, Snapshot
from whatstr.core import clock
from whatstr.core.db import db
from whatstr.lines.models import LineState

S = MessageStatus


def progress(shop: Shop, campaign: str, **headers: str) -> Any:
    return shop.client.get(f"campaigns/{campaign}/progress", headers=headers)


@pytest.fixture(autouse=True)
def uncounted(web: flask.Flask) -> None:
    """Nothing is remembered of an earlier test."""
    web.extensions.pop("whatstr_progress_board", None)


def test_a_page_is_told_the_sum_the_reasons_and_nothing_sealed(shop: Shop) -> None:
    campaign = shop.launch(20)
    shop.add_messages(
        campaign, [S.READ, S.FAILED, S.FAILED, S.HANDING, S.ACCEPTED], code=131026,
        accepted_at=clock.now(),
    )  # fmt: skip
    shop.set_campaign(campaign, state="running")

    told = progress(shop, campaign).get_json()

    assert sum(told["counts"].values()) == told["rows"] == 20
    assert told["counts"]["pending"] == 15 and told["state"] == "running"
    (reason,) = told["failures"]
    assert (reason["code"], reason["count"], reason["status"]) == (131026, 2, "failed")
    assert reason["sentence"]
    assert told["rate"] == 0.5  # five in ten seconds
    assert told["leaving"] == 16  # all that is left is less than a second of the line
    assert not {"jk_wrap", "record"} & told.keys()
    whole = shop.read(campaign)
    assert {key: whole[key] for key in told if key in whole} == {
        key: told[key] for key in told if key in whole
    }


def test_an_unchanged_campaign_is_told_in_no_bytes(shop: Shop) -> None:
    campaign = shop.launch(3)
    first = progress(shop, campaign)
    again = progress(shop, campaign, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]

    shop.set_campaign(campaign, state="paused")
    changed = progress(shop, campaign, **{"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200 and changed.get_json()["state"] == "paused"


def test_a_pause_and_a_held_line_are_told_at_once_although_rows_were_counted_just_now(
    shop: Shop,
) -> None:
    campaign = shop.launch(3)
    assert progress(shop, campaign).get_json()["state"] == "queued"
    shop.set_line(state=LineState.HELD, state_reason="meta:190", hold_code=190)
    told = progress(shop, campaign).get_json()
    assert told["state"] == "held" and told["reason"]["code"] == "meta:190"
    shop.suspend()
    assert progress(shop, campaign).get_json()["reason"]["code"] == "suspended"


def test_only_its_owner_watches_a_campaign(
    shop: Shop, web: flask.Flask, database: ModuleDatabase
) -> None:
    campaign = shop.launch(3)
    progress(shop, campaign)
    assert progress(open_shop(web, database), campaign).status_code == 404


def test_two_hundred_looks_count_once_and_ask_little(shop: Shop, web: flask.Flask) -> None:
    campaign = shop.launch(3)
    shop.set_campaign(campaign, state="running")
    progress(shop, campaign)
    shop.add_messages(campaign, [S.READ])
    asked: list[str] = []

    def note(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    with web.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            for _ in range(20):
                progress(shop, campaign)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
    counted = [one for one in asked if "FROM message" in one]
    assert len(counted) <= 1
    # Who asks, and the campaign with its line.
    assert len(asked) - len(counted) <= 2 * 20


class Hands:
    """A clock and a count that tests hold in their hands."""

    def __init__(self, cost: float = 0.0) -> None:
        self.now, self.cost = 0.0, cost
        self.counted: list[uuid.UUID] = []

    def count(self, campaign: uuid.UUID) -> Snapshot:
        self.counted.append(campaign)
        self.now += self.cost
        return Snapshot({}, (), float(len(self.counted)))

    @property
    def board(self) -> ProgressBoard:
        return ProgressBoard(self.count, lambda: self.now)


def test_the_board_counts_a_campaign_once_a_second() -> None:
    hands, one = Hands(), uuid.uuid4()
    found = hands.board
    assert [found.look(one).rate for _ in range(5)] == [1.0] * 5
    hands.now += 1.0
    assert found.look(one).rate == 2.0
    assert len(hands.counted) == 2


def test_the_board_rests_three_times_as_long_as_it_counts() -> None:
    hands = Hands(cost=2.0)
    found, campaigns = hands.board, [uuid.uuid4() for _ in range(2)]
    for one in campaigns:  # nobody waits for a first look
        found.look(one)
    for _ in range(59):
        hands.now += 0.1
        found.look(campaigns[0])
    assert len(hands.counted) == 2
    hands.now += 0.2
    found.look(campaigns[0])
    assert len(hands.counted) == 3


def test_nobody_waits_for_somebody_elses_count() -> None:
    entered, go_on = threading.Event(), threading.Event()
    one = uuid.uuid4()

    def slow(_: uuid.UUID) -> Snapshot:
        if entered.is_set() or found._entries:
            entered.set()
            assert go_on.wait(10)
            return Snapshot({}, (), 2.0)
        return Snapshot({}, (), 1.0)

    now = 0.0
    found = ProgressBoard(slow, lambda: now)
    found.look(one)
    now = 5.0
    counting = threading.Thread(target=found.look, args=(one,))
    counting.start()
    assert entered.wait(10)
    assert found.look(one).rate == 1.0
    go_on.set()
    counting.join(10)
    assert found.look(one).rate == 2.0


def test_the_board_forgets_what_nobody_looks_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whatstr.campaigns.progress_board.MOST", 3)
    hands = Hands()
    found = hands.board
    old = [uuid.uuid4() for _ in range(3)]
    for one in old:
        found.look(one)
    hands.now += KEPT_SECONDS + 1
    found.look(uuid.uuid4())
    assert len(found._entries) == 1
