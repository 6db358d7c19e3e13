"""The sum that always holds, and what a report reads of a big campaign."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.apps import as_owner
from tests.campaigns.shop import Shop, open_shop
from tests.services import ModuleDatabase
from whatstr.campaigns import queries
from whatstr.campaigns.models import OVER_STATES, Campaign, CampaignState, MessageStatus
from whatstr.core import clock
from whatstr.core.db import db

S = MessageStatus
COUNTS = st.dictionaries(st.sampled_from(MessageStatus), st.integers(0, 500_000))


@given(COUNTS, st.integers(0, 500_000), st.sampled_from(CampaignState))
def test_counts_sum_to_the_rows_whatever_the_state(
    stored: dict[MessageStatus, int], untouched: int, state: CampaignState
) -> None:
    rows = sum(stored.values()) + untouched
    total = queries._with_rest(Campaign(rows=rows, state=state), stored)
    assert set(total) == set(MessageStatus)
    assert sum(total.values()) == rows
    assert min(total.values()) >= 0
    ended = state in OVER_STATES - {CampaignState.DONE}
    assert not ended or total[S.PENDING] == 0
    # What was taken in hand keeps its name.
    for status in set(MessageStatus) - {S.PENDING, S.CANCELLED, S.EXPIRED}:
        assert total[status] == stored.get(status, 0)


@pytest.mark.parametrize("state", CampaignState)
def test_one_campaign_and_the_list_tell_the_same_sum(shop: Shop, state: CampaignState) -> None:
    campaign = shop.launch(20)
    shop.add_messages(campaign, MessageStatus)
    shop.set_campaign(campaign, state=state)
    found = shop.read(campaign)
    assert sum(found["counts"].values()) == found["rows"] == 20
    (listed,) = shop.client.get("campaigns").get_json()["campaigns"]
    assert listed["counts"] == found["counts"]
    rest = {"cancelled": "cancelled", "refused": "cancelled", "expired": "expired"}
    name = rest.get(state, "pending")
    # 20 rows, 11 messages; a retry that will not happen any more counts with the rest.
    assert found["counts"][name] == 20 - 11 + 1 + (name != "pending")


def test_stored_totals_are_what_the_list_tells(shop: Shop) -> None:
    campaign = shop.launch(3)
    shop.set_campaign(campaign, state=CampaignState.DONE, totals={"delivered": 2, "failed": 1})
    (listed,) = shop.client.get("campaigns").get_json()["campaigns"]
    counts = {name: n for name, n in listed["counts"].items() if n}
    assert counts == {"delivered": 2, "failed": 1}


def test_newest_first(shop: Shop) -> None:
    ids = [shop.upload() for _ in range(3)]
    listed = shop.client.get("campaigns").get_json()["campaigns"]
    assert [one["id"] for one in listed] == ids[::-1]


def test_rate_and_time_left_while_it_runs(shop: Shop) -> None:
    with clock.frozen(datetime.now(UTC)) as advance:
        campaign = shop.launch(100)
        shop.set_campaign(campaign, state=CampaignState.RUNNING)
        assert (shop.read(campaign)["rate"], shop.read(campaign)["seconds_left"]) == (0.0, None)
        shop.add_messages(campaign, [S.ACCEPTED] * 20, accepted_at=clock.now())
        advance(timedelta(seconds=9))
        found = shop.read(campaign)
        assert (found["rate"], found["seconds_left"]) == (2.0, 40)
        advance(timedelta(seconds=2))
        assert shop.read(campaign)["rate"] == 0.0
        shop.set_campaign(campaign, state=CampaignState.PAUSED)
        assert shop.read(campaign)["seconds_left"] is None


def test_messages_come_in_pages(shop: Shop) -> None:
    campaign = shop.launch(9)
    shop.add_messages(
        campaign, [S.READ, S.FAILED, S.SENT, S.PENDING, S.DELIVERED], sent_at=clock.now()
    )
    path = f"campaigns/{campaign}/messages"
    first = shop.client.get(f"{path}?limit=3").get_json()
    assert [row[:2] for row in first["rows"]] == [[0, "read"], [1, "failed"], [2, "sent"]]
    assert first["rows"][0][4].endswith("Z") and first["next"] == 2
    last = shop.client.get(f"{path}?limit=3&after=2").get_json()
    assert [row[0] for row in last["rows"]] == [3, 4] and last["next"] is None
    for wrong in ("limit=0", "limit=5001", "after=-2", "limit=x", "after=9e9"):
        assert shop.client.get(f"{path}?{wrong}").status_code == 400


def test_failures_most_frequent_first_with_a_sentence(shop: Shop) -> None:
    campaign = shop.launch(9)
    shop.add_messages(campaign, [S.FAILED, S.READ, S.ACCEPTED], code=131026)
    with as_owner(shop.database) as owner:
        _insert(owner, uuid.UUID(hex=campaign), 10, 15, "failed", 131047)
        _insert(owner, uuid.UUID(hex=campaign), 20, 22, "suppressed", None)
    found = shop.client.get(f"campaigns/{campaign}/failures").get_json()["failures"]
    assert [(one["status"], one["code"], one["count"]) for one in found] == [
        ("failed", 131047, 6),
        ("suppressed", None, 3),
        ("failed", 131026, 1),
    ]
    assert all(one["sentence"] and one["action"] for one in found)


def _insert(
    owner: Session, campaign: uuid.UUID, first: int, last: int, status: str, code: Any
) -> None:
    owner.execute(
        sa.text(
            "INSERT INTO message (campaign_id, row, status, code, attempts, mref, recipient_ix,"
            " accepted_at) SELECT :c, n, :s, :k, 1, uuid_send(gen_random_uuid()),"
            " uuid_send(gen_random_uuid()), now() FROM generate_series(CAST(:a AS int), :b) n"
        ),
        {"c": campaign, "s": status, "k": code, "a": first, "b": last},
    )


@pytest.fixture(scope="module")
def crowd(web: flask.Flask, database: ModuleDatabase) -> uuid.UUID:
    """Many messages of many campaigns, so that reading all of them is the dearer way."""
    shop = open_shop(web, database)
    ids = [uuid.UUID(hex=shop.upload()) for _ in range(30)]
    with as_owner(database) as owner:
        for id_ in ids:
            _insert(owner, id_, 0, 1_499, "delivered", None)
    with as_owner(database) as owner:
        owner.execute(sa.text("ANALYZE message"))
    return ids[7]


def plans_of(web: flask.Flask, call: Any) -> str:
    """What PostgreSQL does for every look at `message` within `call`."""
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, parameters: Any, _x: Any, _m: Any) -> None:
        if "FROM message" in statement:
            seen.append((statement, parameters))

    with web.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            call()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        assert seen
        with db.engine.connect() as connection:
            lines = [
                row[0]
                for statement, parameters in seen
                for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            ]
    return "\n".join(lines)


@pytest.mark.parametrize("what", ["counts", "progress", "rows", "failures", "list"])
def test_a_report_reads_its_own_rows_only(web: flask.Flask, crowd: uuid.UUID, what: str) -> None:
    with web.app_context():
        found = db.session.get_one(Campaign, crowd)
    organization = found.organization_id
    found.state = CampaignState.RUNNING
    calls = {
        "counts": lambda: queries.counts(found),
        "progress": lambda: queries.progress(found),
        "rows": lambda: queries.message_rows(organization, crowd, after=700, limit=100),
        "failures": lambda: queries.failures(organization, crowd),
        "list": lambda: queries._stored_counts([crowd]),
    }
    plan = plans_of(web, calls[what])
    assert "Index" in plan and "Seq Scan" not in plan, plan
    if what == "rows":
        assert "Sort" not in plan, plan


def test_a_list_of_campaigns_asks_a_fixed_number_of_questions(
    web: flask.Flask, crowd: uuid.UUID
) -> None:
    asked: list[str] = []

    def note(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    with web.app_context():
        organization = db.session.get_one(Campaign, crowd).organization_id
        db.session.expunge_all()
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            listed = queries.campaigns(organization)
            assert all(one.record and one.jk_wrap for one, _ in listed) and len(listed) == 30
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
    assert len(asked) == 2
