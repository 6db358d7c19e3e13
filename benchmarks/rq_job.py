"""One RQ job for each message, as others do it, beside a slice: the same messages, the same server.

The job does the least that it can do: it claims its row, posts it, writes the answer. The worker
is RQ's own, which forks for each job; RQ's SimpleWorker, which does not, is given as well.
"""

from __future__ import annotations

import os
import resource
import time
import uuid
from typing import Any

import flask
import requests
import rq
import sqlalchemy as sa
from redis import Redis

from benchmarks.measure import Result, machine, main, on_cores
from benchmarks.sender import send_all
from benchmarks.throughput import some_bodies
from benchmarks.world import World, world
from whatstr.core.db import db, session, transaction
from whatstr.simulator.meta import seed

_app: flask.Flask | None = None
_http: requests.Session | None = None


def send_one(url: str, campaign: str, row: int, body: dict[str, Any]) -> None:
    """The job."""
    assert _app is not None and _http is not None
    mine = {"c": uuid.UUID(campaign), "row": row}
    with _app.app_context():
        with transaction():
            statement = (
                "INSERT INTO message (campaign_id, row, status, attempts, mref, recipient_ix,"
                " handed_at) VALUES (:c, :row, 'handing', 1, :mref, :ix, now())"
            )
            marks = {"mref": os.urandom(16), "ix": os.urandom(16)}
            session().execute(sa.text(statement), {**mine, **marks})
        answer = _http.post(url, json=body, headers={"Authorization": f"Bearer {seed.TOKEN}"})
        answer.raise_for_status()
        with transaction():
            statement = (
                "UPDATE message SET status = 'accepted', accepted_at = now()"
                " WHERE campaign_id = :c AND row = :row"
            )
            session().execute(sa.text(statement), mine)


def jobs(made: World, rows: int, kind: type[rq.worker.BaseWorker]) -> tuple[float, float]:
    """(messages a second, CPU-ms a message) with a job each."""
    global _app, _http
    _app, _http = made.stage.app, requests.Session()
    campaign = made.campaign(rows)
    made.stage.sql("UPDATE campaign SET state = 'paused' WHERE id = %s", campaign)
    address = f"{made.meta_url}/v25.0/{seed.LINE_IDS[0]}/messages"
    with Redis.from_url(made.queue.url) as connection:
        queue = rq.Queue("one-by-one", connection=connection)
        began, used = time.monotonic(), _cpu()
        for row, body in enumerate(some_bodies(rows)):
            queue.enqueue(send_one, address, campaign.hex, row, body, result_ttl=0)
        with made.stage.app.app_context():
            db.engine.dispose()  # a fork must not share a connection
        worker = kind([queue], connection=connection, log_job_description=False)
        worker.work(burst=True, logging_level="ERROR")
        found = rows / (time.monotonic() - began), 1_000 * (_cpu() - used) / rows
    assert made.stage.counts(campaign) == {"accepted": rows}, made.stage.counts(campaign)
    made.clear()
    return found


def _cpu() -> float:
    """Of this process and of the children it waited for."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, kinds))


def run(quick: bool) -> Result:
    forked, plain, sliced = (20, 40, 300) if quick else (400, 1_500, 12_000)
    with world() as made:
        with on_cores(made.sender_core):
            fork_rate, fork_cpu = jobs(made, forked, rq.Worker)
            simple_rate, simple_cpu = jobs(made, plain, rq.SimpleWorker)
        made.campaign(sliced)
        slice_ = send_all(made, made.stage.line)
    slice_cpu = 1_000 * slice_.cpu / sliced
    return Result(
        value=fork_cpu / slice_cpu,
        unit="x the CPU of a slice",
        bar="reported",
        ok=None,
        detail={
            "job_cpu_ms": round(fork_cpu, 2),
            "simple_worker_cpu_ms": round(simple_cpu, 2),
            "slice_cpu_ms": round(slice_cpu, 3),
            "job_rate": round(fork_rate),
            "simple_worker_rate": round(simple_rate),
            "slice_rate": round(sliced / slice_.seconds),
            **machine(),
        },
    )


if __name__ == "__main__":
    # RQ imports the job by its module's name.
    from benchmarks import rq_job

    main("rq_job", rq_job.run)
