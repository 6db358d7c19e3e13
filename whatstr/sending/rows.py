"""The message table as the sender writes it: claims of a batch, results of a batch.

Everything is one statement for many rows (`unnest`). Statuses only move forward: each UPDATE
carries its guard, because a webhook may have been quicker than Meta's own answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from whatstr.core import arrays
from whatstr.core.db import session
from whatstr.core.errors import DomainError
from whatstr.lines.error_policy import DUPLICATE, UNUSABLE_ROW, WINDOW_CLOSED
from whatstr.sending import leases, optouts, windows
from whatstr.sending.mref import new_mrefs
from whatstr.sending.progress import may_send


class Halted(DomainError):
    """Campaign, organization, line or lease do not allow a message any more."""

    code = "halted"


@dataclass(slots=True)
class Candidate:
    """A row about to be taken in hand. `again`: it has a message already (a retry)."""

    row: int
    to: str = field(repr=False)
    recipient_ix: bytes
    mref: bytes
    again: bool = False
    attempts: int = 1
    resent: bool = False
    usable: bool = True
    body: bytes = field(default=b"", repr=False)
    tags: bytes = field(default=b"", repr=False)


_Entry = tuple[Candidate, str, int | None]
"""A row with the status it gets, and the code that says why."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A row that is due again."""

    row: int
    mref: bytes
    attempts: int
    resent: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """What a claim belongs to."""

    campaign_id: uuid.UUID
    organization_id: uuid.UUID
    line_id: uuid.UUID
    claim: uuid.UUID
    kid: int
    now: datetime
    free_text: bool = False


def due_retries(campaign_id: uuid.UUID, *, now: datetime, limit: int) -> list[Retry]:
    """Rows with a message that may be handed over now."""
    found = session().execute(
        sa.text(
            "SELECT row, mref, attempts, resent_at IS NOT NULL FROM message"
            " WHERE campaign_id = :c AND status = 'pending'"
            " AND (not_before IS NULL OR not_before <= :now) ORDER BY row LIMIT :n"
        ),
        {"c": campaign_id, "now": now, "n": limit},
    )
    return [Retry(*row) for row in found]


def next_due(campaign_id: uuid.UUID) -> datetime | None:
    """When the earliest waiting row of the campaign may go, or None."""
    found: datetime | None = session().scalar(
        sa.text(
            "SELECT min(not_before) FROM message WHERE campaign_id = :c AND status = 'pending'"
        ),
        {"c": campaign_id},
    )
    return found


def taken_by_chunk(campaign_id: uuid.UUID, *, size: int) -> dict[int, int]:
    """chunk number -> how many of its rows have a message."""
    found = session().execute(
        sa.text("SELECT row / :s, count(*) FROM message WHERE campaign_id = :c GROUP BY 1"),
        {"c": campaign_id, "s": size},
    )
    return {int(no): int(count) for no, count in found}


def taken_rows(campaign_id: uuid.UUID, *, first: int, last: int) -> set[int]:
    """Rows of first..last that have a message."""
    found = session().scalars(
        sa.text("SELECT row FROM message WHERE campaign_id = :c AND row BETWEEN :a AND :b"),
        {"c": campaign_id, "a": first, "b": last},
    )
    return set(found)


