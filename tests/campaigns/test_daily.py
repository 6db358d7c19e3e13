"""Figures by day: counted from messages, again and again, with the same sums."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import open_shop
from tests.apps import as_owner, role_app
from tests.services import ModuleDatabase
from whatstr.campaigns import daily
from whatstr.campaigns.models import Campaign, LineDay, Message, MessageStatus
from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.local.valkey import EmbeddedValkey

# Half past nine in the evening of UTC is the next day in Istanbul.
LATE = datetime(2026, 11, 26, 21, 30, tzinfo=UTC)


@pytest.fixture
def worker(database: ModuleDatabase, valkey_server: EmbeddedValkey) -> Iterator[flask.Flask]:
    with role_app("worker", database, valkey_server) as app:
        yield app


def test_days_are_istanbul_s_and_counted_once(
    worker: flask.Flask, database: ModuleDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = LATE + timedelta(hours=10)
    monkeypatch.setattr(clock, "now", lambda: now)
    shop = open_shop(database, now=LATE)
    with as_owner(database) as owner:
        owner.execute(
            sa.update(Campaign).where(Campaign.id == shop.running).values(started_at=LATE)
        )
        for row, (status, code) in enumerate(
            [(MessageStatus.READ, None), (MessageStatus.FAILED, 131026), (MessageStatus.SENT, None)]
        ):
            owner.add(
                Message(
                    campaign_id=shop.running,
                    row=1000 + row,
                    status=status,
                    code=code,
                    mref=os.urandom(16),
                    recipient_ix=os.urandom(16),
                    handed_at=LATE - timedelta(days=1),
                )
            )
    with worker.app_context():
        for _ in range(2):
            with transaction():
                daily.count_days()
        by_day = {row.day.isoformat(): row for row in daily.message_days(4)}
        assert (by_day["2026-11-27"].handed, by_day["2026-11-27"].delivered) == (400, 400)
        before = by_day["2026-11-26"]
        assert (before.handed, before.accepted, before.delivered) == (3, 2, 1)
        assert (before.read, before.failed) == (1, 1)
        assert daily.failure_codes(4) == [(131026, 1)]
        lines = session().scalars(sa.select(LineDay).where(LineDay.line_id == shop.line)).all()
        assert sorted((row.accepted, row.failed) for row in lines) == [(2, 1), (400, 0)]
        assert daily.organization_rate(shop.organization, 4) == (402, 401, 1)


def test_a_day_that_is_over_stays_as_it_was(
    worker: flask.Flask, database: ModuleDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: LATE + timedelta(days=10))
    with worker.app_context():
        with transaction():
            daily.count_days()
        total = sum(row.handed for row in daily.message_days(14))
        assert total >= 403, "what was counted before is kept"
