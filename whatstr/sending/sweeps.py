"""What sets right, on a timer, whatever a killed process left behind. Each is safe to run twice."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import sqlalchemy as sa

from whatstr.campaigns.models import (
    CAMPAIGN_MACHINE,
    OVER_STATES,
    Campaign,
    CampaignSeal,
    CampaignState,
)
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.lines.models import Line, LineState
from whatstr.sending import progress
from whatstr.sending.gate import LATE
from whatstr.sending.keyring import FK_LIFE, month_of

log = get_logger(__name__)

WAMID_LIFE = timedelta(days=30)
HANDING_GRACE = timedelta(seconds=5)
AROUND = timedelta(minutes=5)
"""Messages so long before and after an unknown one show whether webhooks came at the time."""
MOMENT = 0.5
"""Seconds: whoever sweeps also sees to it that lines go on."""
PORTION = 20_000


def release_due(*, now: datetime) -> int:
    """Scheduled campaigns whose time has come are queued; those that come later than their
    customer allows are held and ask."""
    found = session().execute(
        sa.select(Campaign.id, Campaign.late_after).where(
            Campaign.state == CampaignState.SCHEDULED,
            Campaign.due_at <= now,
            Campaign.expires_at > now,
        )
    )
    rows = [tuple(row) for row in found]
    late = [id_ for id_, late_after in rows if late_after is not None and late_after < now]
    progress.move(late, CampaignState.HELD, reason=LATE)
    due = [id_ for id_, _ in rows if id_ not in late]
    return len(progress.move(due, CampaignState.QUEUED))


def expire_campaigns(*, now: datetime) -> int:
    """Campaigns past their last moment stop for good; the rest of their rows expires."""
    sources = CAMPAIGN_MACHINE.sources(CampaignState.EXPIRED)
    found = session().scalars(
        sa.select(Campaign.id).where(Campaign.state.in_(sources), Campaign.expires_at <= now)
    )
    return len(progress.move(list(found), CampaignState.EXPIRED, reason="expired"))


def orphans_to_unknown(*, now: datetime) -> int:
    """Rows in hand of a slice that holds no lease any more: they may have left, nobody knows."""
    moved = session().execute(
        sa.text(
            "UPDATE message m SET status = 'unknown', claim = NULL, unknown_at = :now"
            " FROM campaign c"
            " WHERE m.status = 'handing' AND m.handed_at < :before AND c.id = m.campaign_id"
            " AND NOT EXISTS (SELECT 1 FROM s_lease l WHERE l.line_id = c.line_id"
            " AND l.owner = m.claim AND l.until > clock_timestamp()) RETURNING 1"
        ),
        {"now": now, "before": now - HANDING_GRACE},
    )
    return len(moved.all())


_SETTLE = """
WITH lost AS (
  SELECT m.campaign_id, m.row, m.unknown_at, c.line_id,
         date_trunc('minute', m.handed_at) - :around AS first,
         date_trunc('minute', m.unknown_at) + :around AS last
  FROM message m
  JOIN campaign c ON c.id = m.campaign_id
  JOIN organization o ON o.id = c.organization_id
  WHERE m.status = 'unknown' AND m.resent_at IS NULL AND m.unknown_at < :before
    AND c.state IN ('queued', 'running') AND c.expires_at > :now AND o.resend_unknown
    AND NOT EXISTS (SELECT 1 FROM hook_inbox h WHERE h.at < :now - interval '1 minute')
    AND NOT EXISTS (SELECT 1 FROM s_instance i WHERE i.late_at > :before)
), heard AS (
  SELECT d.line_id, date_trunc('minute', x.handed_at) AS minute,
         count(*) FILTER (WHERE x.status <> 'accepted') AS told,
         count(*) FILTER (WHERE x.status = 'accepted') AS silent,
         max(greatest(x.sent_at, x.delivered_at, x.read_at, x.failed_at)) AS latest
  FROM message x JOIN campaign d ON d.id = x.campaign_id
  WHERE d.line_id IN (SELECT line_id FROM lost)
    AND x.handed_at BETWEEN (SELECT min(first) FROM lost)
                        AND (SELECT max(last) FROM lost) + interval '1 minute'
    AND (x.status IN ('accepted', 'sent', 'delivered', 'read')
         OR x.status = 'failed' AND x.accepted_at IS NOT NULL)
  GROUP BY 1, 2
), certain AS (
  SELECT lost.campaign_id, lost.row
  FROM lost JOIN heard ON heard.line_id = lost.line_id
    AND heard.minute BETWEEN lost.first AND lost.last
  GROUP BY lost.campaign_id, lost.row, lost.unknown_at
  HAVING sum(told) >= 9 * sum(silent) AND max(latest) > lost.unknown_at
)
UPDATE message m SET status = 'pending', not_before = :now, resent_at = :now,
  attempts = m.attempts + 1, claim = NULL
