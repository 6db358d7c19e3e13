"""People of WhatsTR: accounts, passwords (Argon2id) and sessions. The admin shell builds on it.

Rate limits are `whatstr.accounts.limits.Limits.staff_sign_in`, counted by the shell before
`verify_staff`; permissions are `whatstr.accounts.permissions.staff_permissions(user.roles)`.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import argon2
import sqlalchemy as sa
from sqlalchemy.orm import undefer

from whatstr.accounts.events import EventKind, Outcome, record_event
from whatstr.accounts.models import StaffRole, StaffSession, StaffState, StaffUser
from whatstr.accounts.permissions import StaffPermission, staff_permissions
from whatstr.accounts.policies import normal_email
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.crypto import matches, norm_email
from whatstr.core.db import session
from whatstr.core.errors import DomainError, InvalidInput

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=10)
STEP_UP = timedelta(minutes=15)
_SEEN_STEP = timedelta(seconds=60)
PASSWORD_MIN_LENGTH = 14
# RFC 9106 section 4, second recommended option: 64 MiB, 3 passes.
_HASHER = argon2.PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1)


class EmailTaken(DomainError):
    """Another member of staff has this address."""

    code = "staff_email_taken"
    status = 409


@dataclass(frozen=True)
class SignedInStaff:
    """Who makes the current request in the staff panel. Flask-Login's idea of a user, too."""

    staff_id: uuid.UUID
    session_id: uuid.UUID
    roles: tuple[StaffRole, ...]
    display_name: str
    language: str
    stepped_up_at: datetime | None

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        return self.staff_id.hex

    @property
    def permissions(self) -> frozenset[StaffPermission]:
        return staff_permissions(self.roles)

    def may(self, permission: StaffPermission) -> bool:
        return permission in self.permissions

    def stepped_up(self) -> bool:
        """Whether the second look is recent enough for money, suspension, roles and reveals."""
        return self.stepped_up_at is not None and clock.now() - self.stepped_up_at <= STEP_UP


@dataclass(frozen=True)
class NewStaffSession:
    """The cookie's value leaves once."""

    id: uuid.UUID
    token: str


def create_staff(
    *, actor: Actor, email: str, name: str, roles: Sequence[StaffRole], password: str
) -> StaffUser:
    """Add a person. Raises InvalidInput (email, password, roles) and EmailTaken."""
    address = normal_email(email)
    if len(password) < PASSWORD_MIN_LENGTH:
        raise InvalidInput("password", "too_short", min=PASSWORD_MIN_LENGTH)
    if not roles:
        raise InvalidInput("roles", "missing")
    if _by_email(address) is not None:
        raise EmailTaken()
    user = StaffUser(
        display_name=name,
        roles=sorted({str(role) for role in roles}),
        password_hash=_HASHER.hash(password),
        created_at=clock.now(),
    )
    user.email = address
    session().add(user)
    session().flush()
    record(
        actor=actor,
        verb="staff.created",
        subject_kind="staff_user",
        subject_id=user.id,
        detail={"roles": list(user.roles)},
    )
    return user


def set_staff_password(*, actor: Actor, staff_id: uuid.UUID, password: str) -> None:
    """Replace the password and end every session of the person."""
    if len(password) < PASSWORD_MIN_LENGTH:
        raise InvalidInput("password", "too_short", min=PASSWORD_MIN_LENGTH)
    user = session().get_one(StaffUser, staff_id)
    user.password_hash = _HASHER.hash(password)
    revoke_staff_sessions(staff_id=staff_id)
    record(actor=actor, verb="staff.password_set", subject_kind="staff_user", subject_id=staff_id)


def verify_staff(*, email: str, password: str, address: str, browser: str) -> StaffUser | None:
    """The person, if address and password are right and the account is not locked. Takes the same
    time for an unknown address. Writes a login event either way, so commit in both cases."""
    user = _by_email(norm_email(email))
    stored = user.password_hash if user is not None else _nobody()
    right = _matches(stored, password)
    good = right and user is not None and user.state is StaffState.ACTIVE
    record_event(
        kind=EventKind.STAFF_SIGN_IN,
        outcome=Outcome.OK if good else Outcome.FAILED,
        address=address,
        browser=browser,
        staff_id=user.id if user is not None else None,
    )
    if not good or user is None:
        return None
    if _HASHER.check_needs_rehash(stored):
        user.password_hash = _HASHER.hash(password)
    return user


