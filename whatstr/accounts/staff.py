"""People of WhatsTR: accounts and passwords (Argon2id).

Sessions are `staff_sessions`, second factors `staff_factors` and `passkeys`, what an owner changes
about a colleague `staff_changes`. Tries are counted by the shell before `verify_staff`
(`whatstr.accounts.limits.Limits.staff_sign_in`).
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from functools import cache

import argon2
import sqlalchemy as sa
from sqlalchemy.orm import undefer

from whatstr.accounts.events import EventKind, Outcome, record_event
from whatstr.accounts.models import StaffRole, StaffState, StaffUser
from whatstr.accounts.policies import normal_email
from whatstr.accounts.staff_sessions import revoke_staff_sessions
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.crypto import matches, norm_email
from whatstr.core.db import session
from whatstr.core.errors import DomainError, InvalidInput

PASSWORD_MIN_LENGTH = 14
_NAME_LENGTH = 80
# RFC 9106 section 4, second recommended option: 64 MiB, 3 passes.
_HASHER = argon2.PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1)


class EmailTaken(DomainError):
    """Another member of staff has this address."""

    code = "staff_email_taken"
    status = 409


def create_staff(
    *,
    actor: Actor,
    email: str,
    name: str,
    roles: Sequence[StaffRole],
    password: str,
    language: str = "tr",
) -> StaffUser:
    """Add a person. Raises InvalidInput (email, display_name, password, roles) and EmailTaken."""
    address = normal_email(email)
    check_new_password(password)
    if not roles:
        raise InvalidInput("roles", "missing")
    if by_email(address) is not None:
        raise EmailTaken()
    user = StaffUser(
        display_name=clean_name(name),
        roles=sorted({str(role) for role in roles}),
        password_hash=_HASHER.hash(password),
        language=language,
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


def clean_name(name: str) -> str:
    """A name as it is shown. Raises InvalidInput."""
    words = " ".join(name.split())
    if not words or len(words) > _NAME_LENGTH:
        raise InvalidInput("display_name", "length")
    return words


def check_new_password(password: str) -> None:
    """Raises InvalidInput for a password that is too short, or longer than anybody's."""
    if not PASSWORD_MIN_LENGTH <= len(password) <= 1024:
        raise InvalidInput("password", "too_short", min=PASSWORD_MIN_LENGTH)


def set_staff_password(
    *, actor: Actor, staff_id: uuid.UUID, password: str, keep: uuid.UUID | None = None
) -> None:
    """Replace the password and end every session of the person but `keep`."""
    check_new_password(password)
    user = session().get_one(StaffUser, staff_id)
    user.password_hash = _HASHER.hash(password)
    revoke_staff_sessions(staff_id=staff_id, keep=keep)
    record(actor=actor, verb="staff.password_set", subject_kind="staff_user", subject_id=staff_id)


def verify_staff(*, email: str, password: str, address: str, browser: str) -> StaffUser | None:
    """The person, if address and password are right and the account is not locked. Takes the same
    time for an unknown address. Writes a login event either way, so commit in both cases."""
    user = by_email(norm_email(email))
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
    if user is not None and not good:
        record(
            actor=Actor(ActorKind.SYSTEM, None, address),
            verb="staff.sign_in_failed",
            subject_kind="staff_user",
            subject_id=user.id,
        )
    if not good or user is None:
        return None
    if _HASHER.check_needs_rehash(stored):
        user.password_hash = _HASHER.hash(password)
    return user


def check_password(*, staff_id: uuid.UUID, password: str) -> bool:
    """Whether this is the person's password, before it is replaced."""
    user = session().get_one(StaffUser, staff_id, options=[undefer(StaffUser.password_hash)])
    return _matches(user.password_hash, password)


def by_email(address: str) -> StaffUser | None:
    """The person with this address, with the hash of the password loaded."""
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


@cache
def _nobody() -> str:
    """A hash that no password opens, so that an unknown address costs the same time."""
    return _HASHER.hash(secrets.token_urlsafe(32))
