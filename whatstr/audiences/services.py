"""Contact lists: the only writers. Everything here is ciphertext to us, except the counts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from whatstr.audiences import policies
from whatstr.audiences.models import Consent, ConsentBasis, ContactList, ListChunk, ListState
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import Conflict, InvalidInput, NotFound


def create_list(
    *, organization_id: uuid.UUID, list_id: uuid.UUID, wrap: bytes
) -> tuple[ContactList, bool]:
    """Open a list for upload; (list, whether it is new). The same id again returns it, so that a
    lost answer does no harm."""
    now = clock.now()
    made = session().execute(
        insert(ContactList)
        .values(
            id=list_id,
            organization_id=organization_id,
            state=ListState.UPLOADING,
            wrap=wrap,
            manifest_version=0,
            chunks=0,
            rows=0,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing()
        .returning(ContactList.id)
    )
    fresh = made.first() is not None
    return own_list(organization_id, list_id), fresh


def own_list(organization_id: uuid.UUID, list_id: uuid.UUID, *, lock: bool = False) -> ContactList:
    """The organization's list, or NotFound. With `lock`, as it stands once the lock is had."""
    query = sa.select(ContactList).where(
        ContactList.id == list_id, ContactList.organization_id == organization_id
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session().scalar(query)
    if found is None:
        raise NotFound("list")
    return found


def put_chunk(
    *, organization_id: uuid.UUID, list_id: uuid.UUID, no: int, version: int, data: bytes
) -> None:
    """Store one sealed chunk. A version that the manifest may name is written once, so that a
    manifest never changes its meaning under a reader. One that was uploaded since and waits for
    the next manifest is replaced: it may be what a closed window left of another edit."""
    if len(data) > policies.MAX_CHUNK_BYTES:
        raise InvalidInput("chunk", "too_large", maximum=policies.MAX_CHUNK_BYTES)
    if not 0 <= no < policies.chunk_count(policies.MAX_ROWS) or version < 1:
        raise InvalidInput("chunk", "out_of_range")
    # The lock keeps the manifest from changing between this look and the insert.
    base = session().scalar(
        sa.select(ContactList.manifest_version)
        .where(ContactList.id == list_id, ContactList.organization_id == organization_id)
        .with_for_update(read=True)
    )
    if base is None:
        raise NotFound("list")
    new = insert(ListChunk).values(
        list_id=list_id, no=no, version=version, base_version=base, data=data
    )
    session().execute(
        new.on_conflict_do_update(
            index_elements=[ListChunk.list_id, ListChunk.no, ListChunk.version],
            set_={"data": new.excluded.data},
            where=ListChunk.base_version == new.excluded.base_version,
        )
    )


def put_manifest(
    *,
    actor: Actor,
    organization_id: uuid.UUID,
    list_id: uuid.UUID,
    manifest: bytes,
    version: int,
    rows: int,
    chunks: Sequence[tuple[int, int]],
    basis: ConsentBasis,
    source: str,
    collected_on: date | None,
    statement_version: str,
) -> ContactList:
    """Make an upload the list's current state, with the statement of consent it rests on.

    `version` must be the stored one + 1, else Conflict. Chunk versions that the manifest does not
    name are deleted. The consent row outlives the list (Law 6563: proof for three years).
    """
    policies.check_manifest(rows, chunks)
    found = own_list(organization_id, list_id, lock=True)
    if version != found.manifest_version + 1:
        raise Conflict("list", version=found.manifest_version)
    stored = session().execute(
        sa.select(ListChunk.no, ListChunk.version).where(ListChunk.list_id == list_id)
    )
    have = {(no, edition) for no, edition in stored}
    policies.missing_chunks(chunks, have)
    dropped = have - set(chunks)
    if dropped:
        session().execute(
            sa.delete(ListChunk).where(
                ListChunk.list_id == list_id,
                sa.tuple_(ListChunk.no, ListChunk.version).in_(sorted(dropped)),
            )
        )
    now = clock.now()
    found.manifest, found.manifest_version = manifest, version
    found.rows, found.chunks = rows, len(chunks)
    found.state, found.updated_at = ListState.READY, now
    consent = Consent(
        organization_id=organization_id,
        list_id=list_id,
        member_id=actor.id,
        basis=basis,
        collected_on=collected_on,
        statement_version=statement_version,
        rows=rows,
        at=now,
    )
    consent.source = source
    consent.address = actor.address or ""
    session().add(consent)
    record(
        actor=actor,
        verb="list.saved",
        subject_kind="contact_list",
        subject_id=list_id,
        organization_id=organization_id,
        detail={"rows": rows, "version": version, "basis": basis},
    )
    return found


def delete_list(*, actor: Actor, organization_id: uuid.UUID, list_id: uuid.UUID) -> None:
    """Delete a list with its chunks. Consent statements and opt-outs stay."""
    found = own_list(organization_id, list_id, lock=True)
    record(
        actor=actor,
        verb="list.deleted",
        subject_kind="contact_list",
        subject_id=list_id,
        organization_id=organization_id,
        detail={"rows": found.rows},
    )
    session().delete(found)
