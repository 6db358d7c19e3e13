"""The query plans behind a page: what it asked of the database, and whether any of it walks a big
table from its beginning to its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

BIG_TABLE = 50_000


class Asked:
    """Statements of one page with their parameters."""

    def __init__(self) -> None:
        self.statements: dict[str, Any] = {}


@contextmanager
def listening(engine: Engine) -> Iterator[Asked]:
    """Keep every SELECT that goes to the database within the block."""
    asked = Asked()

    def hear(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            asked.statements[statement] = parameters

    sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)


def long_walks(engine: Engine, asked: Asked, rows: Mapping[str, int]) -> list[str]:
    """Sequential scans of big tables in the plans: `table: statement`."""
    found = []
    with engine.connect() as connection:
        for statement, parameters in asked.statements.items():
            words = f"EXPLAIN (FORMAT JSON) {statement}"
            plan = connection.exec_driver_sql(words, parameters).scalar_one()
            for table in _walked(plan[0]["Plan"]):
                if rows.get(table, 0) > BIG_TABLE:
                    found.append(f"{table}: {' '.join(statement.split())[:300]}")
    return found


def _walked(node: Mapping[str, Any]) -> Iterator[str]:
    if node["Node Type"] in ("Seq Scan", "Parallel Seq Scan"):
        yield str(node["Relation Name"])
    for child in node.get("Plans", ()):
        yield from _walked(child)
