"""What the owner changes about a colleague: roles, lock, unlock. Never about themselves."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa

from whatstr.accounts.models import StaffRole, StaffState, StaffUser
from whatstr.accounts.staff import revoke_staff_sessions
from whatstr.audit.services import Actor, record
from whatstr.core.db import session
from whatstr.core.errors import DomainError, InvalidInput, NotFound


class OwnAccount(DomainError):
    """Nobody changes their own roles or locks themselves out."""

    code = "own_staff_account"
    status = 403


def set_roles(*, actor: Actor, staff_id: uuid.UUID, roles: Sequence[StaffRole]) -> StaffUser:
    """Give a colleague these roles, and no others. Their sessions end."""
    user = _colleague(actor, staff_id)
    if not roles:
        raise InvalidInput("roles", "missing")
    before, after = list(user.roles), sorted({str(role) for role in roles})
    if before == after:
        return user
    user.roles = after
    revoke_staff_sessions(staff_id=staff_id)
    _record(actor, user, "staff.roles_set", before=before, after=after)
    return user


def lock_staff(*, actor: Actor, staff_id: uuid.UUID) -> StaffUser:
    """The person cannot sign in, and every session of theirs ends at once."""
    user = _colleague(actor, staff_id)
    if user.state is not StaffState.LOCKED:
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


def _colleague(actor: Actor, staff_id: uuid.UUID) -> StaffUser:
    if actor.id == staff_id:
        raise OwnAccount()
    user = session().scalar(sa.select(StaffUser).where(StaffUser.id == staff_id).with_for_update())
    if user is None:
        raise NotFound("staff_user")
    return user


def _record(actor: Actor, user: StaffUser, verb: str, **detail: object) -> None:
    record(actor=actor, verb=verb, subject_kind="staff_user", subject_id=user.id, detail=detail)
