"""What the finders of the search console share: a hit, and how numbers and ids begin."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.core.db import session

SHOWN = 10
_ID = re.compile(r"[0-9a-f]{6,32}")
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True)
class Hit:
    """One thing that was found: what it is, how it is called, where it is."""

    kind: str
    title: str
    url: str
    state: Any = None
    about: str = ""
    customer: uuid.UUID | None = None


@dataclass(frozen=True)
class Finder:
    """`personal` finders match a value of a person: that they were used is on record."""

    name: str
    permission: P
    find: Callable[[str], Iterator[Hit]]
    personal: bool = False


def rows_of(query: sa.Select[Any]) -> Sequence[Any]:
    """The first few rows."""
    return session().scalars(query.limit(SHOWN)).all()


def starts(column: Any, digits: str, *, low: int, high: int) -> Any:
    """Numbers of a sequence that begin with these digits, as ranges of its index."""
    found = []
    for length in range(len(digits), len(str(high)) + 1):
        first = int(digits.ljust(length, "0"))
        last = int(digits.ljust(length, "9"))
        if last >= low and first <= high:
            found.append(column.between(max(first, low), min(last, high)))
    return sa.or_(*found) if found else sa.false()


def id_starts(column: Any, text: str) -> Any:
    """Ids that begin with these hexadecimal digits."""
    low, high = text.ljust(32, "0"), text.ljust(32, "f")
    return column.between(uuid.UUID(hex=low), uuid.UUID(hex=high))


def plain_id(text: str) -> str | None:
    """The beginning of an id, without hyphens, if a text may be one."""
    plain = text.replace("-", "").lower()
    return plain if _ID.fullmatch(plain) else None


def is_number(text: str) -> bool:
    """Whether a text may be the number of a customer, a case, a report or a request."""
    return _NUMBER.fullmatch(text) is not None


def numbered(model: Any, text: str) -> Sequence[Any]:
    """Rows of a table with a running number, by that number."""
    return rows_of(sa.select(model).where(model.number == int(text))) if is_number(text) else ()