def check_password(*, staff_id: uuid.UUID, password: str) -> bool:
    """Whether this is the person's password: the second look before what weighs."""
    user = session().get_one(StaffUser, staff_id, options=[undefer(StaffUser.password_hash)])
    return _matches(user.password_hash, password)


def start_staff_session(*, user: StaffUser) -> NewStaffSession:
    """Sign a browser in. The sign-in counts as the first step-up."""
    token, now = secrets.token_urlsafe(32), clock.now()
    row = StaffSession(
        id=uuid.uuid4(),
        token_hash=_hash(token),
        staff_id=user.id,
        created_at=now,
        seen_at=now,
        expires_at=now + LONGEST,
        stepped_up_at=now,
    )
    user.signed_in_at = now
    session().add(row)
    session().flush()
    return NewStaffSession(row.id, token)


def find_staff_session(token: str) -> SignedInStaff | None:
    """The person behind a cookie, or None: unknown, revoked, over, idle or locked."""
    now = clock.now()
    row = (
        session()
        .execute(
            sa.select(
                StaffSession.id,
                StaffSession.stepped_up_at,
                StaffUser.id,
                StaffUser.roles,
                StaffUser.display_name,
                StaffUser.language,
            )
            .join(StaffUser, StaffUser.id == StaffSession.staff_id)
            .where(
                StaffSession.token_hash == _hash(token),
                StaffSession.revoked_at.is_(None),
                StaffSession.expires_at > now,
                StaffSession.seen_at > now - IDLE,
                StaffUser.state == StaffState.ACTIVE,
            )
        )
        .first()
    )
    if row is None:
        return None
    session_id, stepped_up_at, staff_id, roles, name, language = row
    return SignedInStaff(
        staff_id=staff_id,
        session_id=session_id,
        roles=tuple(StaffRole(role) for role in roles),
        display_name=name,
        language=language,
        stepped_up_at=stepped_up_at,
    )


def touch_staff_session(session_id: uuid.UUID) -> None:
    """Note that the session is in use, once a minute at most."""
    now = clock.now()
    session().execute(
        sa.update(StaffSession)
        .where(StaffSession.id == session_id, StaffSession.seen_at < now - _SEEN_STEP)
        .values(seen_at=now)
    )


def step_up(session_id: uuid.UUID) -> None:
    """The person has just proved again who they are."""
    session().execute(
        sa.update(StaffSession)
        .where(StaffSession.id == session_id)
        .values(stepped_up_at=clock.now())
    )


def revoke_staff_session(session_id: uuid.UUID) -> None:
    session().execute(
        sa.update(StaffSession)
        .where(StaffSession.id == session_id, StaffSession.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def revoke_staff_sessions(*, staff_id: uuid.UUID, keep: uuid.UUID | None = None) -> int:
    """End every session of a person but one."""
    query = sa.update(StaffSession).where(
        StaffSession.staff_id == staff_id, StaffSession.revoked_at.is_(None)
    )
    if keep is not None:
        query = query.where(StaffSession.id != keep)
    done = session().execute(query.values(revoked_at=clock.now()))
    return int(done.rowcount)  # type: ignore[attr-defined]


def live_staff_sessions(staff_id: uuid.UUID) -> Sequence[StaffSession]:
    """Where a person is signed in now, newest first."""
    now = clock.now()
    return (
        session()
        .scalars(
            sa.select(StaffSession)
            .where(
                StaffSession.staff_id == staff_id,
                StaffSession.revoked_at.is_(None),
                StaffSession.expires_at > now,
                StaffSession.seen_at > now - IDLE,
            )
            .order_by(StaffSession.created_at.desc())
        )
        .all()
    )


def _by_email(address: str) -> StaffUser | None:
    return (
        session()
        .scalars(
            sa.select(StaffUser)
            .where(matches(StaffUser.email_ix, "staff_user.email", norm_email(address)))
            .options(undefer(StaffUser.password_hash))
        )
        .one_or_none()
    )


def _matches(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except argon2.exceptions.VerificationError:
        return False


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


@cache
def _nobody() -> str:
    """A hash that no password opens, so that an unknown address costs the same time."""
    return _HASHER.hash(secrets.token_urlsafe(32))
