"""What stands on the queues of this process's Redis, and putting failed jobs back.

Reads names and ages only: a job's arguments are ids, and what it left when it failed is a code.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from redis import Redis
from rq import Queue, Worker
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.registry import FailedJobRegistry, ScheduledJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer

from whatstr.core import clock
from whatstr.core.errors import NotFound
from whatstr.core.queues import SafeJob, queue

JOBS_SHOWN = 100
TIMETABLE = "timetable"
LAST_RUN = "timetable:last"


@dataclass(frozen=True)
class QueueState:
    """One queue in numbers. `oldest_seconds` is how long its first job waits."""

    name: str
    waiting: int
    running: int
    later: int
    failed: int
    oldest_seconds: int | None


@dataclass(frozen=True)
class JobState:
    """One job: its task, when it came, and for a failed one the class of what went wrong."""

    id: str
    queue: str
    task: str
    at: datetime | None
    state: str
    error: str
    tries_left: int


@dataclass(frozen=True)
class Planned:
    """A task of the timetable as the scheduler last published it."""

    task: str
    queue: str
    every_seconds: int
    last_at: datetime | None


def queue_states(connection: Redis) -> list[QueueState]:
    """Every queue that was ever written, by name."""
    return [_state(connection, one.name) for one in _queues(connection)]


def _queues(connection: Redis) -> list[Queue]:
    found = Queue.all(connection=connection, serializer=JSONSerializer)
    return sorted((queue(connection, one.name) for one in found), key=lambda one: str(one.name))


def _state(connection: Redis, name: str) -> QueueState:
    target = queue(connection, name)
    first = target.get_job_ids(0, 1)
    job = _job(connection, first[0]) if first else None
    came = job.enqueued_at if job else None
    return QueueState(
        name=name,
        waiting=target.count,
        running=len(StartedJobRegistry(queue=target)),
        later=len(ScheduledJobRegistry(queue=target)),  # type: ignore[no-untyped-call]
        failed=len(FailedJobRegistry(queue=target)),
        oldest_seconds=int((clock.now() - _aware(came)).total_seconds()) if came else None,
    )


def jobs(connection: Redis, name: str) -> list[JobState]:
    """The jobs of a queue: failed ones first, then running, waiting and later ones. Raises
    NotFound."""
    if name not in {one.name for one in _queues(connection)}:
        raise NotFound("queue")
    target = queue(connection, name)
    found: list[JobState] = []
    for state, ids in (
        ("failed", FailedJobRegistry(queue=target).get_job_ids(0, JOBS_SHOWN - 1)),
        ("running", StartedJobRegistry(queue=target).get_job_ids(0, JOBS_SHOWN - 1)),
        ("waiting", target.get_job_ids(0, JOBS_SHOWN)),
        ("later", ScheduledJobRegistry(queue=target).get_job_ids(0, JOBS_SHOWN - 1)),  # type: ignore[no-untyped-call]
    ):
        for id_ in ids:
            job = _job(connection, id_.split(":")[0])
            if job is not None:
                found.append(_shown(job, name, state))
    return found[:JOBS_SHOWN]


def _shown(job: Job, name: str, state: str) -> JobState:
    result = job.latest_result() if state == "failed" else None
    last = (result.exc_string or "").strip().splitlines() if result else []
    at = job.ended_at or job.enqueued_at
    return JobState(
        id=str(job.id),
        queue=name,
        task=str(job.func_name),
        at=_aware(at) if at else None,
        state=state,
        # The last line of a traceback: `whatstr.core.queues.Refused: gateway_unavailable`.
        error=last[-1].rpartition(": ")[2][:120] if last else "",
        tries_left=int(job.retries_left or 0),
    )


def failed_job(connection: Redis, name: str, job_id: str) -> JobState:
    """One of the failed jobs of a queue. Raises NotFound."""
    registry = FailedJobRegistry(queue=queue(connection, name))
    job = _job(connection, job_id) if job_id in registry.get_job_ids() else None
    if job is None:
        raise NotFound("job")
    return _shown(job, name, "failed")


def retry(connection: Redis, name: str, job_id: str) -> None:
    """Put a failed job on its queue again."""
    FailedJobRegistry(queue=queue(connection, name)).requeue(job_id)


def drop(connection: Redis, name: str, job_id: str) -> None:
    """Forget a failed job for good."""
    FailedJobRegistry(queue=queue(connection, name)).remove(job_id, delete_job=True)


def _job(connection: Redis, job_id: str) -> Job | None:
    try:
        return SafeJob.fetch(job_id, connection=connection, serializer=JSONSerializer)
    except NoSuchJobError:
        return None


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def workers(connection: Redis) -> int:
    """Workers that are alive."""
    return int(Worker.count(connection=connection))


def publish_timetable(connection: Redis, rows: Sequence[tuple[str, str, int]]) -> None:
    """Say which tasks there are, as (task, queue, every seconds); the panel cannot load them."""
    connection.delete(TIMETABLE)
    for task, name, every in rows:
        connection.hset(TIMETABLE, task, json.dumps([name, every]))


def note_run(connection: Redis, task: str) -> None:
    """Keep when the scheduler last put a task on its queue."""
    connection.hset(LAST_RUN, task, clock.unix())


def planned(connection: Redis) -> list[Planned]:
    """The timetable, by task; empty while no scheduler ever ran."""
    last = {_text(key): int(at) for key, at in connection.hgetall(LAST_RUN).items()}
    found = []
    for key, text in sorted(connection.hgetall(TIMETABLE).items()):
        task, (name, every) = _text(key), json.loads(text)
        at = datetime.fromtimestamp(last[task], UTC) if task in last else None
        found.append(Planned(task, name, every, at))
    return found


def _text(key: bytes | str) -> str:
    return key.decode() if isinstance(key, bytes) else key
