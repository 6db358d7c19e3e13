"""Do our figures say what Meta's receipts said? Checked after a campaign's end and each night.

What a receipt told is kept as the time it told, apart from the status that we show. So the status
can be held against the times: more told than shown, more shown than told, accepted and then not a
word, stored sums that are not the sum of the rows. What can be corrected is, in the same statement;
every difference is kept for our staff (`CampaignCheck`).
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from whatstr.campaigns.models import (
    OVER_STATES,
    Campaign,
    CampaignCheck,
    Difference,
    Message,
    MessageStatus,
)
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.sending import progress

log = get_logger(__name__)

SILENT_AFTER = timedelta(days=1)
TIME_TO_LIVE = timedelta(days=30)
"""Meta keeps trying so long; no receipt by then means that the message was dropped (facts 2)."""
LOOK_BACK = TIME_TO_LIVE + timedelta(days=10)
"""After a campaign's end. Longer than receipts come, so that a sender that was down for some days
misses nobody."""
ROUND = timedelta(days=1)
MOMENT = 0.5
"""Seconds that a round takes at a time: whoever checks also sees to it that lines go on."""
FIRST_CHECK = timedelta(minutes=5)
CHECK_EVERY = timedelta(minutes=10)

_CORRECT = """
WITH told AS (
  SELECT row, status, CASE
    WHEN read_at IS NOT NULL THEN 'read'
    WHEN delivered_at IS NOT NULL THEN 'delivered'
    WHEN failed_at IS NOT NULL THEN 'failed'
    WHEN sent_at IS NOT NULL THEN 'sent'
    WHEN accepted_at IS NOT NULL THEN 'accepted' END AS truth
  FROM message WHERE campaign_id = :c AND status NOT IN ('pending', 'handing')
), wrong AS (
  SELECT row, status, coalesce(truth, 'unknown') AS truth,
    array_position(:ranks, coalesce(truth, 'unknown'))
      > coalesce(array_position(:ranks, CAST(status AS text)), 0) AS too_little
  FROM told
  WHERE CASE WHEN status IN ('accepted', 'sent', 'delivered', 'read', 'failed')
    THEN status IS DISTINCT FROM truth
    ELSE truth IN ('sent', 'delivered', 'read', 'failed') END
), mended AS (
  UPDATE message m SET status = w.truth,
    code = CASE WHEN w.truth = 'failed' THEN m.code END, claim = NULL, not_before = NULL
  FROM wrong w WHERE m.campaign_id = :c AND m.row = w.row AND m.status = w.status
  RETURNING w.too_little
)
SELECT count(*) FILTER (WHERE too_little), count(*) FILTER (WHERE NOT too_little) FROM mended
"""
_RANKS = ["unknown", "accepted", "sent", "failed", "delivered", "read"]


def check_finished(*, now: datetime) -> int:
    """The first check of campaigns that ended some minutes ago; how many differences are new."""
    over = _over(now - FIRST_CHECK - CHECK_EVERY, now - FIRST_CHECK)
    return sum(check(campaign_id, now=now) for campaign_id in over)


class Round:
    """The daily check of every campaign that receipts may still come for, a moment at a time."""

    def __init__(self) -> None:
        self._left: deque[uuid.UUID] = deque()
        self._began: datetime | None = None

    def go_on(self, *, now: datetime) -> int:
        """Check the next campaigns; how many differences are new."""
        if not self._left and (self._began is None or now >= self._began + ROUND):
            self._began = now
            self._left.extend(_over(now - LOOK_BACK, now))
        made, end = 0, time.monotonic() + MOMENT
        while self._left and time.monotonic() < end:
            made += check(self._left.popleft(), now=now)
        return made


def _over(since: datetime, until: datetime) -> list[uuid.UUID]:
    return list(
        session().scalars(
            sa.select(Campaign.id).where(
                Campaign.state.in_(OVER_STATES), Campaign.finished_at.between(since, until)
            )
        )
    )


def check(campaign_id: uuid.UUID, *, now: datetime) -> int:
    """Hold one campaign that is over against its receipts, correct it, keep what differed; how
    many differences are new. Safe to run twice."""
    row = (
        session()
        .execute(
            sa.select(Campaign.organization_id, Campaign.rows, Campaign.totals)
            .where(Campaign.id == campaign_id)
            # Before its rows, in the order that everybody keeps.
            .with_for_update()
        )
        .first()
    )
    if row is None:  # deleted since it was found
        return 0
    _expire_accepted(campaign_id, now=now)
    made = 0
    for kind, count, corrected in _differences(campaign_id, row.rows, row.totals, now):
        if count and _is_new(campaign_id, kind, count, corrected=corrected):
            made += 1
            log.warning("honesty.differs", campaign=campaign_id, kind=kind, n=count)
            session().add(
                CampaignCheck(
                    campaign_id=campaign_id,
                    organization_id=row.organization_id,
                    at=now,
                    kind=kind,
                    rows=count,
                    corrected=corrected,
                )
            )
    session().flush()
    return made


def _expire_accepted(campaign_id: uuid.UUID, *, now: datetime) -> None:
    session().execute(
        sa.update(Message)
        .where(
            Message.campaign_id == campaign_id,
            Message.status == MessageStatus.ACCEPTED,
            Message.accepted_at < now - TIME_TO_LIVE,
        )
        .values(status=MessageStatus.EXPIRED)
        .execution_options(synchronize_session=False)
    )


def _differences(
    campaign_id: uuid.UUID, rows: int, stored: dict[str, int] | None, now: datetime
) -> Iterator[tuple[Difference, int, bool]]:
    """(kind, how many rows, corrected)."""
    too_little, too_much = (
        session().execute(sa.text(_CORRECT), {"c": campaign_id, "ranks": _RANKS}).one()
    )
    yield Difference.TOO_LITTLE, too_little, True
    yield Difference.TOO_MUCH, too_much, True
    taken, silent = (
        session()
        .execute(
            sa.text(
                "SELECT count(*),"
                " count(*) FILTER (WHERE status = 'accepted' AND accepted_at < :old) FROM"
                " message WHERE campaign_id = :c"
            ),
            {"c": campaign_id, "old": now - SILENT_AFTER},
        )
        .one()
    )
    yield Difference.ROWS, max(taken - rows, 0), False
    yield Difference.SILENT, silent, False
    # Receipts change rows all the time and sums are stored now and then: only a sum that is not
    # even one of as many rows was never true.
    counted = progress.store_totals(campaign_id)
    if stored is not None and sum(stored.values()) != rows:
        yield Difference.TOTALS, abs(sum(stored.values()) - sum(counted.values())), True


def _is_new(campaign_id: uuid.UUID, kind: Difference, rows: int, *, corrected: bool) -> bool:
    """What could not be corrected is found every night: it is kept once, until it changes."""
    if corrected:
        return True
    last = session().scalar(
        sa.select(CampaignCheck.rows)
        .where(CampaignCheck.campaign_id == campaign_id, CampaignCheck.kind == kind)
        .order_by(CampaignCheck.at.desc())
        .limit(1)
    )
    return last != rows
