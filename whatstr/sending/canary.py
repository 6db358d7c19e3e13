"""The first rows of a campaign where something is new: they go first, the rest waits for Meta.

What is new is decided once, when the campaign begins; the rules are in `campaigns.pacing`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from whatstr.campaigns import outlook, pacing
from whatstr.campaigns.models import Campaign, CampaignState
from whatstr.campaigns.pacing import CANARY_WAIT, CanaryTally, CanaryVerdict
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.lines.models import Line
from whatstr.sending import context
from whatstr.sending.opening import Job
from whatstr.vault.indexes import Purpose, ix

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Canary:
    """Where a canary stands. `left`: rows of it that may still go."""

    verdict: CanaryVerdict
    left: int = 0
    until: datetime | None = None


def begin(job: Job, *, now: datetime) -> None:
    """Decide once whether the campaign begins with a canary, and how large it is."""
    if session().scalar(sa.select(Campaign.canary_size).where(Campaign.id == job.id)) is not None:
        return
    organization, line = job.item.organization_id, job.item.line_id
    wanted = job.header.template.id if job.header.template else ""  # free text stands for itself
    index = ix(context.keyring().ik, Purpose.TEMPLATE, organization.bytes, wanted)
    quality = session().scalar(sa.select(Line.quality).where(Line.id == line))
    reason = outlook.canary_of(
        organization,
        line,
        quality=quality or "UNKNOWN",
        template_proven=outlook.is_proven(
            sa.and_(Campaign.organization_id == organization, Campaign.template_ix == index)
        ),
    )
    size = pacing.canary_size(job.item.rows, minimum=outlook.canary_minimum()) if reason else 0
    _store(
        job.id,
        template_ix=index,
        canary_size=size,
        canary_reason=reason if size else None,
        canary_since=now,
    )
    log.info("canary.begun", campaign=job.id, rows=size, reason=reason)


def look(campaign_id: uuid.UUID, *, now: datetime) -> Canary | None:
    """Where the campaign's canary stands; None when there is none, or it has passed.

    After a hold the campaign comes back queued: what Meta told meanwhile is looked at again, and
    if it still does not do, as many rows more go first.
    """
    row = (
        session()
        .execute(
            sa.select(
                Campaign.canary_size,
                Campaign.canary_since,
                Campaign.state,
                Campaign.state_changed_at,
            ).where(Campaign.id == campaign_id, Campaign.canary_passed_at.is_(None))
        )
        .first()
    )
    if row is None or not row.canary_size or row.canary_since is None:
        return None
    tally, last = _tally(campaign_id, row.canary_since)
    if tally.taken < row.canary_size:
        return Canary(CanaryVerdict.PASS, left=row.canary_size - tally.taken)
    verdict = pacing.canary_verdict(tally, waited=now - (last or now))
    if verdict is CanaryVerdict.PASS:
        log.info("canary.passed", campaign=campaign_id, rows=tally.taken, failed=tally.failed)
        _store(campaign_id, canary_passed_at=now)
        return None
    resumed = row.state is CampaignState.QUEUED and row.state_changed_at > row.canary_since
    if resumed and verdict is not CanaryVerdict.WAIT:
        _store(campaign_id, canary_since=now)
        return Canary(CanaryVerdict.PASS, left=row.canary_size)
    return Canary(verdict, until=(last or now) + CANARY_WAIT)


_TALLY = """
SELECT count(*), count(*) FILTER (WHERE status IN ('sent', 'delivered', 'read', 'failed')),
       count(*) FILTER (WHERE status = 'failed'), max(handed_at)
FROM message WHERE campaign_id = :c AND handed_at >= :since AND status <> 'pending'
"""


def _tally(campaign_id: uuid.UUID, since: datetime) -> tuple[CanaryTally, datetime | None]:
    taken, told, failed, last = (
        session().execute(sa.text(_TALLY), {"c": campaign_id, "since": since}).one()
    )
    return CanaryTally(taken, told, failed), last


def _store(campaign_id: uuid.UUID, **values: object) -> None:
    session().execute(
        sa.update(Campaign)
        .where(Campaign.id == campaign_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
