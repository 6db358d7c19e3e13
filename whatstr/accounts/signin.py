"""Sign-in and change of password: the browser proves the password, the server never sees it."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import undefer, undefer_group

from whatstr.accounts.authenticator import take_code
from whatstr.accounts.enrolment import Origin, PasswordKeys, password_wrap, set_password
from whatstr.accounts.events import EventKind, Outcome, record_event
from whatstr.accounts.models import Member, MemberRole, MemberState, Organization
from whatstr.accounts.notices import tell_password_changed
from whatstr.accounts.proofs import DEFAULT_KDF, proof_matches, unknown_salt
from whatstr.accounts.sessions import (
    SIGNED_IN_STATES,
    NewSession,
    SignedIn,
    revoke_sessions,
    start_session,
)
from whatstr.audit.services import Actor, record
from whatstr.core.crypto import matches, norm_email
from whatstr.core.db import session
from whatstr.core.errors import DomainError

_NOBODY = secrets.token_bytes(32)


class WrongCredentials(DomainError):
    """Address or password is wrong; which of the two is not said."""

    code = "wrong_credentials"
    status = 401


class WrongPassword(DomainError):
    """The present password of a signed-in member is wrong."""

    code = "wrong_password"


class CodeNeeded(DomainError):
    """The password is right; the code of the member's authenticator is wanted, too."""

    code = "code_needed"
    status = 401


class CodeWrong(DomainError):
    """The authenticator shows another code, or this one was used."""

    code = "code_wrong"
    status = 401


class Refusal(StrEnum):
    """Why nobody was signed in."""

    CREDENTIALS = "credentials"
    CODE_NEEDED = "code_needed"
    CODE_WRONG = "code_wrong"


REFUSALS: Mapping[Refusal, type[DomainError]] = {
    Refusal.CREDENTIALS: WrongCredentials,
    Refusal.CODE_NEEDED: CodeNeeded,
    Refusal.CODE_WRONG: CodeWrong,
}


@dataclass(frozen=True)
class Hashing:
    """How a password becomes a key: what `prelogin` answers."""

    kdf: str
    salt: bytes


@dataclass(frozen=True)
class Unlocked:
    """What a browser needs to open its vault after sign-in, and its new session."""

    organization_id: uuid.UUID
    member_id: uuid.UUID
    role: MemberRole
    key_version: int
    kdf: str
    salt: bytes
    wrap_pw: bytes
    wrap_org: bytes | None
    language: str
    session: NewSession


@dataclass(frozen=True)
class OrganizationWrap:
    """The account's key as this member's own key opens it."""

    key_version: int
    wrap_org: bytes | None


def hashing_for(*, email: str, pepper: bytes) -> Hashing:
    """How to hash this address's password. An unknown address gets an answer of the same shape,
    from the same work, and the same one each time."""
    member = find_member(email)
    made_up = unknown_salt(pepper, email)
    if member is None:
        return Hashing(DEFAULT_KDF, made_up)
    return Hashing(member.kdf, member.salt)


def sign_in(
    *, email: str, auth: bytes, totp: str | None, origin: Origin, pepper: bytes
) -> Unlocked | Refusal:
    """Start a session, or say why not. Writes a login event either way, so the caller commits in
    both cases; that a code is wanted is told only after the right password."""
    member = find_member(email)
    right = proof_matches(pepper, auth, member.auth_hash if member is not None else _NOBODY)
    refusal = Refusal.CREDENTIALS if not right or member is None else _code(member, totp)
    good = refusal is None
    record_event(
        kind=EventKind.SIGN_IN,
        outcome=Outcome.OK if good else Outcome.FAILED,
        address=origin.address,
        browser=origin.browser,
        organization_id=member.organization_id if member is not None else None,
        member_id=member.id if member is not None else None,
    )
    if refusal is not None:
        return refusal
    assert member is not None  # noqa: S101 - for the type checker
    return unlock(member, origin)


def _code(member: Member, typed: str | None) -> Refusal | None:
    if member.totp is None:
        return None
    if not typed:
        return Refusal.CODE_NEEDED
    return None if take_code(member, typed) else Refusal.CODE_WRONG


def unlock(member: Member, origin: Origin) -> Unlocked:
    """A new session with everything the browser needs. `member` has all its columns loaded."""
    return Unlocked(
        organization_id=member.organization_id,
        member_id=member.id,
        role=member.role,
        key_version=member.key_version,
        kdf=member.kdf,
        salt=member.salt,
        wrap_pw=password_wrap(member),
        wrap_org=member.wrap_organization,
        language=member.language,
        session=start_session(member=member, browser=origin.browser),
    )


def organization_wrap(member_id: uuid.UUID) -> OrganizationWrap:
    version, wrap = (
        session()
        .execute(
            sa.select(Member.key_version, Member.wrap_organization).where(Member.id == member_id)
        )
        .one()
    )
    return OrganizationWrap(version, wrap)


def change_password(
    *,
    actor: Actor,
    signed_in: SignedIn,
    old_auth: bytes,
    keys: PasswordKeys,
    origin: Origin,
    pepper: bytes,
) -> bool:
    """Replace kdf, salt, proof and wrap at once; every other session ends. False when the old
    password is wrong; the event is written either way, so the caller commits in both cases."""
    member = load_active(Member.id == signed_in.member_id)
    good = member is not None and proof_matches(pepper, old_auth, member.auth_hash)
    record_event(
        kind=EventKind.PASSWORD,
        outcome=Outcome.OK if good else Outcome.FAILED,
        address=origin.address,
        browser=origin.browser,
        organization_id=signed_in.organization_id,
        member_id=signed_in.member_id,
    )
    if not good or member is None:
        return False
    set_password(member, keys, pepper)
    session().flush()
    ended = revoke_sessions(member_id=member.id, keep=signed_in.session_id)
    record(
        actor=actor,
        verb="member.password_changed",
        subject_kind="member",
        subject_id=member.id,
        organization_id=member.organization_id,
        detail={"sessions_ended": ended},
    )
    tell_password_changed(member)
    return True


def find_member(email: str) -> Member | None:
    """The active member with this address, all columns loaded, or None."""
    return load_active(matches(Member.email_ix, "member.email", norm_email(email)))


def load_active(condition: sa.ColumnElement[bool]) -> Member | None:
    """The active member of an open organization, all columns loaded, or None."""
    return (
        session()
        .scalars(
            sa.select(Member)
            .join(Organization, Organization.id == Member.organization_id)
            .where(
                condition,
                Member.state == MemberState.ACTIVE,
                Organization.state.in_(SIGNED_IN_STATES),
            )
            .options(
                undefer_group("pii"),
                undefer(Member.auth_hash),
                undefer(Member.recovery_hash),
                undefer(Member.wrap_recovery),
                undefer(Member.wrap_organization),
            )
            .execution_options(populate_existing=True)
        )
        .one_or_none()
    )
