"""The one process that looks for work and puts it on the sender's queues.

Work comes from other roles as rows of PostgreSQL, never as queue entries (vault design, 2). The
dispatcher hears NOTIFY and looks each second. Only the holder of an advisory lock acts, so any
number may run; losing Redis loses time only, since every look starts from the database.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flask
import psycopg
import sqlalchemy as sa
from redis.exceptions import RedisError
from rq import Queue
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from whatstr.core import clock
from whatstr.core.database import redis
from whatstr.core.db import db, session, transaction
from whatstr.core.errors import DomainError
from whatstr.core.logs import get_logger
from whatstr.core.queues import queue
from whatstr.sending import (
    context,
    departures,
    health_sync,
    honesty,
    instance,
    leases,
    progress,
    punctuality,
    reach,
    roots,
    sweeps,
    windows,
)
from whatstr.sending.certificates import publish_certificates
from whatstr.sending.clocks import ClockWatch
from whatstr.sending.line_changes import forget_events
from whatstr.sending.slices import rest_key

log = get_logger(__name__)

CHANNEL = "whatstr_sender"
LOOK_SECONDS = 1.0
SLICES, DOORS = "slices", "doors"
INBOX, REQUESTS = "doors.inbox", "doors.requests"
HEALTH = "health-sync"
_LOCK = 7_274_496


@dataclass
class _Timer:
    """A sweep and when it ran last (monotonic)."""

    name: str
    every: float
    run: Callable[[], object]
    last: float = float("-inf")


class Dispatcher:
    """Create inside an application context of the role `sender`; `run` until `stop`."""

    def __init__(self) -> None:
        self._wait = punctuality.unknown_wait()
        self._slices = queue(redis(), SLICES)
        self._doors = queue(redis(), DOORS)
        self._stopping = False
        self._clocks = ClockWatch()
        self._standing: str | None = None
        honesty_round = honesty.Round()
        self._publish = _Timer("publish", 60, _publish)
        self._timers = [
            _Timer("beat", 2, instance.beat),
            _Timer("leases", 5, leases.drop_impossible),
            _Timer("orphans", 5, lambda: sweeps.orphans_to_unknown(now=clock.now())),
            _Timer("unknown", 5, lambda: sweeps.settle_unknown(now=clock.now(), wait=self._wait)),
            _Timer("expire", 1, lambda: sweeps.expire_campaigns(now=clock.now())),
            _Timer("close", 1, sweeps.close_over),
            _Timer("lines", 1, lambda: sweeps.release_lines(now=clock.now())),
            _Timer("finish", 2, lambda: sweeps.finish_campaigns(unknown_wait=self._wait)),
            _Timer("recount", 5, sweeps.recount),
            _Timer("health", 60, self._enqueue_health),
            _Timer("forget_events", 3_600, lambda: forget_events(now=clock.now())),
            _Timer("forget", 10, lambda: sweeps.forget_old(now=clock.now())),
            _Timer("windows", 3_600, lambda: windows.forget(now=clock.now())),
            _Timer("reach", 86_400, lambda: reach.forget(now=clock.now())),
            _Timer("honesty", 300, lambda: honesty.check_finished(now=clock.now())),
            _Timer("honesty_all", 10, lambda: honesty_round.go_on(now=clock.now())),
        ]

    def stop(self, *_: object) -> None:
        """End after the present look; may be called from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Wait for the lock, then look and listen. A lost database is waited for."""
        while not self._stopping:
            try:
                self._lead()
            except (SQLAlchemyError, psycopg.Error) as error:
                log.error("dispatcher.database_away", error=type(error).__name__)
                db.session.remove()
                time.sleep(LOOK_SECONDS)

    def _lead(self) -> None:
        fairy = db.engine.raw_connection()
        try:
            connection: psycopg.Connection[Any] = fairy.driver_connection  # type: ignore[assignment]
            connection.rollback()
            connection.autocommit = True
            while not self._locked(connection):
                if self._stopping:
                    return
                time.sleep(LOOK_SECONDS)
            log.info("dispatcher.leads")
            connection.execute(f"LISTEN {CHANNEL}")
            while not self._stopping:
                self.look()
                # Returns at the first notice, so that a waiting request is served at once.
                for _ in connection.notifies(timeout=LOOK_SECONDS, stop_after=1):
                    pass
        finally:
            fairy.invalidate()

    def _locked(self, connection: psycopg.Connection[Any]) -> bool:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
        return bool(row and row[0])

    # One look ---------------------------------------------------------------------------------

    def look(self) -> None:
        """Run the sweeps that are due and enqueue what waits. Redis away: next time. A database
        that is not ours and clocks that cannot be believed: nothing moves."""
        try:
            self._sweep(self._publish)
            if not self._may_move():
                return
            with transaction():
                sweeps.release_due(now=clock.now())
            for timer in self._timers:
                self._sweep(timer)
            with transaction():
                self._enqueue_doors()
                self._enqueue_slices()
        except RedisError as error:
            log.error("dispatcher.queue_away", error=type(error).__name__)
        finally:
            db.session.remove()

    def _may_move(self) -> bool:
        with transaction():
            ours = instance.is_ours()
            trouble = self._clocks.trouble(
                wall=clock.now(),
                monotonic=time.monotonic(),
                database=session().scalar(sa.text("SELECT clock_timestamp()")),
            )
        found = trouble if ours else "not_ours"
        if found != self._standing:
            (log.error if found else log.info)("dispatcher.stands", reason=found)
            self._standing = found
        return found is None

    def _sweep(self, timer: _Timer) -> None:
        """Run one that is due; what is wrong with it must not keep the others from running. A lost
        connection is everybody's trouble and goes up."""
        if time.monotonic() - timer.last < timer.every:
            return
        timer.last = time.monotonic()
        try:
            with transaction():
                timer.run()
        except (OperationalError, InterfaceError):
            raise
        except (SQLAlchemyError, DomainError, RedisError) as error:
            log.error("sweep.failed", sweep=timer.name, error=type(error).__name__)

    def _enqueue_doors(self) -> None:
        waiting = (
            session()
            .execute(
                sa.text(
                    "SELECT EXISTS (SELECT 1 FROM hook_inbox),"
                    " EXISTS (SELECT 1 FROM sender_rpc WHERE state = 'waiting')"
                )
            )
            .one()
        )
        queued = _queued(self._doors)
        names = (INBOX, REQUESTS, departures.TASK)
        for name, there in zip(names, (*waiting, departures.waiting()), strict=True):
            prefix = name.replace(".", "-")
            if there and not any(job.startswith(prefix) for job in queued):
                # A customer waits for a request (and Meta's code is short-lived): it goes first.
                _put(self._doors, name, job_id=_job_id(prefix), first=name == REQUESTS)

    def _enqueue_health(self) -> None:
        queued = _queued(self._slices)
        if health_sync.due(now=clock.now()) and not any(one.startswith(HEALTH) for one in queued):
            _put(self._slices, "health.sync", job_id=_job_id(HEALTH))

    def _enqueue_slices(self) -> None:
        now = clock.now()
        busy, queued = leases.live(), _queued(self._slices)
        lines: dict[uuid.UUID, None] = {}
        for item in progress.all_work(now=now):
            if item.line_id not in busy and not redis().exists(rest_key(item.id)):
                lines[item.line_id] = None
        for line_id in lines:
            prefix = f"slice-{line_id.hex}"
            if not any(job.startswith(prefix) for job in queued):
                _put(self._slices, "sending.slice", line_id.hex, job_id=_job_id(prefix))


def _publish() -> None:
    now = clock.now()
    rotation = context.keyring().rotate(now)
    if rotation:
        log.info(
            "keyring.rotated",
            made=len(rotation.epochs_made) + len(rotation.months_made),
            destroyed=len(rotation.epochs_destroyed) + len(rotation.months_destroyed),
        )
    publish_certificates(keyring=context.keyring(), now=now)
    roots.note_all()


def _queued(target: Queue) -> list[str]:
    return [str(job_id) for job_id in target.get_job_ids()]


def _job_id(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def _put(target: Queue, name: str, *args: str, job_id: str, first: bool = False) -> None:
    target.enqueue_call(
        name, args=args, job_id=job_id, result_ttl=0, failure_ttl=3_600, at_front=first
    )


def run_dispatcher(app: flask.Flask) -> Dispatcher:
    """A dispatcher for this application; the caller runs it."""
    with app.app_context():
        return Dispatcher()
