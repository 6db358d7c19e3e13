"""May this campaign send now, how much, and until when: asked before a slice opens anything.

The same rules make the plan of the day (`campaigns.planning`). What it waits for is written on the
campaign, so that the page says it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from whatstr.campaigns import outlook
from whatstr.campaigns.models import Campaign, CampaignState
from whatstr.campaigns.pacing import CanaryVerdict, Wait, Window
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.sending import canary
from whatstr.sending.canary import Canary
from whatstr.sending.progress import WorkItem

log = get_logger(__name__)

LATE = "late_start"
CLOSING = timedelta(seconds=0.5)
"""So long before a window closes the last message leaves."""
_LOOK_AGAIN = {Wait.CANARY: 2.0, Wait.RETRY: 5.0}
_LOOK_AT_MOST = 15.0
"""Whoever waits longer is looked at again anyway: hours, limits and tiers change."""


@dataclass(frozen=True, slots=True)
class Go:
    """It may send, until `closes` (None: no end)."""

    closes: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """It waits by itself, and goes on by itself."""

    wait: Wait
    until: datetime | None = None

    def seconds(self, now: datetime) -> float:
        """When to look at it again."""
        most = _LOOK_AGAIN.get(self.wait, _LOOK_AT_MOST)
        if self.until is None:
            return most
        return min(max((self.until - now).total_seconds(), 0.05), most)


@dataclass(frozen=True, slots=True)
class Hold:
    """It asks its customer first."""

    reason: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is decided from. `window` None: it may go at any time; `canary` None: none is under
    way."""

    state: CampaignState
    started_at: datetime | None
    late_after: datetime | None
    window: Window | None
    canary: Canary | None


def decide(facts: Facts, *, now: datetime) -> Go | Pause | Hold:
    """Whether a campaign may send at `now`."""
    late = facts.late_after is not None and facts.late_after < now
    if late and facts.state is CampaignState.QUEUED and facts.started_at is None:
        return Hold(LATE)
    window, first = facts.window, facts.canary
    if window is not None and not window.is_open(now + CLOSING):
        return Pause(Wait.WINDOW, window.next_open(now + CLOSING))
    if first is not None and first.verdict is CanaryVerdict.WAIT:
        return Pause(Wait.CANARY, first.until)
    if first is not None and first.verdict is not CanaryVerdict.PASS:
        return Hold(str(first.verdict))
    return Go(window.next_close(now) if window is not None else None)


def look(item: WorkItem, *, now: datetime) -> Go | Pause | Hold:
    """Decide for a campaign as the database has it."""
    row = (
        session()
        .execute(
            sa.select(
                Campaign.kind, Campaign.state, Campaign.started_at, Campaign.late_after
            ).where(Campaign.id == item.id)
        )
        .one()
    )
    window = outlook.hours_of([item.organization_id])[item.organization_id].of(row.kind)
    first = canary.look(item.id, now=now)
    return decide(Facts(row.state, row.started_at, row.late_after, window, first), now=now)


def note(campaign_id: uuid.UUID, pause: Pause | None) -> None:
    """Write down what the campaign waits for, or that it waits no more."""
    wait = str(pause.wait) if pause else None
    until = pause.until if pause else None
    session().execute(
        sa.update(Campaign)
        .where(
            Campaign.id == campaign_id,
            sa.or_(
                Campaign.wait_code.is_distinct_from(wait),
                Campaign.wait_until.is_distinct_from(until),
            ),
        )
        .values(wait_code=wait, wait_until=until)
        .execution_options(synchronize_session=False)
    )
