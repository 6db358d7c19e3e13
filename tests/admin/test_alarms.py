"""What stops every customer is told to the operators on their first page (vault design, 22)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import flask
import pytest
import sqlalchemy as sa

from tests.admin.office import hire
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole
from whatstr.core import clock
from whatstr.sending.keyring import PUBLISH_AHEAD
from whatstr.vault.models import HookInbox, SenderCertificate
from whatstr.vault.policies import SUCCESSOR_LATE, KeyAlarm, key_alarm

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


def offer(*starts_in_days: float) -> list[tuple[datetime, datetime]]:
    starts = [NOON + timedelta(days=days) for days in starts_in_days]
    return [(start, start + WEEK) for start in starts]


def test_the_alarm_of_the_senders_key() -> None:
    assert key_alarm(offer(-1), NOON) is None
    assert key_alarm(offer(-6.9, 0.1), NOON) is None, "the next one is out"
    late = key_alarm(offer(-6.9, -20), NOON)
    assert late == KeyAlarm(False, NOON + timedelta(days=0.1) - SUCCESSOR_LATE)
    assert key_alarm(offer(-6.9, 0.5), NOON) == late, "a hole between two keys"
    assert key_alarm(offer(-8, -20), NOON) == KeyAlarm(True, NOON - timedelta(days=1))
    assert key_alarm(offer(1), NOON) == key_alarm([], NOON) == KeyAlarm(True, None)


def test_it_is_not_told_before_the_sender_had_its_time() -> None:
    assert SUCCESSOR_LATE + timedelta(hours=2) <= PUBLISH_AHEAD, "it tries every hour"


@pytest.fixture
def shown(database: ModuleDatabase) -> Iterator[list[tuple[datetime, datetime]]]:
    """Certificates as the sender published them; an inbox of one letter from yesterday."""
    now = clock.now()
    spans = [(now - WEEK + timedelta(hours=9), now + timedelta(hours=9))]
    with as_owner(database) as owner:
        owner.execute(sa.delete(SenderCertificate))
        for kid, (start, end) in enumerate(spans, 1):
            owner.add(SenderCertificate(kid=kid, cert=b"", not_before=start, not_after=end))
        owner.execute(sa.insert(HookInbox).values(at=now - timedelta(hours=25), sealed=b""))
    yield spans
    with as_owner(database) as owner:
        owner.execute(sa.delete(SenderCertificate))
        owner.execute(sa.delete(HookInbox))


def test_operators_read_it_first(
    panel: flask.Flask, database: ModuleDatabase, shown: list[tuple[datetime, datetime]]
) -> None:
    owner = hire(panel, StaffRole.OWNER)
    text = owner.get("/").text
    assert "next key is late" in text and "/sertifikalar/" in text
    assert "does not read its inbox" in text
    assert "next key is late" not in hire(panel, StaffRole.SUPPORT).get("/").text
    with as_owner(database) as rows:
        past = clock.now() - timedelta(minutes=1)
        rows.execute(sa.update(SenderCertificate).values(not_after=past))
        rows.execute(sa.update(HookInbox).values(at=past))
    text = owner.get("/").text
    assert "key has run out" in text and "does not read its inbox" not in text
    with as_owner(database) as rows:
        future = clock.now() + WEEK
        rows.execute(sa.update(SenderCertificate).values(not_after=future))
    assert "The sender changes its keys" in owner.get("/").text
