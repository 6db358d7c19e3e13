"""Writing the drawers of a customer's browser and its sealed requests to the sender."""

from __future__ import annotations

import uuid
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from whatstr.core import clock
from whatstr.core.db import notify, session
from whatstr.core.errors import Conflict, DomainError, InvalidInput, TooMany
from whatstr.vault import queries
from whatstr.vault.models import Notice, RequestState, SenderRequest, VaultRecord
from whatstr.vault.policies import (
    OPEN_REQUESTS,
    RECORDS_OF_A_TYPE,
    RecordType,
    record_id_fits,
)
from whatstr.vault.rpc import Op

SENDER_CHANNEL = "whatstr_sender"


class TooManyRecords(DomainError):
    """The drawer is full: old drafts have to go first."""

    code: ClassVar[str] = "too_many_records"


def put_record(
    *,
    organization_id: uuid.UUID,
    record_id: uuid.UUID,
    kind: RecordType,
    version: int,
    data: bytes,
) -> int:
    """Store a record; `version` is the stored one plus 1, else Conflict with the stored one."""
    if not record_id_fits(kind, record_id, organization_id):
        raise InvalidInput("id", "not_an_id")
    known = _locked(record_id, kind)
    if known is None:
        if version != 1:
            raise Conflict("record", version=0)
        return _insert_record(organization_id, record_id, kind, data)
    if known.organization_id != organization_id:
        raise Conflict("record", version=0)
    if version != known.version + 1:
        raise Conflict("record", version=known.version)
    known.version, known.data, known.updated_at = version, data, clock.now()
    session().flush()
    return version


def _locked(record_id: uuid.UUID, kind: RecordType) -> VaultRecord | None:
    return (
        session()
        .scalars(
            sa.select(VaultRecord)
            .where(VaultRecord.id == record_id, VaultRecord.type == str(kind))
            .with_for_update()
        )
        .one_or_none()
    )


def _insert_record(
    organization_id: uuid.UUID, record_id: uuid.UUID, kind: RecordType, data: bytes
) -> int:
    mine = sa.select(sa.func.count()).select_from(VaultRecord)
    mine = mine.where(VaultRecord.organization_id == organization_id, VaultRecord.type == str(kind))
    if (session().scalar(mine) or 0) >= RECORDS_OF_A_TYPE:
        raise TooManyRecords()
    done = session().execute(
        insert(VaultRecord)
        .values(
            id=record_id,
            organization_id=organization_id,
            type=str(kind),
            version=1,
            data=data,
            updated_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        raise Conflict("record", version=1)
    return 1


def delete_record(*, organization_id: uuid.UUID, record_id: uuid.UUID) -> None:
    """Remove a record of any type; none there is no error."""
    session().execute(
        sa.delete(VaultRecord).where(
            VaultRecord.id == record_id, VaultRecord.organization_id == organization_id
        )
    )


def post_request(
    *,
    organization_id: uuid.UUID,
    member_id: uuid.UUID,
    request_id: uuid.UUID,
    op: Op,
    seal: bytes,
) -> RequestState:
    """Leave a sealed request for the sender and wake it. The same id again changes nothing, so a
    browser that lost the answer may repeat. Raises TooMany while 20 are waiting."""
    if queries.open_requests(organization_id) >= OPEN_REQUESTS:
        raise TooMany("open requests", retry_after=30)
    session().execute(
        insert(SenderRequest)
        .values(
            id=request_id,
            organization_id=organization_id,
            member_id=member_id,
            op=str(op),
            state=RequestState.WAITING,
            request=seal,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )
    state = queries.sender_request(organization_id, request_id).state
    notify(SENDER_CHANNEL)
    return state


def delete_request(*, organization_id: uuid.UUID, request_id: uuid.UUID) -> None:
    """The browser has read the answer; none there is no error."""
    session().execute(
        sa.delete(SenderRequest).where(
            SenderRequest.id == request_id, SenderRequest.organization_id == organization_id
        )
    )


def delete_notice(*, organization_id: uuid.UUID, notice_id: int) -> None:
    """The browser has put the news into its own drawer; none there is no error."""
    session().execute(
        sa.delete(Notice).where(Notice.id == notice_id, Notice.organization_id == organization_id)
    )
