"""What the plan of the day is made from, read from the database: windows, limits, what waits.

WEB reads it before the click, the sender before a batch. WEB sees no recipients, so people are
counted by messages here; the sender's own count is exact (`whatstr.sending.quota`).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from whatstr import settings_of
from whatstr.accounts.models import Organization
from whatstr.campaigns import pacing
from whatstr.campaigns.models import ACTIVE_STATES, Campaign, CampaignKind, CampaignState
from whatstr.campaigns.pacing import COUNTED_FOR, PROVEN_MESSAGES, Wait, Window
from whatstr.campaigns.planning import Allowance, Load, Plan, plan
from whatstr.campaigns.policies import MAX_RUN
from whatstr.core.db import session
from whatstr.lines.models import Line, LineState

_WAITING = ACTIVE_STATES | {CampaignState.SCHEDULED}
_STEP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Hours:
    """When an organization's messages may go. `zone` is that of its days."""

    window: Window
    informational_any_time: bool

    @property
    def zone(self) -> str:
        return self.window.zone

    def of(self, kind: CampaignKind) -> Window | None:
        """The window of a campaign; None: at any time."""
        free = kind is CampaignKind.INFORMATIONAL and self.informational_any_time
        return None if free or self.window.is_whole_day else self.window


def default_window() -> Window:
    """The service's own, for organizations that chose none."""
    return pacing.window_setting(settings_of()["WHATSTR_SEND_WINDOW"])


def hours_of(organization_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Hours]:
    """The send window of each organization."""
    default = default_window()
    rows = session().execute(
        sa.select(
            Organization.id,
            Organization.window_from,
            Organization.window_to,
            Organization.time_zone,
            Organization.informational_any_time,
        ).where(Organization.id.in_(organization_ids))
    )
    return {
        id_: Hours(default if zone is None else Window(opens, closes, zone), free)
        for id_, opens, closes, zone, free in rows
    }


def ramp_of(organization_id: uuid.UUID, *, now: datetime) -> list[tuple[datetime, int | None]]:
    """How many people the organization may reach in 24 hours, now and after each step."""
    first_sent = session().scalar(
        sa.select(sa.func.min(Campaign.started_at)).where(
            Campaign.organization_id == organization_id
        )
    )
    steps = pacing.ramp_setting(settings_of()["WHATSTR_RAMP_UP"])
    return pacing.ramp_limits(steps, first_sent=first_sent, now=now)


def canary_minimum() -> int:
    """How many go first at least; 0: no canary start."""
    return int(settings_of()["WHATSTR_CANARY_ROWS"])


def is_proven(where: sa.ColumnElement[bool]) -> bool:
    """Whether campaigns of this kind were delivered often enough, or passed a canary."""

    def total(status: str) -> sa.ColumnElement[int]:
        return sa.func.coalesce(Campaign.totals[status].as_integer(), 0)

    found = session().scalar(
        sa.select(
            sa.or_(
                sa.func.sum(total("delivered") + total("read")) >= PROVEN_MESSAGES,
                sa.func.bool_or(Campaign.canary_passed_at.is_not(None)),
            )
        ).where(where)
    )
    return bool(found)


def canary_of(
    organization_id: uuid.UUID, line_id: uuid.UUID, *, quality: str, template_proven: bool
) -> str | None:
    """Why a campaign on this line begins with a canary, or None."""
    return pacing.canary_reason(
        organization_proven=is_proven(Campaign.organization_id == organization_id),
        line_proven=is_proven(Campaign.line_id == line_id),
        template_proven=template_proven,
        quality=quality,
    )


# The plan before the click --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wish:
    """A launch that is being thought about."""

    organization_id: uuid.UUID
    line: Line
    rows: int
    kind: CampaignKind
    due_at: datetime | None
    new_template: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """The plan with what it rests on. `queue`: messages of campaigns that go before."""

    plan: Plan
    starts: datetime
    hours: Hours
    canary_size: int
    canary_reason: str | None
    allowances: Sequence[Allowance]
    queue: Sequence[int]


