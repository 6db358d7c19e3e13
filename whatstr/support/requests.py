"""What customers do with their requests: open, write, close, open again, rate."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import NotFound
from whatstr.support.models import (
    SUPPORT_MACHINE,
    Author,
    Satisfaction,
    SupportMessage,
    SupportRequest,
    SupportState,
    SupportTopic,
)
from whatstr.support.policies import NotClosed, SupportClosed, check_body, check_subject


def open_request(
    *,
    actor: Actor,
    organization_id: uuid.UUID,
    member_id: uuid.UUID,
    topic: SupportTopic,
    subject: str,
    body: str,
    language: str,
) -> SupportRequest:
    """A new request with its first message. Raises InvalidInput."""
    line, words, now = check_subject(subject), check_body(body), clock.now()
    request = SupportRequest(
        organization_id=organization_id,
        member_id=member_id,
        topic=topic,
        state=SupportState.OPEN,
        language=language,
        opened_at=now,
        waiting_since=now,
        last_at=now,
    )
    request.subject = line
    session().add(request)
    session().flush()
    add_message(request, Author.CUSTOMER, member_id, words)
    note(actor, request, "support.opened")
    return request


def write(
    *, organization_id: uuid.UUID, member_id: uuid.UUID, request_id: uuid.UUID, body: str
) -> SupportRequest:
    """The customer writes on: the request waits for us again. Raises InvalidInput, NotFound,
    SupportClosed."""
    words = check_body(body)
    request = own_request(organization_id, request_id)
    if request.state is SupportState.CLOSED:
        raise SupportClosed()
    add_message(request, Author.CUSTOMER, member_id, words)
    if request.state is SupportState.ANSWERED:
        move(request, SupportState.OPEN)
    request.waiting_since = request.waiting_since or request.last_at
    session().flush()
    return request


def close(*, actor: Actor, organization_id: uuid.UUID, request_id: uuid.UUID) -> SupportRequest:
    """The customer has what was needed. Closing twice changes nothing. Raises NotFound."""
    request = own_request(organization_id, request_id)
    if request.state is not SupportState.CLOSED:
        end(request)
        note(actor, request, "support.closed")
    return request


def reopen(*, actor: Actor, organization_id: uuid.UUID, request_id: uuid.UUID) -> SupportRequest:
    """It was not over. Raises NotFound."""
    request = own_request(organization_id, request_id)
    if request.state is SupportState.CLOSED:
        begin_again(request)
        note(actor, request, "support.reopened")
    return request


def rate(
    *, actor: Actor, organization_id: uuid.UUID, request_id: uuid.UUID, satisfaction: Satisfaction
) -> SupportRequest:
    """How it went, once it is closed. Raises NotClosed, NotFound."""
    request = own_request(organization_id, request_id)
    if request.state is not SupportState.CLOSED:
        raise NotClosed()
    request.satisfaction = satisfaction
    note(actor, request, "support.rated", satisfaction=str(satisfaction))
    return request


def own_request(organization_id: uuid.UUID, request_id: uuid.UUID) -> SupportRequest:
    """The organization's own request, locked. Raises NotFound."""
    request = session().scalar(
        sa.select(SupportRequest)
        .where(SupportRequest.id == request_id, SupportRequest.organization_id == organization_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if request is None:
        raise NotFound("support_request")
    return request


def add_message(
    request: SupportRequest, author: Author, author_id: uuid.UUID, body: str
) -> SupportMessage:
    """Append to the thread; `body` is checked already."""
    now = clock.now()
    message = SupportMessage(request_id=request.id, author=author, author_id=author_id, at=now)
    message.body = body
    session().add(message)
    request.last_at = now
    return message


def move(request: SupportRequest, state: SupportState) -> None:
    SUPPORT_MACHINE.check(request.state, state)
    request.state = state


def end(request: SupportRequest) -> None:
    """Close it: nothing waits any more."""
    move(request, SupportState.CLOSED)
    request.closed_at, request.waiting_since = clock.now(), None


def begin_again(request: SupportRequest) -> None:
    """Open it again: it waits for us from now on."""
    move(request, SupportState.OPEN)
    request.closed_at, request.waiting_since = None, clock.now()
    request.satisfaction = None


def note(actor: Actor, request: SupportRequest, verb: str, **detail: object) -> None:
    """On record: that it happened, never what was written."""
    session().flush()
    record(
        actor=actor,
        verb=verb,
        subject_kind="support_request",
        subject_id=request.id,
        organization_id=request.organization_id,
        detail=detail,
    )
