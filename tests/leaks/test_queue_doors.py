"""Whoever can write to a queue's Redis still cannot run code or post data (vault design, 2)."""

from __future__ import annotations

import http.server
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq import Callback, Queue, Webhook, Worker
from rq.job import Job, JobStatus
from rq.serializers import DefaultSerializer, JSONSerializer

from whatstr.core import queues
from whatstr.local.valkey import EmbeddedValkey

ALLOWED = "leaks.allowed"
QUEUE = "doors"
Attack = Callable[[Redis, str, str], Job]


def _queue(connection: Redis, serializer: type = JSONSerializer) -> Queue:
    return Queue(QUEUE, connection=connection, serializer=serializer)


def _function(connection: Redis, command: str, url: str) -> Job:
    return _queue(connection).enqueue("os.system", command)


def _pickled_function(connection: Redis, command: str, url: str) -> Job:
    return _queue(connection, DefaultSerializer).enqueue("os.system", command)


class _Payload:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        import os

        return os.system, (self.command,)


def _pickled_argument(connection: Redis, command: str, url: str) -> Job:
    job = _queue(connection).enqueue(ALLOWED, 1)
    body = pickle.dumps((ALLOWED, None, (_Payload(command),), {}))
    connection.hset(job.key, "data", body)
    return job


def called_back(job: Job, connection: Redis, *rest: object) -> None:
    """What a callback names, and what it would leave."""
    connection.set("called back", job.id)


def _callback(name: str, argument: int) -> Attack:
    def attack(connection: Redis, command: str, url: str) -> Job:
        function = f"{__name__}.{called_back.__name__}"
        return _queue(connection).enqueue(ALLOWED, argument, **{name: Callback(function)})

    return attack


def _webhook(connection: Redis, command: str, url: str) -> Job:
    return _queue(connection).enqueue(ALLOWED, 1, webhooks=_webhooks(url))


def _webhooks(url: str) -> list[Webhook]:
    return [
        Webhook(url, status, method="POST") for status in (JobStatus.FINISHED, JobStatus.FAILED)
    ]


ATTACKS: dict[str, Attack] = {
    "a function by its name": _function,
    "a pickled function": _pickled_function,
    "a pickled argument": _pickled_argument,
    "a callback on success": _callback("on_success", 1),
    "a callback on failure": _callback("on_failure", 2),
    "a webhook": _webhook,
}


@pytest.fixture
def posts() -> Iterator[tuple[str, list[bytes]]]:
    """An address that notes what is posted to it."""
    taken: list[bytes] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def connection(valkey_server: EmbeddedValkey, empty_queues: None) -> Iterator[Redis]:
    with Redis.from_url(valkey_server.url) as made:
        yield made


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one task that the worker knows; it fails when it is called with 2."""

    def allowed(number: int) -> None:
        if number == 2:
            raise ValueError(number)

    monkeypatch.setitem(queues.TASKS, ALLOWED, allowed)


def _work(connection: Redis, kind: type[Worker]) -> None:
    safe = kind is queues.SafeWorker
    target = queues.queue(connection, QUEUE) if safe else _queue(connection)
    worker = kind([target], connection=connection, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="CRITICAL")


@pytest.mark.parametrize("name", ATTACKS)
def test_none_of_it_runs_or_posts(
    name: str,
    connection: Redis,
    task: None,
    posts: tuple[str, list[bytes]],
    tmp_path: Path,
) -> None:
    mark = tmp_path / "ran"
    ATTACKS[name](connection, f"touch {mark}", posts[0])
    _work(connection, queues.SafeWorker)
    assert not mark.exists()
    assert posts[1] == []
    assert not connection.exists("called back")
    assert connection.llen(f"rq:queue:{QUEUE}") == 0  # it was taken up, not merely left


def test_a_plain_worker_would_have_run_it(
    connection: Redis, posts: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    """The attacks are real ones."""
    mark = tmp_path / "ran"
    _function(connection, f"touch {mark}", posts[0])
    _work(connection, Worker)
    assert mark.exists()
    callback = Callback(f"{__name__}.{called_back.__name__}")
    plain = _queue(connection)
    plain.enqueue("os.getpid", on_success=callback, webhooks=_webhooks(posts[0]))
    _work(connection, Worker)
    assert connection.exists("called back")
    assert len(posts[1]) == 1
