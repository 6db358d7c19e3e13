"""A send worker in a process of its own, and what it cost."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.pool import AsyncResult, Pool
from pathlib import Path
from typing import Any

from benchmarks.measure import on_cores
from benchmarks.world import World
from whatstr import create_app
from whatstr.config import Settings
from whatstr.core import clock
from whatstr.core.db import db, transaction
from whatstr.sending import progress, slices


@dataclass(frozen=True)
class Cost:
    """Of a worker's life until its line had nothing left: seconds of the clock and of the
    processor while it sent, and the most memory it ever held."""

    seconds: float
    cpu: float
    peak_mb: float


def _life(environment: Mapping[str, str], line: str, cores: tuple[int, ...], start: float) -> Cost:
    os.sched_setaffinity(0, cores)
    app = create_app(Settings.from_environment(dict(environment)))
    with app.app_context():
        _has_work(line)  # the mappers are made at the first question
        time.sleep(max(0.0, start - time.time()))
        gc.collect()
        began, used = time.monotonic(), _cpu()
        for _ in range(60):  # a slice is about a minute of work
            slices.run_slice.__wrapped__(line)  # type: ignore[attr-defined]
            if not _has_work(line):
                break
        cost = Cost(time.monotonic() - began, _cpu() - used, _peak())
        db.session.remove()
        db.engine.dispose()
    return cost


def _has_work(line: str) -> bool:
    with transaction():
        return bool(progress.work_of_line(uuid.UUID(line), now=clock.now()))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak() -> float:
    """VmHWM: unlike ru_maxrss it does not remember the parent."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM")


class Workers:
    """Processes that send; use as a context manager."""

    def __init__(self, world: World, count: int = 1) -> None:
        self._world = world
        self._pool: Pool = multiprocessing.get_context("spawn").Pool(count, maxtasksperchild=1)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()
        self._pool.join()

    def begin(
        self, line: uuid.UUID, *, cores: tuple[int, ...] = (), at: float = 0.0
    ) -> AsyncResult[Cost]:
        """Send everything the line has, from `at` on (a moment of the wall clock)."""
        chosen = cores or (self._world.sender_core,)
        arguments: tuple[Any, ...] = (self._world.environment, line.hex, chosen, at)
        return self._pool.apply_async(_life, arguments)


def send_all(world: World, line: uuid.UUID) -> Cost:
    """One worker on the sender's core."""
    with on_cores(*world.other_cores), Workers(world) as workers:
        return workers.begin(line).get()
