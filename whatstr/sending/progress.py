"""Campaigns and lines as the sender moves them: every change is a compare-and-set.

WEB may schedule, queue, pause and cancel; everything else is decided here (vault design, 9).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from whatstr import settings_of
from whatstr.accounts.models import Organization, OrganizationState
from whatstr.audit.services import SYSTEM, record
from whatstr.campaigns.models import (
    ACTIVE_STATES,
    CAMPAIGN_MACHINE,
    OVER_STATES,
    Campaign,
    CampaignKind,
    CampaignMedia,
    CampaignSeal,
    CampaignState,
    Message,
    MessageStatus,
)
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.lines.models import LINE_MACHINE, Line, LineConnection, LineState
from whatstr.lines.reasons import meta_reason

log = get_logger(__name__)

_REST = {
    CampaignState.CANCELLED: MessageStatus.CANCELLED,
    CampaignState.REFUSED: MessageStatus.CANCELLED,
    CampaignState.EXPIRED: MessageStatus.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A campaign a line may work on, as the clear row has it."""

    id: uuid.UUID
    organization_id: uuid.UUID
    line_id: uuid.UUID
    rows: int
    chunks: int
    rate: int
    kind: CampaignKind


def work_of_line(line_id: uuid.UUID, *, now: datetime) -> list[WorkItem]:
    """Campaigns the line may send now, oldest first; none while line or organization stands."""
    return _work(sa.and_(Campaign.line_id == line_id, Campaign.due_at <= now), now)


def all_work(*, now: datetime) -> list[WorkItem]:
    """The same for every line."""
    return _work(Campaign.due_at <= now, now)


def _work(where: sa.ColumnElement[bool], now: datetime) -> list[WorkItem]:
    rows = session().execute(
        sa.select(
            Campaign.id,
            Campaign.organization_id,
            Campaign.line_id,
            Campaign.rows,
            Campaign.chunks,
            Line.throughput,
            Campaign.kind,
        )
        .join(Line, Line.id == Campaign.line_id)
        .join(Organization, Organization.id == Campaign.organization_id)
        .where(
            where,
            Campaign.state.in_(ACTIVE_STATES),
            Campaign.expires_at > now,
            Line.state == LineState.CONNECTED,
            Organization.state == OrganizationState.ACTIVE,
        )
        .order_by(Campaign.due_at, Campaign.id)
    )
    return [WorkItem(*row) for row in rows]


def may_send(campaign_id: uuid.UUID, *, lock: bool = False) -> bool:
    """Whether the campaign, its organization and its line allow a message at this moment. `lock`
    holds off a pause until the transaction ends, so that none is overtaken by a claim."""
    query = (
        sa.select(Campaign.state, Organization.state, Line.state, Campaign.expires_at)
        .join(Line, Line.id == Campaign.line_id)
        .join(Organization, Organization.id == Campaign.organization_id)
        .where(Campaign.id == campaign_id)
    )
    row = (
        session().execute(query.with_for_update(read=True, of=Campaign) if lock else query).first()
    )
    return row is not None and (
        row[0] in ACTIVE_STATES
        and row[1] is OrganizationState.ACTIVE
        and row[2] is LineState.CONNECTED
        and row[3] > clock.now()
    )


# Campaigns ------------------------------------------------------------------------------------


def move(
    campaign_ids: Collection[uuid.UUID], after: CampaignState, *, reason: str | None = None
) -> list[uuid.UUID]:
    """Set the state where the state machine allows it; returns whom it moved."""
    if not campaign_ids:
        return []
    now = clock.now()
    values: dict[str, object] = {"state": after, "state_changed_at": now, "reason_code": reason}
    values |= {"wait_code": None, "wait_until": None}
    if after is CampaignState.RUNNING:
        values["started_at"] = sa.func.coalesce(Campaign.started_at, now)
    if after in OVER_STATES:
        values["finished_at"] = now
    moved = session().execute(
        sa.update(Campaign)
        .where(Campaign.id.in_(campaign_ids), Campaign.state.in_(CAMPAIGN_MACHINE.sources(after)))
        .values(**values)
        .returning(Campaign.id, Campaign.organization_id)
        .execution_options(synchronize_session=False)
    )
    found = [tuple(row) for row in moved]
    for campaign_id, organization_id in found:
        log.info("campaign.moved", campaign=campaign_id, state=after, reason=reason)
        if after not in ACTIVE_STATES:
            record(
                actor=SYSTEM,
                verb=f"campaign.{after}",
                subject_kind="campaign",
                subject_id=campaign_id,
                organization_id=organization_id,
                reason=reason,
            )
        if after in OVER_STATES:
            close(campaign_id)
    return [campaign_id for campaign_id, _ in found]


def close(campaign_id: uuid.UUID) -> None:
    """Shred what only sending needed, name the rows that will not be sent, store the totals once
    nothing is in hand. Safe to run twice."""
    session().execute(sa.delete(CampaignSeal).where(CampaignSeal.campaign_id == campaign_id))
    session().execute(sa.delete(CampaignMedia).where(CampaignMedia.campaign_id == campaign_id))
    state = session().scalar(
        # Before its rows, in the order that everybody keeps.
        sa.select(Campaign.state).where(Campaign.id == campaign_id).with_for_update()
    )
    rest = _REST.get(state) if state is not None else None
    if rest is not None:
        session().execute(
            sa.update(Message)
            .where(Message.campaign_id == campaign_id, Message.status == MessageStatus.PENDING)
            # What waited for another try after Meta had said no has failed after all.
            .values(
                status=sa.case((Message.failed_at.is_not(None), MessageStatus.FAILED), else_=rest),
                not_before=None,
                claim=None,
            )
            .execution_options(synchronize_session=False)
        )
    store_totals(campaign_id)


