"""Tags of reports live out their term, whatever became of a case or an account, and end with it;
so do the indexes of Meta's ids (vault design, 15)."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import flask
import psycopg
import pytest

from whatstr.core.db import db, transaction
from whatstr.sending import sweeps

JUNE, JULY, AUGUST = 202606, 202607, 202608
LAST_DAY = datetime(2026, 11, 28, tzinfo=UTC)  # of July's tags: 120 days after its end


@pytest.fixture
def sender(app: flask.Flask) -> Iterator[flask.Flask]:
    yield app
    with app.app_context():
        db.engine.dispose()


def forgotten(app: flask.Flask, now: datetime) -> int:
    with app.app_context(), transaction():
        return sweeps.forget_old(now=now)


def test_tags_are_kept_until_120_days_after_their_month(
    sender: flask.Flask, owner: psycopg.Connection[dict[str, Any]]
) -> None:
    owner.execute("TRUNCATE s_frank")
    for kid in (JUNE, JULY, AUGUST):
        owner.execute(
            "INSERT INTO s_frank (mref, organization_id, line_id, recipient_ix, kid, hour, tags)"
            " VALUES (%s, %s, %s, %s, %s, now(), %s)",
            [os.urandom(16), uuid.uuid4(), uuid.uuid4(), os.urandom(16), kid, os.urandom(16)],
        )

    def kept() -> list[int]:
        return [r["kid"] for r in owner.execute("SELECT kid FROM s_frank ORDER BY kid")]

    assert forgotten(sender, LAST_DAY) == 1 and kept() == [JULY, AUGUST]
    assert forgotten(sender, LAST_DAY + timedelta(days=3)) == 1 and kept() == [AUGUST]


def test_no_more_than_a_portion_goes_at_a_time(
    sender: flask.Flask,
    owner: psycopg.Connection[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweeps, "PORTION", 2)
    owner.execute("TRUNCATE s_frank, s_wamid, s_seen")
    old = LAST_DAY - timedelta(days=31)
    for _ in range(3):
        owner.execute("INSERT INTO s_seen VALUES (%s, %s)", [os.urandom(16), old])
    assert [forgotten(sender, LAST_DAY) for _ in range(3)] == [2, 1, 0]


def test_indexes_of_meta_s_ids_are_kept_for_thirty_days(
    sender: flask.Flask, owner: psycopg.Connection[dict[str, Any]]
) -> None:
    owner.execute("TRUNCATE s_wamid, s_seen")
    for days in (29, 31):
        at = LAST_DAY - timedelta(days=days)
        owner.execute("INSERT INTO s_wamid VALUES (%s, %s, %s)", [os.urandom(16)] * 2 + [at])
        owner.execute("INSERT INTO s_seen VALUES (%s, %s)", [os.urandom(16), at])
    assert forgotten(sender, LAST_DAY) == 2
    assert forgotten(sender, LAST_DAY) == 0
    for table in ("s_wamid", "s_seen"):
        (row,) = owner.execute(f"SELECT at FROM {table}")
        assert row["at"] == LAST_DAY - timedelta(days=29)
