"""Taking everything of a vault away: after a reset, or with the whole account.

Stands here because lists, campaigns, records and members are all touched at once.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from whatstr.accounts import reset_notices, resets
from whatstr.accounts.enrolment import Origin, PasswordKeys, RecoveryKeys, set_password
from whatstr.accounts.events import EventKind, Outcome, record_event
from whatstr.accounts.member_models import Invitation, VaultReset
from whatstr.accounts.members import lock_organization, shut_out
from whatstr.accounts.models import (
    ORGANIZATION_MACHINE,
    Member,
    MemberState,
    Organization,
    OrganizationState,
)
from whatstr.accounts.proofs import proof_hash, proof_matches
from whatstr.accounts.sessions import SignedIn, revoke_organization
from whatstr.accounts.signin import Unlocked, load_active, unlock
from whatstr.audiences.models import ContactList
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor, record
from whatstr.campaigns.models import (
    OVER_STATES,
    Campaign,
    CampaignChunk,
    CampaignMedia,
    CampaignSeal,
)
from whatstr.campaigns.services import cancel_campaign
from whatstr.core import clock
from whatstr.core.db import notify, session
from whatstr.lines.models import Line
from whatstr.support.retention import forget_threads
from whatstr.vault.models import Notice, SenderRequest, VaultRecord
from whatstr.vault.rekey_models import NextKey, Rekey

DEPARTED = "whatstr_sender"
"""The channel on which the sender hears that there is something to do."""


@dataclass(frozen=True)
class NewVault:
    """What the browser made for the vault that takes the place of the old one."""

    password: PasswordKeys
    recovery: RecoveryKeys
    wrap_org: bytes
    member_pk: bytes


def finish_reset(
    *, token: str, made: NewVault, key_version: int, origin: Origin, pepper: bytes
) -> Unlocked | None:
    """Empty the vault and put a new one in its place, once the wait is over. None when the account
    has another key version meanwhile: the browser asks again. Raises LinkInvalid, ResetTooEarly,
    NotFound."""
    found, member = resets.ready(token)
    organization = lock_organization(member.organization_id)
    if key_version != organization.key_version + 1:
        return None
    actor = Actor(ActorKind.MEMBER, member.id, origin.address)
    resets.spend(token, found)
    empty_vault(actor=actor, organization_id=organization.id)
    organization.key_version = key_version
    organization.vault_reset_at = clock.now()
    organization.rekey_due_at = None
    session().execute(
        sa.update(Member)
        .where(Member.organization_id == organization.id, Member.id != member.id)
        .values(wrap_organization=None)
        .execution_options(synchronize_session=False)
    )
    set_password(member, made.password, pepper)
    member.recovery_hash = proof_hash(pepper, made.recovery.rauth)
    member.wrap_recovery = made.recovery.wrap_rec
    member.wrap_organization = made.wrap_org
    member.member_pk = made.member_pk
    member.key_version = key_version
    member.totp = None
    session().flush()
    revoke_organization(organization_id=organization.id)
    record(
        actor=actor,
        verb="vault.reset",
        subject_kind="organization",
        subject_id=organization.id,
        organization_id=organization.id,
        detail={"version": key_version},
    )
    return unlock(member, origin)


def delete_account(*, signed_in: SignedIn, auth: bytes, origin: Origin, pepper: bytes) -> bool:
    """Delete everything that is the customer's (vault design, section 12); what the law asks to
    keep stays. False for a wrong password; the event is written either way, so the caller commits
    in both cases. The sender does its part when it hears of it."""
    owner = load_active(Member.id == signed_in.member_id)
    good = owner is not None and proof_matches(pepper, auth, owner.auth_hash)
    record_event(
        kind=EventKind.DELETION,
        outcome=Outcome.OK if good else Outcome.FAILED,
        address=origin.address,
        browser=origin.browser,
        organization_id=signed_in.organization_id,
        member_id=signed_in.member_id,
    )
    if not good or owner is None:
        return False
    actor = Actor(ActorKind.MEMBER, owner.id, origin.address)
    organization = lock_organization(owner.organization_id)
    reset_notices.tell_deleted(owner)
    empty_vault(actor=actor, organization_id=organization.id)
    forget_threads(organization.id)
    for member in _members(organization.id):
        shut_out(member)
        member.state = MemberState.REMOVED
        member.name = member.email = ""
        member.phone = None
        member.email_ix = member.email_masked = None
    _blank(organization.id)
    ORGANIZATION_MACHINE.check(organization.state, OrganizationState.DELETED)
    organization.state = OrganizationState.DELETED
    organization.deleted_at = clock.now()
    session().flush()
    record(
        actor=actor,
        verb="organization.deleted",
        subject_kind="organization",
        subject_id=organization.id,
        organization_id=organization.id,
    )
    notify(DEPARTED)
    return True


def empty_vault(*, actor: Actor, organization_id: uuid.UUID) -> None:
    """Stop and shred every campaign, delete every list, record, notice and sealed request. Counts,
    credits and the marks of who opted out stay."""
    open_ones = session().scalars(
        sa.select(Campaign.id).where(
            Campaign.organization_id == organization_id, Campaign.state.not_in(OVER_STATES)
        )
    )
    for campaign_id in list(open_ones):
        cancel_campaign(actor=actor, organization_id=organization_id, campaign_id=campaign_id)
    mine = sa.select(Campaign.id).where(Campaign.organization_id == organization_id)
    for part in (CampaignSeal, CampaignChunk, CampaignMedia):
        _run(sa.delete(part).where(part.campaign_id.in_(mine)))
    _run(
        sa.update(Campaign)
        .where(Campaign.organization_id == organization_id)
        .values(jk_wrap=b"", record=b"")
    )
    for model in (
        ContactList, VaultRecord, Notice, SenderRequest, Invitation, NextKey, Rekey, VaultReset,
    ):  # fmt: skip
        _run(sa.delete(model).where(model.organization_id == organization_id))
    session().expire_all()


def _members(organization_id: uuid.UUID) -> list[Member]:
    return list(
        session().scalars(
            sa.select(Member)
            .where(Member.organization_id == organization_id)
            .options(undefer_group("pii"))
            .execution_options(populate_existing=True)
        )
    )


def _blank(organization_id: uuid.UUID) -> None:
    organization = session().get_one(
        Organization, organization_id, options=[undefer_group("pii")], populate_existing=True
    )
    organization.name = ""
    organization.name_ix = None
    organization.address = organization.website = None
    organization.tax_office = organization.tax_number = None
    lines = sa.select(Line).where(Line.organization_id == organization_id)
    for line in session().scalars(lines.options(undefer_group("pii"))):
        line.display_number = line.verified_name = None


def _run(statement: sa.Delete | sa.Update) -> None:
    session().execute(statement.execution_options(synchronize_session=False))
