"""Password and recovery code both lost: an empty vault, after three days in which anybody who still
has access can stop it (vault design, section 6). Staff can start no other recovery; there is none.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import load_only

from whatstr.accounts import reset_notices
from whatstr.accounts.links import Purpose, live_link, make_link, use_link
from whatstr.accounts.member_models import VaultReset
from whatstr.accounts.models import Member, MemberRole, MemberState, Organization
from whatstr.accounts.permissions import VAULT_ROLES
from whatstr.accounts.sessions import SIGNED_IN_STATES
from whatstr.accounts.signin import find_member, load_active
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import DomainError, NotFound

WAIT = timedelta(hours=72)
WARN_BEFORE = timedelta(hours=12)
GIVEN_UP = timedelta(days=14)
"""How long the new vault may be set up once the wait is over; the link lives as long."""


# What a notice needs; the worker has no right to read all of a member.
_ADDRESS = (
    load_only(
        Member.id,
        Member.organization_id,
        Member.state,
        Member.language,
        Member.name_ct,
        Member.email_ct,
    ),
)


class ResetTooEarly(DomainError):
    """The three days are not over; `due_at` says when they are."""

    code = "reset_too_early"


def ask(*, email: str, web_url: str) -> None:
    """Mail a link, if the address has an account. The caller says the same in every case."""
    member = find_member(email)
    if member is None:
        return
    if member.role is MemberRole.OWNER:
        url = make_link(member=member, purpose=Purpose.RESET, web_url=web_url)
        reset_notices.tell_asked(member, url)
    else:
        reset_notices.tell_not_owner(member)


def begin(*, token: str, address: str, web_url: str) -> VaultReset:
    """Start the wait and tell everybody with the vault; a wait under way goes on as it is. Raises
    LinkInvalid."""
    row = live_link(token, Purpose.RESET)
    member = _owner(row.member_id)
    use_link(row)
    found = session().get(VaultReset, member.organization_id)
    if found is not None:
        return found
    now = clock.now()
    found = VaultReset(
        organization_id=member.organization_id,
        member_id=member.id,
        requested_at=now,
        due_at=now + WAIT,
    )
    session().add(found)
    session().flush()
    record(
        actor=Actor(ActorKind.MEMBER, member.id, address),
        verb="vault.reset_requested",
        subject_kind="organization",
        subject_id=member.organization_id,
        organization_id=member.organization_id,
    )
    for one in _concerned(member.organization_id):
        url = make_link(member=one, purpose=Purpose.RESET_CANCEL, web_url=web_url)
        reset_notices.tell_begun(one, url, found.due_at)
    return found


def cancel_by_link(*, token: str, address: str) -> None:
    """Stop the wait with the link of a notice. Raises LinkInvalid, NotFound when there is none."""
    row = live_link(token, Purpose.RESET_CANCEL)
    member = load_active(Member.id == row.member_id)
    if member is None:
        raise NotFound("reset")
    cancel(
        actor=Actor(ActorKind.MEMBER, member.id, address), organization_id=member.organization_id
    )


def cancel(*, actor: Actor, organization_id: uuid.UUID) -> None:
    """Stop the wait, and say so to everybody. Raises NotFound when there is none."""
    gone = session().execute(
        sa.delete(VaultReset)
        .where(VaultReset.organization_id == organization_id)
        .execution_options(synchronize_session=False)
    )
    if not gone.rowcount:  # type: ignore[attr-defined]
        raise NotFound("reset")
    record(
        actor=actor,
        verb="vault.reset_cancelled",
        subject_kind="organization",
        subject_id=organization_id,
        organization_id=organization_id,
    )
    for one in _concerned(organization_id):
        reset_notices.tell_cancelled(one)


def waiting(organization_id: uuid.UUID) -> VaultReset | None:
    """The wait under way, if there is one."""
    return session().get(VaultReset, organization_id)


def ready(token: str) -> tuple[VaultReset, Member]:
    """Whose vault may be made anew with this link now, personal columns loaded. Raises LinkInvalid,
    ResetTooEarly, and NotFound when the wait was cancelled."""
    row = live_link(token, Purpose.RESET_FINISH)
    member = _owner(row.member_id)
    found = session().get(VaultReset, member.organization_id)
    if found is None or found.member_id != member.id:
        raise NotFound("reset")
    if found.due_at > clock.now():
        raise ResetTooEarly(due_at=found.due_at.isoformat())
    return found, member


def next_version(organization_id: uuid.UUID) -> int:
    """The version that a new key of the account will have."""
    version = session().scalar(
        sa.select(Organization.key_version).where(Organization.id == organization_id)
    )
    return (version or 0) + 1


def spend(token: str, found: VaultReset) -> None:
    """The new vault is made: link and wait are over. Raises LinkInvalid."""
    use_link(live_link(token, Purpose.RESET_FINISH))
    session().execute(
        sa.delete(VaultReset)
        .where(VaultReset.organization_id == found.organization_id)
        .execution_options(synchronize_session=False)
    )


# By the worker ------------------------------------------------------------------------------------


def warn_due(*, web_url: str) -> int:
    """Tell everybody once more, half a day before the end. How many organizations."""
    before = clock.now() + WARN_BEFORE
    rows = _rows(VaultReset.warned_at.is_(None), VaultReset.due_at <= before)
    for row in rows:
        for one in _concerned(row.organization_id):
            url = make_link(member=one, purpose=Purpose.RESET_CANCEL, web_url=web_url)
            reset_notices.tell_near(one, url, row.due_at)
        _stamp(row, warned_at=clock.now())
    return len(rows)


def open_due(*, web_url: str) -> int:
    """Mail the link to a new vault to whoever asked, once the wait is over. How many."""
    rows = _rows(VaultReset.ready_at.is_(None), VaultReset.due_at <= clock.now())
    for row in rows:
        member = session().get(Member, row.member_id, options=_ADDRESS)
        if member is not None and member.state is MemberState.ACTIVE:
            url = make_link(member=member, purpose=Purpose.RESET_FINISH, web_url=web_url)
            reset_notices.tell_ready(member, url)
        _stamp(row, ready_at=clock.now())
    return len(rows)


def drop_given_up() -> int:
    """Forget waits whose new vault nobody set up. How many."""
    gone = session().execute(
        sa.delete(VaultReset)
        .where(VaultReset.due_at < clock.now() - GIVEN_UP)
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _rows(*conditions: sa.ColumnElement[bool]) -> list[VaultReset]:
    query = sa.select(VaultReset).where(*conditions).with_for_update(skip_locked=True)
    return list(session().scalars(query))


def _stamp(row: VaultReset, **values: object) -> None:
    session().execute(
        sa.update(VaultReset)
        .where(VaultReset.organization_id == row.organization_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _owner(member_id: uuid.UUID) -> Member:
    member = load_active(Member.id == member_id)
    if member is None or member.role is not MemberRole.OWNER:
        raise NotFound("reset")
    return member


def _concerned(organization_id: uuid.UUID) -> list[Member]:
    """Everybody whose vault it is, addresses loaded."""
    return list(
        session().scalars(
            sa.select(Member)
            .join(Organization, Organization.id == Member.organization_id)
            .where(
                Member.organization_id == organization_id,
                Member.state == MemberState.ACTIVE,
                Member.role.in_(VAULT_ROLES),
                Organization.state.in_(SIGNED_IN_STATES),
            )
            .options(*_ADDRESS)
        )
    )
