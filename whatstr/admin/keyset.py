"""Paging by the place of a row instead of by counting rows: each page of a list costs the same,
and what is inserted meanwhile moves nothing to another page.

A list is sorted by one column and by its key, so every row has a place of its own. A cursor says
a place in an address. One that is malformed leads to the first page.
"""

from __future__ import annotations

import base64
import binascii
import json
import operator
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

LONGEST = 4000
_BIGGEST = 2**63 - 1
Place = tuple[Any, ...]


@dataclass(frozen=True)
class Order:
    """Columns by which a list is sorted, all in one direction; together they are unique. Only the
    first may be NULL, which counts as greater than every value, as PostgreSQL has it."""

    columns: tuple[Any, ...]
    descending: bool
    nullable: bool = False

    def turned(self) -> Order:
        """The same list from its end."""
        return Order(self.columns, not self.descending, self.nullable)

    def clauses(self) -> list[Any]:
        return [one.desc() if self.descending else one.asc() for one in self.columns]

    def place(self, row: Any) -> Place:
        """Where a row stands."""
        return tuple(getattr(row, one.key) for one in self.columns)

    def beyond(self, place: Place) -> Sequence[Any]:
        """Conditions whose rows, one after the other, are what follows a place. The first bounds
        the leading column by itself, so that its index finds the beginning."""
        behind = operator.lt if self.descending else operator.gt
        (first, *rest), (value, *values) = self.columns, place
        if not rest:
            return [behind(first, value)]
        later = behind(sa.tuple_(*rest), _literals(rest, values))
        if value is None:
            here = first.is_(None) & later
            return [here, first.is_not(None)] if self.descending else [here]
        bound = first <= value if self.descending else first >= value
        found = [bound & (behind(first, value) | later)]
        if self.nullable and not self.descending:
            found.append(first.is_(None))
        return found


def _literals(columns: Sequence[Any], values: Sequence[Any]) -> Any:
    pairs = zip(columns, values, strict=True)
    return sa.tuple_(*(sa.literal(value, type_=column.type) for column, value in pairs))


@dataclass(frozen=True)
class Page:
    """Rows in the order of the list, and the cursors of the pages beside them."""

    rows: Sequence[Any]
    before: str | None = None
    after: str | None = None
    begun: bool = False
    """Whether it is not the first page."""


def page_of(
    query: Any,
    order: Order,
    size: int,
    *,
    run: Callable[[Any], Sequence[Any]],
    after: str = "",
    before: str = "",
) -> Page:
    """The page after or before a cursor, or the first. Too short a page before a cursor is the
    beginning of the list: the first page is given, which is full."""
    place = read_cursor(order, after)
    if place is not None:
        rows = _take(query, order, order.beyond(place), size + 1, run)
        first = write_cursor(order, rows[0]) if rows else None
        return Page(rows[:size], first, _last(order, rows, size), begun=True)
    place = read_cursor(order, before)
    if place is not None:
        back = order.turned()
        rows = _take(query, back, back.beyond(place), size + 1, run)
        if len(rows) > size:
            shown = rows[size - 1 :: -1]
            ends = write_cursor(order, shown[0]), write_cursor(order, shown[-1])
            return Page(shown, *ends, begun=True)
    rows = _take(query, order, [sa.true()], size + 1, run)
    return Page(rows[:size], None, _last(order, rows, size))


def _take(
    query: Any, order: Order, parts: Sequence[Any], limit: int, run: Callable[[Any], Sequence[Any]]
) -> list[Any]:
    rows: list[Any] = []
    for condition in parts:
        if len(rows) < limit:
            part = query.where(condition).order_by(*order.clauses()).limit(limit - len(rows))
            rows.extend(run(part))
    return rows


def _last(order: Order, rows: Sequence[Any], size: int) -> str | None:
    """The cursor of what follows a page, if anything does."""
    return write_cursor(order, rows[size - 1]) if len(rows) > size else None


def write_cursor(order: Order, row: Any) -> str:
    """The place of a row, for an address."""
    plain = [_plain(value) for value in order.place(row)]
    words = json.dumps(plain, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex if isinstance(value, uuid.UUID) else value


def read_cursor(order: Order, text: str) -> Place | None:
    """The place that a cursor of this order says; None for anything else."""
    if not text or len(text) > LONGEST:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return tuple(_places(order, found))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        return None


def _places(order: Order, found: Any) -> Iterator[Any]:
    if not isinstance(found, list):
        raise ValueError("no list")
    for number, (column, value) in enumerate(zip(order.columns, found, strict=True)):
        if value is None and order.nullable and number == 0:
            yield None
        else:
            yield _value(column.type.python_type, value)


def _value(kind: type[Any], value: Any) -> Any:
    """A value of the column's type, or ValueError: it goes to the database as it is."""
    if kind is int:
        if type(value) is int and abs(value) <= _BIGGEST:
            return value
    elif isinstance(value, str) and "\0" not in value and value.encode():
        if kind is datetime:
            at = datetime.fromisoformat(value)
            if at.utcoffset() is not None:
                return at
        elif kind is uuid.UUID:
            return uuid.UUID(value)
        elif kind is str:
            return value
    raise ValueError("not of this column")
