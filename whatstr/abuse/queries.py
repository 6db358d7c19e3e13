"""Reading the desk: the queue, a case with all that belongs to it, and what an action would hit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from whatstr.abuse.models import (
    AbuseReport,
    Action,
    ActionState,
    Case,
    CaseState,
    Decision,
    StatementOfReasons,
    Verdict,
)
from whatstr.accounts.models import Organization
from whatstr.billing import ledger
from whatstr.billing.models import Payment, PaymentState
from whatstr.campaigns.models import Campaign, CampaignState, Message, MessageStatus
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import NotFound
from whatstr.lines.models import Line

RATE_WINDOW = timedelta(days=30)
_TO_STOP = (CampaignState.QUEUED, CampaignState.RUNNING)
_LIVE = (*_TO_STOP, CampaignState.SCHEDULED)
_WEIGHT = {Verdict.VERIFIED: 3, Verdict.PARTLY: 2, Verdict.SENDER_ONLY: 2}


@dataclass(frozen=True)
class QueuedCase:
    """A case in the queue with its reports in numbers."""

    case: Case
    customer_no: int
    reports: int
    verified: int
    score: int


@dataclass(frozen=True)
class Blast:
    """What stops, in numbers."""

    messages: int
    running: int
    scheduled: int


@dataclass(frozen=True)
class BlastRadius:
    """Consequences of each possible action, before the click."""

    line: Blast | None
    organization: Blast
    lines: int
    credits_left: int
    paid_kurus: int


@dataclass(frozen=True)
class LiveCampaign:
    """A campaign that could be paused, with what is left of it."""

    id: uuid.UUID
    state: CampaignState
    rows: int
    left: int


@dataclass(frozen=True)
class CaseDetail:
    """Everything a case page shows."""

    case: Case
    organization: Organization
    line: Line | None
    reports: Sequence[AbuseReport]
    decisions: Sequence[Decision]
    actions: Sequence[Action]
    statements: Sequence[StatementOfReasons]
    earlier: Sequence[Case]
    campaigns: Sequence[LiveCampaign]
    blast: BlastRadius
    accepted: int
    failed: int

    @property
    def reports_per_thousand(self) -> float | None:
        """Reports of this case for a thousand accepted messages of the last 30 days."""
        return 1000 * len(self.reports) / self.accepted if self.accepted else None


def case_queue(*, states: Sequence[CaseState], limit: int = 100) -> list[QueuedCase]:
    """Cases in these states, oldest first."""
    weight = sa.case(*((AbuseReport.verdict == v, n) for v, n in _WEIGHT.items()), else_=1)
    rows = session().execute(
        sa.select(
            Case,
            Organization.customer_no,
            sa.func.count(AbuseReport.id),
            sa.func.count(AbuseReport.id).filter(AbuseReport.verdict == Verdict.VERIFIED),
            sa.func.coalesce(
                sa.func.sum(weight).filter(AbuseReport.id.is_not(None)), sa.literal(0)
            ),
        )
        .join(Organization, Organization.id == Case.organization_id)
        .outerjoin(AbuseReport, AbuseReport.case_id == Case.id)
        .where(Case.state.in_(states))
        .group_by(Case.id, Organization.customer_no)
        .order_by(Case.opened_at)
        .limit(limit)
    )
    return [QueuedCase(*row) for row in rows]


def case_detail(case_id: uuid.UUID) -> CaseDetail:
    """One case. Raises NotFound."""
    case = session().get(Case, case_id, populate_existing=True)
    if case is None:
        raise NotFound("case")
    run = session().scalars
    decisions = run(
        sa.select(Decision).where(Decision.case_id == case_id).order_by(Decision.at)
    ).all()
    accepted, failed = _traffic(case)
    return CaseDetail(
        case=case,
        organization=session().get_one(Organization, case.organization_id),
        line=session().get(Line, case.line_id) if case.line_id else None,
        reports=run(
            sa.select(AbuseReport)
            .where(AbuseReport.case_id == case_id)
            .order_by(AbuseReport.received_at.desc())
        ).all(),
        decisions=decisions,
        actions=run(
            sa.select(Action).where(Action.case_id == case_id).order_by(Action.proposed_at)
        ).all(),
        statements=run(
            sa.select(StatementOfReasons).where(
                StatementOfReasons.decision_id.in_([one.id for one in decisions])
            )
        ).all(),
        earlier=run(
            sa.select(Case)
            .where(Case.organization_id == case.organization_id, Case.id != case_id)
            .order_by(Case.opened_at.desc())
            .limit(10)
        ).all(),
        campaigns=_live_campaigns(case),
        blast=blast_radius(case),
        accepted=accepted,
        failed=failed,
    )


def proposed_actions() -> Sequence[Action]:
    """Suspensions that wait for a second person, oldest first."""
    return (
        session()
        .scalars(
            sa.select(Action)
            .where(Action.state == ActionState.PROPOSED)
            .order_by(Action.proposed_at)
        )
        .all()
    )


def blast_radius(case: Case) -> BlastRadius:
    """Queued messages and campaigns that each action would stop."""
    whole = Campaign.organization_id == case.organization_id
    paid = session().scalar(
        sa.select(sa.func.coalesce(sa.func.sum(Payment.amount_kurus), 0)).where(
            Payment.organization_id == case.organization_id, Payment.state == PaymentState.PAID
        )
    )
    lines = session().scalar(
        sa.select(sa.func.count()).where(Line.organization_id == case.organization_id)
    )
    return BlastRadius(
        line=_blast(Campaign.line_id == case.line_id) if case.line_id else None,
        organization=_blast(whole),
        lines=int(lines or 0),
        credits_left=ledger.balance(case.organization_id).available,
        paid_kurus=int(paid or 0),
    )


def statements_of(organization_id: uuid.UUID) -> Sequence[StatementOfReasons]:
    """What an organization was told, newest first."""
    return (
        session()
        .scalars(
            sa.select(StatementOfReasons)
            .where(StatementOfReasons.organization_id == organization_id)
            .order_by(StatementOfReasons.sent_at.desc())
        )
        .all()
    )


def _blast(where: sa.ColumnElement[bool]) -> Blast:
    found = _left(where, _LIVE)
    return Blast(
        messages=sum(one.left for one in found),
        running=sum(1 for one in found if one.state in _TO_STOP),
        scheduled=sum(1 for one in found if one.state is CampaignState.SCHEDULED),
    )


def _live_campaigns(case: Case) -> list[LiveCampaign]:
    where = Campaign.organization_id == case.organization_id
    if case.line_id:
        where = sa.and_(where, Campaign.line_id == case.line_id)
    return _left(where, _LIVE)


def _left(where: sa.ColumnElement[bool], states: Sequence[CampaignState]) -> list[LiveCampaign]:
    """Campaigns with the rows that no message was handed over for."""
    handed = (
        sa.select(sa.func.count())
        .where(Message.campaign_id == Campaign.id, Message.status != MessageStatus.PENDING)
        .correlate(Campaign)
        .scalar_subquery()
    )
    rows = session().execute(
        sa.select(Campaign.id, Campaign.state, Campaign.rows, Campaign.rows - handed)
        .where(where, Campaign.state.in_(states))
        .order_by(Campaign.due_at)
        .limit(200)
    )
    return [LiveCampaign(*row) for row in rows]


def _traffic(case: Case) -> tuple[int, int]:
    """Messages accepted and failed in the last 30 days, of the line or the organization."""
    since = clock.now() - RATE_WINDOW
    where = (
        Campaign.line_id == case.line_id
        if case.line_id
        else Campaign.organization_id == case.organization_id
    )
    row = (
        session()
        .execute(
            sa.select(
                sa.func.count().filter(Message.accepted_at >= since),
                sa.func.count().filter(Message.failed_at >= since),
            )
            .select_from(Message)
            .join(Campaign, Campaign.id == Message.campaign_id)
            .where(where)
        )
        .one()
    )
    return int(row[0]), int(row[1])
