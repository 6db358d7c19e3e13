"""What support staff do with a request: take, give to a colleague, answer, close, open again."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import load_only

from whatstr import settings_of
from whatstr.accounts.mail import MailKind, queue_mail
from whatstr.accounts.models import Member, MemberState, StaffState, StaffUser
from whatstr.accounts.permissions import StaffPermission, staff_permissions
from whatstr.audit.services import Actor
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import Conflict, InvalidInput, NotFound
from whatstr.support.models import Author, SupportRequest, SupportState
from whatstr.support.policies import SupportClosed, check_body
from whatstr.support.requests import add_message, begin_again, end, move, note


def locked_request(request_id: uuid.UUID, expected_version: int) -> SupportRequest:
    """The request, locked until the transaction ends. Raises NotFound, Conflict: somebody, the
    customer too, has changed it since the page was read."""
    request = session().scalar(
        sa.select(SupportRequest)
        .where(SupportRequest.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if request is None:
        raise NotFound("support_request")
    if request.version != expected_version:
        raise Conflict("support_request", version=request.version)
    return request


def assign(
    *, actor: Actor, request_id: uuid.UUID, expected_version: int, staff_id: uuid.UUID | None
) -> SupportRequest:
    """Give a request to a colleague of support, to oneself, or back to everybody (None)."""
    request = locked_request(request_id, expected_version)
    if staff_id is not None:
        user = session().get(StaffUser, staff_id)
        may = user is not None and StaffPermission.SUPPORT_WRITE in staff_permissions(user.roles)
        if user is None or user.state is not StaffState.ACTIVE or not may:
            raise InvalidInput("staff", "unknown")
    if request.assigned_to != staff_id:
        request.assigned_to = staff_id
        note(actor, request, "support.assigned", to=staff_id.hex if staff_id else None)
    return request


def answer(
    *,
    actor: Actor,
    request_id: uuid.UUID,
    expected_version: int,
    body: str,
    closes: bool = False,
) -> SupportRequest:
    """Write to the customer, who learns by mail that there is an answer and reads it in the
    portal. An unassigned request becomes the writer's. Raises InvalidInput, SupportClosed."""
    words = check_body(body)
    request = locked_request(request_id, expected_version)
    if request.state is SupportState.CLOSED:
        raise SupportClosed()
    if actor.id is None:
        raise InvalidInput("staff", "unknown")
    add_message(request, Author.STAFF, actor.id, words)
    request.first_answer_at = request.first_answer_at or clock.now()
    request.waiting_since = None
    request.assigned_to = request.assigned_to or actor.id
    if request.state is SupportState.OPEN:
        move(request, SupportState.ANSWERED)
    if closes:
        end(request)
    note(actor, request, "support.answered", closed=closes)
    _tell_answered(request)
    return request


def close(*, actor: Actor, request_id: uuid.UUID, expected_version: int) -> SupportRequest:
    """Close without a word: spam, doubles, matters settled elsewhere."""
    request = locked_request(request_id, expected_version)
    if request.state is not SupportState.CLOSED:
        end(request)
        note(actor, request, "support.closed")
    return request


def reopen(*, actor: Actor, request_id: uuid.UUID, expected_version: int) -> SupportRequest:
    """The undo of a closing."""
    request = locked_request(request_id, expected_version)
    if request.state is SupportState.CLOSED:
        begin_again(request)
        note(actor, request, "support.reopened")
    return request


_ANSWERED = {
    "tr": {
        "subject": "Destek talebinize yanıt var",
        "paragraphs": [
            "{number} numaralı destek talebinize yanıt verdik. Yanıtı hesabınızda okuyabilirsiniz; "
            "güvenliğiniz için burada yinelemiyoruz."
        ],
        "link_label": "Yanıtı oku",
    },
    "en": {
        "subject": "Your support request was answered",
        "paragraphs": [
            "We have answered your support request {number}. You read the answer in your account; "
            "for your safety it is not repeated here."
        ],
        "link_label": "Read the answer",
    },
}


def _tell_answered(request: SupportRequest) -> None:
    """A mail without content to whoever asked."""
    member = session().scalar(
        sa.select(Member)
        .where(Member.id == request.member_id, Member.state == MemberState.ACTIVE)
        # Only what is needed: this role has no right to a member's keys.
        .options(load_only(Member.language, Member.organization_id, Member.email_ct))
        .execution_options(populate_existing=True)
    )
    if member is None or not member.email:
        return
    language = "en" if member.language == "en" else "tr"
    words = _ANSWERED[language]
    base = settings_of()["WHATSTR_WEB_URL"].rstrip("/")
    queue_mail(
        MailKind.NOTICE,
        to=member.email,
        values={
            **words,
            "paragraphs": [text.format(number=request.number) for text in words["paragraphs"]],
            "url": f"{base}/destek#{request.id.hex}",
        },
        language=language,
        organization_id=member.organization_id,
    )
