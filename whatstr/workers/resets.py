"""Vaults that are to be emptied: the notice before the end, the link afterwards, what was given up.
Invitations past their week go, too."""

from __future__ import annotations

import sqlalchemy as sa

from whatstr import settings_of
from whatstr.accounts import resets
from whatstr.accounts.member_models import Invitation
from whatstr.core import clock, logs, queues
from whatstr.core.db import session, transaction
from whatstr.workers.cron import HOUR, MINUTE, Entry

log = logs.get_logger(__name__)
TIMETABLE = (
    Entry("housekeeping.resets", "housekeeping", 5 * MINUTE),
    Entry("housekeeping.invitations", "housekeeping", HOUR, offset=11 * MINUTE),
)


@queues.task("housekeeping.resets")
def move_resets() -> None:
    """Warn, open, forget: each in a transaction of its own."""
    web_url = settings_of()["WHATSTR_WEB_URL"]
    with transaction():
        warned = resets.warn_due(web_url=web_url)
    with transaction():
        opened = resets.open_due(web_url=web_url)
    with transaction():
        dropped = resets.drop_given_up()
    if warned or opened or dropped:
        log.info("vault.resets", warned=warned, opened=opened, dropped=dropped)


@queues.task("housekeeping.invitations")
def remove_invitations() -> None:
    """Invitations that nobody took up."""
    with transaction():
        session().execute(
            sa.delete(Invitation)
            .where(Invitation.expires_at < clock.now())
            .execution_options(synchronize_session=False)
        )