def count(campaign_id: uuid.UUID) -> dict[str, int]:
    """The rows by status; rows without a message carry the name that the campaign's end gives
    them. Receipts that are being written are waited for."""
    row = (
        session()
        .execute(
            sa.select(Campaign.rows, Campaign.state)
            .where(Campaign.id == campaign_id)
            .with_for_update()
        )
        .one()
    )
    counted = session().execute(
        sa.select(Message.status, sa.func.count())
        .where(Message.campaign_id == campaign_id)
        .group_by(Message.status)
    )
    totals = {status.value: 0 for status in MessageStatus}
    totals.update({status.value: number for status, number in counted})
    rest = _REST.get(row.state, MessageStatus.PENDING)
    totals[rest.value] += row.rows - sum(totals.values())
    return totals


def store_totals(campaign_id: uuid.UUID) -> dict[str, int]:
    """Count a campaign that is over and keep the sum once nothing is in hand. Receipts still come:
    they mark the campaign, and a sweep counts again."""
    totals = count(campaign_id)
    if totals[MessageStatus.HANDING] == 0:
        session().execute(
            sa.update(Campaign)
            .where(Campaign.id == campaign_id)
            .values(totals=totals, totals_stale=False)
            .execution_options(synchronize_session=False)
        )
    return totals


def finish_if_done(campaign_id: uuid.UUID, *, unknown_wait: timedelta) -> bool:
    """Set a running campaign to done when no row is left open.

    An unknown row is open while it may still be handed once more; afterwards it stays unknown in
    the report, unless a late webhook settles it. The last accepted rows of a marketing campaign
    are open for a moment: Meta says within seconds whom it will not reach before tomorrow.
    """
    row = (
        session()
        .execute(
            sa.select(Campaign.rows, Campaign.kind, Organization.resend_unknown)
            .join(Organization, Organization.id == Campaign.organization_id)
            .where(Campaign.id == campaign_id, Campaign.state == CampaignState.RUNNING)
            # A receipt may be opening a row again at this moment (`receipts`): it is waited for.
            .with_for_update(of=Campaign)
        )
        .first()
    )
    if row is None:
        return False
    settled = Message.unknown_at < clock.now() - unknown_wait
    if row.resend_unknown:
        settled = sa.and_(settled, Message.resent_at.is_not(None))
    still_open = sa.or_(
        Message.status.in_([MessageStatus.PENDING, MessageStatus.HANDING]),
        sa.and_(Message.status == MessageStatus.UNKNOWN, sa.not_(settled)),
    )
    if row.kind is CampaignKind.MARKETING:
        wait = timedelta(seconds=int(settings_of()["WHATSTR_SETTLE_WAIT"]))
        young = Message.handed_at > clock.now() - wait
        still_open |= sa.and_(Message.status == MessageStatus.ACCEPTED, young)
    mine = Message.campaign_id == campaign_id
    if session().scalar(sa.select(sa.exists().where(mine, still_open))):
        return False
    taken = session().scalar(sa.select(sa.func.count()).select_from(Message).where(mine))
    if taken != row.rows:
        return False
    return bool(move([campaign_id], CampaignState.DONE))


# Lines ----------------------------------------------------------------------------------------


def hold_line(line_id: uuid.UUID, *, number: int, seconds: int) -> None:
    """Hold a line for Meta's `number`; for `seconds`, or until somebody mends it when 0."""
    now = clock.now()
    held = session().scalar(
        sa.update(Line)
        .where(Line.id == line_id, Line.state.in_(LINE_MACHINE.sources(LineState.HELD)))
        .values(
            state=LineState.HELD,
            state_reason=meta_reason(number),
            hold_code=number,
            hold_until=now + timedelta(seconds=seconds) if seconds else None,
            checked_at=now,
        )
        .returning(Line.organization_id)
        .execution_options(synchronize_session=False)
    )
    if held is not None:
        log.warning("line.held", line=line_id, code=number, seconds=seconds)
        record(
            actor=SYSTEM,
            verb="line.held",
            subject_kind="line",
            subject_id=line_id,
            organization_id=held,
            reason=meta_reason(number),
        )


def lines_of_account(line_id: uuid.UUID) -> list[uuid.UUID]:
    """Every line connected through the same business account of Meta, this one included."""
    account = sa.select(LineConnection.account_ix).where(LineConnection.line_id == line_id)
    found = session().scalars(
        sa.select(LineConnection.line_id).where(
            LineConnection.account_ix == account.scalar_subquery()
        )
    )
    return sorted({line_id, *found})


def hold_campaigns_of(line_ids: Collection[uuid.UUID], *, reason: str) -> list[uuid.UUID]:
    """Hold whatever these lines are sending."""
    found = session().scalars(
        sa.select(Campaign.id).where(
            Campaign.line_id.in_(line_ids), Campaign.state.in_(ACTIVE_STATES)
        )
    )
    return move(list(found), CampaignState.HELD, reason=reason)
