"""Reading the audit trail and proving its chain."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from whatstr.audit.models import AuditEvent, Reveal
from whatstr.audit.services import GENESIS, digest
from whatstr.core.db import session


@dataclass(frozen=True)
class ChainCheck:
    """`broken_at` is the sequence number of the first event that does not fit, or None."""

    events: int
    broken_at: int | None


def check_chain() -> ChainCheck:
    """Walk the whole trail in order and recompute every hash."""
    previous, count = GENESIS, 0
    rows = session().scalars(
        sa.select(AuditEvent)
        .options(undefer(AuditEvent.hash), undefer(AuditEvent.previous))
        .order_by(AuditEvent.seq)
        .execution_options(yield_per=1000)
    )
    with closing(rows):
        for event in rows:
            if event.previous != previous or event.hash != digest(previous, event):
                return ChainCheck(count, event.seq)
            previous, count = event.hash, count + 1
    return ChainCheck(count, None)


def reveals_of(organization_id: uuid.UUID) -> Sequence[Reveal]:
    """When and why staff looked at an organization's personal values, newest first."""
    return (
        session()
        .scalars(
            sa.select(Reveal)
            .where(Reveal.organization_id == organization_id)
            .order_by(Reveal.at.desc())
        )
        .all()
    )
