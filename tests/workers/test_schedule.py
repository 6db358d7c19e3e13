"""The timetable, and the promise that what is put on a queue is worked."""

from __future__ import annotations

import ast
import importlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import flask
import pytest
import sqlalchemy as sa
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.accounts.people import sign_up
from tests.apps import ApiClient, as_owner, role_app
from tests.services import ROOT, ModuleDatabase
from whatstr.accounts.models import EmailToken, MemberSession
from whatstr.core import clock
from whatstr.core.db import db
from whatstr.core.queues import TASKS
from whatstr.local.valkey import EmbeddedValkey
from whatstr.vault.models import RequestState, SenderRequest
from whatstr.workers import QUEUES, timetable
from whatstr.workers.cron import BACKLOG, DAY, Entry, enqueue_due, run_schedule

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def queue_server(valkey_server: EmbeddedValkey, empty_queues: None) -> Iterator[Redis]:
    with Redis.from_url(valkey_server.url) as connection:
        yield connection


def value_of(argument: ast.expr, module: str) -> str | None:
    """A text, or the text behind a name of the module; None for a variable of a function."""
    if isinstance(argument, ast.Name):
        return getattr(importlib.import_module(module), argument.id, None)
    return str(ast.literal_eval(argument))


def calls_of_later() -> set[tuple[str, str | None, str | None]]:
    """(module, queue, task) of every `later(queue, task, …)` in the product."""
    found = set()
    for path in (ROOT / "whatstr").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else None
            name = node.func.id if isinstance(node.func, ast.Name) else name
            if name == "later":
                queue, task = (value_of(argument, module) for argument in node.args[:2])
                found.add((module, queue, task))
    return found


def test_every_queue_is_worked_and_every_task_known(worker: flask.Flask) -> None:
    calls = calls_of_later()
    assert any(task == "mail.send" for _, _, task in calls)
    assert [call for call in calls if call[1] not in QUEUES] == []
    assert [call for call in calls if call[2] and call[2] not in TASKS] == []


def test_the_timetable_names_known_tasks_and_queues(worker: flask.Flask) -> None:
    entries = timetable()
    assert "mail.sweep" in {entry.task for entry in entries}
    assert [entry for entry in entries if entry.task not in TASKS] == []
    assert [entry for entry in entries if entry.queue not in QUEUES] == []
    assert len({entry.task for entry in entries}) == len(entries)


def test_no_task_is_forgotten(worker: flask.Flask) -> None:
    """What nobody asks for stands on the timetable: what the notices promise to end does end."""
    planned = {entry.task: entry.every for entry in timetable()}
    asked = {task for _, _, task in calls_of_later()}
    own = {name for name, task in TASKS.items() if task.__module__.startswith("whatstr.workers.")}
    by_sweep = {"billing.plan", "billing.refund_state"}  # whose names `billing.sweep` puts together
    assert {"housekeeping.support", "housekeeping.links", "audit.verify"} <= own
    assert own - asked - set(planned) == by_sweep
    assert max(planned.values()) <= DAY


def test_two_schedulers_enqueue_once(queue_server: Redis) -> None:
    table = (Entry("mail.sweep", "mail", 120),)
    with clock.frozen(AT) as advance:
        assert enqueue_due(queue_server, table) == ["mail.sweep"]
        assert enqueue_due(queue_server, table) == []
        advance(timedelta(seconds=119))
        assert enqueue_due(queue_server, table) == []
        advance(timedelta(seconds=1))
        assert enqueue_due(queue_server, table) == ["mail.sweep"]
    assert queue_server.llen("rq:queue:mail") == 2


def test_a_queue_without_workers_does_not_grow_for_ever(queue_server: Redis) -> None:
    table = (Entry("mail.sweep", "mail", 1),)
    with clock.frozen(AT) as advance:
        for _ in range(BACKLOG + 5):
            enqueue_due(queue_server, table)
            advance(timedelta(seconds=1))
    assert queue_server.llen("rq:queue:mail") == BACKLOG


def test_the_scheduler_stops_when_asked_and_outlives_redis() -> None:
    stop = threading.Event()
    nowhere = Redis(unix_socket_path="/nonexistent/valkey.sock", retry=Retry(NoBackoff(), 0))
    thread = threading.Thread(
        target=run_schedule,
        args=(nowhere, (Entry("mail.sweep", "mail", 60),), stop),
        kwargs={"step": 0.01},
    )
    thread.start()
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def run(app: flask.Flask, task: str) -> None:
    with app.app_context():
        TASKS[task]()
        db.session.remove()


def test_what_has_served_goes_and_the_rest_stays(
    worker: flask.Flask, database: ModuleDatabase, valkey_server: EmbeddedValkey
) -> None:
    now = clock.now()
    with (
        clock.frozen(now - timedelta(days=40)),
        role_app("web", database, valkey_server) as web,
    ):
        old = sign_up(ApiClient(web), "old@firma.com")
    with role_app("web", database, valkey_server) as web:
        client = ApiClient(web)
        young = sign_up(client, "young@firma.com")
    with as_owner(database) as owner:
        for minutes, state in ((11, RequestState.ANSWERED), (9, RequestState.WAITING)):
            owner.add(
                SenderRequest(
                    id=young.member_id if minutes == 9 else old.member_id,
                    organization_id=young.organization_id,
                    member_id=young.member_id,
                    op="templates",
                    state=state,
                    request=b"",
                    created_at=now - timedelta(minutes=minutes),
                )
            )
    for task in ("housekeeping.sessions", "housekeeping.links", "housekeeping.requests"):
        run(worker, task)
    with as_owner(database) as owner:
        assert owner.scalars(sa.select(MemberSession.member_id)).all() == [young.member_id]
        assert owner.scalars(sa.select(EmailToken.member_id)).all() == [young.member_id]
        assert owner.scalars(sa.select(SenderRequest.id)).all() == [young.member_id]
