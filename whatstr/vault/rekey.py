"""Changing an organization's key (vault design, 17), the part that is about keys alone.

The browser prepares the new key beside the old one, item by item, and may stop and go on; nothing
that is in use changes before `whatstr.campaigns.rekeying.commit` puts everything in place at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from whatstr.accounts.members import lock_organization
from whatstr.accounts.models import Member, MemberState, Organization
from whatstr.accounts.permissions import VAULT_ROLES
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import Conflict, DomainError, InvalidInput, NotFound
from whatstr.vault.policies import RecordType
from whatstr.vault.rekey_models import NextKey, Rekey, RekeyItem

LIST, JOB = "list", "job"
KINDS = frozenset({LIST, JOB, *RecordType})


class Rekeying(DomainError):
    """The account's key is just being changed: nothing can be launched or asked of the sender."""

    code = "rekeying"
    status = 409


class RekeyPinned(DomainError):
    """The sender may hold the new keys already: this change can only be finished."""

    code = "rekey_pinned"
    status = 409


class KeyChanged(DomainError):
    """What was sent is boxed under an earlier key of the account: the browser takes the new one
    and repeats."""

    code = "key_changed"
    status = 409


@dataclass(frozen=True)
class Status:
    """Where an organization stands. `seal` is the coming key for the asking member."""

    key_version: int
    due: bool
    rekey: Rekey | None
    seal: bytes | None
    staged: Sequence[tuple[str, uuid.UUID, int]]


@dataclass(frozen=True)
class Item:
    """One thing under the new key; `version` of the record that it replaces, else 0."""

    kind: str
    id: uuid.UUID
    version: int
    data: bytes


def status(organization_id: uuid.UUID, member_id: uuid.UUID) -> Status:
    """The present version, whether a change is due, and the one that was begun."""
    organization = session().get_one(Organization, organization_id)
    found = session().get(Rekey, organization_id)
    seal, staged = None, []
    if found is not None:
        seal = session().scalar(
            sa.select(NextKey.seal).where(
                NextKey.member_id == member_id, NextKey.version == found.version
            )
        )
        rows = session().execute(
            sa.select(RekeyItem.kind, RekeyItem.item_id, RekeyItem.version).where(
                RekeyItem.organization_id == organization_id
            )
        )
        staged = [(kind, item_id, version) for kind, item_id, version in rows]
    due = organization.rekey_due_at is not None
    return Status(organization.key_version, due, found, seal, staged)


def start(
    *,
    actor: Actor,
    organization_id: uuid.UUID,
    member_id: uuid.UUID,
    version: int,
    seals: Mapping[uuid.UUID, bytes],
) -> None:
    """Begin: the new key for every member that is to have it, the beginner among them. Raises
    Conflict for another version, or while a change is under way."""
    organization = lock_organization(organization_id)
    if version != organization.key_version + 1:
        raise Conflict("key", version=organization.key_version)
    if session().get(Rekey, organization_id) is not None:
        raise Conflict("rekey", version=version)
    allowed = set(session().scalars(_holders(organization_id)))
    if member_id not in seals or not set(seals) <= allowed:
        raise InvalidInput("seals", "not_a_choice")
    session().add(
        Rekey(
            organization_id=organization_id,
            member_id=member_id,
            version=version,
            started_at=clock.now(),
        )
    )
    session().flush()
    _delete(sa.delete(NextKey).where(
        NextKey.organization_id == organization_id, NextKey.version == version
    ))  # fmt: skip
    rows = [
        {"member_id": one, "version": version, "organization_id": organization_id, "seal": seal}
        for one, seal in seals.items()
    ]
    session().execute(sa.insert(NextKey), rows)
    record(
        actor=actor,
        verb="organization.rekey_started",
        subject_kind="organization",
        subject_id=organization_id,
        organization_id=organization_id,
        detail={"version": version, "members": len(seals)},
    )


