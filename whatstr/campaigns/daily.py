"""Figures by day, so that no chart ever counts messages: written by the worker, read by the panel.

A message counts on the day (of Istanbul) that it was handed to Meta. The last four days are counted
anew each time, since receipts come late; what settles later than that is not followed.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from whatstr.campaigns.models import (
    Campaign,
    FailureDay,
    LineDay,
    Message,
    MessageDay,
    MessageStatus,
)
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.i18n import ZONE

OPEN_DAYS = 4
_LOCK = 7_274_603  # advisory lock: one process counts at a time
_ACCEPTED = (
    MessageStatus.ACCEPTED,
    MessageStatus.SENT,
    MessageStatus.DELIVERED,
    MessageStatus.READ,
)
_DELIVERED = (MessageStatus.DELIVERED, MessageStatus.READ)


@dataclass(frozen=True)
class LineRate:
    """Messages of a line within some days; `organization_id` owns it."""

    line_id: uuid.UUID
    organization_id: uuid.UUID
    accepted: int
    failed: int


def today() -> date:
    """The present day in Istanbul."""
    return clock.now().astimezone(ZoneInfo(ZONE)).date()


def midnight(day: date) -> datetime:
    """When a day begins in Istanbul."""
    return datetime.combine(day, time(), ZoneInfo(ZONE))


def count_days() -> int:
    """Count the open days anew; gives how many rows of lines were written."""
    session().execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    since = today() - timedelta(days=OPEN_DAYS - 1)
    start = midnight(since)
    # Campaigns that can have handed anything over since then; an index serves each half.
    begun = sa.select(Campaign.id).where(
        Campaign.started_at.is_not(None), Campaign.finished_at.is_(None)
    )
    ended = sa.select(Campaign.id).where(Campaign.finished_at >= start)
    day = sa.cast(sa.func.timezone(ZONE, Message.handed_at), sa.Date)
    number = sa.func.count()
    rows = session().execute(
        sa.select(
            Campaign.line_id, Campaign.organization_id, day, Message.status, Message.code, number
        )
        .join(Campaign, Campaign.id == Message.campaign_id)
        .where(Campaign.id.in_(begun.union(ended)), Message.handed_at >= start)
        .group_by(Campaign.line_id, Campaign.organization_id, day, Message.status, Message.code)
    )
    tally = _Tally()
    for line_id, organization_id, on, status, code, messages in rows:
        tally.add(line_id, organization_id, on, status, code, messages)
    for table in (LineDay, MessageDay, FailureDay):
        session().execute(
            sa.delete(table).where(table.day >= since),
            execution_options={"synchronize_session": False},
        )
    return tally.write()


class _Tally:
    """Sums by line, by day, by code."""

    def __init__(self) -> None:
        self.lines: dict[tuple[uuid.UUID, date], dict[str, object]] = {}
        self.days: dict[date, dict[str, int]] = {}
        self.codes: dict[tuple[date, int], int] = {}

    def add(
        self,
        line_id: uuid.UUID,
        organization_id: uuid.UUID,
        on: date,
        status: MessageStatus,
        code: int | None,
        messages: int,
    ) -> None:
        line = self.lines.setdefault(
            (line_id, on),
            {"organization_id": organization_id, "accepted": 0, "delivered": 0, "failed": 0},
        )
        names = ["accepted", "delivered", "read", "failed"]
        day = self.days.setdefault(on, dict.fromkeys(["handed", *names], 0))
        day["handed"] += messages
        counted = {
            "accepted": status in _ACCEPTED,
            "delivered": status in _DELIVERED,
            "read": status is MessageStatus.READ,
            "failed": status is MessageStatus.FAILED,
        }
        for name in (one for one in names if counted[one]):
            day[name] += messages
            if name in line:
                line[name] = int(str(line[name])) + messages
        if status is MessageStatus.FAILED:
            self.codes[on, code or 0] = self.codes.get((on, code or 0), 0) + messages

    def write(self) -> int:
        run = session().execute
        lines = [{"line_id": key[0], "day": key[1], **row} for key, row in self.lines.items()]
        if lines:
            run(insert(LineDay), lines)
        if self.days:
            run(insert(MessageDay), [{"day": day, **row} for day, row in self.days.items()])
        if self.codes:
            run(
                insert(FailureDay),
                [{"day": key[0], "code": key[1], "messages": n} for key, n in self.codes.items()],
            )
        return len(lines)


def message_days(days: int) -> list[MessageDay]:
    """The last days, oldest first; a day without messages has a row of zeros."""
    first = today() - timedelta(days=days - 1)
    found = {
        row.day: row
        for row in session().scalars(sa.select(MessageDay).where(MessageDay.day >= first))
    }
    wanted = [first + timedelta(days=n) for n in range(days)]
    empty = dict.fromkeys(("handed", "accepted", "delivered", "read", "failed"), 0)
    return [found.get(day) or MessageDay(day=day, **empty) for day in wanted]


def failure_codes(days: int, limit: int = 8) -> Sequence[tuple[int, int]]:
    """Meta's codes of failed messages with their numbers, most frequent first."""
    number = sa.func.sum(FailureDay.messages)
    rows = session().execute(
        sa.select(FailureDay.code, number)
        .where(FailureDay.day > today() - timedelta(days=days))
        .group_by(FailureDay.code)
        .order_by(number.desc())
        .limit(limit)
    )
    return [(int(row[0]), int(row[1])) for row in rows]


def line_rates(line_ids: Sequence[uuid.UUID], days: int) -> dict[uuid.UUID, LineRate]:
    """Messages of these lines within the last days."""
    rows = session().execute(
        sa.select(
            LineDay.line_id,
            LineDay.organization_id,
            sa.func.sum(LineDay.accepted),
            sa.func.sum(LineDay.failed),
        )
        .where(LineDay.line_id.in_(line_ids), LineDay.day > today() - timedelta(days=days))
        .group_by(LineDay.line_id, LineDay.organization_id)
    )
    return {row[0]: LineRate(row[0], row[1], int(row[2]), int(row[3])) for row in rows}


def organization_rate(organization_id: uuid.UUID, days: int) -> tuple[int, int, int]:
    """Accepted, delivered and failed messages of an organization within the last days."""
    row = (
        session()
        .execute(
            sa.select(
                sa.func.coalesce(sa.func.sum(LineDay.accepted), 0),
                sa.func.coalesce(sa.func.sum(LineDay.delivered), 0),
                sa.func.coalesce(sa.func.sum(LineDay.failed), 0),
            ).where(
                LineDay.organization_id == organization_id,
                LineDay.day > today() - timedelta(days=days),
            )
        )
        .one()
    )
    return int(row[0]), int(row[1]), int(row[2])
