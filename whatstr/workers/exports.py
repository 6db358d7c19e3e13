"""Writing the files of exports, and taking them away when their time is over."""

from __future__ import annotations

import uuid

from whatstr.core import logs, queues
from whatstr.core.db import transaction
from whatstr.exports import services
from whatstr.workers.cron import MINUTE, Entry

log = logs.get_logger(__name__)
TIMETABLE = (Entry("exports.sweep", "housekeeping", 5 * MINUTE, offset=MINUTE),)


@queues.task("exports.build")
def build(job_id: str) -> None:
    """Write one file. A failure is final: the asker sees it and asks again."""
    wanted = uuid.UUID(job_id)
    try:
        with transaction():
            done = services.build(wanted)
    except Exception:
        with transaction():
            services.fail(wanted)
        raise
    if done:
        log.info("exports.built", job=wanted)


@queues.task("exports.sweep")
def sweep() -> None:
    """Files whose time is over go; jobs whose place on the queue was lost get a new one."""
    with transaction():
        removed = services.remove_expired()
        for job_id in services.waiting_jobs():
            queues.later("housekeeping", "exports.build", job_id, retries=0)
    if removed:
        log.info("exports.removed", files=removed)
