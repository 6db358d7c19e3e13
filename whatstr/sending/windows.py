"""Until when free text may be sent: 24 hours from the last message of a person (facts 5).

Kept as a keyed index per line, never with a number, and for two days at most.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from whatstr.core import arrays
from whatstr.core.db import session

OPEN = timedelta(hours=24)
MARGIN = timedelta(minutes=1)
"""What is taken in hand now may reach Meta a moment later."""


def opened(line_id: uuid.UUID, people: Collection[bytes], *, at: datetime) -> None:
    """These pseudonyms of one person wrote to the line."""
    session().execute(
        sa.text(
            "INSERT INTO s_window AS w (line_id, recipient_ix, at)"
            " SELECT :line, v.ix, :at FROM unnest(CAST(:ixs AS bytea[])) AS v(ix)"
            " ON CONFLICT (line_id, recipient_ix) DO UPDATE SET at = greatest(w.at, excluded.at)"
        ),
        {"line": line_id, "at": at, "ixs": arrays.of_bytes(people)},
    )


def open_for(line_id: uuid.UUID, people: Collection[bytes], *, now: datetime) -> set[bytes]:
    """Those among these people to whom the line may send free text now."""
    found = session().scalars(
        sa.text(
            "SELECT recipient_ix FROM s_window WHERE line_id = :line AND at > :since"
            " AND recipient_ix = ANY(CAST(:ixs AS bytea[]))"
        ),
        {"line": line_id, "since": now - OPEN + MARGIN, "ixs": arrays.of_bytes(people)},
    )
    return {bytes(index) for index in found}


def inherit(names: Mapping[bytes, bytes]) -> None:
    """What a person wrote under one name counts under the pseudonym that it now leads to."""
    session().execute(
        sa.text(
            "INSERT INTO s_window AS w (line_id, recipient_ix, at)"
            " SELECT s.line_id, v.ix, max(s.at)"
            " FROM unnest(CAST(:names AS bytea[]), CAST(:ixs AS bytea[])) AS v(name, ix)"
            " JOIN s_window s ON s.recipient_ix = v.name GROUP BY s.line_id, v.ix"
            " ON CONFLICT (line_id, recipient_ix) DO UPDATE SET at = greatest(w.at, excluded.at)"
        ),
        {"names": arrays.of_bytes(names), "ixs": arrays.of_bytes(names.values())},
    )


def forget(*, now: datetime) -> int:
    """Windows that closed a day ago."""
    gone = session().execute(
        sa.text("DELETE FROM s_window WHERE at < :old RETURNING 1"), {"old": now - 2 * OPEN}
    )
    return len(gone.all())
