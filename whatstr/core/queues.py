"""RQ with the doors shut: jobs name functions from a fixed table, arguments are ids and numbers.

Whoever can write to a queue's Redis could otherwise name any importable function (vault design,
section 2): `SafeJob` looks names up in `TASKS`, runs no callbacks and posts no webhooks.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any

import flask
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Retry, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from whatstr.core.db import after_commit
from whatstr.core.errors import DomainError
from whatstr.core.logs import get_logger

TASKS: dict[str, Callable[..., object]] = {}
Argument = int | str | None


class Refused(Exception):
    """What leaves a failed job: a code, never data (RQ keeps the traceback text in Redis)."""


class SafeJob(Job):
    """A job that can only run a registered task."""

    @property
    def func(self) -> Callable[..., object]:
        if self.instance:
            raise PermissionError("instance methods are not allowed")
        return TASKS[str(self.func_name)]

    def send_webhooks(self, *args: Any, **kwargs: Any) -> None:
        pass

    success_callback = failure_callback = stopped_callback = property(lambda self: None)


class SafeQueue(Queue):
    job_class = SafeJob


class SafeWorker(Worker):
    job_class = SafeJob
    queue_class = SafeQueue


def task(name: str) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Register a function as an RQ task. What it raises leaves as a bare code, without data."""

    def register(function: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(function)
        def run(*args: Argument) -> None:
            try:
                function(*args)
            except DomainError as error:
                raise Refused(error.code) from None
            except Exception as error:
                get_logger(__name__).error("task.failed", task=name, error=type(error).__name__)
                raise Refused(type(error).__name__) from None

        if name in TASKS:
            raise ValueError(f"task {name} is registered twice")
        TASKS[name] = run
        return run

    return register


def connect(url: str) -> Redis:
    """A client of Redis or Valkey by URL (`redis://`, `rediss://` or `unix://`)."""
    return Redis.from_url(url, socket_connect_timeout=5)


def queue(connection: Redis, name: str) -> SafeQueue:
    return SafeQueue(name, connection=connection, serializer=JSONSerializer, job_class=SafeJob)


def enqueue(target: Queue, name: str, *args: uuid.UUID | int | str, retries: int = 0) -> None:
    """Put a task on a queue by name. Arguments are ids, numbers or short codes. The process that
    works the queue refuses names it has not registered."""
    plain = [a.hex if isinstance(a, uuid.UUID) else a for a in args]
    target.enqueue_call(
        name,
        args=tuple(plain),
        result_ttl=0,
        failure_ttl=3600,
        retry=Retry(max=retries, interval=[10, 60, 300]) if retries else None,
    )


def later(queue_name: str, name: str, *args: uuid.UUID | int | str, retries: int = 3) -> None:
    """Enqueue on this process's Redis after the current transaction is committed.

    When Redis is away the row is already safe: a sweep of the worker finds it again.
    """
    after_commit(_enqueue_quietly, queue_name, name, args, retries)


def _enqueue_quietly(queue_name: str, name: str, args: tuple[Any, ...], retries: int) -> None:
    try:
        connection = flask.current_app.extensions["whatstr_redis"]
        enqueue(queue(connection, queue_name), name, *args, retries=retries)
    except RedisError as error:
        get_logger(__name__).error("queue.away", task=name, error=type(error).__name__)
