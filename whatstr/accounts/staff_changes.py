"""What an owner changes about a colleague: name, roles, lock, second factor. Never about
themselves, and never so that no owner is left."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa

from whatstr.accounts.models import StaffRole, StaffState, StaffUser
from whatstr.accounts.staff import clean_name
from whatstr.accounts.staff_factors import forget_factors
from whatstr.accounts.staff_sessions import revoke_staff_session, revoke_staff_sessions
from whatstr.audit.services import Actor, record
from whatstr.core.db import session
from whatstr.core.errors import Conflict, DomainError, InvalidInput, NotFound

_LOCK = 7_274_602  # advisory lock: one change of staff accounts at a time


class OwnAccount(DomainError):
    """Nobody changes their own roles or locks themselves out."""

    code = "own_staff_account"
    status = 403


class LastOwner(DomainError):
    """Somebody has to be left who can give roles."""

    code = "last_staff_owner"
    status = 409


def change_staff(
    *,
    actor: Actor,
    staff_id: uuid.UUID,
    name: str,
    language: str,
    roles: Sequence[StaffRole],
    version: int,
) -> StaffUser:
    """Name, language and roles of a colleague. New roles end their sessions. `version` is the one
    that was looked at. Raises Conflict, InvalidInput, LastOwner, NotFound, OwnAccount."""
    user = _colleague(actor, staff_id)
    if user.version != version:
        raise Conflict(version=user.version)
    if not roles:
        raise InvalidInput("roles", "missing")
    if language not in ("tr", "en"):
        raise InvalidInput("language", "unknown")
    before = {"roles": list(user.roles), "language": user.language}
    after = {"roles": sorted({str(role) for role in roles}), "language": language}
    renamed = user.display_name != clean_name(name)
    if after["roles"] != before["roles"]:
        if StaffRole.OWNER not in roles:
            _keep_an_owner(user)
        revoke_staff_sessions(staff_id=staff_id)
    user.display_name, user.language = clean_name(name), language
    user.roles = list(after["roles"])
    if renamed or before != after:
        session().flush()
        _record(actor, user, "staff.changed", before=before, after=after, renamed=renamed)
    return user


def lock_staff(*, actor: Actor, staff_id: uuid.UUID) -> StaffUser:
    """The person cannot sign in, and every session of theirs ends at once."""
    user = _colleague(actor, staff_id)
    if user.state is not StaffState.LOCKED:
        _keep_an_owner(user)
        user.state = StaffState.LOCKED
        revoke_staff_sessions(staff_id=staff_id)
        _record(actor, user, "staff.locked")
    return user


def unlock_staff(*, actor: Actor, staff_id: uuid.UUID) -> StaffUser:
    """The person may sign in again."""
    user = _colleague(actor, staff_id)
    if user.state is not StaffState.ACTIVE:
        user.state = StaffState.ACTIVE
        _record(actor, user, "staff.unlocked")
    return user


def reset_factors(*, actor: Actor, staff_id: uuid.UUID) -> None:
    """A colleague has lost the second factor: they set up a new one at the next sign-in."""
    user = _colleague(actor, staff_id)
    removed = forget_factors(staff_id)
    revoke_staff_sessions(staff_id=staff_id)
    _record(actor, user, "staff.factors_reset", removed=removed)


def end_session(*, actor: Actor, staff_id: uuid.UUID, session_id: uuid.UUID) -> None:
    """End one session of a person. Raises NotFound."""
    if not revoke_staff_session(session_id, staff_id=staff_id):
        raise NotFound("staff_session")
    record(
        actor=actor,
        verb="staff.session_ended",
        subject_kind="staff_user",
        subject_id=staff_id,
        detail={"session": session_id.hex},
    )


def end_sessions(*, actor: Actor, staff_id: uuid.UUID, keep: uuid.UUID | None = None) -> int:
    """End every session of a person but one; how many there were."""
    ended = revoke_staff_sessions(staff_id=staff_id, keep=keep)
    record(
        actor=actor,
        verb="staff.sessions_ended",
        subject_kind="staff_user",
        subject_id=staff_id,
        detail={"sessions": ended},
    )
    return ended


def set_own_language(*, staff_id: uuid.UUID, language: str) -> None:
    """The one thing of their account that people set by themselves. Raises InvalidInput."""
    if language not in ("tr", "en"):
        raise InvalidInput("language", "unknown")
    session().get_one(StaffUser, staff_id).language = language


def _colleague(actor: Actor, staff_id: uuid.UUID) -> StaffUser:
    if actor.id == staff_id:
        raise OwnAccount()
    # Two owners who remove each other at the same moment come one after the other.
    session().execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    user = session().scalar(
        sa.select(StaffUser)
        .where(StaffUser.id == staff_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if user is None:
        raise NotFound("staff_user")
    return user


def _keep_an_owner(user: StaffUser) -> None:
    """Raise LastOwner where this person is the only one who can sign in and give roles."""
    owners = set(
        session().scalars(
            sa.select(StaffUser.id).where(
                StaffUser.state == StaffState.ACTIVE,
                StaffUser.roles.contains([str(StaffRole.OWNER)]),
            )
        )
    )
    if owners == {user.id}:
        raise LastOwner()


def _record(actor: Actor, user: StaffUser, verb: str, **detail: object) -> None:
    record(actor=actor, verb=verb, subject_kind="staff_user", subject_id=user.id, detail=detail)
