"""Whom messages reach: three in a row that found nobody, and what proves the contrary.

131026 says "not on WhatsApp" and is sometimes wrong (facts 3), so one of it means little. What is
kept after three is no refusal of the person: a delivery, a read or a message of theirs undoes it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from whatstr.audiences.models import UNDONE_BY_RECEIPT, OptOutSource
from whatstr.core.db import session
from whatstr.core.logs import get_logger

log = get_logger(__name__)

NOBODY_THERE = 131026
IN_A_ROW = 3
MEMORY = timedelta(days=365)
"""A number that nobody answered under may belong to somebody else a year later."""

Person = tuple[uuid.UUID, bytes]
"""Organization and pseudonym."""


@dataclass(frozen=True, slots=True)
class Missed:
    """One message that found nobody."""

    person: Person
    at: datetime


def missed(failures: Sequence[Missed]) -> set[Person]:
    """Count; gives those who are not written to any more from now on."""
    if not failures:
        return set()
    found = session().execute(
        sa.text(
            "INSERT INTO s_unreachable AS u (organization_id, recipient_ix, failures, at)"
            " SELECT v.o, v.ix, count(*), max(v.at)"
            " FROM unnest(CAST(:os AS uuid[]), CAST(:ixs AS bytea[]), CAST(:ats AS timestamptz[]))"
            " AS v(o, ix, at) GROUP BY v.o, v.ix"
            " ON CONFLICT (organization_id, recipient_ix) DO UPDATE"
            " SET failures = u.failures + excluded.failures, at = greatest(u.at, excluded.at)"
            " RETURNING organization_id, recipient_ix, failures, at"
        ),
        _columns([one.person for one in failures]) | {"ats": [one.at for one in failures]},
    )
    often = [(o, bytes(ix), at) for o, ix, count, at in found if count >= IN_A_ROW]
    if not often:
        return set()
    kept = session().execute(
        sa.text(
            "INSERT INTO s_optout (organization_id, recipient_ix, via, at)"
            " SELECT v.o, v.ix, :via, v.at"
            " FROM unnest(CAST(:os AS uuid[]), CAST(:ixs AS bytea[]), CAST(:ats AS timestamptz[]))"
            " AS v(o, ix, at) ON CONFLICT DO NOTHING RETURNING organization_id, recipient_ix"
        ),
        _columns([(o, ix) for o, ix, _ in often])
        | {"ats": [at for _, _, at in often], "via": OptOutSource.UNREACHABLE.value},
    )
    new = {(o, bytes(ix)) for o, ix in kept}
    if new:
        log.info("reach.given_up", n=len(new))
    return new


def reached(people: Collection[Person]) -> dict[Person, list[OptOutSource]]:
    """These people got or wrote a message: forget what spoke against it; gives what was lifted."""
    if not people:
        return {}
    columns = _columns(sorted(people))
    session().execute(
        sa.text(
            "DELETE FROM s_unreachable u"
            " USING unnest(CAST(:os AS uuid[]), CAST(:ixs AS bytea[])) AS v(o, ix)"
            " WHERE u.organization_id = v.o AND u.recipient_ix = v.ix"
        ),
        columns,
    )
    gone = session().execute(
        sa.text(
            "DELETE FROM s_optout s"
            " USING unnest(CAST(:os AS uuid[]), CAST(:ixs AS bytea[])) AS v(o, ix)"
            " WHERE s.organization_id = v.o AND s.recipient_ix = v.ix AND s.via = ANY(:vias)"
            " RETURNING s.organization_id, s.recipient_ix, s.via"
        ),
        columns | {"vias": [via.value for via in UNDONE_BY_RECEIPT]},
    )
    lifted: dict[Person, list[OptOutSource]] = {}
    for organization_id, index, via in gone:
        lifted.setdefault((organization_id, bytes(index)), []).append(OptOutSource(via))
    if lifted:
        log.info("reach.found_again", n=len(lifted))
    return lifted


def forget(*, now: datetime) -> int:
    """Counts that nothing was added to for a year."""
    gone = session().execute(
        sa.text("DELETE FROM s_unreachable WHERE at < :old RETURNING 1"), {"old": now - MEMORY}
    )
    return len(gone.all())


def _columns(people: Sequence[Person]) -> dict[str, object]:
    return {"os": [person[0] for person in people], "ixs": [person[1] for person in people]}
