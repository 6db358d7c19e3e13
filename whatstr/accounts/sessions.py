"""Signed-in browsers of members: random cookie, only its hash stored, ended at once on demand."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from whatstr.accounts.models import (
    Member,
    MemberRole,
    MemberSession,
    MemberState,
    Organization,
    OrganizationState,
)
from whatstr.core import clock
from whatstr.core.crypto import RowBindingError
from whatstr.core.db import session
from whatstr.core.errors import NotFound

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
_SEEN_STEP = timedelta(seconds=60)
_BROWSER_LENGTH = 400
TOKEN_SIZE = 32
SIGNED_IN_STATES = (OrganizationState.ACTIVE, OrganizationState.SUSPENDED)


@dataclass(frozen=True)
class SignedIn:
    """Who makes the current request. Nothing personal: names and addresses are read where needed.

    Flask-Login's idea of a user, too.
    """

    member_id: uuid.UUID
    organization_id: uuid.UUID
    role: MemberRole
    session_id: uuid.UUID
    language: str
    email_confirmed: bool
    organization_state: OrganizationState
    key_version: int
    seen_lately: bool = True

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        return self.member_id.hex


@dataclass(frozen=True)
class NewSession:
    """A session just started: the cookie's value leaves once, `half` goes to the browser."""

    id: uuid.UUID
    token: str
    half: bytes


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def start_session(*, member: Member, browser: str = "") -> NewSession:
    """Sign a browser in. `half` opens what the browser kept of its member key (vault design, 6);
    `browser`, what it calls itself, is shown to the member beside the session."""
    token, half, now = secrets.token_urlsafe(TOKEN_SIZE), secrets.token_bytes(32), clock.now()
    row = MemberSession(
        token_hash=_hash(token),
        member_id=member.id,
        organization_id=member.organization_id,
        created_at=now,
        seen_at=now,
        expires_at=now + LONGEST,
    )
    row.half = half.hex()
    row.browser = browser[:_BROWSER_LENGTH] or None
    session().add(row)
    session().flush()
    return NewSession(row.id, token, half)


def find_session(token: str) -> SignedIn | None:
    """The member behind a cookie, or None: unknown, revoked, over, idle, removed or closed."""
    now = clock.now()
    row = (
        session()
        .execute(
            sa.select(
                MemberSession.id,
                Member.id,
                Member.organization_id,
                Member.role,
                Member.language,
                Member.email_confirmed_at,
                Organization.state,
                Organization.key_version,
                MemberSession.seen_at,
            )
            .join(Member, Member.id == MemberSession.member_id)
            .join(Organization, Organization.id == Member.organization_id)
            .where(
                MemberSession.token_hash == _hash(token),
                MemberSession.revoked_at.is_(None),
                MemberSession.expires_at > now,
                MemberSession.seen_at > now - IDLE,
                Member.state == MemberState.ACTIVE,
                Organization.state.in_(SIGNED_IN_STATES),
            )
        )
        .first()
    )
    if row is None:
        return None
    session_id, member_id, organization_id, role, language, confirmed_at = row[:6]
    state, key_version, seen_at = row[6:]
    return SignedIn(
        member_id=member_id,
        organization_id=organization_id,
        role=role,
        session_id=session_id,
        language=language,
        email_confirmed=confirmed_at is not None,
        organization_state=state,
        key_version=key_version,
        seen_lately=seen_at > now - _SEEN_STEP,
    )


def touch_session(session_id: uuid.UUID) -> None:
    """Note that the session is in use; callers do so once a minute at most (`seen_lately`)."""
    now = clock.now()
    session().execute(
        sa.update(MemberSession)
        .where(MemberSession.id == session_id, MemberSession.seen_at < now - _SEEN_STEP)
        .values(seen_at=now)
    )


def session_half(session_id: uuid.UUID) -> bytes:
    """The server's half of what keeps a vault open from page to page."""
    row = (
        session()
        .scalars(
            sa.select(MemberSession)
            .where(MemberSession.id == session_id)
            .options(undefer_group("pii"))
        )
        .one()
    )
    if row.half is None:
        raise RowBindingError("half")
    return bytes.fromhex(row.half)


def live_sessions(member_id: uuid.UUID) -> Sequence[MemberSession]:
    """The member's signed-in browsers, newest first, with what each calls itself."""
    now = clock.now()
    return (
        session()
        .scalars(
            sa.select(MemberSession)
            .where(
                MemberSession.member_id == member_id,
                MemberSession.revoked_at.is_(None),
                MemberSession.expires_at > now,
                MemberSession.seen_at > now - IDLE,
            )
            .options(undefer_group("pii"))
            .order_by(MemberSession.created_at.desc())
        )
        .all()
    )


def revoke_own_session(*, member_id: uuid.UUID, session_id: uuid.UUID) -> None:
    """End one of the member's own sessions; one that is over already is no error. Raises NotFound
    for anybody else's."""
    owner = session().scalar(
        sa.select(MemberSession.member_id).where(MemberSession.id == session_id)
    )
    if owner != member_id:
        raise NotFound("session")
    revoke_session(session_id)


def revoke_organization(*, organization_id: uuid.UUID, keep: uuid.UUID | None = None) -> int:
    """End every session of an organization but one."""
    query = sa.update(MemberSession).where(
        MemberSession.organization_id == organization_id, MemberSession.revoked_at.is_(None)
    )
    if keep is not None:
        query = query.where(MemberSession.id != keep)
    done = session().execute(query.values(revoked_at=clock.now()))
    return int(done.rowcount)  # type: ignore[attr-defined]


def revoke_session(session_id: uuid.UUID) -> None:
    """End one session at once."""
    session().execute(
        sa.update(MemberSession)
        .where(MemberSession.id == session_id, MemberSession.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def revoke_sessions(*, member_id: uuid.UUID, keep: uuid.UUID | None = None) -> int:
    """End every session of a member but one; what other tabs kept of the vault is dead with it."""
    query = sa.update(MemberSession).where(
        MemberSession.member_id == member_id, MemberSession.revoked_at.is_(None)
    )
    if keep is not None:
        query = query.where(MemberSession.id != keep)
    done = session().execute(query.values(revoked_at=clock.now()))
    return int(done.rowcount)  # type: ignore[attr-defined]
