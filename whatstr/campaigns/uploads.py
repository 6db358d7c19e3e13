"""How a campaign comes to be: created, uploaded part by part, taken in with its credits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from whatstr.accounts import documents
from whatstr.accounts.models import Member, Organization
from whatstr.audiences.policies import missing_chunks
from whatstr.audit.services import Actor, record
from whatstr.billing import ledger
from whatstr.campaigns import policies, second_attempts
from whatstr.campaigns.models import (
    CAMPAIGN_MACHINE,
    Campaign,
    CampaignChunk,
    CampaignKind,
    CampaignMedia,
    CampaignSeal,
    CampaignState,
)
from whatstr.campaigns.outlook import hours_of
from whatstr.campaigns.pacing import LATE_LIMIT_MINUTES, LATE_LIMITS
from whatstr.campaigns.services import move, own_campaign
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import Conflict, InvalidInput, NotFound
from whatstr.core.statemachine import IllegalTransition
from whatstr.lines.services import own_line

RESEAL = "sender_key_gone"
"""The reason of a hold that a new header lifts."""


@dataclass(frozen=True)
class Launch:
    """What the browser says of a campaign in clear, and what it sealed."""

    id: uuid.UUID
    line_id: uuid.UUID
    kind: CampaignKind
    rows: int
    chunks: int
    media: Sequence[int]
    due_at: datetime | None
    expires_at: datetime
    kid: int
    header: bytes
    jk_wrap: bytes
    record: bytes
    late_limit_minutes: int = LATE_LIMIT_MINUTES
    resend_of: uuid.UUID | None = None


def create_campaign(
    *,
    actor: Actor,
    organization_id: uuid.UUID,
    launch: Launch,
    statement_version: str,
    language: str,
) -> tuple[Campaign, bool]:
    """Open a campaign for upload; (campaign, whether it is new). The same id again returns it: a
    lost answer does no harm. Raises Conflict where the id stands for another launch."""
    now = clock.now()
    policies.check_shape(rows=launch.rows, chunks=launch.chunks)
    due_at = launch.due_at or now
    policies.check_times(now=now, due_at=due_at, expires_at=launch.expires_at)
    if any(not 1 <= pieces <= policies.MAX_MEDIA_PIECES for pieces in launch.media):
        raise InvalidInput("media", "out_of_range", maximum=policies.MAX_MEDIA_PIECES)
    own_line(organization_id, launch.line_id)
    made = (
        session()
        .execute(
            insert(Campaign)
            .values(
                id=launch.id,
                organization_id=organization_id,
                line_id=launch.line_id,
                member_id=actor.id,
                kind=launch.kind,
                state=CampaignState.UPLOADING,
                rows=launch.rows,
                chunks=launch.chunks,
                media=list(launch.media),
                due_at=due_at,
                expires_at=launch.expires_at,
                late_after=_late_after(organization_id, launch),
                jk_wrap=launch.jk_wrap,
                record=launch.record,
                resend_of=launch.resend_of,
                created_at=now,
                state_changed_at=now,
            )
            .on_conflict_do_nothing()
            .returning(Campaign.id)
        )
        .first()
    )
    found = own_campaign(organization_id, launch.id)
    if made is None:
        if _sealed_as(found) != (launch.rows, launch.chunks, launch.line_id, launch.jk_wrap):
            raise Conflict("campaign")
        return found, False
    if launch.resend_of is not None:
        second_attempts.claim(
            organization_id=organization_id, original_id=launch.resend_of, attempt=found
        )
    session().add(CampaignSeal(campaign_id=launch.id, kid=launch.kid, header=launch.header))
    documents.accept(
        actor=actor,
        organization_id=organization_id,
        member_id=_member(actor),
        name=documents.DocumentName.LAUNCH,
        version=statement_version,
        context="launch",
        context_id=launch.id,
        language=language,
    )
    return found, True


def _late_after(organization_id: uuid.UUID, launch: Launch) -> datetime | None:
    """Until when a scheduled campaign may begin by itself: counted from the first moment that its
    window allows. One that is to start at once needs no such limit: its customer is there."""
    low, high = LATE_LIMITS
    if not low <= launch.late_limit_minutes <= high:
        raise InvalidInput("late_limit_minutes", "out_of_range", minimum=low, maximum=high)
    if launch.due_at is None:
        return None
    window = hours_of([organization_id])[organization_id].of(launch.kind)
    starts = window.next_open(launch.due_at) if window else launch.due_at
    return starts + timedelta(minutes=launch.late_limit_minutes)


def _sealed_as(campaign: Campaign) -> tuple[int, int, uuid.UUID, bytes]:
    """What must agree before parts sealed elsewhere may join an upload: one key, one shape."""
    return campaign.rows, campaign.chunks, campaign.line_id, campaign.jk_wrap


def _member(actor: Actor) -> uuid.UUID:
    if actor.id is None:
        raise TypeError("a campaign is launched by a member")
    return actor.id


def reseal_campaign(
    *,
    actor: Actor,
    organization_id: uuid.UUID,
    campaign_id: uuid.UUID,
    kid: int,
    header: bytes,
) -> Campaign:
    """Another header for the same campaign, when the key that the first was sealed to is gone; it
    goes on by itself (vault design, 22). Raises IllegalTransition in any other state."""
    found = own_campaign(organization_id, campaign_id, lock=True)
    if found.state is not CampaignState.HELD or found.reason_code != RESEAL:
        raise IllegalTransition("reseal", before=str(found.state))
    _check_sender(organization_id, actor, found)
    session().execute(sa.delete(CampaignSeal).where(CampaignSeal.campaign_id == campaign_id))
    session().add(CampaignSeal(campaign_id=campaign_id, kid=kid, header=header))
    move(found, CampaignState.QUEUED)
    found.reason_code = None
    record(
        actor=actor,
        verb="campaign.resealed",
        subject_kind="campaign",
        subject_id=campaign_id,
        organization_id=organization_id,
        detail={"kid": kid},
    )
    return found


def put_chunk(*, organization_id: uuid.UUID, campaign_id: uuid.UUID, no: int, data: bytes) -> None:
    """Store one sealed chunk of a campaign that is being uploaded. Idempotent."""
    found = _uploading(organization_id, campaign_id)
    if not 0 <= no < found.chunks:
        raise InvalidInput("chunk", "out_of_range")
    if len(data) > policies.MAX_CHUNK_BYTES:
        raise InvalidInput("chunk", "too_large", maximum=policies.MAX_CHUNK_BYTES)
    session().execute(
        insert(CampaignChunk)
        .values(campaign_id=campaign_id, no=no, data=data)
        .on_conflict_do_nothing()
    )


def put_media(
    *, organization_id: uuid.UUID, campaign_id: uuid.UUID, no: int, piece: int, data: bytes
) -> None:
    """Store one sealed piece of a header's file. Idempotent."""
    found = _uploading(organization_id, campaign_id)
    if not (0 <= no < len(found.media) and 0 <= piece < found.media[no]):
        raise InvalidInput("media", "out_of_range")
    if len(data) > policies.MEDIA_PIECE_BYTES:
        raise InvalidInput("media", "too_large", maximum=policies.MEDIA_PIECE_BYTES)
    session().execute(
        insert(CampaignMedia)
        .values(campaign_id=campaign_id, no=no, piece=piece, data=data)
        .on_conflict_do_nothing()
    )


