"""Inviting people: the link's secret opens the account's key, and the server never sees it.

The inviter hands the link on himself, so no public key is taken on the server's word (vault design,
section 5). The secret also proves, under a key of its own, that whoever accepts holds the link.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import undefer_group

from whatstr.accounts.enrolment import (
    PREFERENCES,
    EmailTaken,
    Origin,
    PasswordKeys,
    RecoveryKeys,
    set_password,
)
from whatstr.accounts.events import EventKind, record_event
from whatstr.accounts.links import Purpose, send_link
from whatstr.accounts.member_models import Invitation
from whatstr.accounts.models import Member, MemberRole, Organization
from whatstr.accounts.notices import tell_joined
from whatstr.accounts.permissions import VAULT_ROLES
from whatstr.accounts.proofs import proof_hash, proof_matches
from whatstr.accounts.sessions import SIGNED_IN_STATES, SignedIn
from whatstr.accounts.signin import Unlocked, unlock
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.crypto import matches, norm_email
from whatstr.core.db import session
from whatstr.core.errors import Conflict, DomainError, InvalidInput, NotFound

LIFE = timedelta(days=7)
MOST_OPEN = 20


class InvitationInvalid(DomainError):
    """The link is unknown, used, withdrawn or too old, or its secret is wrong."""

    code = "invitation_invalid"


class TooManyInvitations(DomainError):
    """Some of the open invitations have to be withdrawn first."""

    code = "too_many_invitations"


@dataclass(frozen=True)
class Opened:
    """What the invited person's browser needs."""

    organization_id: uuid.UUID
    organization_name: str
    role: MemberRole
    key_version: int
    box: bytes | None
    expires_at: datetime


@dataclass(frozen=True)
class Person:
    """What the invited person says of himself; staff tier, normalised (`policies`)."""

    name: str
    email: str
    phone: str | None


def invite(
    *,
    actor: Actor,
    signed_in: SignedIn,
    invitation_id: uuid.UUID,
    role: MemberRole,
    proof: bytes,
    box: bytes | None,
    key_version: int,
    label: str,
    pepper: bytes,
) -> datetime:
    """Keep an invitation; gives the moment it ends. A role with the vault needs the Box of the
    account's present key: raises Conflict when that has changed."""
    owner = signed_in.organization_id
    if (box is not None) is not (role in VAULT_ROLES):
        raise InvalidInput("box", "missing" if box is None else "not_a_choice")
    if key_version != signed_in.key_version:
        raise Conflict("key", version=signed_in.key_version)
    now = clock.now()
    waiting = sa.select(sa.func.count()).select_from(Invitation)
    waiting = waiting.where(Invitation.organization_id == owner, Invitation.expires_at > now)
    if (session().scalar(waiting) or 0) >= MOST_OPEN:
        raise TooManyInvitations()
    made = Invitation(
        id=invitation_id,
        organization_id=owner,
        invited_by=signed_in.member_id,
        role=role,
        proof_hash=proof_hash(pepper, proof),
        key_version=key_version,
        box=box,
        created_at=now,
        expires_at=now + LIFE,
    )
    made.label = label
    session().add(made)
    session().flush()
    record(
        actor=actor,
        verb="member.invited",
        subject_kind="invitation",
        subject_id=invitation_id,
        organization_id=owner,
        detail={"role": role},
    )
    return made.expires_at


def withdraw(*, actor: Actor, organization_id: uuid.UUID, invitation_id: uuid.UUID) -> None:
    """Take an invitation back. Raises NotFound, also for one that was just used."""
    gone = session().execute(
        sa.delete(Invitation)
        .where(Invitation.id == invitation_id, Invitation.organization_id == organization_id)
        .execution_options(synchronize_session=False)
    )
    if not gone.rowcount:  # type: ignore[attr-defined]
        raise NotFound("invitation")
    record(
        actor=actor,
        verb="member.invitation_withdrawn",
        subject_kind="invitation",
        subject_id=invitation_id,
        organization_id=organization_id,
    )


