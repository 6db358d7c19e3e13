"""Shapes of lists and campaigns, on plain values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatstr.audiences.policies import (
    MAX_ROWS,
    ChunksMissing,
    check_manifest,
    chunk_count,
    missing_chunks,
)
from whatstr.core.errors import InvalidInput


@pytest.mark.parametrize(
    ("rows", "chunks"), [(0, 0), (1, 1), (500, 1), (501, 2), (1_000, 2), (500_000, 1_000)]
)
def test_five_hundred_rows_a_chunk(rows: int, chunks: int) -> None:
    assert chunk_count(rows) == chunks


@given(st.integers(0, MAX_ROWS), st.integers(0, 3))
def test_a_whole_manifest_passes(rows: int, more: int) -> None:
    check_manifest(rows, [(no, 1 + no % 3) for no in range(chunk_count(rows) + more)])


@pytest.mark.parametrize(
    ("rows", "chunks", "field"),
    [
        (-1, [], "rows"),
        (MAX_ROWS + 1, [], "rows"),
        (501, [(0, 1)], "chunks"),
        (1, [], "chunks"),
        (1, [(1, 1)], "chunks"),
        (501, [(0, 1), (0, 2)], "chunks"),
        (501, [(0, 1), (2, 1)], "chunks"),
        (1, [(-1, 1), (0, 1)], "chunks"),
    ],
)
def test_a_broken_manifest_is_refused(rows: int, chunks: list[tuple[int, int]], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_manifest(rows, chunks)
    assert caught.value.context["field"] == field


def test_missing_chunks_are_named_up_to_a_hundred() -> None:
    missing_chunks([(0, 1)], [(0, 1), (0, 2), (1, 1)])
    with pytest.raises(ChunksMissing) as caught:
        missing_chunks([(0, 2), (1, 1)], [(0, 1), (1, 1)])
    assert caught.value.context["missing"] == [0]
    with pytest.raises(ChunksMissing) as caught:
        missing_chunks([(no, 1) for no in range(1_000)], [])
    assert caught.value.context["missing"] == list(range(100))
