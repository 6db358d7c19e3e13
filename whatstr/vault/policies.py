"""Bounds of what a customer stores with us and asks of the sender. Pure."""

from __future__ import annotations

import uuid
from datetime import timedelta
from enum import StrEnum

REQUEST_LIFE = timedelta(minutes=10)
OPEN_REQUESTS = 20
REQUEST_SIZE = 300 * 1024
FILE_REQUEST_SIZE = 8 * 1024 * 1024
"""Of a test message that brings its header's file, of up to 5 MiB."""
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
