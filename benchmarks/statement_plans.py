"""The query plans behind what was asked of the database, and whether any of it walks a big table
from its beginning to its end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

BIG_TABLE = 50_000
HAVE_A_PLAN = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


class Asked:
    """Statements with their parameters, as they were asked last."""

    def __init__(self) -> None:
        self.statements: dict[str, Any] = {}
        self.seconds: dict[str, float] = {}
        """The longest time that each took."""


@contextmanager
def listening(engine: Engine) -> Iterator[Asked]:
    """Keep every statement that goes to the database within the block."""
    asked = Asked()

    def hear(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        context.asked_at = time.monotonic()
        if statement.lstrip().upper().startswith(HAVE_A_PLAN):
            asked.statements[statement] = parameters[0] if many else parameters

    def answer(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        took = time.monotonic() - context.asked_at
        asked.seconds[statement] = max(took, asked.seconds.get(statement, 0.0))

    sa.event.listen(engine, "before_cursor_execute", hear)
    sa.event.listen(engine, "after_cursor_execute", answer)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)
        sa.event.remove(engine, "after_cursor_execute", answer)


def short(statement: str) -> str:
    """The beginning of a statement in one line."""
    return " ".join(statement.split())[:300]


def long_walks(engine: Engine, asked: Asked, rows: Mapping[str, int]) -> list[str]:
    """Sequential scans of big tables in the plans: `table: statement`."""
    found = []
    with engine.connect() as connection:
        for statement, parameters in asked.statements.items():
            words = f"EXPLAIN (FORMAT JSON) {statement}"
            plan = connection.exec_driver_sql(words, parameters).scalar_one()
            for table in _walked(plan[0]["Plan"]):
                if rows.get(table, 0) > BIG_TABLE:
                    found.append(f"{table}: {short(statement)}")
    return found


def _walked(node: Mapping[str, Any]) -> Iterator[str]:
    if node["Node Type"] in ("Seq Scan", "Parallel Seq Scan"):
        yield str(node["Relation Name"])
    for child in node.get("Plans", ()):
        yield from _walked(child)