def _uploading(organization_id: uuid.UUID, campaign_id: uuid.UUID) -> Campaign:
    """The campaign while it takes parts; neither commit nor cancel overtakes the one in hand."""
    found = session().scalar(
        sa.select(Campaign)
        .where(Campaign.id == campaign_id, Campaign.organization_id == organization_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("campaign")
    if found.state is not CampaignState.UPLOADING:
        raise IllegalTransition("upload", before=str(found.state))
    return found


def commit_campaign(
    *, actor: Actor, organization_id: uuid.UUID, campaign_id: uuid.UUID
) -> Campaign:
    """Take a whole upload in: check the parts, reserve the credits, queue or schedule it.

    Repeating it after success returns the campaign. Raises ChunksMissing, InsufficientCredits,
    LineNotReady, OrganizationSuspended, EmailUnconfirmed; then nothing has changed.
    """
    found = own_campaign(organization_id, campaign_id, lock=True)
    if found.committed_at is not None:
        return found
    CAMPAIGN_MACHINE.check(found.state, CampaignState.QUEUED)
    now = clock.now()
    if found.expires_at <= now:
        raise InvalidInput("expires_at", "in_the_past")
    _check_sender(organization_id, actor, found)
    _check_whole(found)
    ledger.reserve(organization_id=organization_id, campaign_id=campaign_id, amount=found.rows)
    after = CampaignState.SCHEDULED if found.due_at > now else CampaignState.QUEUED
    found.committed_at = now
    move(found, after)
    record(
        actor=actor,
        verb="campaign.launched",
        subject_kind="campaign",
        subject_id=campaign_id,
        organization_id=organization_id,
        detail={"rows": found.rows, "kind": found.kind, "state": after},
    )
    return found


def _check_sender(organization_id: uuid.UUID, actor: Actor, campaign: Campaign) -> None:
    organization = session().get_one(Organization, organization_id)
    line = own_line(organization_id, campaign.line_id)
    policies.check_may_send(organization=organization.state, line=line.state)
    confirmed = session().scalar(sa.select(Member.email_confirmed_at).where(Member.id == actor.id))
    if confirmed is None:
        raise policies.EmailUnconfirmed(str(campaign.id))


def _check_whole(campaign: Campaign) -> None:
    stored = session().scalars(
        sa.select(CampaignChunk.no).where(CampaignChunk.campaign_id == campaign.id)
    )
    missing_chunks([(no, 0) for no in range(campaign.chunks)], [(no, 0) for no in stored])
    pieces = session().execute(
        sa.select(CampaignMedia.no, CampaignMedia.piece).where(
            CampaignMedia.campaign_id == campaign.id
        )
    )
    wanted = [(no, piece) for no, count in enumerate(campaign.media) for piece in range(count)]
    missing_chunks(wanted, [(no, piece) for no, piece in pieces])
