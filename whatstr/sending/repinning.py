"""Changing the keys that an organization is pinned to (vault design, 4 and 17).

Two ways only: a re-key, signed with the old and the new key; and, after a reset to an empty vault,
a new Meta login for a line that the organization had connected before (`connecting`).
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace

import sqlalchemy as sa

from whatstr.accounts.models import Organization
from whatstr.audit.services import SYSTEM, record
from whatstr.campaigns.models import OVER_STATES, Campaign, CampaignSeal
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.lines.models import LineConnection
from whatstr.sending import connections
from whatstr.sending.connections import Connection, KeptHeader, Pins
from whatstr.sending.refusals import Denied

log = get_logger(__name__)


def repin(organization_id: uuid.UUID, new: Pins) -> int:
    """Pin the new keys on every line; how many lines. Campaigns under way keep the header that
    they have. Asked again with keys that are pinned already, it changes nothing."""
    found = connections.all_of(organization_id)
    for connection in found:
        if connection.pins == new:
            continue
        if new.sign_pk == connection.previous:
            raise Denied("repin")  # an answered request, played back
        connections.replace_sealed(
            replace(
                connection,
                sign_pk=new.sign_pk,
                box_pk=new.box_pk,
                previous=connection.sign_pk,
                kept=_under_way(connection),
            )
        )
    if found:
        record(
            actor=SYSTEM,
            verb="organization.repinned",
            subject_kind="organization",
            subject_id=organization_id,
            organization_id=organization_id,
            detail={"lines": len(found)},
        )
        log.info("organization.repinned", organization=organization_id, n=len(found))
    return len(found)


def _under_way(connection: Connection) -> dict[uuid.UUID, KeptHeader]:
    rows = session().execute(
        sa.select(Campaign.id, CampaignSeal.header)
        .join(CampaignSeal, CampaignSeal.campaign_id == Campaign.id)
        .where(Campaign.line_id == connection.line_id, Campaign.state.not_in(OVER_STATES))
    )
    return {
        campaign_id: KeptHeader(
            connection.signer_of(campaign_id, header), hashlib.sha256(header).digest()
        )
        for campaign_id, header in rows
    }


def stale(organization_id: uuid.UUID) -> bool:
    """Whether the organization emptied its vault since it was pinned: its old keys are gone."""
    reset_at = session().scalar(
        sa.select(Organization.vault_reset_at).where(Organization.id == organization_id)
    )
    if reset_at is None:
        return False
    newest = session().scalar(
        sa.select(sa.func.max(LineConnection.updated_at)).where(
            LineConnection.organization_id == organization_id
        )
    )
    return newest is not None and newest < reset_at
