"""Reading campaigns: the sum that always holds, progress, rows for the browser to join."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from whatstr.campaigns import progress_board
from whatstr.campaigns.models import (
    ACTIVE_STATES,
    Campaign,
    CampaignChunk,
    CampaignState,
    Message,
    MessageStatus,
)
from whatstr.campaigns.progress_board import Snapshot
from whatstr.campaigns.services import own_campaign
from whatstr.core.db import session
from whatstr.core.errors import NotFound
from whatstr.lines.models import Line, LineState

# What a row without a message is called once nothing more will be sent.
_REST = {
    CampaignState.CANCELLED: MessageStatus.CANCELLED,
    CampaignState.EXPIRED: MessageStatus.EXPIRED,
    CampaignState.REFUSED: MessageStatus.CANCELLED,
}


@dataclass(frozen=True)
class Progress:
    """`counts` sum to the campaign's rows. `rate` in messages a second over the last 10 s."""

    counts: Mapping[MessageStatus, int]
    rate: float
    seconds_left: int | None


def counts(campaign: Campaign) -> dict[MessageStatus, int]:
    """Rows by delivery status; they sum to `campaign.rows`, always (sending design, "Rows")."""
    if campaign.erased_at is not None:
        return _with_rest(campaign, _totals(campaign))
    return _with_rest(campaign, _stored_counts([campaign.id]).get(campaign.id, {}))


def _stored_counts(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[MessageStatus, int]]:
    rows = session().execute(
        sa.select(Message.campaign_id, Message.status, sa.func.count())
        .where(Message.campaign_id.in_(ids))
        .group_by(Message.campaign_id, Message.status)
    )
    found: dict[uuid.UUID, dict[MessageStatus, int]] = {}
    for campaign_id, status, number in rows:
        found.setdefault(campaign_id, {})[status] = number
    return found


def _with_rest(campaign: Campaign, stored: Mapping[MessageStatus, int]) -> dict[MessageStatus, int]:
    """Add the rows without a message. A retry that will not happen any more counts with them."""
    total = {status: stored.get(status, 0) for status in MessageStatus}
    rest = campaign.rows - sum(total.values())
    name = _REST.get(campaign.state, MessageStatus.PENDING)
    if name is not MessageStatus.PENDING:
        rest += total[MessageStatus.PENDING]
        total[MessageStatus.PENDING] = 0
    total[name] += rest
    return total


def progress(campaign: Campaign, snapshot: Snapshot | None = None) -> Progress:
    """Where a campaign stands now, or stood when `snapshot` was taken."""
    if campaign.erased_at is not None:
        return Progress(counts(campaign), 0.0, None)
    snapshot = snapshot or progress_board.count(campaign.id)
    total = _with_rest(campaign, snapshot.counts)
    if campaign.state not in ACTIVE_STATES:
        return Progress(total, 0.0, None)
    rate = snapshot.rate
    left = total[MessageStatus.PENDING] + total[MessageStatus.HANDING]
    return Progress(total, rate, round(left / rate) if rate else None)


@dataclass(frozen=True)
class Watched:
    """A campaign as its page watches it, without its sealed parts, and its line."""

    campaign: Campaign
    line_state: LineState
    line_reason: str | None
    throughput: int


def watched(organization_id: uuid.UUID, campaign_id: uuid.UUID) -> Watched:
    """One campaign with what its line is doing, in one query. Raises NotFound."""
    row = (
        session()
        .execute(
            sa.select(Campaign, Line.state, Line.state_reason, Line.throughput)
            .join(Line, Line.id == Campaign.line_id)
            .where(Campaign.id == campaign_id, Campaign.organization_id == organization_id)
        )
        .one_or_none()
    )
    if row is None:
        raise NotFound("campaign")
    return Watched(*row)


def campaign(organization_id: uuid.UUID, campaign_id: uuid.UUID) -> Campaign:
    """One campaign with its sealed wrap and record."""
    own_campaign(organization_id, campaign_id)
    return (
        session()
        .scalars(
            sa.select(Campaign)
            .where(Campaign.id == campaign_id)
            .options(undefer(Campaign.jk_wrap), undefer(Campaign.record))
            .execution_options(populate_existing=True)
        )
        .one()
    )


