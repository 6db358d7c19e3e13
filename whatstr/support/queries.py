"""Reading support: a customer's own requests, the desk's queue, one request with its thread."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from whatstr.accounts.models import StaffRole, StaffState, StaffUser
from whatstr.accounts.permissions import STAFF_PERMISSIONS, StaffPermission
from whatstr.core.db import session
from whatstr.core.errors import NotFound
from whatstr.support.models import (
    CannedReply,
    SupportMessage,
    SupportRequest,
    SupportState,
    SupportTopic,
)

SHOWN = 200
QUEUE = 100


@dataclass(frozen=True)
class Thread:
    """A request with everything that was written, oldest first; both are opened."""

    request: SupportRequest
    messages: Sequence[SupportMessage]


def requests_of(organization_id: uuid.UUID, limit: int = SHOWN) -> Sequence[SupportRequest]:
    """A customer's requests with their subjects, newest first."""
    return (
        session()
        .scalars(
            sa.select(SupportRequest)
            .where(SupportRequest.organization_id == organization_id)
            .options(undefer(SupportRequest.subject_ct))
            .order_by(SupportRequest.opened_at.desc())
            .limit(limit)
            .execution_options(populate_existing=True)
        )
        .all()
    )


def threads_of(organization_id: uuid.UUID) -> list[Thread]:
    """Everything that a customer and we wrote to each other, newest request first."""
    requests = session().scalars(
        sa.select(SupportRequest)
        .where(SupportRequest.organization_id == organization_id)
        .options(undefer(SupportRequest.subject_ct))
        .order_by(SupportRequest.opened_at.desc())
        .execution_options(populate_existing=True)
    )
    rows = requests.all()
    found: dict[uuid.UUID, list[SupportMessage]] = {one.id: [] for one in rows}
    messages = session().scalars(
        sa.select(SupportMessage)
        .where(SupportMessage.request_id.in_(found))
        .options(undefer(SupportMessage.body_ct))
        .order_by(SupportMessage.at, SupportMessage.id)
        .execution_options(populate_existing=True)
    )
    for message in messages:
        found[message.request_id].append(message)
    return [Thread(one, found[one.id]) for one in rows]


def headers_of(organization_id: uuid.UUID, limit: int = 20) -> Sequence[SupportRequest]:
    """A customer's requests without any words, newest first."""
    return (
        session()
        .scalars(
            sa.select(SupportRequest)
            .where(SupportRequest.organization_id == organization_id)
            .order_by(SupportRequest.opened_at.desc())
            .limit(limit)
        )
        .all()
    )


def own_thread(organization_id: uuid.UUID, request_id: uuid.UUID) -> Thread:
    """One of the customer's own requests. Raises NotFound."""
    found = thread(request_id)
    if found.request.organization_id != organization_id:
        raise NotFound("support_request")
    return found


def header(request_id: uuid.UUID) -> SupportRequest:
    """One request without its words. Raises NotFound."""
    request = session().get(SupportRequest, request_id, populate_existing=True)
    if request is None:
        raise NotFound("support_request")
    return request


def thread(request_id: uuid.UUID) -> Thread:
    """One request with its words. Raises NotFound."""
    request = session().get(
        SupportRequest,
        request_id,
        options=[undefer(SupportRequest.subject_ct)],
        populate_existing=True,
    )
    if request is None:
        raise NotFound("support_request")
    messages = session().scalars(
        sa.select(SupportMessage)
        .where(SupportMessage.request_id == request_id)
        .options(undefer(SupportMessage.body_ct))
        .order_by(SupportMessage.at, SupportMessage.id)
        .execution_options(populate_existing=True)
    )
    return Thread(request, messages.all())


def waiting() -> Sequence[SupportRequest]:
    """Requests that wait for us, longest first."""
    return (
        session()
        .scalars(
            sa.select(SupportRequest)
            .where(SupportRequest.state == SupportState.OPEN)
            .order_by(SupportRequest.waiting_since)
            .limit(QUEUE)
        )
        .all()
    )


def next_waiting(after: uuid.UUID, staff_id: uuid.UUID) -> SupportRequest | None:
    """The request to go on with: the longest waiting one of one's own, else one of nobody's."""
    query = (
        sa.select(SupportRequest)
        .where(
            SupportRequest.state == SupportState.OPEN,
            SupportRequest.id != after,
            sa.or_(SupportRequest.assigned_to == staff_id, SupportRequest.assigned_to.is_(None)),
        )
        .order_by(SupportRequest.assigned_to.is_(None), SupportRequest.waiting_since)
        .limit(1)
    )
    return session().scalar(query)


def works_on(organization_id: uuid.UUID, staff_id: uuid.UUID) -> bool:
    """Whether the person has an open request of this customer in hand."""
    query = sa.select(SupportRequest.id).where(
        SupportRequest.organization_id == organization_id,
        SupportRequest.assigned_to == staff_id,
        SupportRequest.state != SupportState.CLOSED,
    )
    return session().scalar(query.limit(1)) is not None


def colleagues() -> Sequence[tuple[uuid.UUID, str]]:
    """Who may be given a request: id and name of everybody who answers."""
    roles = [
        str(role) for role in StaffRole if StaffPermission.SUPPORT_WRITE in STAFF_PERMISSIONS[role]
    ]
    rows = session().execute(
        sa.select(StaffUser.id, StaffUser.display_name)
        .where(
            StaffUser.state == StaffState.ACTIVE,
            sa.or_(*(StaffUser.roles.contains([role]) for role in roles)),
        )
        .order_by(StaffUser.display_name)
    )
    return [(row[0], row[1]) for row in rows]


def canned_replies(topic: SupportTopic) -> Sequence[CannedReply]:
    """Answers kept ready, those of the topic first."""
    return (
        session()
        .scalars(
            sa.select(CannedReply)
            .order_by(CannedReply.topic != topic, CannedReply.title_tr)
            .limit(100)
        )
        .all()
    )
