"""Whether Meta's webhooks come in time, since an unknown row's silence means something only then.

After the hook was down, Meta brings what it kept in any order and over a long time: nine in ten of
a line's messages may be told while the tenth is still on its way. One webhook that came late ends
the belief in silence for the whole wait (sending design, "Unknown"; docs/decisions/0017).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from whatstr import settings_of
from whatstr.core.db import session
from whatstr.sending.models import Instance

SHARE = 4
"""A webhook is late that took more than this part of the wait."""
_AGAIN = timedelta(seconds=1)
"""A backlog is thousands of late webhooks: one note a second says the same."""


def unknown_wait() -> timedelta:
    """How long an outcome stays unknown before it is settled."""
    return timedelta(seconds=int(settings_of()["WHATSTR_UNKNOWN_WAIT"]))


def note(delay: timedelta, *, now: datetime) -> None:
    """A webhook arrived so long after what it tells."""
    if delay <= unknown_wait() / SHARE:
        return
    session().execute(
        sa.update(Instance)
        .where(sa.or_(Instance.late_at.is_(None), Instance.late_at < now - _AGAIN))
        .values(late_at=now)
        .execution_options(synchronize_session=False)
    )
