"""Putting a re-key in place: everything under the account's key changes in one transaction.

Stands here because lists, campaigns and records are all touched at once.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from whatstr.accounts.member_models import Invitation
from whatstr.accounts.members import lock_organization
from whatstr.accounts.models import Member
from whatstr.accounts.sessions import revoke_organization
from whatstr.audiences.models import ContactList
from whatstr.audit.services import Actor, record
from whatstr.campaigns.models import Campaign
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import DomainError
from whatstr.vault import rekey
from whatstr.vault.models import VaultRecord
from whatstr.vault.policies import RecordType
from whatstr.vault.rekey_models import NextKey, RekeyItem

SHOWN = 100


class RekeyIncomplete(DomainError):
    """Something is not under the new key yet, or has changed since; `missing` names up to 100."""

    code = "rekey_incomplete"


@dataclass(frozen=True)
class Wanted:
    """A thing that lies under the account's key: (kind, id) and the record's version, else 0."""

    kind: str
    id: uuid.UUID
    version: int


def wanted(organization_id: uuid.UUID) -> list[Wanted]:
    """Everything that a re-key has to box anew."""
    mine = ContactList.organization_id == organization_id
    lists = session().scalars(sa.select(ContactList.id).where(mine))
    found = [Wanted(rekey.LIST, one, 0) for one in lists]
    # Of a campaign whose contents are gone there is nothing to box.
    jobs = sa.select(Campaign.id).where(
        Campaign.organization_id == organization_id, Campaign.jk_wrap != b""
    )
    found += [Wanted(rekey.JOB, one, 0) for one in session().scalars(jobs)]
    records = session().execute(
        sa.select(VaultRecord.type, VaultRecord.id, VaultRecord.version).where(
            VaultRecord.organization_id == organization_id
        )
    )
    found += [Wanted(kind, one, version) for kind, one, version in records]
    if not any(one.kind == RecordType.KEYS for one in found):
        found.append(Wanted(RecordType.KEYS, organization_id, 0))
    return found


def missing(organization_id: uuid.UUID) -> list[Wanted]:
    """What is not staged, or was staged from an older version."""
    rows = session().execute(
        sa.select(RekeyItem.kind, RekeyItem.item_id, RekeyItem.version).where(
            RekeyItem.organization_id == organization_id
        )
    )
    staged = {(kind, item_id, version) for kind, item_id, version in rows}
    return [one for one in wanted(organization_id) if (one.kind, one.id, one.version) not in staged]


def commit(
    *,
    actor: Actor,
    organization_id: uuid.UUID,
    member_id: uuid.UUID,
    session_id: uuid.UUID,
    version: int,
    wrap_org: bytes,
) -> None:
    """Take the new key into use. Raises RekeyIncomplete, and Conflict when no such change is under
    way. Members without a key left for them lose the vault; everybody else signs in again."""
    organization = lock_organization(organization_id)
    begun = rekey.running(organization_id, version)
    # Nobody may add or change anything in between: all three are locked before they are compared.
    _lock(organization_id)
    gaps = missing(organization_id)
    if gaps:
        raise RekeyIncomplete(f"{len(gaps)}", missing=[
            {"kind": one.kind, "id": one.id.hex, "version": one.version} for one in gaps[:SHOWN]
        ])  # fmt: skip
    _apply(organization_id)
    organization.key_version = version
    if organization.rekey_due_at is not None and organization.rekey_due_at <= begun.started_at:
        organization.rekey_due_at = None
    _hand_over(organization_id, member_id, version, wrap_org)
    session().delete(begun)
    session().flush()
    ended = revoke_organization(organization_id=organization_id, keep=session_id)
    record(
        actor=actor,
        verb="organization.rekeyed",
        subject_kind="organization",
        subject_id=organization_id,
        organization_id=organization_id,
        detail={"version": version, "sessions_ended": ended},
    )


def _lock(organization_id: uuid.UUID) -> None:
    for model in (ContactList, Campaign, VaultRecord):
        mine = sa.select(model.id).where(model.organization_id == organization_id)
        session().execute(mine.with_for_update())


_APPLY = (
    "UPDATE contact_list t SET wrap = i.data FROM rekey_item i"
    " WHERE i.organization_id = :o AND t.organization_id = :o"
    " AND i.kind = 'list' AND t.id = i.item_id",
    "UPDATE campaign t SET jk_wrap = i.data FROM rekey_item i"
    " WHERE i.organization_id = :o AND t.organization_id = :o"
    " AND i.kind = 'job' AND t.id = i.item_id AND t.jk_wrap <> ''",
    "UPDATE vault_record t SET data = i.data, version = i.version + 1, updated_at = :now"
    " FROM rekey_item i WHERE i.organization_id = :o AND t.organization_id = :o"
    " AND i.kind = t.type AND t.id = i.item_id",
    "INSERT INTO vault_record (id, organization_id, type, version, data, updated_at)"
    " SELECT i.item_id, :o, i.kind, 1, i.data, :now FROM rekey_item i"
    " WHERE i.organization_id = :o AND i.kind = 'keys' AND i.version = 0",
)


def _apply(organization_id: uuid.UUID) -> None:
    for statement in _APPLY:
        session().execute(sa.text(statement), {"o": organization_id, "now": clock.now()})
    session().expire_all()


def _hand_over(
    organization_id: uuid.UUID, member_id: uuid.UUID, version: int, wrap_org: bytes
) -> None:
    """The maker gets the own wrap; whoever has no key left for him has none at all."""
    session().execute(
        sa.update(Member)
        .where(Member.id == member_id)
        .values(wrap_organization=wrap_org, key_version=version)
        .execution_options(synchronize_session=False)
    )
    left = sa.select(NextKey.member_id).where(
        NextKey.organization_id == organization_id, NextKey.version == version
    )
    session().execute(
        sa.update(Member)
        .where(Member.organization_id == organization_id, Member.id.not_in(left))
        .values(wrap_organization=None)
        .execution_options(synchronize_session=False)
    )
    session().execute(
        sa.delete(NextKey)
        .where(NextKey.member_id == member_id, NextKey.version <= version)
        .execution_options(synchronize_session=False)
    )
    session().execute(
        sa.delete(Invitation)
        .where(Invitation.organization_id == organization_id)
        .execution_options(synchronize_session=False)
    )
