"""What a campaign costs: credits follow its messages, from reserved to spent or free again."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa

from whatstr.billing import ledger
from whatstr.billing.policies import Delivery
from whatstr.campaigns.models import OVER_STATES, Campaign, Message, MessageStatus
from whatstr.core import clock
from whatstr.core.db import session

LATE_NEWS = timedelta(days=7)
"""How long after its end a campaign's messages may still change what it costs."""
DOUBT = timedelta(days=3)
_S = MessageStatus
_TAKEN = sa.or_(
    Message.accepted_at.is_not(None),
    Message.sent_at.is_not(None),
    Message.status.in_([_S.ACCEPTED, _S.SENT, _S.DELIVERED, _S.READ]),
)
_UNDECIDED = sa.and_(sa.not_(_TAKEN), Message.status.in_([_S.HANDING, _S.UNKNOWN]))


def campaigns_to_settle() -> list[uuid.UUID]:
    """Launched campaigns that may hold credits: under way, or over for less than a week."""
    return list(
        session().scalars(
            sa.select(Campaign.id).where(
                Campaign.committed_at.is_not(None),
                sa.or_(
                    Campaign.finished_at.is_(None),
                    Campaign.finished_at > clock.now() - LATE_NEWS,
                ),
            )
        )
    )


def settle_campaign(campaign_id: uuid.UUID) -> None:
    """Spend a credit for each row that Meta took, whatever came of it afterwards; rows whose
    outcome is unknown keep theirs reserved; once the campaign is over, free the rest. Repeatable.

    What is still unknown three days after the end is free: nobody pays for a doubt of ours.
    """
    if not ledger.reserved_for(campaign_id):
        return
    found = (
        session()
        .execute(
            sa.select(Campaign.organization_id, Campaign.state, Campaign.finished_at).where(
                Campaign.id == campaign_id
            )
        )
        .one_or_none()
    )
    if found is None:
        return
    accepted, undecided = _counts(campaign_id)
    over = found.state in OVER_STATES
    doubtful = over and found.finished_at and found.finished_at < clock.now() - DOUBT
    ledger.settle(
        organization_id=found.organization_id,
        campaign_id=campaign_id,
        accepted=accepted,
        undecided=0 if doubtful else undecided,
        over=over,
    )


def _counts(campaign_id: uuid.UUID) -> tuple[int, int]:
    row = (
        session()
        .execute(
            sa.select(
                sa.func.count().filter(_TAKEN),
                sa.func.count().filter(_UNDECIDED),
            ).where(Message.campaign_id == campaign_id)
        )
        .one()
    )
    return int(row[0]), int(row[1])


def delivery_since(organization_id: uuid.UUID, since: datetime) -> Delivery:
    """What became of the messages that an organization has sent since a moment."""
    row = (
        session()
        .execute(
            sa.select(
                sa.func.count().filter(_TAKEN),
                sa.func.count().filter(
                    sa.or_(Message.delivered_at.is_not(None), Message.read_at.is_not(None))
                ),
            )
            .join(Campaign, Campaign.id == Message.campaign_id)
            .where(
                Campaign.organization_id == organization_id,
                sa.func.coalesce(Message.accepted_at, Message.sent_at) >= since,
            )
        )
        .one()
    )
    return Delivery(accepted=int(row[0]), delivered=int(row[1]))
