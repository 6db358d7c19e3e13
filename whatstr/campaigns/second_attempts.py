"""A second attempt for rows that failed for what passes or can be mended; never two for one row.

Which failures those are says the error table. The browser seals the rows anew as a campaign that
names whose second attempt it is; the server takes exactly the rows that it would name itself.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

import sqlalchemy as sa

from whatstr.campaigns.models import (
    OVER_STATES,
    Campaign,
    CampaignState,
    Message,
    MessageStatus,
    ResentRow,
)
from whatstr.campaigns.services import own_campaign
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import Conflict, DomainError
from whatstr.lines.error_policy import Action, is_resendable, rule_for

_NEVER_LEFT = (CampaignState.CANCELLED, CampaignState.EXPIRED, CampaignState.REFUSED)


class NotResendable(DomainError):
    """This campaign gets no second attempt: it is not over, or is a second attempt itself."""

    code = "not_resendable"
    status = 409


def rows_to_resend(organization_id: uuid.UUID, campaign_id: uuid.UUID) -> list[int]:
    """Row numbers that may be sent once more now, ascending; none while the campaign is not over
    or when it is a second attempt. Raises NotFound."""
    found = own_campaign(organization_id, campaign_id)
    return _rows(found) if _may(found) else []


def claim(*, organization_id: uuid.UUID, original_id: uuid.UUID, attempt: Campaign) -> None:
    """Take the rows for the second attempt that is being created. Raises NotResendable, Conflict
    when the rows have changed since the browser sealed them, NotFound."""
    original = own_campaign(organization_id, original_id, lock=True)
    same = (original.kind, original.line_id) == (attempt.kind, attempt.line_id)
    if not _may(original) or not same:
        raise NotResendable(str(original_id))
    session().execute(sa.delete(ResentRow).where(ResentRow.by_id.in_(_never_left(original_id))))
    rows = _rows(original)
    if len(rows) != attempt.rows:
        raise Conflict("rows")
    session().execute(
        sa.insert(ResentRow),
        [{"campaign_id": original_id, "row": row, "by_id": attempt.id} for row in rows],
    )


def _may(campaign: Campaign) -> bool:
    return campaign.state in OVER_STATES and campaign.resend_of is None


def _never_left(original_id: uuid.UUID) -> sa.Select[tuple[uuid.UUID]]:
    """Attempts that ended before anything was sent: their rows are free again."""
    return sa.select(Campaign.id).where(
        Campaign.resend_of == original_id,
        Campaign.state.in_(_NEVER_LEFT),
        Campaign.started_at.is_(None),
    )


def _rows(original: Campaign) -> list[int]:
    failed = (Message.campaign_id == original.id, Message.status == MessageStatus.FAILED)
    codes = session().scalars(sa.select(Message.code).where(*failed).distinct())
    passing = [code for code in codes if code is not None and is_resendable(code)]
    taken = sa.exists().where(
        ResentRow.campaign_id == original.id,
        ResentRow.row == Message.row,
        ResentRow.by_id.not_in(_never_left(original.id)),
    )
    tomorrow = [code for code in passing if rule_for(code).action is Action.TOMORROW]
    day = max((rule_for(code).wait_seconds for code in tomorrow), default=0)
    rested = Message.failed_at <= clock.now() - timedelta(seconds=day)
    return list(
        session().scalars(
            sa.select(Message.row)
            .where(
                *failed,
                Message.code.in_(passing),
                sa.or_(Message.code.not_in(tomorrow), rested),
                sa.not_(taken),
            )
            .order_by(Message.row)
        )
    )
