"""The nightly proof of the audit trail, and its head written where the database cannot reach."""

from __future__ import annotations

from whatstr import settings_of
from whatstr.accounts.owner_mail import tell_owners
from whatstr.audit.queries import check_chain
from whatstr.audit.services import SYSTEM, record
from whatstr.core import logs, queues
from whatstr.core.db import transaction
from whatstr.workers.cron import DAY, HOUR, Entry

log = logs.get_logger(__name__)
TIMETABLE = (Entry("audit.verify", "housekeeping", DAY, offset=2 * HOUR),)


@queues.task("audit.verify")
def verify() -> None:
    """Walk the whole trail. Its head goes to the log and, by setting, to the owners by e-mail: with
    such a head, `flask whatstr verify-audit --head` finds a trail that was cut or written anew."""
    with transaction():
        found = check_chain()
        record(
            actor=SYSTEM,
            verb="audit.verified",
            subject_kind="audit_event",
            subject_id=str(found.seq),
            detail={"events": found.events, "broken_at": found.broken_at},
        )
        if found.broken_at is not None:
            log.error("audit.broken", at=found.broken_at, events=found.events)
            tell_owners("chain_broken", at=found.broken_at)
            return
        log.info("audit.head", seq=found.seq, head=found.head.hex()[:32], events=found.events)
        if settings_of()["WHATSTR_AUDIT_HEAD_MAIL"] == "yes" and found.events:
            tell_owners("chain_head", seq=found.seq, head=found.head.hex())
