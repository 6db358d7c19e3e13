"""Taking away what has served: sessions, links, sealed requests, mail, and what is kept for a time
of campaigns and of deleted accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from whatstr.accounts import departed
from whatstr.accounts.models import EmailToken, MemberSession, OutboundMail, StaffSession
from whatstr.accounts.staff_models import StaffLink
from whatstr.campaigns import retention
from whatstr.core import clock, logs, queues
from whatstr.core.db import session, transaction
from whatstr.support import retention as support
from whatstr.vault.models import SenderRequest
from whatstr.vault.policies import REQUEST_LIFE
from whatstr.workers.cron import DAY, HOUR, MINUTE, Entry

log = logs.get_logger(__name__)
TIMETABLE = (
    Entry("housekeeping.requests", "housekeeping", 5 * MINUTE),
    Entry("housekeeping.sessions", "housekeeping", HOUR, offset=7 * MINUTE),
    Entry("housekeeping.links", "housekeeping", DAY, offset=3 * HOUR),
    Entry("housekeeping.campaigns", "housekeeping", HOUR, offset=23 * MINUTE),
    Entry("housekeeping.departed", "housekeeping", DAY, offset=4 * HOUR),
    Entry("housekeeping.support", "housekeeping", DAY, offset=5 * HOUR),
)
# A half of a session that is over opens nothing; it goes a day later, long before the 30 days.
_SESSIONS = timedelta(days=1)
_LINKS = timedelta(days=7)
_MAIL = timedelta(days=30)
SLICES = 400
"""So many slices a run takes at most: two million rows."""


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
    """Links sent to members and staff that ran out more than a week ago, e-mails a month old."""
    now = clock.now()
    with transaction():
        links = _delete(sa.delete(EmailToken).where(EmailToken.expires_at < now - _LINKS))
        staff = _delete(sa.delete(StaffLink).where(StaffLink.expires_at < now - _LINKS))
        mails = _delete(sa.delete(OutboundMail).where(OutboundMail.created_at < now - _MAIL))
    log.info("housekeeping.links", links=links, staff=staff, mails=mails)


@queues.task("housekeeping.requests")
def remove_requests() -> None:
    """Sealed requests that nobody fetched: their time is ten minutes (vault design, 13)."""
    before = clock.now() - REQUEST_LIFE
    with transaction():
        count = _delete(sa.delete(SenderRequest).where(SenderRequest.created_at < before))
    if count:
        log.info("housekeeping.requests", requests=count)


@queues.task("housekeeping.campaigns")
def end_campaigns() -> None:
    """What is kept of campaigns that ended 180 days ago: recipients, texts, states of rows."""
    ended = 0
    for _ in range(SLICES):
        now = clock.now()
        with transaction():
            due = retention.next_due(now=now)
            if due is None:
                break
            ended += retention.erase_slice(due, now=now)
    if ended:
        log.info("housekeeping.campaigns", campaigns=ended)


@queues.task("housekeeping.departed")
def forget_departed() -> None:
    """Proofs of accounts that were deleted three years ago."""
    forgotten = 0
    for _ in range(SLICES):
        with transaction():
            gone = departed.forget_slice(now=clock.now())
        if not gone:
            break
        forgotten += gone
    if forgotten:
        log.info("housekeeping.departed", rows=forgotten)


@queues.task("housekeeping.support")
def forget_support() -> None:
    """Support threads that were closed two years ago, or whose account is gone."""
    forgotten = 0
    for _ in range(SLICES):
        with transaction():
            gone = support.forget_slice(now=clock.now())
        if not gone:
            break
        forgotten += gone
    if forgotten:
        log.info("housekeeping.support", threads=forgotten)


def _delete(statement: sa.Delete) -> int:
    # No ORM bookkeeping: it would read columns that this role has no right to.
    done: Any = session().execute(statement, execution_options={"synchronize_session": False})
    return int(done.rowcount)
