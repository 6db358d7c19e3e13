"""Reading lines."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import undefer, undefer_group

from whatstr.core.crypto import matches, norm_text
from whatstr.core.db import session
from whatstr.lines.models import Line, LineEvent, LineState, MessageTemplate


def lines(organization_id: uuid.UUID) -> Sequence[Line]:
    """The organization's lines with number and name opened, oldest first."""
    return (
        session()
        .scalars(
            sa.select(Line)
            .where(Line.organization_id == organization_id)
            .options(undefer_group("pii"))
            .order_by(Line.connected_at)
        )
        .all()
    )


def line_states(organization_id: uuid.UUID) -> list[tuple[uuid.UUID, LineState, str | None]]:
    """(id, state, reason) of each line, without what is personal."""
    rows = session().execute(
        sa.select(Line.id, Line.state, Line.state_reason).where(
            Line.organization_id == organization_id
        )
    )
    return [(line_id, state, reason) for line_id, state, reason in rows]


MOST_EVENTS = 100


def line_events(line_id: uuid.UUID) -> Sequence[LineEvent]:
    """What Meta changed of a line, newest first, the last hundred."""
    return (
        session()
        .scalars(
            sa.select(LineEvent)
            .where(LineEvent.line_id == line_id)
            .order_by(LineEvent.at.desc(), LineEvent.id.desc())
            .limit(MOST_EVENTS)
        )
        .all()
    )


def template_states(organization_id: uuid.UUID) -> Sequence[MessageTemplate]:
    """How Meta sees each message template of the organization, under its keyed index."""
    return (
        session()
        .scalars(
            sa.select(MessageTemplate)
            .where(MessageTemplate.organization_id == organization_id)
            .options(undefer(MessageTemplate.template_ix))
        )
        .all()
    )


def line_count(organization_id: uuid.UUID) -> int:
    """How many lines count against the plan."""
    return (
        session().scalar(
            sa.select(sa.func.count())
            .select_from(Line)
            .where(Line.organization_id == organization_id, Line.state != LineState.DISCONNECTED)
        )
        or 0
    )


def line_by_number(digits: str) -> Line | None:
    """The line with exactly this number, by its blind index."""
    same = matches(Line.number_ix, "line.display_number", norm_text(digits))
    return session().scalar(sa.select(Line).where(same).order_by(Line.connected_at.desc()).limit(1))
