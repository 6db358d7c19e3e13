"""Figures by day for the staff panel's charts."""

from __future__ import annotations

from whatstr.campaigns import daily
from whatstr.core import logs, queues
from whatstr.core.db import transaction
from whatstr.workers.cron import MINUTE, Entry

log = logs.get_logger(__name__)
TIMETABLE = (Entry("figures.count", "housekeeping", 10 * MINUTE),)


@queues.task("figures.count")
def count() -> None:
    """The last days, anew."""
    with transaction():
        rows = daily.count_days()
    log.debug("figures.counted", rows=rows)
