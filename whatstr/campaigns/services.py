"""Campaigns as the customer and our staff steer them: pause, resume, cancel, delete.

How a campaign comes to be is in `uploads`; the sender's own moves are in sending.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from whatstr.accounts.models import Organization
from whatstr.audit.services import Actor, record
from whatstr.billing import ledger
from whatstr.campaigns import policies
from whatstr.campaigns.models import (
    ACTIVE_STATES,
    CAMPAIGN_MACHINE,
    OVER_STATES,
    Campaign,
    CampaignSeal,
    CampaignState,
)
from whatstr.core import clock
from whatstr.core.db import notify, session
from whatstr.core.errors import DomainError, NotFound
from whatstr.core.statemachine import IllegalTransition
from whatstr.lines.services import own_line

_GOING_ON = ACTIVE_STATES | {CampaignState.SCHEDULED}


class CampaignSettling(DomainError):
    """The campaign is over, but the credits of its last messages are not settled yet."""

    code = "campaign_settling"
    status = 409


def own_campaign(
    organization_id: uuid.UUID, campaign_id: uuid.UUID, *, lock: bool = False
) -> Campaign:
    """The organization's campaign, or NotFound. With `lock`, as it stands once the lock is had,
    whatever this session had read of it before."""
    query = sa.select(Campaign).where(
        Campaign.id == campaign_id, Campaign.organization_id == organization_id
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session().scalar(query)
    if found is None:
        raise NotFound("campaign")
    return found


def pause_campaign(
    *, actor: Actor, organization_id: uuid.UUID, campaign_id: uuid.UUID, reason: str | None = None
) -> Campaign:
    """Stop before the next message. What is already with Meta stays with Meta. Our staff give a
    `reason`: it also takes over what its owner paused or Meta holds, so that neither resumes it."""
    if reason is None:
        found = own_campaign(organization_id, campaign_id, lock=True)
        if found.state is CampaignState.HELD:  # the reason of the hold would be lost
            raise IllegalTransition("pause", before=str(found.state))
    return _change(
        actor=actor,
        organization_id=organization_id,
        campaign_id=campaign_id,
        after=CampaignState.PAUSED,
        verb="campaign.paused",
        reason=reason,
    )


def resume_campaign(
    *, actor: Actor, organization_id: uuid.UUID, campaign_id: uuid.UUID
) -> Campaign:
    """Go on after a pause or a hold. Refused while line or organization may not send, and for a
    pause that our staff ordered. Changes nothing where the campaign goes on already; refused for
    an upload, which only a commit may put to work."""
    found = own_campaign(organization_id, campaign_id, lock=True)
    if found.state in _GOING_ON:
        return found
    if found.state not in (CampaignState.PAUSED, CampaignState.HELD):
        raise IllegalTransition("resume", before=str(found.state))
    if found.reason_code == "staff":
        raise policies.OrganizationSuspended("staff")
    organization = session().get_one(Organization, organization_id)
    line = own_line(organization_id, found.line_id)
    policies.check_may_send(organization=organization.state, line=line.state)
    waits = found.due_at > clock.now()
    if not waits:
        found.late_after = None  # whoever resumes it wants it to start now
    found.wait_code = found.wait_until = None
    return _change(
        actor=actor,
        organization_id=organization_id,
        campaign_id=campaign_id,
        after=CampaignState.SCHEDULED if waits else CampaignState.QUEUED,
        verb="campaign.resumed",
    )


def cancel_campaign(
    *, actor: Actor, organization_id: uuid.UUID, campaign_id: uuid.UUID
) -> Campaign:
    """Stop for good: rows not yet handed over count as cancelled and the sealed key is deleted."""
    found = _change(
        actor=actor,
        organization_id=organization_id,
        campaign_id=campaign_id,
        after=CampaignState.CANCELLED,
        verb="campaign.cancelled",
    )
    session().execute(sa.delete(CampaignSeal).where(CampaignSeal.campaign_id == campaign_id))
    return found


def _change(
    *,
    actor: Actor,
    organization_id: uuid.UUID,
    campaign_id: uuid.UUID,
    after: CampaignState,
    verb: str,
    reason: str | None = None,
) -> Campaign:
    found = own_campaign(organization_id, campaign_id, lock=True)
    before = found.state
    if before is after and reason in (None, found.reason_code):
        return found
    if before is not after:
        move(found, after)
    found.reason_code = reason
    record(
        actor=actor,
        verb=verb,
        subject_kind="campaign",
        subject_id=campaign_id,
        organization_id=organization_id,
        reason=reason,
        detail={"before": before, "after": after},
    )
    return found


def move(campaign: Campaign, after: CampaignState) -> None:
    """Set the state, if it may follow, and wake the sender."""
    CAMPAIGN_MACHINE.check(campaign.state, after)
    campaign.state = after
    campaign.state_changed_at = clock.now()
    if after in OVER_STATES:
        campaign.finished_at = campaign.state_changed_at
    notify("whatstr_sender", campaign.line_id.hex)


def delete_campaign(*, actor: Actor, organization_id: uuid.UUID, campaign_id: uuid.UUID) -> None:
    """Delete a campaign that is over, with its sealed rows and its messages. Raises
    CampaignSettling while it holds credits: they are settled by counting its messages."""
    found = own_campaign(organization_id, campaign_id, lock=True)
    if found.state not in OVER_STATES:
        raise IllegalTransition("delete", before=str(found.state))
    if ledger.reserved_for(campaign_id):
        raise CampaignSettling(str(campaign_id))
    record(
        actor=actor,
        verb="campaign.deleted",
        subject_kind="campaign",
        subject_id=campaign_id,
        organization_id=organization_id,
        detail={"rows": found.rows},
    )
    session().delete(found)
