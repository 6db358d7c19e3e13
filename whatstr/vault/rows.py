"""Rows: what list chunks, job chunks and the manifest of a list hold once opened.

List row: [recipient, name, [field...]], the recipient a number in digits or a user id. Job row:
[recipient, [param...]] or, with a third element, {"h": [...], "b": [...], "m": no} for header,
button and media parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whatstr.core.prf import u32
from whatstr.vault import wire
from whatstr.vault.box import BoxKind, VaultFormatError, box, unbox
from whatstr.vault.identity import LONGEST, is_user_id

CHUNK_ROWS = 500
LIST_MANIFEST = "list-manifest"

ListRow = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class JobRow:
    """One recipient of a job: number (digits) or user id, and the values of the template's
    parts."""

    to: str
    params: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()
    media: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a list is: name, column titles, row count and the version of every chunk."""

    name: str
    columns: tuple[str, ...]
    rows: int
    chunks: tuple[tuple[int, int], ...]


def encode_job_rows(rows: Sequence[JobRow]) -> bytes:
    """JSON of one job chunk."""
    out: list[list[Any]] = []
    for row in rows:
        extra: dict[str, Any] = {}
        if row.header:
            extra["h"] = list(row.header)
        if row.buttons:
            extra["b"] = list(row.buttons)
        if row.media is not None:
            extra["m"] = row.media
        item: list[Any] = [row.to, list(row.params)]
        out.append([*item, extra] if extra else item)
    return wire.dump(out)


def decode_job_rows(body: bytes) -> list[JobRow]:
    """Rows of one job chunk; `VaultFormatError` for anything that is not one."""
    data = wire.load(body)
    if not isinstance(data, list) or not 1 <= len(data) <= CHUNK_ROWS:
        raise VaultFormatError("rows")
    return [_job_row(item) for item in data]


def box_job_chunk(
    jk: bytes, rows: Sequence[JobRow], *, account: bytes, job: bytes, no: int, chunks: int
) -> bytes:
    """One chunk of a job, bound to its place and to the number of chunks."""
    body = encode_job_rows(rows)
    return box(jk, BoxKind.JOB_CHUNK, body, account, job, u32(no), u32(chunks))


def open_job_chunk(
    jk: bytes, blob: bytes, *, account: bytes, job: bytes, no: int, chunks: int
) -> list[JobRow]:
    """Open one chunk of a job."""
    aad = (account, job, u32(no), u32(chunks))
    return decode_job_rows(unbox(jk, BoxKind.JOB_CHUNK, blob, *aad))


def box_list_chunk(
    lk: bytes, rows: Sequence[ListRow], *, account: bytes, list_id: bytes, no: int, version: int
) -> bytes:
    """One chunk of a contact list."""
    body = wire.dump([[phone, name, list(fields)] for phone, name, fields in rows])
    return box(lk, BoxKind.LIST_CHUNK, body, account, list_id, u32(no), u32(version))


def open_list_chunk(
    lk: bytes, blob: bytes, *, account: bytes, list_id: bytes, no: int, version: int
) -> list[ListRow]:
    """Open one chunk of a contact list."""
    aad = (account, list_id, u32(no), u32(version))
    data = wire.load(unbox(lk, BoxKind.LIST_CHUNK, blob, *aad))
    if not isinstance(data, list) or len(data) > CHUNK_ROWS:
        raise VaultFormatError("rows")
    return [_list_row(item) for item in data]


def box_record(
    key: bytes, value: object, *, account: bytes, owner: bytes, kind: str, version: int
) -> bytes:
    """Any JSON value kept as a RECORD (draft, templates, list-manifest, campaign, members)."""
    body = wire.dump(value)
    return box(key, BoxKind.RECORD, body, account, owner, kind, u32(version))


def open_record(
    key: bytes, blob: bytes, *, account: bytes, owner: bytes, kind: str, version: int
) -> Any:
    """Open a RECORD."""
    return wire.load(unbox(key, BoxKind.RECORD, blob, account, owner, kind, u32(version)))


def manifest_value(manifest: Manifest) -> dict[str, Any]:
    """The JSON of a manifest record."""
    return {
        "name": manifest.name,
        "columns": list(manifest.columns),
        "rows": manifest.rows,
        "chunks": [list(pair) for pair in manifest.chunks],
    }


def read_manifest(value: object) -> Manifest:
    """A manifest from its JSON; `VaultFormatError` when chunks are not numbered 0..n-1."""
    if not isinstance(value, dict) or not isinstance(value.get("chunks"), list):
        raise VaultFormatError("manifest")
    pairs = []
    for place, pair in enumerate(value["chunks"]):
        if not isinstance(pair, list) or len(pair) != 2 or wire.integer(pair[0]) != place:
            raise VaultFormatError("manifest")
        pairs.append((place, wire.integer(pair[1], 1)))
    return Manifest(
        name=wire.text(value.get("name"), 200),
        columns=_texts(value.get("columns")),
        rows=wire.integer(value.get("rows")),
        chunks=tuple(pairs),
    )


def _job_row(item: object) -> JobRow:
    if not isinstance(item, list) or len(item) not in (2, 3):
        raise VaultFormatError("row")
    to, extra = _recipient(item[0]), item[2] if len(item) == 3 else {}
    if not isinstance(extra, dict) or extra.keys() - {"h", "b", "m"}:
        raise VaultFormatError("row")
    return JobRow(
        to=to,
        params=_texts(item[1]),
        header=_texts(extra.get("h", [])),
        buttons=_texts(extra.get("b", [])),
        media=wire.integer(extra["m"], high=15) if "m" in extra else None,
    )


def _list_row(item: object) -> ListRow:
    if not isinstance(item, list) or len(item) != 3:
        raise VaultFormatError("row")
    return _recipient(item[0]), wire.text(item[1], 1_000), _texts(item[2])


def _recipient(value: object) -> str:
    name = wire.text(value, LONGEST)
    number = len(name) <= 20 and name.isascii() and name.isdigit()
    if not number and not is_user_id(name):
        raise VaultFormatError("row")
    return name


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise VaultFormatError("row")
    return tuple(wire.text(entry, 32_768) for entry in value)
