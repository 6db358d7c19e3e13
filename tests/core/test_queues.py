"""A queue whose server belongs to somebody else still runs nothing of theirs (vault design, 20.5).

Every attack is also tried on a worker as RQ ships it, to show that it would have worked.
"""

from __future__ import annotations

import http.server
import io
import logging
import os
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Queue, Retry, SimpleWorker, Webhook
from rq.job import Callback, Job
from rq.serializers import DefaultSerializer, JSONSerializer

from whatstr.core import logs
from whatstr.core.errors import NotFound
from whatstr.core.queues import TASKS, SafeWorker, enqueue, queue, task
from whatstr.local.valkey import EmbeddedValkey

NUMBER = "905321234567"
NAME = "test-attack"


class Pickled:
    """Runs a command when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, (f"touch {self._path}",))


def callback(job: Job, *_rest: Any) -> None:
    Path(str(job.meta["path"])).touch()


@pytest.fixture
def connection(valkey_server: EmbeddedValkey, empty_queues: None) -> Iterator[Redis]:
    with Redis.from_url(valkey_server.url) as made:
        yield made


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """The file that an attack makes."""
    return tmp_path / "mark"


@pytest.fixture(autouse=True)
def tasks() -> Iterator[None]:
    before = dict(TASKS)

    @task("test.fine")
    def fine(*_arguments: object) -> None:
        pass

    @task("test.crash")
    def crash() -> None:
        raise ValueError(f"cannot send to {NUMBER}")

    @task("test.refuse")
    def refuse() -> None:
        raise NotFound(f"no such number {NUMBER}")

    yield
    TASKS.clear()
    TASKS.update(before)


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """RQ's worker takes the process's signals and does not give them back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def posts() -> Iterator[tuple[str, list[bytes]]]:
    """A server, and what is posted to it."""
    received: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", received
    server.shutdown()
    thread.join()
    server.server_close()


def ours(connection: Redis) -> SafeWorker:
    return SafeWorker(
        [queue(connection, NAME)], connection=connection, serializer=JSONSerializer, name="ours"
    )


def work(connection: Redis) -> None:
    """Empty the queue with our worker, as the worker role runs it: a fork for each job."""
    ours(connection).work(burst=True, logging_level="ERROR")


def shipped(connection: Redis, serializer: Any) -> None:
    """Empty the queue with a worker of RQ's own."""
    jobs = Queue(NAME, connection=connection, serializer=serializer)
    worker = SimpleWorker([jobs], connection=connection, serializer=serializer)
    worker.work(burst=True, logging_level="ERROR")


def a_function(jobs: Queue, mark: Path) -> None:
    jobs.enqueue("os.system", f"touch {mark}")


def an_argument(jobs: Queue, mark: Path) -> None:
    jobs.enqueue("os.getcwd", Pickled(mark))


def a_callback(jobs: Queue, mark: Path) -> None:
    jobs.enqueue(
        "os.getcwd",
        on_success=Callback("tests.core.test_queues.callback"),
        meta={"path": str(mark)},
    )


def a_failing_callback(jobs: Queue, mark: Path) -> None:
    jobs.enqueue(
        "os.no_such_function",
        on_failure=Callback("tests.core.test_queues.callback"),
        meta={"path": str(mark)},
    )


ATTACKS = [
    (a_function, JSONSerializer),
    (a_function, DefaultSerializer),
    (an_argument, DefaultSerializer),
    (a_callback, JSONSerializer),
    (a_failing_callback, JSONSerializer),
]


@pytest.mark.parametrize(("attack", "serializer"), ATTACKS)
def test_an_attack_works_on_a_worker_as_shipped(
    connection: Redis, mark: Path, attack: Callable[[Queue, Path], None], serializer: Any
) -> None:
    attack(Queue(NAME, connection=connection, serializer=serializer), mark)
    shipped(connection, serializer)
    assert mark.exists()


@pytest.mark.parametrize(("attack", "serializer"), ATTACKS)
def test_our_worker_runs_nothing_of_it(
    connection: Redis, mark: Path, attack: Callable[[Queue, Path], None], serializer: Any
) -> None:
    attack(Queue(NAME, connection=connection, serializer=serializer), mark)
    work(connection)
    assert not mark.exists()
    assert queue(connection, NAME).count == 0


@pytest.mark.parametrize("name", ["test.fine", "test.crash"])
def test_callbacks_on_a_task_of_ours_do_not_run(connection: Redis, mark: Path, name: str) -> None:
    hook = Callback("tests.core.test_queues.callback")
    jobs = Queue(NAME, connection=connection, serializer=JSONSerializer)
    jobs.enqueue(name, on_success=hook, on_failure=hook, on_stopped=hook, meta={"path": str(mark)})
    work(connection)
    assert not mark.exists()


