"""Persist, commit, then enqueue: in this order or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import flask
import psycopg
import pytest
import sqlalchemy as sa
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.services import ModuleDatabase
from whatstr.audit.models import AuditEvent
from whatstr.audit.services import SYSTEM, record
from whatstr.core.db import after_commit, notify, session, transaction
from whatstr.core.queues import later, queue
from whatstr.local.valkey import EmbeddedValkey


@pytest.fixture(autouse=True)
def in_app(web: flask.Flask, empty_queues: None) -> Iterator[None]:
    with web.app_context():
        yield


def change() -> None:
    record(actor=SYSTEM, verb="a.b", subject_kind="thing", subject_id=uuid.uuid4())


def events(web: flask.Flask) -> int:
    """How many others see."""
    with web.app_context():
        return session().scalar(sa.select(sa.func.count(AuditEvent.seq))) or 0


def jobs(valkey_server: EmbeddedValkey) -> list[str]:
    with Redis.from_url(valkey_server.url) as connection:
        return [job.func_name for job in queue(connection, "mail").jobs]


def test_what_waits_runs_once_after_the_commit(web: flask.Flask) -> None:
    seen: list[int] = []
    before = events(web)
    with transaction():
        change()
        after_commit(lambda: seen.append(events(web)))
        assert seen == []
    assert seen == [before + 1]
    with transaction():
        change()
    assert len(seen) == 1


def test_nothing_runs_after_a_rollback(web: flask.Flask) -> None:
    seen: list[int] = []
    before = events(web)
    with pytest.raises(KeyboardInterrupt), transaction():
        change()
        after_commit(seen.append, 1)
        raise KeyboardInterrupt
    with transaction():
        change()
    assert seen == [] and events(web) == before + 1


def test_nothing_runs_when_the_commit_itself_fails(web: flask.Flask) -> None:
    seen: list[int] = []
    twice = uuid.uuid4()
    with pytest.raises(sa.exc.IntegrityError), transaction():
        for _ in range(2):
            session().add(
                AuditEvent(
                    id=twice,
                    at=sa.func.now(),
                    actor_kind="system",
                    verb="a.b",
                    subject_kind="thing",
                    subject_id="1",
                    detail={},
                    request_id="",
                    previous=b"",
                    hash=uuid.uuid4().bytes,
                )
            )
        after_commit(seen.append, 1)
    assert seen == []


def test_one_that_fails_does_not_stop_the_next(web: flask.Flask) -> None:
    seen: list[int] = []
    with transaction():
        after_commit(lambda: 1 / 0)
        after_commit(seen.append, 2)
    assert seen == [2]


def test_a_transaction_within_another_is_refused(web: flask.Flask) -> None:
    """It would commit half of the outer one's work."""
    before = events(web)
    with pytest.raises(RuntimeError, match="within"), transaction():
        change()
        with transaction():
            change()
    assert events(web) == before
    with transaction():
        change()
    assert events(web) == before + 1


def test_waiting_needs_a_transaction(web: flask.Flask) -> None:
    with pytest.raises(RuntimeError, match="no transaction"):
        after_commit(print)


def test_a_task_is_on_its_queue_once_the_row_is_there(valkey_server: EmbeddedValkey) -> None:
    with transaction():
        change()
        later("mail", "mail.send", uuid.UUID(int=7))
        assert jobs(valkey_server) == []
    assert jobs(valkey_server) == ["mail.send"]
    with Redis.from_url(valkey_server.url) as connection:
        (job,) = queue(connection, "mail").jobs
        assert (job.args, job.retries_left) == (["0" * 31 + "7"], 3)


def test_no_task_after_a_rollback(valkey_server: EmbeddedValkey) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        later("mail", "mail.send", 7)
        raise ZeroDivisionError
    assert jobs(valkey_server) == []


def test_without_the_queue_server_the_row_is_kept(
    web: flask.Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = events(web)
    with Redis(port=1, retry=Retry(NoBackoff(), 0)) as away:
        monkeypatch.setitem(web.extensions, "whatstr_redis", away)
        with transaction():
            change()
            later("mail", "mail.send", 7)
    assert events(web) == before + 1


def test_a_notice_is_heard_at_the_commit(database: ModuleDatabase) -> None:
    url = database.url().replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url, autocommit=True) as ear:
        ear.execute("LISTEN whatstr_sender")
        with pytest.raises(ZeroDivisionError), transaction():
            notify("whatstr_sender", "lost")
            raise ZeroDivisionError
        with transaction():
            notify("whatstr_sender", "heard")
            ear.execute("SELECT 1")
            assert list(ear.notifies(timeout=0)) == []
        heard = [one.payload for one in ear.notifies(timeout=10, stop_after=1)]
        assert heard == ["heard"]
