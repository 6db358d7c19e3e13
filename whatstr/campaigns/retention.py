"""The end of what is kept of a campaign: 180 days after it, its recipients, its texts and the
states of its rows go (vault design, 15; the privacy notice says so). Its counts stay.

Every step is a slice of its own transaction, found by an index, so that a million rows neither hold
a lock for long nor make one huge transaction; whatever stops it, the next run goes on.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa

from whatstr.campaigns.models import Campaign
from whatstr.core.db import session

KEPT = timedelta(days=180)
ROWS = 5_000
CHUNKS = 50
"""Rows of messages, and of sealed chunks of 500 recipients, in one slice."""

_SLICES = (
    (
        "DELETE FROM message WHERE campaign_id = :c AND row IN"
        " (SELECT row FROM message WHERE campaign_id = :c ORDER BY row LIMIT :n)",
        ROWS,
    ),
    (
        "DELETE FROM campaign_chunk WHERE campaign_id = :c AND no IN"
        " (SELECT no FROM campaign_chunk WHERE campaign_id = :c ORDER BY no LIMIT :n)",
        CHUNKS,
    ),
)


def next_due(*, now: datetime) -> uuid.UUID | None:
    """The campaign that ended first of those whose time is over."""
    return session().scalar(
        sa.select(Campaign.id)
        .where(Campaign.erased_at.is_(None), Campaign.finished_at < now - KEPT)
        .order_by(Campaign.finished_at)
        .limit(1)
    )


def erase_slice(campaign_id: uuid.UUID, *, now: datetime) -> bool:
    """Take one slice of a campaign away; True once it was the last."""
    for statement, most in _SLICES:
        values = {"c": campaign_id, "n": most}
        gone = session().execute(sa.text(statement + " RETURNING 1"), values).all()
        if gone:
            return False
    session().execute(
        sa.text("DELETE FROM campaign_resent WHERE campaign_id = :c"), {"c": campaign_id}
    )
    session().execute(
        sa.update(Campaign)
        .where(Campaign.id == campaign_id)
        .values(jk_wrap=b"", record=b"", erased_at=now)
        .execution_options(synchronize_session=False)
    )
    return True
