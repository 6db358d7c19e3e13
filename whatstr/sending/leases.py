"""One slice per line at a time: leases in PostgreSQL, by the database's own clock.

Senders may stand on several hosts; the database's clock is the one they share. How long a lease is
good for is WHATSTR_LEASE_SECONDS: so long a line stands still when its slice was killed.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from whatstr import settings_of
from whatstr.core.db import session
from whatstr.sending import instance

RENEWALS = 6
"""So often a lease is renewed in its time."""


def seconds() -> int:
    """How long a lease is good for unless it is renewed. Needs an application context."""
    return int(settings_of()["WHATSTR_LEASE_SECONDS"])


def take(line_id: uuid.UUID, *, owner: uuid.UUID) -> bool:
    """Take the line's lease; False while another slice holds it, and while this database is not
    known to be ours."""
    if not instance.is_ours():
        return False
    return (
        session()
        .execute(
            sa.text(
                "INSERT INTO s_lease (line_id, owner, until)"
                " VALUES (:l, :o, clock_timestamp() + make_interval(secs => :s))"
                " ON CONFLICT (line_id) DO UPDATE SET owner = excluded.owner,"
                " until = excluded.until WHERE s_lease.until < clock_timestamp()"
                " RETURNING 1"
            ),
            {"l": line_id, "o": owner, "s": seconds()},
        )
        .first()
        is not None
    )


def renew(line_id: uuid.UUID, *, owner: uuid.UUID) -> bool:
    """Keep a lease that is still ours; False when it is lost, and then nothing may be posted."""
    return (
        session()
        .execute(
            sa.text(
                "UPDATE s_lease SET until = clock_timestamp() + make_interval(secs => :s)"
                " WHERE line_id = :l AND owner = :o AND until > clock_timestamp() RETURNING 1"
            ),
            {"l": line_id, "o": owner, "s": seconds()},
        )
        .first()
        is not None
    )


def release(line_id: uuid.UUID, *, owner: uuid.UUID) -> None:
    """Give the lease back."""
    session().execute(
        sa.text("DELETE FROM s_lease WHERE line_id = :l AND owner = :o"),
        {"l": line_id, "o": owner},
    )


def live() -> set[uuid.UUID]:
    """Lines that a slice is working on now."""
    return set(
        session().scalars(sa.text("SELECT line_id FROM s_lease WHERE until > clock_timestamp()"))
    )


def drop_impossible() -> int:
    """Give up leases that end later than any lease can: the database's clock was ahead when they
    were taken. Whoever still works under one loses it at its next renewal and stops."""
    dropped = session().execute(
        sa.text(
            "DELETE FROM s_lease WHERE until > clock_timestamp() + make_interval(secs => :s)"
            " RETURNING 1"
        ),
        {"s": 2 * seconds()},
    )
    return len(dropped.all())