def stage(*, organization_id: uuid.UUID, version: int, items: Iterable[Item]) -> None:
    """Keep things under the new key; the same one again replaces it."""
    running(organization_id, version)
    for item in items:
        values = {"version": item.version, "data": item.data}
        session().execute(
            insert(RekeyItem)
            .values(organization_id=organization_id, kind=item.kind, item_id=item.id, **values)
            .on_conflict_do_update(
                index_elements=["organization_id", "kind", "item_id"], set_=values
            )
        )


def pin(*, organization_id: uuid.UUID, version: int) -> None:
    """From here on the sender is being told of the new keys."""
    found = running(organization_id, version)
    found.pinned_at = found.pinned_at or clock.now()
    session().flush()


def cancel(*, actor: Actor, organization_id: uuid.UUID) -> None:
    """Drop a change that was begun; nothing in use had changed. Raises RekeyPinned, NotFound."""
    lock_organization(organization_id)
    found = session().get(Rekey, organization_id)
    if found is None:
        raise NotFound("rekey")
    if found.pinned_at is not None:
        raise RekeyPinned()
    _delete(sa.delete(NextKey).where(
        NextKey.organization_id == organization_id, NextKey.version == found.version
    ))  # fmt: skip
    session().delete(found)
    record(
        actor=actor,
        verb="organization.rekey_cancelled",
        subject_kind="organization",
        subject_id=organization_id,
        organization_id=organization_id,
        detail={"version": found.version},
    )


def running(organization_id: uuid.UUID, version: int) -> Rekey:
    """The change under way to `version`, locked. Raises Conflict when there is none."""
    found = session().scalar(
        sa.select(Rekey)
        .where(Rekey.organization_id == organization_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None or found.version != version:
        raise Conflict("rekey", version=found.version if found else 0)
    return found


def check_key(organization_id: uuid.UUID, version: int) -> None:
    """Raise KeyChanged unless `version` is the account's; it stays so for this transaction."""
    stored = session().scalar(
        sa.select(Organization.key_version)
        .where(Organization.id == organization_id)
        .with_for_update(read=True)
    )
    if stored != version:
        raise KeyChanged(version=stored)


def check_not_pinned(organization_id: uuid.UUID) -> None:
    """Raise Rekeying while the sender may already hold keys that the browsers do not use yet."""
    at: datetime | None = session().scalar(
        sa.select(Rekey.pinned_at).where(Rekey.organization_id == organization_id)
    )
    if at is not None:
        raise Rekeying()


def next_keys(member_id: uuid.UUID) -> list[tuple[int, bytes]]:
    """Keys that a member has not taken over yet, in their order; none of a change under way."""
    rows = session().execute(
        sa.select(NextKey.version, NextKey.seal)
        .join(Member, Member.id == NextKey.member_id)
        .join(Organization, Organization.id == Member.organization_id)
        .where(
            NextKey.member_id == member_id,
            NextKey.version > Member.key_version,
            NextKey.version <= Organization.key_version,
        )
        .order_by(NextKey.version)
    )
    return [(version, seal) for version, seal in rows]


def take_key(*, member_id: uuid.UUID, version: int, wrap_org: bytes) -> None:
    """A member's own wrap takes the place of what others left. Raises Conflict unless `version`
    is the account's and newer than the member's."""
    member = session().get_one(Member, member_id, with_for_update=True)
    organization = session().get_one(Organization, member.organization_id)
    if not member.key_version < version <= organization.key_version:
        raise Conflict("key", version=member.key_version)
    member.wrap_organization, member.key_version = wrap_org, version
    _delete(sa.delete(NextKey).where(NextKey.member_id == member_id, NextKey.version <= version))


def forget_member(member_id: uuid.UUID) -> None:
    """Somebody was removed: no key is left for that member."""
    _delete(sa.delete(NextKey).where(NextKey.member_id == member_id))


def _holders(organization_id: uuid.UUID) -> sa.Select[tuple[uuid.UUID]]:
    return sa.select(Member.id).where(
        Member.organization_id == organization_id,
        Member.state == MemberState.ACTIVE,
        Member.role.in_(VAULT_ROLES),
        Member.wrap_organization.is_not(None),
    )


def _delete(statement: sa.Delete) -> None:
    session().execute(statement.execution_options(synchronize_session=False))
