"""Taking away what has served: sessions, links, sealed requests and mail whose time is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from whatstr.accounts.models import EmailToken, MemberSession, OutboundMail, StaffSession
from whatstr.core import clock, logs, queues
from whatstr.core.db import session, transaction
from whatstr.vault.models import SenderRequest
from whatstr.vault.policies import REQUEST_LIFE
from whatstr.workers.cron import DAY, HOUR, MINUTE, Entry

log = logs.get_logger(__name__)
TIMETABLE = (
    Entry("housekeeping.requests", "housekeeping", 5 * MINUTE),
    Entry("housekeeping.sessions", "housekeeping", HOUR, offset=7 * MINUTE),
    Entry("housekeeping.links", "housekeeping", DAY, offset=3 * HOUR),
)
# A half of a session that is over opens nothing; it goes a day later, long before the 30 days.
_SESSIONS = timedelta(days=1)
_LINKS = timedelta(days=7)
_MAIL = timedelta(days=30)


@queues.task("housekeeping.sessions")
def remove_sessions() -> None:
    """Sessions of members and staff that ended more than a day ago."""
    before = clock.now() - _SESSIONS
    with transaction():
        members = _delete(
            sa.delete(MemberSession).where(
                sa.or_(MemberSession.expires_at < before, MemberSession.revoked_at < before)
            )
        )
        staff = _delete(
            sa.delete(StaffSession).where(
                sa.or_(StaffSession.expires_at < before, StaffSession.revoked_at < before)
            )
        )
    log.info("housekeeping.sessions", members=members, staff=staff)


@queues.task("housekeeping.links")
def remove_links() -> None:
    """Links sent by e-mail that ran out more than a week ago, and e-mails a month old."""
    now = clock.now()
    with transaction():
        links = _delete(sa.delete(EmailToken).where(EmailToken.expires_at < now - _LINKS))
        mails = _delete(sa.delete(OutboundMail).where(OutboundMail.created_at < now - _MAIL))
    log.info("housekeeping.links", links=links, mails=mails)


@queues.task("housekeeping.requests")
def remove_requests() -> None:
    """Sealed requests that nobody fetched: their time is ten minutes (vault design, 13)."""
    before = clock.now() - REQUEST_LIFE
    with transaction():
        count = _delete(sa.delete(SenderRequest).where(SenderRequest.created_at < before))
    if count:
        log.info("housekeeping.requests", requests=count)


def _delete(statement: sa.Delete) -> int:
    # No ORM bookkeeping: it would read columns that this role has no right to.
    done: Any = session().execute(statement, execution_options={"synchronize_session": False})
    return int(done.rowcount)
