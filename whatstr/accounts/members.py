"""The people of an organization: who they are, what they may do, and taking access away."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from whatstr.accounts.member_models import Invitation
from whatstr.accounts.models import (
    EmailToken,
    Member,
    MemberRole,
    MemberSession,
    MemberState,
    Organization,
)
from whatstr.accounts.permissions import VAULT_ROLES
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import DomainError, NotFound


class LastOwner(DomainError):
    """The organization would be left without an owner."""

    code = "last_owner"


class OwnRemoval(DomainError):
    """Members do not remove themselves; another owner does."""

    code = "own_removal"


class RoleNeedsKey(DomainError):
    """The role holds the account's key and this member has none, or the other way round: remove
    and invite anew."""

    code = "role_needs_key"


@dataclass(frozen=True)
class MemberRow:
    """A member, personal columns loaded; `holds_key`: has a wrap of the account's key."""

    member: Member
    holds_key: bool


def members_of(organization_id: uuid.UUID) -> list[MemberRow]:
    """Active members, longest-standing first."""
    rows = session().execute(
        sa.select(Member, Member.wrap_organization.is_not(None))
        .where(Member.organization_id == organization_id, Member.state == MemberState.ACTIVE)
        .options(undefer_group("pii"))
        .order_by(Member.created_at, Member.id)
    )
    return [MemberRow(member, holds) for member, holds in rows]


def invitations_of(organization_id: uuid.UUID) -> Sequence[Invitation]:
    """Open invitations with their labels, newest first."""
    return (
        session()
        .scalars(
            sa.select(Invitation)
            .where(
                Invitation.organization_id == organization_id,
                Invitation.expires_at > clock.now(),
            )
            .options(undefer_group("pii"))
            .order_by(Invitation.created_at.desc())
        )
        .all()
    )


def lock_organization(organization_id: uuid.UUID) -> Organization:
    """The organization, as it stands once nobody else changes its members or its key."""
    return (
        session()
        .scalars(
            sa.select(Organization)
            .where(Organization.id == organization_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        .one()
    )


def change_role(
    *, actor: Actor, organization_id: uuid.UUID, member_id: uuid.UUID, role: MemberRole
) -> Member:
    """Give a member another role. Raises LastOwner, and RoleNeedsKey where a key would have to be
    given or taken away."""
    lock_organization(organization_id)
    found = _active(organization_id, member_id)
    if found.role is role:
        return found
    if (found.role in VAULT_ROLES) is not (role in VAULT_ROLES):
        raise RoleNeedsKey()
    if found.role is MemberRole.OWNER:
        _another_owner(organization_id, member_id)
    before, found.role = found.role, role
    session().flush()
    record(
        actor=actor,
        verb="member.role_changed",
        subject_kind="member",
        subject_id=member_id,
        organization_id=organization_id,
        detail={"before": before, "after": role},
    )
    return found


def remove_member(*, actor: Actor, organization_id: uuid.UUID, member_id: uuid.UUID) -> bool:
    """Take a member's wraps, sessions and open links away; the address is free for a new
    invitation. True when the member held the account's key, which is then due for a change.
    Raises LastOwner, OwnRemoval, NotFound."""
    organization = lock_organization(organization_id)
    found = _active(organization_id, member_id)
    if actor.id == member_id:
        raise OwnRemoval()
    if found.role is MemberRole.OWNER:
        _another_owner(organization_id, member_id)
    held = found.role in VAULT_ROLES
    shut_out(found)
    found.state = MemberState.REMOVED
    if held:
        organization.rekey_due_at = clock.now()
    # What the removed member invited would bring the old key along.
    session().execute(
        sa.delete(Invitation)
        .where(Invitation.invited_by == member_id)
        .execution_options(synchronize_session=False)
    )
    session().flush()
    record(
        actor=actor,
        verb="member.removed",
        subject_kind="member",
        subject_id=member_id,
        organization_id=organization_id,
        detail={"role": found.role},
    )
    return held


def shut_out(member: Member) -> None:
    """Leave nothing in the row that could open the vault or a session, and no link that works."""
    member.wrap_pw = None
    member.wrap_recovery = member.auth_hash = member.recovery_hash = b""
    member.wrap_organization = None
    member.totp = None
    member.email_ix = None
    session().execute(
        sa.delete(MemberSession)
        .where(MemberSession.member_id == member.id)
        .execution_options(synchronize_session=False)
    )
    session().execute(
        sa.update(EmailToken)
        .where(EmailToken.member_id == member.id, EmailToken.used_at.is_(None))
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _active(organization_id: uuid.UUID, member_id: uuid.UUID) -> Member:
    found = session().scalar(
        sa.select(Member)
        .where(
            Member.id == member_id,
            Member.organization_id == organization_id,
            Member.state == MemberState.ACTIVE,
        )
        .options(undefer_group("pii"))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("member")
    return found


def _another_owner(organization_id: uuid.UUID, member_id: uuid.UUID) -> None:
    """Raise LastOwner unless an owner remains who can open the vault."""
    others = session().scalar(
        sa.select(sa.func.count())
        .select_from(Member)
        .where(
            Member.organization_id == organization_id,
            Member.id != member_id,
            Member.role == MemberRole.OWNER,
            Member.state == MemberState.ACTIVE,
            Member.wrap_organization.is_not(None),
        )
    )
    if not others:
        raise LastOwner()
