"""Support threads end: two years after their closing, and with what a deleted account left."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer, open_shop
from tests.apps import as_owner, role_app
from tests.services import ModuleDatabase
from whatstr.accounts.models import Organization
from whatstr.core import clock
from whatstr.local.valkey import EmbeddedValkey
from whatstr.support import retention
from whatstr.support.models import (
    Author,
    SupportMessage,
    SupportRequest,
    SupportState,
    SupportTopic,
)
from whatstr.workers import housekeeping


def thread(database: ModuleDatabase, shop: Customer, *, closed_at: datetime | None) -> uuid.UUID:
    """A request with one message."""
    now = clock.now() - timedelta(days=900)
    row = SupportRequest(
        organization_id=shop.organization,
        member_id=shop.member,
        topic=SupportTopic.LINE,
        state=SupportState.CLOSED if closed_at else SupportState.OPEN,
        opened_at=now,
        last_at=now,
        closed_at=closed_at,
    )
    row.subject = "Hattım bağlanmıyor"
    message = SupportMessage(
        request_id=row.id, author=Author.CUSTOMER, author_id=shop.member, at=now
    )
    message.body = "Kod 190 görüyorum."
    with as_owner(database) as owner:
        owner.add(row)
        owner.flush()
        owner.add(message)
        return row.id


def left(database: ModuleDatabase) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """Threads that are there, and threads that messages are there of."""
    with as_owner(database) as owner:
        return (
            set(owner.scalars(sa.select(SupportRequest.id))),
            set(owner.scalars(sa.select(SupportMessage.request_id))),
        )


def test_a_thread_ends_two_years_after_its_closing_or_with_its_account(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLICE", 1)
    shop, gone, now = open_shop(database), open_shop(database), clock.now()
    kept = {
        thread(database, shop, closed_at=None),
        thread(database, shop, closed_at=now - timedelta(days=729)),
    }
    for days in (731, 800):
        thread(database, shop, closed_at=now - timedelta(days=days))
    thread(database, gone, closed_at=None)
    with as_owner(database) as owner:
        left_us = sa.update(Organization).where(Organization.id == gone.organization)
        owner.execute(left_us.values(deleted_at=now))
    with role_app("worker", database, valkey_server) as worker, worker.app_context():
        housekeeping.forget_support()
    assert left(database) == (kept, kept)
