"""Filling tables quickly: what checks and what finds rows is taken away first and built at the end,
and statements run beside each other, one for each core."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

# Of the server while it is filled and measured: memory for sorting, no vacuum that nobody ordered.
SERVER = {
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "16GB",
    "maintenance_work_mem": "512MB",
    "shared_buffers": "1GB",
}


@dataclass(frozen=True)
class Task:
    """Statements for the server, or a call for a process of Python that gets the address first."""

    name: str
    statement: str = ""
    more: Sequence[str] = ()
    call: tuple[Any, ...] = ()


@dataclass
class Crew:
    """As many hands as there are cores, each with a connection of its own."""

    address: str
    hands: int = field(default_factory=lambda: max(2, os.cpu_count() or 2))

    def __enter__(self) -> Crew:
        spawn = multiprocessing.get_context("spawn")
        self._threads = ThreadPoolExecutor(self.hands + 1)
        self._processes = ProcessPoolExecutor(self.hands, mp_context=spawn)
        return self

    def __exit__(self, *failure: object) -> None:
        self._threads.shutdown(cancel_futures=True)
        self._processes.shutdown(cancel_futures=True)

    def together(self, tasks: Sequence[Task]) -> None:
        """Do all of these; the first failure is raised."""
        waiting: list[Future[None]] = [self._threads.submit(self._do, task) for task in tasks]
        for one in waiting:
            one.result()

    def run(self, statement: Any, values: Sequence[Any] | None = None) -> list[Any]:
        """One statement now; gives its rows."""
        with self._connection() as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def _do(self, task: Task) -> None:
        began = time.monotonic()
        if task.call:
            call: Callable[..., None] = task.call[0]
            self._processes.submit(call, self.address, *task.call[1:]).result()
        for statement in (task.statement, *task.more):
            if statement:
                self.run(statement)
        if (taken := time.monotonic() - began) >= 1:
            print(f"  {task.name}: {taken:.0f} s", file=sys.stderr, flush=True)

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute("SET max_parallel_maintenance_workers = 0")
            yield connection


class Bare:
    """Takes keys, constraints and indexes away from the tables while they are filled."""

    def __init__(self, crew: Crew, tables: Sequence[str]) -> None:
        self._crew, self._tables = crew, tables
        self._again: dict[str, list[str]] = {table: [] for table in tables}
        self._links: list[str] = []

    def __enter__(self) -> None:
        self._drop_links()
        for table in self._tables:
            self._drop(table)

    def _drop_links(self) -> None:
        """Foreign keys of all tables: keys that they lean on cannot go before them."""
        links = self._crew.run(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype = 'f'"
        )
        for table, name, definition in links:
            self._crew.run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            # The rows were made to fit; nobody reads ten million of them again to see it.
            add = f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"
            self._links.append(add if definition.endswith("NOT VALID") else f"{add} NOT VALID")

    def _drop(self, table: str) -> None:
        run, again = self._crew.run, self._again[table]
        for name, definition in run(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype IN ('p', 'u') ORDER BY contype",
            [table],
        ):
            run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            again.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for name, definition in run(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s", [table]
        ):
            run(f"DROP INDEX {name}")
            again.append(definition)

    def __exit__(self, *failure: object) -> None:
        if failure[0] is not None:
            return
        biggest = sorted(self._tables, key=_rank)
        self._crew.together([Task(f"indexes of {one}", more=self._again[one]) for one in biggest])
        self._crew.together([Task("foreign keys", more=self._links)])


def _rank(table: str) -> int:
    """The longest work first, so that no hand is idle at the end."""
    long = ("message", "s_optout", "login_event", "audit_event", "organization", "member")
    return long.index(table) if table in long else len(long)


def vacuum_tasks(crew: Crew) -> list[Task]:
    """Statistics and maps of visible rows, the biggest table first."""
    rows = crew.run(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " ORDER BY pg_relation_size(oid) DESC"
    )
    return [Task(f"vacuum {name}", statement=f"VACUUM (ANALYZE) {name}") for (name,) in rows]
