"""The end of support threads: with the account, or two years after a thread was closed."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa

from whatstr.core.db import session
from whatstr.support.models import SupportMessage, SupportRequest

KEPT = timedelta(days=2 * 365)
SLICE = 1_000
# Threads that are long closed, and what an account left behind that ended before this was swept.
_OVER = sa.text(
    "SELECT id FROM support_request WHERE closed_at < :before UNION ALL"
    " SELECT r.id FROM support_request r JOIN organization o ON o.id = r.organization_id"
    " WHERE o.deleted_at IS NOT NULL LIMIT :n"
)


def forget_threads(organization_id: uuid.UUID) -> None:
    """Everything that a customer and our support wrote to each other."""
    own = sa.select(SupportRequest.id).where(SupportRequest.organization_id == organization_id)
    _run(sa.delete(SupportMessage).where(SupportMessage.request_id.in_(own)))
    _run(sa.delete(SupportRequest).where(SupportRequest.organization_id == organization_id))


def forget_slice(*, now: datetime) -> int:
    """Delete up to a slice of threads whose time is over; how many."""
    found = session().scalars(_OVER, {"before": now - KEPT, "n": SLICE}).all()
    ids = {uuid.UUID(str(one)) for one in found}
    if ids:
        _run(sa.delete(SupportMessage).where(SupportMessage.request_id.in_(ids)))
        _run(sa.delete(SupportRequest).where(SupportRequest.id.in_(ids)))
    return len(ids)


def _run(statement: sa.Delete) -> None:
    # No ORM bookkeeping: it would read columns that the worker has no right to.
    session().execute(statement, execution_options={"synchronize_session": False})
