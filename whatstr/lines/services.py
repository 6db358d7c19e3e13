"""Lines as the customer and our staff change them. What Meta says is written by the sender."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from whatstr.audit.services import Actor, record
from whatstr.core.db import notify, session
from whatstr.core.errors import NotFound
from whatstr.lines.models import LINE_MACHINE, Line, LineState


def own_line(organization_id: uuid.UUID, line_id: uuid.UUID) -> Line:
    """The organization's line, or NotFound."""
    found = session().scalar(
        sa.select(Line).where(Line.id == line_id, Line.organization_id == organization_id)
    )
    if found is None:
        raise NotFound("line")
    return found


def set_label(
    *, actor: Actor, organization_id: uuid.UUID, line_id: uuid.UUID, number: str, name: str
) -> None:
    """Store number and verified name of a line, as the sender signed them (the caller has checked
    the signature): WEB alone may seal them into the staff tier."""
    line = own_line(organization_id, line_id)
    line.display_number = number
    line.verified_name = name
    record(
        actor=actor,
        verb="line.labelled",
        subject_kind="line",
        subject_id=line_id,
        organization_id=organization_id,
    )


def pause_line(*, actor: Actor, line_id: uuid.UUID, reason: str) -> None:
    """Staff stop a line: the sender sees it before the next message. Idempotent."""
    _move(actor=actor, line_id=line_id, after=LineState.PAUSED, reason=reason, verb="line.paused")


def release_line(*, actor: Actor, line_id: uuid.UUID, reason: str) -> None:
    """Staff let a paused line send again. Idempotent."""
    _move(
        actor=actor, line_id=line_id, after=LineState.CONNECTED, reason=reason, verb="line.released"
    )


def _move(*, actor: Actor, line_id: uuid.UUID, after: LineState, reason: str, verb: str) -> None:
    line = session().scalar(
        sa.select(Line)
        .where(Line.id == line_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if line is None:
        raise NotFound("line")
    if line.state is after:
        return
    LINE_MACHINE.check(line.state, after)
    before = line.state
    line.state = after
    line.state_reason = reason if after is LineState.PAUSED else None
    record(
        actor=actor,
        verb=verb,
        subject_kind="line",
        subject_id=line_id,
        organization_id=line.organization_id,
        reason=reason,
        detail={"before": before, "after": after},
    )
    notify("whatstr_sender", line_id.hex)