FROM certain WHERE m.campaign_id = certain.campaign_id AND m.row = certain.row
  AND m.status = 'unknown' AND m.resent_at IS NULL
RETURNING 1
"""


def settle_unknown(*, now: datetime, wait: timedelta) -> int:
    """Hand an unknown row over once more, at most once.

    Meta tells of what it took within seconds. So a row unknown for `wait` was not taken, if nine in
    ten of the line's messages of the minutes around it got their webhooks, one of them for
    something that happened after the row's outcome was lost, nothing lies unread in the inbox and
    no webhook came late within `wait`. While webhooks do not arrive, nothing is re-sent; nor for an
    organization that chose never to (sending design, "Unknown").
    """
    values = {"now": now, "before": now - wait, "around": AROUND}
    return len(session().execute(sa.text(_SETTLE), values).all())


def finish_campaigns(*, unknown_wait: timedelta) -> int:
    """Running campaigns whose last open row was settled by a webhook or the clock."""
    running = session().scalars(
        sa.select(Campaign.id).where(Campaign.state == CampaignState.RUNNING)
    )
    return sum(
        progress.finish_if_done(campaign_id, unknown_wait=unknown_wait) for campaign_id in running
    )


def close_over() -> int:
    """Campaigns that WEB or staff ended: shred, name the rest of the rows, store the totals."""
    seal = sa.exists().where(CampaignSeal.campaign_id == Campaign.id)
    found = list(
        session().scalars(
            sa.select(Campaign.id).where(
                Campaign.state.in_(OVER_STATES), sa.or_(Campaign.totals.is_(None), seal)
            )
        )
    )
    for campaign_id in found:
        progress.close(campaign_id)
    return len(found)


def recount() -> int:
    """Count campaigns again whose rows have changed since they ended: receipts come for days. For
    a moment only; the next time goes on."""
    end = time.monotonic() + MOMENT
    found = session().scalars(
        sa.select(Campaign.id)
        .where(Campaign.totals_stale, Campaign.state.in_(OVER_STATES))
        .order_by(Campaign.finished_at.desc())
    )
    counted = 0
    for campaign_id in list(found):
        progress.store_totals(campaign_id)
        counted += 1
        if time.monotonic() > end:
            break
    return counted


def release_lines(*, now: datetime) -> int:
    """Lines held for a time go on when it is over."""
    moved = session().scalars(
        sa.update(Line)
        .where(Line.state == LineState.HELD, Line.hold_until <= now)
        .values(state=LineState.CONNECTED, state_reason=None, hold_code=None, hold_until=None)
        .returning(Line.id)
        .execution_options(synchronize_session=False)
    )
    found = list(moved)
    for line_id in found:
        log.info("line.released", line=line_id)
    return len(found)


def forget_old(*, now: datetime) -> int:
    """Indexes and tags past their time (vault design, 15: retention), a portion of each."""
    old = now - WAMID_LIFE
    # A month's tags go when its key goes: both then say nothing any more.
    month = month_of(now - FK_LIFE - timedelta(days=31))
    removed = 0
    for table, where, past in (
        ("s_wamid", "at < :past", old),
        ("s_seen", "at < :past", old),
        ("s_frank", "kid <= :past", month),
    ):
        gone = session().execute(
            sa.text(
                f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("  # noqa: S608 - words of our own
                f"SELECT ctid FROM {table} WHERE {where} LIMIT :portion)) RETURNING 1"
            ),
            {"past": past, "portion": PORTION},
        )
        removed += len(gone.all())
    return removed
