"""A job that writes a register as a file, and the sealed parts of that file."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from whatstr.core.crypto import PiiMixin, PiiType, pii
from whatstr.core.db import Base, personal, pk, public
from whatstr.core.statemachine import StateMachine


class ExportState(StrEnum):
    REQUESTED = "requested"  # waits for a second person
    QUEUED = "queued"
    READY = "ready"
    FAILED = "failed"
    REFUSED = "refused"
    REMOVED = "removed"  # the file is gone


_E = ExportState
EXPORT_MACHINE = StateMachine(
    ExportState,
    {
        _E.REQUESTED: [_E.QUEUED, _E.REFUSED],
        _E.QUEUED: [_E.READY, _E.FAILED],
        _E.READY: [_E.REMOVED],
        _E.FAILED: [],
        _E.REFUSED: [],
        _E.REMOVED: [],
    },
)


class ExportJob(Base):
    """`own_rows` keeps an export of the audit trail to the asker's own acts."""

    __tablename__ = "export_job"

    id: Mapped[uuid.UUID] = pk()
    kind: Mapped[str] = public()
    columns: Mapped[list[Any]] = public(JSONB, default=list)
    own_rows: Mapped[bool] = public(default=False)
    reason: Mapped[str] = public()
    language: Mapped[str] = public(default="tr")
    state: Mapped[ExportState] = public()
    rows: Mapped[int] = public()
    requested_by: Mapped[uuid.UUID] = public(index=True)
    requested_at: Mapped[datetime] = public(index=True)
    decided_by: Mapped[uuid.UUID | None] = public()
    decided_at: Mapped[datetime | None] = public()
    ready_at: Mapped[datetime | None] = public()
    expires_at: Mapped[datetime | None] = public()
    downloads: Mapped[int] = public(default=0)


class ExportPart(PiiMixin, Base):
    """Some hundred lines of the file, sealed like any value of the staff tier."""

    __tablename__ = "export_part"

    id: Mapped[uuid.UUID] = pk()
    job_id: Mapped[uuid.UUID] = public(sa.ForeignKey("export_job.id"), index=True)
    place: Mapped[int] = public()
    data_ct = personal("data", PiiType("export_part.data"))
    data = pii("data_ct")
