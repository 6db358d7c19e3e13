"""Arrays for `CAST(:x AS type[])`, in PostgreSQL's own text form.

psycopg's dumper asks the type of every element: for statements of hundreds of rows that costs more
than the statement. Elements here are bytes, numbers, moments and short words of ours; text that
somebody wrote belongs into a bound list.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime


def of_bytes(values: Iterable[bytes]) -> str:
    """For `bytea[]`."""
    return _array(f'"\\\\x{value.hex()}"' for value in values)


def of_numbers(values: Iterable[int | None]) -> str:
    """For `int[]`; None is NULL."""
    return _array("NULL" if value is None else str(int(value)) for value in values)


def of_moments(values: Iterable[datetime | None]) -> str:
    """For `timestamptz[]`; None is NULL. ValueError for a moment without a zone."""
    return _array("NULL" if value is None else _moment(value) for value in values)


def of_words(values: Iterable[str]) -> str:
    """For `text[]` of statuses and codes; ValueError for anything but letters, digits and `_`."""
    words = list(values)
    for word in set(words):
        if not (word.isascii() and word.isidentifier()):
            raise ValueError("an array of words holds words only")
    return _array(f'"{word}"' for word in words)


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a moment has a zone")
    return f'"{value.isoformat()}"'


def _array(elements: Iterable[str]) -> str:
    return "{" + ",".join(elements) + "}"
