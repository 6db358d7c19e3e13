"""Work of the abuse desk that nobody has to click: reports join cases, forgotten claims end."""

from __future__ import annotations

from whatstr.abuse import cases
from whatstr.core import logs, queues
from whatstr.core.db import transaction
from whatstr.workers.cron import MINUTE, Entry

log = logs.get_logger(__name__)
TIMETABLE = (
    Entry("abuse.attach", "abuse", 5),
    Entry("abuse.leases", "abuse", MINUTE),
)


@queues.task("abuse.attach")
def attach() -> None:
    """Reports that wait join a case."""
    with transaction():
        joined = cases.attach_reports()
    if joined:
        log.info("abuse.attached", reports=joined)


@queues.task("abuse.leases")
def leases() -> None:
    """Cases whose claim is over go back to the queue."""
    with transaction():
        count = cases.release_expired()
    if count:
        log.info("abuse.leases_ended", cases=count)