def test_a_pickle_for_a_task_of_ours_is_not_opened(connection: Redis, mark: Path) -> None:
    jobs = Queue(NAME, connection=connection, serializer=DefaultSerializer)
    jobs.enqueue("test.fine", Pickled(mark))
    work(connection)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["test.fine", "test.crash", "os.getcwd"])
def test_a_job_posts_nothing_to_anybody(
    connection: Redis, posts: tuple[str, list[bytes]], name: str
) -> None:
    url, received = posts
    hooks = [Webhook(url, status, method="POST") for status in ("finished", "failed")]
    jobs = Queue(NAME, connection=connection, serializer=JSONSerializer)
    jobs.enqueue("os.getcwd", webhooks=hooks)
    shipped(connection, JSONSerializer)
    assert len(received) == 1  # as shipped
    jobs.enqueue(name, webhooks=hooks)
    work(connection)
    assert len(received) == 1


def test_a_job_that_was_left_behind_calls_nobody(
    connection: Redis, mark: Path, posts: tuple[str, list[bytes]]
) -> None:
    """RQ also calls back when it clears away a job whose worker died."""
    jobs = Queue(NAME, connection=connection, serializer=JSONSerializer)
    job = jobs.enqueue(
        "test.fine",
        on_failure=Callback("tests.core.test_queues.callback"),
        meta={"path": str(mark)},
        webhooks=[Webhook(posts[0], "failed", method="POST")],
    )
    jobs.pop_job_id()
    connection.zadd(jobs.started_job_registry.key, {f"{job.id}:{uuid.uuid4().hex}": 1})
    worker = ours(connection)
    worker.clean_registries()
    assert connection.zcard(jobs.started_job_registry.key) == 0
    assert not mark.exists() and posts[1] == []


def test_a_method_of_an_object_is_refused(connection: Redis) -> None:
    jobs = queue(connection, NAME)
    job = jobs.enqueue("test.fine")
    job._instance = "x"
    with pytest.raises(PermissionError):
        _ = job.func


@pytest.mark.parametrize("name", ["test.crash", "test.refuse"])
@pytest.mark.parametrize("retries", [0, 1])
def test_an_error_leaves_its_class_and_nothing_else(
    connection: Redis, name: str, retries: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither Redis nor a log ever holds what the message said (vault design, 20.16)."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        jobs = queue(connection, NAME)
        jobs.enqueue_call(name, retry=Retry(max=1) if retries else None, failure_ttl=3600)
        worker = SimpleWorker(
            [jobs], connection=connection, serializer=JSONSerializer, job_class=type(jobs.jobs[0])
        )
        worker.work(burst=True, logging_level="DEBUG")
    finally:
        root.removeHandler(handler)
    (failed,) = jobs.failed_job_registry.get_job_ids()
    job = jobs.fetch_job(failed)
    assert job is not None
    # RQ compresses these, so they are looked at apart.
    told = [str(result.exc_string) for result in job.results()]
    expected = "ValueError" if name == "test.crash" else "not_found"
    assert len(told) == 1 and f"Refused: {expected}" in told[0]
    seen = [*told, everything(connection), stream.getvalue()]
    assert f"{name}()" in seen[1] and expected in seen[2] + told[0]
    for text in seen:
        assert NUMBER not in text and "such number" not in text and "cannot send" not in text


def everything(connection: Redis) -> str:
    """Every key and value of the server."""
    readers = {
        b"string": connection.get,
        b"hash": connection.hgetall,
        b"set": connection.smembers,
        b"list": lambda key: connection.lrange(key, 0, -1),
        b"zset": lambda key: connection.zrange(key, 0, -1),
        b"stream": lambda key: connection.xrange(key),
    }
    found = [(key, readers[connection.type(key)](key)) for key in connection.scan_iter()]
    return repr(found)


def test_a_task_is_put_by_name_with_plain_arguments(connection: Redis) -> None:
    jobs = queue(connection, NAME)
    enqueue(jobs, "test.fine", uuid.UUID(int=1), 5, "code", retries=2)
    (job,) = jobs.jobs
    assert (job.func_name, job.args) == ("test.fine", ["0" * 31 + "1", 5, "code"])
    assert job.retries_left == 2 and job.result_ttl == 0
    work(connection)
    assert not connection.exists(job.key)


def test_a_task_has_one_owner() -> None:
    with pytest.raises(ValueError, match="twice"):
        task("test.fine")(print)