def open_invitation(*, invitation_id: uuid.UUID, proof: bytes, pepper: bytes) -> Opened:
    """What the link offers. Raises InvitationInvalid; nothing is spent."""
    found = _proved(invitation_id, proof, pepper)
    organization = _organization(found.organization_id)
    return Opened(
        organization_id=found.organization_id,
        organization_name=organization.name,
        role=found.role,
        key_version=found.key_version,
        box=found.box,
        expires_at=found.expires_at,
    )


def accept_invitation(
    *,
    invitation_id: uuid.UUID,
    proof: bytes,
    member_id: uuid.UUID,
    person: Person,
    password: PasswordKeys,
    recovery: RecoveryKeys,
    wrap_org: bytes | None,
    member_pk: bytes,
    language: str,
    origin: Origin,
    pepper: bytes,
    web_url: str,
) -> Unlocked:
    """Make the member and spend the link at once. Raises InvitationInvalid, EmailTaken."""
    found = _proved(invitation_id, proof, pepper)
    organization = _organization(found.organization_id)
    if (wrap_org is not None) is not (found.role in VAULT_ROLES):
        raise InvalidInput("wrap_org", "missing" if wrap_org is None else "not_a_choice")
    if found.key_version != organization.key_version:
        raise InvitationInvalid()
    # Deleting is the lock: of two that accept at once only one finds the row.
    gone = session().execute(
        sa.delete(Invitation)
        .where(Invitation.id == invitation_id)
        .execution_options(synchronize_session=False)
    )
    if not gone.rowcount:  # type: ignore[attr-defined]
        raise InvitationInvalid()
    member = _new_member(found, member_id, person, language)
    member.recovery_hash = proof_hash(pepper, recovery.rauth)
    member.wrap_recovery = recovery.wrap_rec
    member.wrap_organization = wrap_org
    member.member_pk = member_pk
    set_password(member, password, pepper)
    _insert(member)
    record_event(
        kind=EventKind.SIGN_UP,
        address=origin.address,
        browser=origin.browser,
        organization_id=found.organization_id,
        member_id=member_id,
    )
    record(
        actor=Actor(ActorKind.MEMBER, member_id, origin.address),
        verb="member.joined",
        subject_kind="member",
        subject_id=member_id,
        organization_id=found.organization_id,
        detail={"role": found.role, "invitation": invitation_id.hex},
    )
    send_link(member=member, purpose=Purpose.CONFIRM, web_url=web_url)
    inviter = session().get(Member, found.invited_by, options=[undefer_group("pii")])
    if inviter is not None and inviter.email:
        tell_joined(inviter, name=person.name)
    return unlock(member, origin)


def _proved(invitation_id: uuid.UUID, proof: bytes, pepper: bytes) -> Invitation:
    found = session().scalar(
        sa.select(Invitation)
        .where(Invitation.id == invitation_id, Invitation.expires_at > clock.now())
        .execution_options(populate_existing=True)
    )
    if found is None or not proof_matches(pepper, proof, found.proof_hash):
        raise InvitationInvalid()
    return found


def _organization(organization_id: uuid.UUID) -> Organization:
    found = session().get_one(Organization, organization_id, options=[undefer_group("pii")])
    if found.state not in SIGNED_IN_STATES:
        raise InvitationInvalid()
    return found


def _new_member(
    invitation: Invitation, member_id: uuid.UUID, person: Person, language: str
) -> Member:
    taken = sa.select(Member.id).where(
        matches(Member.email_ix, "member.email", norm_email(person.email))
    )
    if session().scalar(taken) is not None:
        raise EmailTaken()
    member = Member(
        id=member_id,
        organization_id=invitation.organization_id,
        role=invitation.role,
        language=language,
        created_at=clock.now(),
        preferences=dict(PREFERENCES),
        key_version=invitation.key_version,
    )
    member.name, member.email, member.phone = person.name, person.email, person.phone
    return member


def _insert(member: Member) -> None:
    try:
        with session().begin_nested():
            session().add(member)
            session().flush()
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", "") or ""
        if "email_ix" in constraint:
            raise EmailTaken() from None
        raise InvalidInput("member", "id_taken") from None
