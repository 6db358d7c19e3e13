"""One customer's whole story in figures and dates: what the organization page shows.

Every part reads a bounded slice of an index of its own; nothing here counts messages.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import load_only, undefer

from whatstr.abuse import queries as abuse
from whatstr.abuse.models import AbuseReport, Case
from whatstr.accounts.models import AcceptedDocument, LoginEvent, Member, Organization
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access
from whatstr.admin.listing import visible_events
from whatstr.admin.suppressions import SEEN
from whatstr.audit.models import AuditEvent
from whatstr.billing import ledger
from whatstr.billing import queries as billing
from whatstr.campaigns import daily
from whatstr.campaigns.models import Campaign
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import NotFound
from whatstr.lines.models import Line
from whatstr.support import queries as support

DAYS = 30
ROWS = 10
COUNTED = 10_000


@dataclass(frozen=True)
class Rates:
    """The last 30 days. `opt_outs` and `reports` stop at 10,000."""

    accepted: int
    delivered: int
    failed: int
    opt_outs: int
    reports: int

    def per_thousand(self, number: int) -> float | None:
        return round(1000 * number / self.accepted, 2) if self.accepted else None


def profile(organization_id: uuid.UUID) -> Organization:
    """The organization with its name, which the page masks. Raises NotFound."""
    found = session().get(
        Organization,
        organization_id,
        options=[undefer(Organization.name_ct)],
        populate_existing=True,
    )
    if found is None:
        raise NotFound("organization")
    return found


def story(organization_id: uuid.UUID) -> dict[str, Any]:
    """Everything beside the profile, as far as the person may read it; None for what they may
    not."""
    money, cases = access.may(P.PAYMENTS_READ), access.may(P.CASES_READ)
    return {
        "members": _members(organization_id),
        "lines": _newest(Line, Line.organization_id == organization_id, Line.connected_at),
        "campaign_counts": _campaign_counts(organization_id),
        "campaigns": _newest(
            Campaign, Campaign.organization_id == organization_id, Campaign.created_at
        ),
        "rates": _rates(organization_id),
        "balance": ledger.balance(organization_id) if money else None,
        "subscription": billing.current_subscription(organization_id) if money else None,
        "purchases": billing.purchases(organization_id)[:ROWS] if money else None,
        "cases": _newest(Case, Case.organization_id == organization_id, Case.opened_at)
        if cases
        else None,
        "statements": abuse.statements_of(organization_id) if cases else None,
        "requests": support.headers_of(organization_id, ROWS)
        if access.may(P.SUPPORT_READ)
        else None,
        "documents": _newest(
            AcceptedDocument,
            AcceptedDocument.organization_id == organization_id,
            AcceptedDocument.at,
        ),
        "sign_ins": _newest(
            LoginEvent, LoginEvent.organization_id == organization_id, LoginEvent.at
        ),
        "events": visible_events(
            sa.select(AuditEvent).where(AuditEvent.organization_id == organization_id)
        ),
    }


def _newest(model: Any, condition: Any, at: Any) -> Sequence[Any]:
    query = sa.select(model).where(condition).order_by(at.desc()).limit(ROWS)
    return session().scalars(query).all()


def _members(organization_id: uuid.UUID) -> Sequence[Member]:
    # This role has no right to a member's keys.
    shown = load_only(Member.role, Member.state, Member.email_masked, Member.phone_masked)
    return (
        session()
        .scalars(
            sa.select(Member)
            .where(Member.organization_id == organization_id)
            .order_by(Member.created_at)
            .limit(50)
            .options(shown)
        )
        .all()
    )


def _campaign_counts(organization_id: uuid.UUID) -> Sequence[Any]:
    return (
        session()
        .execute(
            sa.select(Campaign.state, sa.func.count(), sa.func.sum(Campaign.rows))
            .where(Campaign.organization_id == organization_id)
            .group_by(Campaign.state)
            .order_by(Campaign.state)
        )
        .all()
    )


def _rates(organization_id: uuid.UUID) -> Rates:
    since = clock.now() - timedelta(days=DAYS)
    accepted, delivered, failed = daily.organization_rate(organization_id, DAYS)
    return Rates(
        accepted,
        delivered,
        failed,
        opt_outs=_count(SEEN.organization_id == organization_id, SEEN.at > since),
        reports=_count(
            AbuseReport.organization_id == organization_id, AbuseReport.received_at > since
        ),
    )


def _count(*conditions: Any) -> int:
    some = sa.select(sa.literal(1)).where(*conditions).limit(COUNTED).subquery()
    return int(session().scalar(sa.select(sa.func.count()).select_from(some)) or 0)
