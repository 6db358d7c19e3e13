"""The end of what outlives a deleted account: who signed in from where, which documents and which
consent statements were given.

They are proofs of a contract and of its sendings, kept for three years after its end (Law 6563 and
its regulation). Invoices and the audit trail follow laws of their own.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from whatstr.core.db import session

PROOFS_KEPT = timedelta(days=3 * 365 + 1)
SLICE = 5_000
_PROOFS = tuple(
    f"DELETE FROM {table} WHERE id IN (SELECT p.id FROM {table} p"  # noqa: S608 - names of ours
    " JOIN organization o ON o.id = p.organization_id"
    " WHERE o.deleted_at < :before LIMIT :n) RETURNING 1"
    for table in ("login_event", "consent", "accepted_document")
)


def forget_slice(*, now: datetime) -> int:
    """Delete up to a slice of each kind of proof of accounts that ended long ago; how many."""
    values = {"before": now - PROOFS_KEPT, "n": SLICE}
    return sum(len(session().execute(sa.text(text), values).all()) for text in _PROOFS)
