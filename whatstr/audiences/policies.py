"""Rules of contact lists, on plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from whatstr.core.errors import DomainError, InvalidInput

MAX_ROWS = 500_000
CHUNK_ROWS = 500
MAX_CHUNK_BYTES = 1_000_000


class ChunksMissing(DomainError):
    """The upload is not whole yet; `missing` names up to 100 chunk numbers."""

    code = "chunks_missing"


def chunk_count(rows: int) -> int:
    """How many chunks of 500 rows a list or campaign has."""
    return -(-rows // CHUNK_ROWS)


def check_manifest(rows: int, chunks: Sequence[tuple[int, int]]) -> None:
    """Refuse a manifest unless its chunks are numbered 0..n-1, once each, enough for its rows."""
    if not 0 <= rows <= MAX_ROWS:
        raise InvalidInput("rows", "out_of_range", maximum=MAX_ROWS)
    if sorted(no for no, _ in chunks) != list(range(len(chunks))):
        raise InvalidInput("chunks", "not_consecutive")
    if len(chunks) < chunk_count(rows):
        raise InvalidInput("chunks", "too_few")


def missing_chunks(wanted: Iterable[tuple[int, int]], stored: Iterable[tuple[int, int]]) -> None:
    """Raise ChunksMissing unless every wanted (number, version) is stored."""
    missing = sorted(set(wanted) - set(stored))
    if missing:
        raise ChunksMissing(f"{len(missing)} chunks", missing=[no for no, _ in missing[:100]])
