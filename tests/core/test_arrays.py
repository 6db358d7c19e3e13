"""What PostgreSQL makes of our arrays is what went in."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.sending.stage import open_owner
from tests.services import ModuleDatabase
from whatstr.core import arrays

NOON = datetime(2026, 11, 27, 12, 0, 0, 123_456, UTC)


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        ("bytea", arrays.of_bytes, [b"", b"\\x", b'"{,}', bytes(range(256)), os.urandom(33)]),
        ("int", arrays.of_numbers, [0, -1, 2**31 - 1, None, -(2**31)]),
        ("timestamptz", arrays.of_moments, [NOON, None, NOON + timedelta(days=9_000)]),
        ("text", arrays.of_words, ["failed", "handing", "null", "NULL"]),
        ("bytea", arrays.of_bytes, []),
    ],
)
def test_round_trip(database: ModuleDatabase, kind: str, text: Any, values: list[Any]) -> None:
    with open_owner(database.url()) as connection:
        row = connection.execute(f"SELECT CAST(%s AS {kind}[]) AS back", [text(values)]).fetchone()
    assert row is not None
    assert row["back"] == values


def test_a_moment_keeps_its_zone(database: ModuleDatabase) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=3)))
    with open_owner(database.url()) as connection:
        connection.execute("SET timezone = 'Asia/Tokyo'")
        text = arrays.of_moments([there])
        row = connection.execute("SELECT CAST(%s AS timestamptz[]) AS back", [text]).fetchone()
    assert row is not None
    assert row["back"] == [NOON]


def test_what_could_be_read_as_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="words"):
        arrays.of_words(["accepted", 'x","y'])
    with pytest.raises(ValueError, match="zone"):
        arrays.of_moments([NOON.replace(tzinfo=None)])
    with pytest.raises(ValueError, match="invalid literal"):
        arrays.of_numbers(["1},{2"])  # type: ignore[list-item]
