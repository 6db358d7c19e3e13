"""Sealing the staff tier anew under another key, and computing its blind indexes anew.

Both work in batches with the rows locked, while the service runs, and can be stopped and repeated
at any time. Rows are written by table and not as objects: so nothing else of them changes, neither
a version that somebody is editing against nor an audit row (vault design, sections 16 and 17).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy_utils.types.encrypted.encrypted_type import InvalidCiphertextError

from whatstr.core.crypto import PiiProperty, PiiType, Ring, blind_index
from whatstr.core.db import Base

BATCH = 200
_STEP_SECONDS = 0.2


def sealed_tables() -> Iterator[tuple[sa.Table, list[sa.Column[Any]]]]:
    """Every table of the staff tier with its sealed columns."""
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, PiiType)]
        if columns:
            yield table, columns


def _kid(column: sa.Column[Any]) -> sa.ColumnElement[int]:
    """The key id within a sealed value, read by PostgreSQL: its second byte."""
    head = sa.func.translate(sa.func.left(sa.type_coerce(column, sa.Text), 4), "-_", "+/")
    return sa.func.get_byte(sa.func.decode(head, "base64"), 1)


def counts(session: Session) -> dict[int, int]:
    """Key id → sealed values under it."""
    found: dict[int, int] = {}
    for _, columns in sealed_tables():
        for column in columns:
            kid = _kid(column)
            query = sa.select(kid, sa.func.count()).where(column.is_not(None)).group_by(kid)
            for key, number in session.execute(query):
                found[key] = found.get(key, 0) + number
    return found


def is_another_ring(session: Session) -> bool:
    """Whether nothing of what is stored opens: the ring is not the one it was sealed under. One
    value of each column is tried."""
    tried = False
    for _, columns in sealed_tables():
        for column in columns:
            try:
                query = sa.select(column).where(column.is_not(None)).limit(1)
                if session.execute(query).first() is not None:
                    return False
            except InvalidCiphertextError:
                tried = True
    return tried


def reseal(session: Session, *, done: Callable[[int], None]) -> None:
    """Seal under the current key whatever is under another one, until nothing is. `done` gets the
    number of rows of each batch. InvalidCiphertextError when a value does not open: it names the
    column, and what was sealed anew stays so."""
    for table, columns in sealed_tables():
        stale = sa.or_(*(sa.and_(c.is_not(None), _kid(c) != Ring.current) for c in columns))
        keys = list(table.primary_key)
        query = sa.select(*keys, *columns).where(stale).limit(BATCH)
        while True:
            rows = session.execute(query.with_for_update(skip_locked=True)).mappings().all()
            for row in rows:
                values = {c: row[c] for c in columns if row[c] is not None}
                session.execute(_row(table, keys, row).values(values))
            session.commit()
            if rows:
                done(len(rows))
            elif session.scalar(sa.select(sa.func.count()).select_from(table).where(stale)) == 0:
                break
            else:
                time.sleep(_STEP_SECONDS)  # somebody works on the last ones


def reindex(session: Session, *, done: Callable[[int], None]) -> None:
    """Compute every blind index anew under the ring's index key. `done` as for `reseal`."""
    for table, properties in _indexed_tables():
        keys = list(table.primary_key)
        columns = [table.c[name] for name in properties]
        last: tuple[Any, ...] | None = None
        while True:
            query = sa.select(*keys, *columns).order_by(*keys).limit(BATCH).with_for_update()
            if last is not None:
                query = query.where(sa.tuple_(*keys) > sa.tuple_(*map(sa.literal, last)))
            rows = session.execute(query).mappings().all()
            for row in rows:
                values = _indexes(row, properties)
                if values:
                    session.execute(_row(table, keys, row).values(values))
            session.commit()
            if not rows:
                break
            last = tuple(rows[-1][key] for key in keys)
            done(len(rows))


def _indexed_tables() -> Iterator[tuple[sa.Table, dict[str, PiiProperty]]]:
    """Table → {sealed column: property}, where something is computed from the value. Index columns
    have the names of their attributes."""
    for mapper in Base.registry.mappers:
        found = {}
        for made in vars(mapper.class_).values():
            if isinstance(made, PiiProperty) and (made.index or made.also):
                found[mapper.column_attrs[made.column].columns[0].name] = made
        if found:
            yield Base.metadata.tables[str(mapper.local_table)], found


def _indexes(row: Any, properties: dict[str, PiiProperty]) -> dict[str, Any]:
    """Index column → value, of everything that is written beside the sealed values."""
    kept = SimpleNamespace()
    for sealed, made in properties.items():
        if row[sealed] is None:
            continue
        text = row[sealed][1]
        if made.index and made.context and made.norm:
            setattr(kept, made.index, blind_index(made.context, made.norm(text)))
        if made.also:
            made.also(kept, text)
    return vars(kept)


def _row(table: sa.Table, keys: list[sa.Column[Any]], row: Any) -> sa.Update:
    return sa.update(table).where(*(key == row[key] for key in keys))
