"""The loop that puts the tasks of the timetable on their queues.

A task module names its own times: `TIMETABLE: tuple[Entry, ...]`, beside its tasks.

Any number of schedulers may run: whoever takes the lock of a task's time slot enqueues it, the
others pass. A slot missed while no scheduler ran is not caught up: every task sweeps all there is.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import RedisError

from whatstr.core import clock, logs, queue_state, queues

log = logs.get_logger(__name__)
MINUTE, HOUR, DAY = 60, 3600, 86_400
_PREFIX = "schedule"
BACKLOG = 200


@dataclass(frozen=True)
class Entry:
    """`task` goes on `queue` in every slot of `every` seconds; `offset` moves the slots."""

    task: str
    queue: str
    every: int
    offset: int = 0

    def slot(self, at: int) -> int:
        return (at - self.offset) // self.every


def enqueue_due(connection: Redis, timetable: Sequence[Entry]) -> list[str]:
    """Put every task on its queue whose present slot nobody has taken; gives their names.

    A queue that nobody works is left alone, so that an idle night without workers ends with some
    hundred waiting sweeps and not with ten thousand.
    """
    now, done = clock.unix(), []
    for entry in timetable:
        lock = f"{_PREFIX}:{entry.task}:{entry.slot(now)}"
        if not connection.set(lock, 1, nx=True, ex=2 * entry.every):
            continue
        target = queues.queue(connection, entry.queue)
        if target.count >= BACKLOG:
            log.warning("schedule.backlog", queue=entry.queue, task=entry.task)
            continue
        queues.enqueue(target, entry.task)
        queue_state.note_run(connection, entry.task)
        done.append(entry.task)
    return done


def run_schedule(
    connection: Redis, timetable: Sequence[Entry], stop: threading.Event, *, step: float = 1.0
) -> None:
    """Until `stop` is set. Redis away: nothing is enqueued, the next step tries again."""
    published = False
    while not stop.is_set():
        try:
            if not published:
                rows = [(entry.task, entry.queue, entry.every) for entry in timetable]
                queue_state.publish_timetable(connection, rows)
                published = True
            for name in enqueue_due(connection, timetable):
                log.debug("schedule.enqueued", task=name)
        except RedisError as error:
            log.error("schedule.redis_away", error=type(error).__name__)
        stop.wait(step)
