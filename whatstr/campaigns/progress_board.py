"""What watchers of campaigns see: counted from the rows once for all of them, not for each page.

Two hundred open pages would count the same hundred thousand rows two hundred times a second. A
process counts each watched campaign at most once a second, one campaign at a time, and spends at
most a quarter of its time on it; meanwhile everybody gets the last count (decision 0008).
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from whatstr.campaigns.models import Message, MessageStatus
from whatstr.core import clock
from whatstr.core.db import session

RATE_SECONDS = 10
FRESH_SECONDS = 1.0
REST = 3.0
"""After a count the board rests so many times as long as the count took."""
KEPT_SECONDS = 120.0
MOST = 5_000

_EXTENSION = "whatstr_progress_board"

Failure = tuple[MessageStatus, int | None, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Rows with a message by status, what failed by code (most frequent first), and messages a
    second over the last ten."""

    counts: Mapping[MessageStatus, int]
    failures: tuple[Failure, ...]
    rate: float


@dataclass(slots=True)
class _Entry:
    snapshot: Snapshot
    counted: float
    seen: float


def count(campaign_id: uuid.UUID, *, now: datetime | None = None) -> Snapshot:
    """Count a campaign's rows in one pass."""
    since = (now or clock.now()) - timedelta(seconds=RATE_SECONDS)
    rows = session().execute(
        sa.select(
            Message.status,
            Message.code,
            sa.func.count(),
            sa.func.count().filter(Message.accepted_at >= since),
        )
        .where(Message.campaign_id == campaign_id)
        .group_by(Message.status, Message.code)
    )
    counts: dict[MessageStatus, int] = {}
    failures: list[Failure] = []
    recent = 0
    for status, code, number, new in rows:
        counts[status] = counts.get(status, 0) + number
        recent += new
        if status in (MessageStatus.FAILED, MessageStatus.SUPPRESSED):
            failures.append((status, code, number))
    failures.sort(key=lambda one: (-one[2], one[0], one[1] or 0))
    return Snapshot(counts, tuple(failures), recent / RATE_SECONDS)


class ProgressBoard:
    """The last count of each watched campaign of this process. Safe for threads; a reader waits
    only where there is no count at all yet."""

    def __init__(
        self,
        counting: Callable[[uuid.UUID], Snapshot] = count,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._counting = counting
        self._monotonic = monotonic
        self._entries: dict[uuid.UUID, _Entry] = {}
        self._lock = threading.Lock()
        self._free_at = float("-inf")

    def look(self, campaign_id: uuid.UUID) -> Snapshot:
        """The count of this campaign: not older than a second, or than the load allows."""
        entry = self._entries.get(campaign_id)
        if entry is None:
            with self._lock:
                entry = self._entries.get(campaign_id)
                return entry.snapshot if entry else self._count(campaign_id)
        entry.seen = self._monotonic()
        if self._due(entry) and self._lock.acquire(blocking=False):
            try:
                entry = self._entries.get(campaign_id, entry)
                return self._count(campaign_id) if self._due(entry) else entry.snapshot
            finally:
                self._lock.release()
        return entry.snapshot

    def _due(self, entry: _Entry) -> bool:
        now = self._monotonic()
        return entry.counted + FRESH_SECONDS <= now and self._free_at <= now

    def _count(self, campaign_id: uuid.UUID) -> Snapshot:
        began = self._monotonic()
        snapshot = self._counting(campaign_id)
        now = self._monotonic()
        self._free_at = now + REST * (now - began)
        if len(self._entries) >= MOST:
            kept = now - KEPT_SECONDS
            self._entries = {k: v for k, v in self._entries.items() if v.seen > kept}
        self._entries[campaign_id] = _Entry(snapshot, now, now)
        return snapshot


def board(extensions: dict[str, Any]) -> ProgressBoard:
    """The board of an application: one for its process."""
    found: ProgressBoard = extensions.setdefault(_EXTENSION, ProgressBoard())
    return found
