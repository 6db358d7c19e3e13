"""Whether what people told us has been read: nobody is written to past a refusal that lies here."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from whatstr.core import clock
from whatstr.core.db import session

LATE = timedelta(seconds=2)
"""A drain takes less; when it takes more, or nobody drains, the lines wait for it."""


def is_current() -> bool:
    """Whether nothing in the inbox is older than LATE. Somebody's "stop" may be in it."""
    oldest = session().scalar(sa.text("SELECT at FROM hook_inbox ORDER BY id LIMIT 1"))
    return oldest is None or oldest > clock.now() - LATE