def claim(batch: Batch, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Take rows in hand: opt-outs and repeats are written off, the rest becomes `handing` with its
    franking tags. Returns what may be posted once this transaction is committed. Raises Halted."""
    if not leases.renew(batch.line_id, owner=batch.claim):
        raise Halted("lease")
    if not may_send(batch.campaign_id, lock=True):
        raise Halted("state")
    refused = optouts.refused(batch.organization_id, [one.recipient_ix for one in candidates])
    open_for = _windows(batch, candidates)
    fresh: list[_Entry] = []
    off: list[_Entry] = []
    again: list[Candidate] = []
    for one in candidates:
        status, code = _decide(one, refused, open_for)
        if not one.again:
            fresh.append((one, status, code))
        elif status == "handing":
            again.append(one)
        else:
            off.append((one, status, code))
    _write_off(batch, off)
    claimed = _take_in(batch, fresh) | _reclaim(batch, again)
    handed = [one for one in candidates if one.row in claimed]
    _frank(batch, handed)
    return handed


def _decide(
    one: Candidate, refused: Mapping[bytes, int], open_for: Collection[bytes] | None
) -> tuple[str, int | None]:
    if one.recipient_ix in refused:
        return "suppressed", refused[one.recipient_ix]
    if open_for is not None and one.recipient_ix not in open_for:
        return "failed", WINDOW_CLOSED
    if not one.usable:
        return "failed", UNUSABLE_ROW
    return "handing", None


def _take_in(batch: Batch, fresh: Sequence[_Entry]) -> set[int]:
    """Insert rows that have no message yet; gives those in hand. Whoever has a row of the campaign
    already, in this batch or before, gets no second message: the table refuses the pseudonym, and
    the row stands as a repeat under a random one."""
    made = _insert(batch, fresh)
    repeats = [entry for entry in fresh if entry[0].row not in made]
    for (one, _, _), stand_in in zip(repeats, new_mrefs(len(repeats)), strict=True):
        one.recipient_ix = stand_in
    _insert(
        batch,
        [
            (one, "suppressed", code if status == "suppressed" else DUPLICATE)
            for one, status, code in repeats
        ],
    )
    return {one.row for one, status, _ in fresh if status == "handing" and one.row in made}


def _windows(batch: Batch, candidates: Sequence[Candidate]) -> set[bytes] | None:
    """Who may get free text now; None where a template is sent, which needs no window."""
    if not batch.free_text:
        return None
    people = [one.recipient_ix for one in candidates]
    return windows.open_for(batch.line_id, people, now=batch.now)


def _write_off(batch: Batch, off: Sequence[_Entry]) -> None:
    """Rows that have a message and get no further one."""
    if off:
        rows, statuses, codes = zip(
            *((one.row, status, code) for one, status, code in off), strict=True
        )
        session().execute(
            sa.text(
                "UPDATE message m SET status = v.status, code = v.code, claim = NULL,"
                " not_before = NULL, failed_at = CASE WHEN v.status = 'failed' THEN"
                " CAST(:now AS timestamptz) END"
                " FROM unnest(CAST(:rows AS int[]), CAST(:st AS text[]), CAST(:codes AS int[]))"
                " AS v(row, status, code)"
                " WHERE m.campaign_id = :c AND m.row = v.row AND m.status = 'pending'"
            ),
            {
                "c": batch.campaign_id,
                "rows": list(rows),
                "st": list(statuses),
                "codes": list(codes),
                "now": batch.now,
            },
        )


def _insert(batch: Batch, entries: Sequence[_Entry]) -> set[int]:
    if not entries:
        return set()
    found = session().scalars(
        sa.text(
            "INSERT INTO message (campaign_id, row, status, code, attempts, claim, mref,"
            " recipient_ix, handed_at, failed_at)"
            " SELECT :c, v.row, v.status, v.code, 1, CASE WHEN v.status = 'handing' THEN"
            " CAST(:claim AS uuid) END, v.mref, v.ix, CASE WHEN v.status = 'handing' THEN"
            " CAST(:now AS timestamptz) END, CASE WHEN v.status = 'failed' THEN"
            " CAST(:now AS timestamptz) END"
            " FROM unnest(CAST(:rows AS int[]), CAST(:st AS text[]), CAST(:codes AS int[]),"
            " CAST(:mrefs AS bytea[]), CAST(:ixs AS bytea[])) AS v(row, status, code, mref, ix)"
            " ON CONFLICT DO NOTHING RETURNING row"
        ),
        {
            "c": batch.campaign_id,
            "claim": batch.claim,
            "now": batch.now,
            "rows": arrays.of_numbers(one.row for one, _, _ in entries),
            "st": arrays.of_words(status for _, status, _ in entries),
            "codes": arrays.of_numbers(code for _, _, code in entries),
            "mrefs": arrays.of_bytes(one.mref for one, _, _ in entries),
            "ixs": arrays.of_bytes(one.recipient_ix for one, _, _ in entries),
        },
    )
    return set(found)


def _reclaim(batch: Batch, again: Sequence[Candidate]) -> set[int]:
    if not again:
        return set()
    found = session().scalars(
        sa.text(
            "UPDATE message SET status = 'handing', claim = :claim, handed_at = :now,"
            " not_before = NULL, code = NULL, failed_at = NULL"
            " WHERE campaign_id = :c AND row = ANY(:rows) AND status = 'pending' RETURNING row"
        ),
        {
            "c": batch.campaign_id,
            "claim": batch.claim,
            "now": batch.now,
            "rows": [one.row for one in again],
        },
    )
    return set(found)


def _frank(batch: Batch, handed: Sequence[Candidate]) -> None:
    if handed:
        insert_franking(
            organization_id=batch.organization_id,
            line_id=batch.line_id,
            campaign_id=batch.campaign_id,
            kid=batch.kid,
            now=batch.now,
            rows=handed,
        )


def insert_franking(
    *,
    organization_id: uuid.UUID,
    line_id: uuid.UUID,
    campaign_id: uuid.UUID | None,
    kid: int,
    now: datetime,
    rows: Sequence[Candidate],
) -> None:
    """Keep the tags of messages about to be posted. A second try of an unknown one keeps the tags
    of the first: the person may have got that."""
    session().execute(
        sa.text(
            "INSERT INTO s_frank (mref, organization_id, line_id, campaign_id, row, recipient_ix,"
            " kid, hour, tags)"
            " SELECT v.mref, :o, :l, CAST(:c AS uuid), v.row, v.ix, :kid, :hour, v.tags"
            " FROM unnest(CAST(:mrefs AS bytea[]), CAST(:rows AS int[]), CAST(:ixs AS bytea[]),"
            " CAST(:tags AS bytea[])) AS v(mref, row, ix, tags)"
            " ON CONFLICT DO NOTHING"
        ),
        {
            "o": organization_id,
            "l": line_id,
            "c": campaign_id,
            "kid": kid,
            "hour": now.replace(minute=0, second=0, microsecond=0),
            "mrefs": arrays.of_bytes(one.mref for one in rows),
            "rows": arrays.of_numbers(one.row if campaign_id else None for one in rows),
            "ixs": arrays.of_bytes(one.recipient_ix for one in rows),
            "tags": arrays.of_bytes(one.tags for one in rows),
        },
    )