def campaigns(organization_id: uuid.UUID) -> list[tuple[Campaign, dict[MessageStatus, int]]]:
    """Every campaign of the organization with its counts, newest first."""
    found = (
        session()
        .scalars(
            sa.select(Campaign)
            .where(Campaign.organization_id == organization_id)
            .options(undefer(Campaign.jk_wrap), undefer(Campaign.record))
            .order_by(Campaign.created_at.desc())
        )
        .all()
    )
    open_ones = [one.id for one in found if one.totals is None]
    stored = _stored_counts(open_ones) if open_ones else {}
    return [
        (one, _with_rest(one, _totals(one) if one.totals else stored.get(one.id, {})))
        for one in found
    ]


def _totals(campaign: Campaign) -> dict[MessageStatus, int]:
    return {MessageStatus(name): number for name, number in (campaign.totals or {}).items()}


def is_behind(found: Campaign) -> bool:
    """Whether another campaign that waits for nothing comes before it on its line."""
    earlier = sa.tuple_(Campaign.due_at, Campaign.id) < sa.tuple_(found.due_at, found.id)  # type: ignore[arg-type]
    before = sa.exists().where(
        Campaign.line_id == found.line_id,
        Campaign.state.in_(ACTIVE_STATES),
        Campaign.wait_code.is_(None),
        earlier,
    )
    return bool(session().scalar(sa.select(before)))


def campaign_count(organization_id: uuid.UUID) -> int:
    return (
        session().scalar(
            sa.select(sa.func.count())
            .select_from(Campaign)
            .where(Campaign.organization_id == organization_id)
        )
        or 0
    )


def chunk_numbers(organization_id: uuid.UUID, campaign_id: uuid.UUID) -> list[int]:
    """Which chunks are stored: how an upload finds out where to go on."""
    own_campaign(organization_id, campaign_id)
    return list(
        session().scalars(
            sa.select(CampaignChunk.no)
            .where(CampaignChunk.campaign_id == campaign_id)
            .order_by(CampaignChunk.no)
        )
    )


def chunk(organization_id: uuid.UUID, campaign_id: uuid.UUID, no: int) -> bytes:
    """The sealed bytes of one chunk, or NotFound."""
    own_campaign(organization_id, campaign_id)
    data = session().scalar(
        sa.select(CampaignChunk.data).where(
            CampaignChunk.campaign_id == campaign_id, CampaignChunk.no == no
        )
    )
    if data is None:
        raise NotFound("chunk")
    return data


def message_rows(
    organization_id: uuid.UUID, campaign_id: uuid.UUID, *, after: int, limit: int
) -> Sequence[Any]:
    """Rows with a message, in order, after row `after`: what the browser joins with its chunks."""
    own_campaign(organization_id, campaign_id)
    return (
        session()
        .execute(
            sa.select(
                Message.row,
                Message.status,
                Message.code,
                Message.accepted_at,
                Message.sent_at,
                Message.delivered_at,
                Message.read_at,
                Message.failed_at,
            )
            .where(Message.campaign_id == campaign_id, Message.row > after)
            .order_by(Message.row)
            .limit(limit)
        )
        .all()
    )


def failures(
    organization_id: uuid.UUID, campaign_id: uuid.UUID
) -> list[tuple[MessageStatus, int | None, int]]:
    """(status, code, count) of failed and suppressed rows, most frequent first."""
    own_campaign(organization_id, campaign_id)
    number = sa.func.count()
    rows = session().execute(
        sa.select(Message.status, Message.code, number)
        .where(
            Message.campaign_id == campaign_id,
            Message.status.in_([MessageStatus.FAILED, MessageStatus.SUPPRESSED]),
        )
        .group_by(Message.status, Message.code)
        .order_by(number.desc())
    )
    return [(status, code, count) for status, code, count in rows]
