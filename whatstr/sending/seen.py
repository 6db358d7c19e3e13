"""Which updates of Meta's were acted on already: webhooks come twice."""

from __future__ import annotations

import sqlalchemy as sa

from whatstr.core import clock
from whatstr.core.db import session
from whatstr.sending import context
from whatstr.vault.indexes import Purpose, ix


def first_time(update: str) -> bool:
    """Whether this update was not acted on yet: webhooks come twice."""
    made = session().execute(
        sa.text(
            "INSERT INTO s_seen (update_ix, at) VALUES (:ix, :at)"
            " ON CONFLICT DO NOTHING RETURNING 1"
        ),
        {"ix": ix(context.keyring().ik, Purpose.WAMID, b"", update), "at": clock.now()},
    )
    return made.first() is not None
