"""The mailbox between the browser and the sender: sealed requests, sealed answers, sealed news."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

from whatstr.accounts.permissions import Permission
from whatstr.core.db import session, transaction
from whatstr.core.errors import InvalidInput
from whatstr.portal import api
from whatstr.portal.access import (
    EmailUnconfirmed,
    current_member,
    limits,
    member_access,
    organization_id,
)
from whatstr.portal.inputs import (
    BodyTooLarge,
    b64_field,
    choice,
    id_field,
    json_body,
    query_integer,
    show_bytes,
    show_id,
    show_instant,
)
from whatstr.vault import queries, rekey, services
from whatstr.vault.models import RequestState
from whatstr.vault.policies import FILE_REQUEST_SIZE, REQUEST_SIZE
from whatstr.vault.rpc import Op
from whatstr.vault.seals import TO_SENDER

LONGEST_WAIT = 10
_STEP = 0.2
# A waiting call holds a thread of the server: only so many may, the others are answered at once.
_waiting = threading.BoundedSemaphore(2)


@api.post("/requests")
@member_access(Permission.LINES_WRITE)
def post_request() -> tuple[dict[str, Any], int]:
    data, member = json_body(limit=FILE_REQUEST_SIZE * 4 // 3 + 4096), current_member()
    request_id, op = id_field(data, "id"), choice(data, "op", Op)
    size = FILE_REQUEST_SIZE if op is Op.TEST_SEND else REQUEST_SIZE
    seal = b64_field(data, "seal", max=FILE_REQUEST_SIZE, min=64)
    if len(seal) > size:
        raise BodyTooLarge("seal", "too_large", limit=size)
    if seal[0] != TO_SENDER:
        raise InvalidInput("seal", "wrong_kind")
    if op is Op.REPIN:
        raise InvalidInput("op", "not_a_choice")  # has a call of its own: api_rekey
    if op is Op.CONNECT and not member.email_confirmed:
        raise EmailUnconfirmed()
    limits().sender_request(organization=member.organization_id.hex)
    with transaction():
        if op not in (Op.CONNECT, Op.DISCONNECT):  # the ways out where the keyring was lost
            rekey.check_not_pinned(member.organization_id)
        state = services.post_request(
            organization_id=member.organization_id,
            member_id=member.member_id,
            request_id=request_id,
            op=op,
            seal=seal,
        )
    return {"id": show_id(request_id), "state": str(state)}, 202


@api.get("/requests/<uuid:request_id>")
@member_access(Permission.LINES_READ)
def read_request(request_id: uuid.UUID) -> dict[str, Any]:
    seconds = query_integer("wait", 0, max=LONGEST_WAIT)
    found = queries.sender_request(organization_id(), request_id)
    if found.state is RequestState.WAITING and seconds and _waiting.acquire(blocking=False):
        try:
            found = _wait(organization_id(), request_id, seconds)
        finally:
            _waiting.release()
    answer = {"answer": show_bytes(found.answer)} if found.answer is not None else {}
    return {"state": str(found.state), **answer}


def _wait(owner: uuid.UUID, request_id: uuid.UUID, seconds: int) -> queries.RequestView:
    """Look again and again, holding no database connection in between."""
    for _ in range(int(seconds / _STEP)):
        session().rollback()
        time.sleep(_STEP)
        found = queries.sender_request(owner, request_id)
        if found.state is not RequestState.WAITING:
            break
    return found


@api.delete("/requests/<uuid:request_id>")
@member_access(Permission.LINES_READ)
def delete_request(request_id: uuid.UUID) -> tuple[str, int]:
    with transaction():
        services.delete_request(organization_id=organization_id(), request_id=request_id)
    return "", 204


@api.get("/notices")
@member_access(Permission.VAULT_READ)
def list_notices() -> dict[str, Any]:
    after = query_integer("after", 0, max=2**63 - 1)
    rows = queries.notices(organization_id(), after=after)
    return {
        "notices": [
            {"id": row.id, "at": show_instant(row.at), "sealed": show_bytes(row.sealed)}
            for row in rows
        ]
    }


@api.delete("/notices/<int:notice_id>")
@member_access(Permission.VAULT_WRITE)
def delete_notice(notice_id: int) -> tuple[str, int]:
    with transaction():
        services.delete_notice(organization_id=organization_id(), notice_id=notice_id)
    return "", 204