def outlook(wish: Wish, *, now: datetime) -> Outlook:
    """Everything that the page says of a launch."""
    hours = hours_of([wish.organization_id])[wish.organization_id]
    lines = _portfolio(wish.line)
    portfolio = _allowance(
        Wait.PORTFOLIO,
        [(now, pacing.people_limit([line.limit_tier for line in lines]))],
        Campaign.line_id.in_([line.id for line in lines]),
        now,
    )
    ramp = _allowance(
        Wait.RAMP_UP,
        ramp_of(wish.organization_id, now=now),
        Campaign.organization_id == wish.organization_id,
        now,
    )
    reason = canary_of(
        wish.organization_id,
        wish.line.id,
        quality=wish.line.quality,
        template_proven=not wish.new_template,
    )
    size = pacing.canary_size(wish.rows, minimum=canary_minimum()) if reason else 0
    starts = max(now, wish.due_at) if wish.due_at else now
    ahead = _ahead(lines, portfolio, ramp, wish.organization_id, starts, now)
    mine = Load(
        line=wish.line.id.hex,
        rate=max(1, wish.line.throughput),
        rows=wish.rows,
        due_at=starts,
        ends_at=starts + MAX_RUN,
        window=hours.of(wish.kind),
        first=size,
        allowances=[portfolio, ramp],
    )
    return Outlook(
        plan=plan([*ahead, mine], mine=len(ahead), now=now, zone=hours.zone),
        starts=starts,
        hours=hours,
        canary_size=size,
        canary_reason=reason if size else None,
        allowances=[portfolio, ramp],
        queue=[load.rows for load in ahead if load.line == mine.line],
    )


@dataclass(frozen=True, slots=True)
class People:
    """How many people a line's portfolio may reach in moving 24 hours (None: as many as it likes),
    how many messages it sent in them, and when the first of these no longer counts."""

    limit: int | None
    used: int
    frees_at: datetime | None


def people_of(line: Line, *, now: datetime) -> People:
    """The limit that the line shares with the others of its portfolio, and its use."""
    lines = _portfolio(line)
    where = Campaign.line_id.in_([one.id for one in lines])
    used = _used(where, now)
    limit = pacing.people_limit([one.limit_tier for one in lines])
    frees = min((at + COUNTED_FOR for at, _ in used), default=None)
    return People(limit, sum(count for _, count in used), frees)


def _portfolio(line: Line) -> Sequence[Line]:
    """The lines that share this one's limit of people a day, itself included."""
    shared = sa.select(Line.portfolio_ix).where(Line.id == line.id).scalar_subquery()
    found = session().scalars(
        sa.select(Line).where(sa.or_(Line.id == line.id, Line.portfolio_ix == shared))
    )
    return found.all()


def _allowance(
    code: Wait,
    limits: Sequence[tuple[datetime, int | None]],
    where: sa.ColumnElement[bool],
    now: datetime,
) -> Allowance:
    unlimited = all(limit is None for _, limit in limits)
    return Allowance(code, limits, () if unlimited else _used(where, now))


_USED = """
SELECT date_bin('10 minutes', m.accepted_at, 'epoch') AS at, count(*)
FROM message m WHERE m.campaign_id = ANY(:campaigns) AND m.accepted_at > :since GROUP BY 1
"""


def _used(where: sa.ColumnElement[bool], now: datetime) -> list[tuple[datetime, int]]:
    """Messages of the last 24 hours in steps of ten minutes, each at the end of its step."""
    since = now - COUNTED_FOR
    lately = sa.or_(Campaign.finished_at.is_(None), Campaign.finished_at > since)
    campaigns = session().scalars(
        sa.select(Campaign.id).where(where, lately, Campaign.started_at.is_not(None))
    )
    found = session().execute(sa.text(_USED), {"campaigns": list(campaigns), "since": since})
    return [(min(at + _STEP, now), count) for at, count in found]


_TAKEN = """
SELECT campaign_id, count(*) FROM message
WHERE campaign_id = ANY(:campaigns) AND (status <> 'pending') GROUP BY 1
"""


def _ahead(
    lines: Sequence[Line],
    portfolio: Allowance,
    ramp: Allowance,
    organization_id: uuid.UUID,
    starts: datetime,
    now: datetime,
) -> list[Load]:
    """Campaigns that were launched before and share the line or its limit, as they will go."""
    sending = {line.id: line for line in lines if line.state is LineState.CONNECTED}
    found = (
        session()
        .scalars(
            sa.select(Campaign)
            .where(
                Campaign.line_id.in_(sending),
                Campaign.state.in_(_WAITING),
                Campaign.due_at <= starts,
                Campaign.expires_at > now,
            )
            .order_by(Campaign.due_at, Campaign.id)
        )
        .all()
    )
    counted = session().execute(sa.text(_TAKEN), {"campaigns": [one.id for one in found]})
    taken = {row[0]: int(row[1]) for row in counted}
    hours = hours_of({one.organization_id for one in found})
    return [
        Load(
            line=one.line_id.hex,
            rate=max(1, sending[one.line_id].throughput),
            rows=one.rows - taken.get(one.id, 0),
            due_at=one.due_at,
            ends_at=one.expires_at,
            window=hours[one.organization_id].of(one.kind),
            first=_canary_left(one, taken.get(one.id, 0)),
            allowances=[portfolio, ramp] if one.organization_id == organization_id else [portfolio],
        )
        for one in found
    ]


def _canary_left(campaign: Campaign, taken: int) -> int:
    if not campaign.canary_size or campaign.canary_passed_at is not None:
        return 0
    return max(0, campaign.canary_size - taken)
