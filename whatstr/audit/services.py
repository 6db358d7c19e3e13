"""Writing the audit trail. The only place that inserts AuditEvent."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from whatstr.audit.models import ActorKind, AuditEvent
from whatstr.core import clock, security
from whatstr.core.crypto import Ring
from whatstr.core.db import session

_LOCK = 7_274_495  # advisory lock: one writer of the chain at a time
GENESIS = bytes(32)


@dataclass(frozen=True)
class Actor:
    """Who acts, and from which address. Services take it explicitly."""

    kind: ActorKind
    id: uuid.UUID | None = None
    address: str | None = None


SYSTEM = Actor(ActorKind.SYSTEM)


def digest(previous: bytes, event: AuditEvent) -> bytes:
    """SHA-256(previous ‖ canonical JSON of the event's clear fields)."""
    row = {
        "id": event.id.hex,
        "at": event.at.isoformat(),
        "actor": [event.actor_kind, event.actor_id.hex if event.actor_id else None],
        "verb": event.verb,
        "subject": [event.subject_kind, event.subject_id],
        "organization": event.organization_id.hex if event.organization_id else None,
        "reason": event.reason,
        "detail": event.detail,
        "request": event.request_id,
    }
    text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + text.encode()).digest()


def record(
    *,
    actor: Actor,
    verb: str,
    subject_kind: str,
    subject_id: uuid.UUID | str,
    organization_id: uuid.UUID | None = None,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Append one event within the current transaction. `detail` holds plain JSON values and never
    a personal one. The address is sealed; a process without the staff ring leaves it out."""
    current = session()
    current.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    previous = current.scalar(sa.select(AuditEvent.hash).order_by(AuditEvent.seq.desc()).limit(1))
    event = AuditEvent(
        at=clock.now(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        verb=verb,
        subject_kind=subject_kind,
        subject_id=subject_id.hex if isinstance(subject_id, uuid.UUID) else subject_id,
        organization_id=organization_id,
        reason=reason,
        detail=json.loads(json.dumps(dict(detail or {}))),  # as the database gives it back
        request_id=security.request_id(),
        previous=previous or GENESIS,
    )
    if actor.address and Ring.current is not None:
        event.address = actor.address
    event.hash = digest(event.previous, event)
    current.add(event)
    current.flush()
    return event
