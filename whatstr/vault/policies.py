"""Bounds of what a customer stores with us and asks of the sender. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

REQUEST_LIFE = timedelta(minutes=10)
OPEN_REQUESTS = 20
REQUEST_SIZE = 300 * 1024
FILE_REQUEST_SIZE = 8 * 1024 * 1024
"""Of a test message that brings its header's file, of up to 5 MiB."""
SUCCESSOR_LATE = timedelta(hours=10)
"""Before a weekly key ends the next one must be out; the sender publishes it two hours earlier."""
INBOX_LATE = timedelta(hours=24)
"""What waits so long for the sender is an alarm (vault design, 22)."""
RECORD_SIZE = 3 * 1024 * 1024
RECORDS_OF_A_TYPE = 1000


class RecordType(StrEnum):
    """Drawers of the customer's browser."""

    DRAFT = "draft"
    TEMPLATES = "templates"
    MEMBERS = "members"
    SUPPRESSED = "suppressed"
    MEMORY = "memory"  # who wrote in the last day, the number for test messages
    KEYS = "keys"  # the account's earlier keys: they open news sealed to an earlier one


_ONE_EACH = (RecordType.MEMBERS, RecordType.SUPPRESSED, RecordType.MEMORY, RecordType.KEYS)


def record_id_fits(kind: RecordType, record_id: uuid.UUID, organization_id: uuid.UUID) -> bool:
    """Whether a record of this type may have this id (docs/api.md, vault records)."""
    return kind not in _ONE_EACH or record_id == organization_id


@dataclass(frozen=True)
class KeyAlarm:
    """Something is wrong with the key that everything for the sender is sealed to: nothing can be
    sealed (`run_out`), or the next key is late. `since` is None when there never was one."""

    run_out: bool
    since: datetime | None


def key_alarm(offers: Iterable[tuple[datetime, datetime]], now: datetime) -> KeyAlarm | None:
    """The alarm for certificates offered (from, until), or None while all is well."""
    spans = sorted(offers)
    if not any(start <= now < end for start, end in spans):
        return KeyAlarm(True, max((end for _, end in spans if end <= now), default=None))
    until = now
    for start, end in spans:
        if start <= until < end:
            until = end
    late = until - SUCCESSOR_LATE
    return KeyAlarm(False, late) if now >= late else None
