"""Lost updates: what was sent came too late. Both versions on one page, and a way on from there."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import flask
import sqlalchemy as sa

from whatstr.accounts.models import StaffUser
from whatstr.admin import labels
from whatstr.audit.models import ActorKind, AuditEvent
from whatstr.core.db import session

# Fields of every form that are not what the person wrote.
MACHINERY = frozenset({"csrf_token", "back", "confirmed"})
Row = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Again:
    """A way on with what was sent: where it is posted, now that both versions were seen.
    `seen` holds the fields that say which version was seen, with the stored one."""

    url: str
    label: str
    seen: Mapping[str, str]
    asks: bool = field(default=False)
    """Whether the change asks for a yes of its own."""


def page(
    rows: Sequence[Row], *, back: str, about: tuple[str, uuid.UUID], again: Again | None = None
) -> tuple[str, int]:
    """What is stored now beside what was sent, field by field; nothing of it was saved. `about` is
    the record as audit events name it; `back` shows it as it is stored."""
    who, at = _last_change(*about)
    text = flask.render_template(
        "admin/conflict.html",
        rows=rows,
        back=back,
        again=again,
        sent=sent_but(again.seen) if again else [],
        who=who,
        at=at,
    )
    return text, 409


def sent_but(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """What this request sent, field by field, except these fields and the machinery."""
    skip = MACHINERY | set(names)
    return [(k, v) for k, v in flask.request.form.items(multi=True) if k not in skip]


def _last_change(kind: str, subject: uuid.UUID) -> tuple[str, datetime | None]:
    """Who changed the record last, and when."""
    event = session().scalar(
        sa.select(AuditEvent)
        .where(AuditEvent.subject_kind == kind, AuditEvent.subject_id == subject.hex)
        .order_by(AuditEvent.seq.desc())
        .limit(1)
    )
    if event is None:
        return "", None
    if event.actor_kind is ActorKind.STAFF and event.actor_id is not None:
        person = session().get(StaffUser, event.actor_id)
        if person is not None:
            return person.display_name, event.at
    return labels.word(event.actor_kind), event.at
