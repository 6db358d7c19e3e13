"""Entry points of the processes `worker` and `scheduler`.

Workers are started from here, never by RQ's own command line: that one imports classes and
functions by whatever name a queue holds (vault design, section 2).
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

import flask
from rq.serializers import JSONSerializer

from whatstr.core import logs
from whatstr.core.database import redis
from whatstr.core.db import db
from whatstr.core.queues import SafeWorker, queue
from whatstr.workers import QUEUES, timetable
from whatstr.workers.cron import run_schedule

log = logs.get_logger(__name__)


def make_worker(app: flask.Flask, names: tuple[str, ...] = QUEUES) -> SafeWorker:
    """A worker over the named queues. A worker killed with -9 is noticed within 95 s."""
    with app.app_context():
        connection = redis()
    return SafeWorker(
        [queue(connection, name) for name in names],
        connection=connection,
        serializer=JSONSerializer,
        job_monitoring_interval=5,
        maintenance_interval=30,
    )


def run_worker(app: flask.Flask, *, burst: bool = False) -> None:
    """Work the queues until SIGTERM, which lets the running job finish. Each job runs in a forked
    process: what it leaves behind dies with it."""
    worker = make_worker(app)
    with app.app_context():
        db.engine.dispose()  # no connection is shared with a forked job
        log.info("worker.started", queues=len(QUEUES))
        worker.work(burst=burst, with_scheduler=True, logging_level="WARNING")


def run_scheduler(app: flask.Flask) -> None:
    """Keep the timetable until SIGTERM or SIGINT."""
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with app.app_context():
        log.info("scheduler.started")
        run_schedule(redis(), timetable(), stop)
