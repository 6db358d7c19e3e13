"""Reading the drawers and the mail of a customer. Everything is the customer's own ciphertext."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import DomainError, NotFound
from whatstr.vault.models import (
    HookInbox,
    Notice,
    RequestState,
    SenderCertificate,
    SenderRequest,
    VaultRecord,
)
from whatstr.vault.policies import REQUEST_LIFE

NOTICES_SHOWN = 200


class CertificateMissing(DomainError):
    """The sender has published no key that is good today: nothing can be sealed to it."""

    code: ClassVar[str] = "sender_certificate_missing"
    status: ClassVar[int] = 503


@dataclass(frozen=True)
class RequestView:
    """A sealed request as its sender sees it. `taken` is shown as waiting."""

    id: uuid.UUID
    state: RequestState
    answer: bytes | None


def records(organization_id: uuid.UUID, kind: str) -> Sequence[VaultRecord]:
    """All records of a type, data loaded, newest first."""
    return (
        session()
        .scalars(
            sa.select(VaultRecord)
            .where(VaultRecord.organization_id == organization_id, VaultRecord.type == kind)
            .options(undefer(VaultRecord.data))
            .order_by(VaultRecord.updated_at.desc(), VaultRecord.id)
        )
        .all()
    )


def sender_request(organization_id: uuid.UUID, request_id: uuid.UUID) -> RequestView:
    """State and, once there, the sealed answer. Raises NotFound."""
    row = (
        session()
        .execute(
            sa.select(
                SenderRequest.state,
                SenderRequest.created_at,
                SenderRequest.response,
            ).where(
                SenderRequest.id == request_id,
                SenderRequest.organization_id == organization_id,
            )
        )
        .first()
    )
    if row is None:
        raise NotFound("request")
    state, created_at, response = row
    if state is RequestState.ANSWERED:
        return RequestView(request_id, state, response)
    if state is RequestState.EXPIRED or clock.now() - created_at >= REQUEST_LIFE:
        return RequestView(request_id, RequestState.EXPIRED, None)
    return RequestView(request_id, RequestState.WAITING, None)


def open_requests(organization_id: uuid.UUID) -> int:
    """How many requests still wait for the sender."""
    return (
        session().scalar(
            sa.select(sa.func.count())
            .select_from(SenderRequest)
            .where(
                SenderRequest.organization_id == organization_id,
                SenderRequest.state.in_([RequestState.WAITING, RequestState.TAKEN]),
                SenderRequest.created_at > clock.now() - REQUEST_LIFE,
            )
        )
        or 0
    )


def notices(organization_id: uuid.UUID, *, after: int) -> Sequence[Notice]:
    """News of the sender, oldest first, at most 200 of them."""
    return (
        session()
        .scalars(
            sa.select(Notice)
            .where(Notice.organization_id == organization_id, Notice.id > after)
            .options(undefer(Notice.sealed))
            .order_by(Notice.id)
            .limit(NOTICES_SHOWN)
        )
        .all()
    )


def certificate_dates() -> list[tuple[datetime, datetime]]:
    """(from, until) of every published key of the sender, the newest first."""
    rows = session().execute(
        sa.select(SenderCertificate.not_before, SenderCertificate.not_after).order_by(
            SenderCertificate.kid.desc()
        )
    )
    return [(start, end) for start, end in rows]


def oldest_in_inbox() -> datetime | None:
    """Since when the first of what waits for the sender waits."""
    return session().scalar(sa.select(HookInbox.at).order_by(HookInbox.id).limit(1))


def current_certificate() -> SenderCertificate:
    """The sender's certificate to seal to now. Raises CertificateMissing."""
    now = clock.now()
    found = (
        session()
        .scalars(
            sa.select(SenderCertificate)
            .where(SenderCertificate.not_before <= now, SenderCertificate.not_after > now)
            .order_by(SenderCertificate.kid.desc())
            .limit(1)
        )
        .first()
    )
    if found is None:
        raise CertificateMissing()
    return found
