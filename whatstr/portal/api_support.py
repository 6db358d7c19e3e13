"""Support over the API: requests of the organization, their threads, closing and rating them."""

from __future__ import annotations

import uuid
from typing import Any

from flask_babel import gettext as _

from whatstr.accounts.permissions import Permission
from whatstr.core.database import redis
from whatstr.core.db import transaction
from whatstr.core.i18n import language
from whatstr.core.security import RateLimit
from whatstr.portal import api
from whatstr.portal.access import actor, current_member, member_access, organization_id, pepper
from whatstr.portal.inputs import choice, field, json_body, show_id, show_instant
from whatstr.portal.sentences import Sentence
from whatstr.support import queries, requests
from whatstr.support.models import Satisfaction, SupportRequest, SupportTopic
from whatstr.support.policies import BODY_LENGTH, SUBJECT_LENGTH
from whatstr.support.queries import Thread

_HOUR = 3600
WRITTEN_AN_HOUR = 30


@api.get("/support")
@member_access(Permission.SELF)
def list_support() -> Any:
    return {"requests": [_show(row) for row in queries.requests_of(organization_id())]}


@api.post("/support")
@member_access(Permission.SELF)
def open_support() -> Any:
    data = json_body()
    _check_pace()
    member = current_member()
    with transaction():
        made = requests.open_request(
            actor=actor(),
            organization_id=member.organization_id,
            member_id=member.member_id,
            topic=choice(data, "topic", SupportTopic),
            subject=field(data, "subject", str, min=SUBJECT_LENGTH[0], max=SUBJECT_LENGTH[1]),
            body=field(data, "body", str, min=BODY_LENGTH[0], max=BODY_LENGTH[1]),
            language=language(),
        )
    return show_thread(queries.own_thread(member.organization_id, made.id)), 201


@api.get("/support/<uuid:request_id>")
@member_access(Permission.SELF)
def read_support(request_id: uuid.UUID) -> Any:
    return show_thread(queries.own_thread(organization_id(), request_id))


@api.post("/support/<uuid:request_id>/messages")
@member_access(Permission.SELF)
def write_support(request_id: uuid.UUID) -> Any:
    data = json_body()
    _check_pace()
    member = current_member()
    with transaction():
        requests.write(
            organization_id=member.organization_id,
            member_id=member.member_id,
            request_id=request_id,
            body=field(data, "body", str, min=BODY_LENGTH[0], max=BODY_LENGTH[1]),
        )
    return show_thread(queries.own_thread(member.organization_id, request_id)), 201


@api.post("/support/<uuid:request_id>/close")
@member_access(Permission.SELF)
def close_support(request_id: uuid.UUID) -> Any:
    with transaction():
        requests.close(actor=actor(), organization_id=organization_id(), request_id=request_id)
    return show_thread(queries.own_thread(organization_id(), request_id))


@api.post("/support/<uuid:request_id>/reopen")
@member_access(Permission.SELF)
def reopen_support(request_id: uuid.UUID) -> Any:
    with transaction():
        requests.reopen(actor=actor(), organization_id=organization_id(), request_id=request_id)
    return show_thread(queries.own_thread(organization_id(), request_id))


@api.post("/support/<uuid:request_id>/satisfaction")
@member_access(Permission.SELF)
def rate_support(request_id: uuid.UUID) -> Any:
    said = choice(json_body(), "satisfaction", Satisfaction)
    with transaction():
        requests.rate(
            actor=actor(),
            organization_id=organization_id(),
            request_id=request_id,
            satisfaction=said,
        )
    return show_thread(queries.own_thread(organization_id(), request_id))


def _check_pace() -> None:
    limit = RateLimit(redis(), pepper())
    limit.check("support", organization_id().hex, limit=WRITTEN_AN_HOUR, seconds=_HOUR)


def _show(row: SupportRequest) -> dict[str, Any]:
    return {
        "id": show_id(row.id),
        "number": row.number,
        "topic": str(row.topic),
        "state": str(row.state),
        "subject": row.subject,
        "opened_at": show_instant(row.opened_at),
        "last_at": show_instant(row.last_at),
        "closed_at": show_instant(row.closed_at),
        "satisfaction": str(row.satisfaction) if row.satisfaction else None,
    }


def show_thread(found: Thread) -> dict[str, Any]:
    """Who of us wrote stays with us: the customer talks to support."""
    return {
        **_show(found.request),
        "messages": [
            {
                "id": show_id(one.id),
                "author": str(one.author),
                "at": show_instant(one.at),
                "body": one.body,
            }
            for one in found.messages
        ],
    }


SENTENCES: dict[str, Sentence] = {
    "support_closed": lambda e: _("This request is closed. Open it again, then write."),
    "support_not_closed": lambda e: _("You can say how it went once the request is closed."),
}
