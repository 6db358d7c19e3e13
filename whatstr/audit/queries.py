"""Reading the audit trail and proving its chain."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from whatstr.audit.models import AuditEvent, Reveal
from whatstr.audit.services import GENESIS, digest
from whatstr.core.db import session


@dataclass(frozen=True)
class ChainCheck:
    """`broken_at` is the sequence number of the first event that does not fit, or None. `seq` and
    `head` are number and hash of the last event that does: kept elsewhere, they show later whether
    the trail was cut at its end or written anew."""

    events: int
    broken_at: int | None
    seq: int = field(default=0, compare=False)
    head: bytes = field(default=GENESIS, compare=False)


def check_chain(*, heads: Mapping[int, str] | None = None) -> ChainCheck:
    """Walk the whole trail in order and recompute every hash. `heads` are heads that were kept
    elsewhere (number: hash in hex, or its first 32 digits): each has to be in the trail still."""
    previous, count, seq = GENESIS, 0, 0
    wanted = dict(heads or {})
    rows = session().scalars(
        sa.select(AuditEvent)
        .options(undefer(AuditEvent.hash), undefer(AuditEvent.previous))
        .order_by(AuditEvent.seq)
        .execution_options(yield_per=1000)
    )
    with closing(rows):
        for event in rows:
            if event.previous != previous or event.hash != digest(previous, event):
                return ChainCheck(count, event.seq, seq, previous)
            kept = wanted.pop(event.seq, None)
            if kept is not None and not event.hash.hex().startswith(kept.lower()):
                return ChainCheck(count, event.seq, seq, previous)
            previous, count, seq = event.hash, count + 1, event.seq
    missing = min(wanted, default=None)
    return ChainCheck(count, missing, seq, previous)


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
