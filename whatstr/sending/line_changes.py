"""Writing what Meta says of a line: its columns, and the history of what changed.

The history is what the customer reads on the lines page ("quality fell on Tuesday"); it holds
Meta's words for states only, never a text that somebody wrote.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from whatstr.core import clock
from whatstr.core.db import session
from whatstr.lines.models import Line, LineEvent, LineEventKind

KEPT = timedelta(days=400)
"""How long the history of a line is kept."""

_WATCHED = (
    LineEventKind.QUALITY,
    LineEventKind.LIMIT_TIER,
    LineEventKind.THROUGHPUT,
    LineEventKind.META_STATUS,
)
_WORD = re.compile(r"[A-Z0-9_]{1,64}")


def change_line(line_id: uuid.UUID, values: Mapping[str, Any]) -> None:
    """Write columns of a line, and an event for each state of Meta's that is another one now."""
    columns = [getattr(Line, kind.value) for kind in _WATCHED]
    before = (
        session()
        .execute(sa.select(*columns, Line.health).where(Line.id == line_id).with_for_update())
        .one_or_none()
    )
    if before is None:
        return
    session().execute(
        sa.update(Line)
        .where(Line.id == line_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    for kind, old in zip(_WATCHED, before, strict=False):
        if kind.value in values and values[kind.value] != old:
            add_event([line_id], kind, after=values[kind.value], before=old)
    if "health" in values:
        old, new = before.health.get("can_send"), values["health"].get("can_send")
        if new and new != old:
            add_event([line_id], LineEventKind.CAN_SEND, after=new, before=old)


def add_event(
    line_ids: Collection[uuid.UUID], kind: LineEventKind, *, after: Any, before: Any = None
) -> None:
    """Note something about lines. What is none of Meta's words for a state is left out."""
    word = str(after)
    if not _WORD.fullmatch(word):
        return
    session().add_all(
        LineEvent(
            line_id=line_id,
            at=clock.now(),
            kind=kind,
            before=None if before is None else str(before),
            after=word,
        )
        for line_id in line_ids
    )
    session().flush()


def forget_events(*, now: datetime) -> int:
    """Drop what is older than `KEPT`."""
    gone = session().execute(
        sa.delete(LineEvent)
        .where(LineEvent.at < now - KEPT)
        .returning(LineEvent.line_id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
