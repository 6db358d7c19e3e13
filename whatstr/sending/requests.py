"""Serving sealed requests: claimed, blanked, opened, proved, done, answered under seal.

A request is served at most once: it is blanked in the transaction that claims it, since Meta's
code is good for one use and a test message must not go twice.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from whatstr.core import clock
from whatstr.core.db import notify, session, transaction
from whatstr.core.logs import bound, get_logger
from whatstr.core.queues import task
from whatstr.sending import connections, context, operations, repinning
from whatstr.sending.connections import NoConnection, Pins
from whatstr.sending.refusals import Denied, told
from whatstr.vault.box import VaultFormatError
from whatstr.vault.models import RequestState, SenderRequest
from whatstr.vault.rpc import (
    Answer,
    Op,
    Request,
    RequestRefused,
    open_request,
    read_repin,
    seal_answer,
)

log = get_logger(__name__)

SECONDS = 30.0
CHANNEL = "whatstr_answers"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A request in hand; its row holds it no more."""

    id: uuid.UUID
    organization_id: uuid.UUID
    op: str
    blob: bytes = field(repr=False)


@task("doors.requests")
def serve_requests() -> None:
    """Serve what waits, oldest first."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and serve_next():
        continue


def serve_next() -> bool:
    """Serve one request; False when none waits."""
    with transaction():
        claimed = _claim()
    if claimed is None:
        return False
    with bound(request=claimed.id):
        _serve(claimed)
    return True


def _claim() -> Claimed | None:
    row = (
        session()
        .execute(
            sa.select(
                SenderRequest.id,
                SenderRequest.organization_id,
                SenderRequest.op,
                SenderRequest.request,
                SenderRequest.created_at,
            )
            .where(SenderRequest.state == RequestState.WAITING)
            .order_by(SenderRequest.created_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        .first()
    )
    if row is None:
        return None
    _set(row.id, state=RequestState.TAKEN, request=b"")
    return Claimed(row.id, row.organization_id, row.op, bytes(row.request))


def _serve(claimed: Claimed) -> None:
    with transaction():
        pins = _pins(claimed.organization_id)
    try:
        request = _proved(claimed, pins)
    except (VaultFormatError, Denied) as error:
        log.warning("request.refused", reason=told(error)[0])
        _answer(claimed, pins, error=error)
        return
    try:
        reply_to = _reply_to(request, pins)
    except VaultFormatError as error:
        _answer(claimed, pins, error=error)
        return
    try:
        result = operations.perform(request)
    except Exception as error:
        if told(error)[0] == "failed":
            log.error("request.failed", op=request.op, error=type(error).__name__)
        _answer(claimed, reply_to, error=error)
        return
    log.info("request.served", op=request.op)
    _answer(claimed, reply_to, result=result)


def _pins(organization_id: uuid.UUID) -> Pins | None:
    """The pinned keys. A connection that does not open (another keyring) pins nothing that could
    be read, and after a reset to an empty vault nobody has the old keys: then only a new Meta
    login can help."""
    try:
        return None if repinning.stale(organization_id) else connections.pins(organization_id)
    except NoConnection:
        log.error("request.pins_unreadable", organization=organization_id)
        return None


def _proved(claimed: Claimed, pins: Pins | None) -> Request:
    """Open the request and hold it against its row, the pins and the clock."""
    try:
        request = _opened(claimed, pins.sign_pk if pins else None)
    except RequestRefused as refused:
        # A re-key whose answer was lost is asked for again with the key that it has replaced.
        if claimed.op != Op.REPIN or refused.reason != "signature":
            raise
        with transaction():
            previous = connections.previous_sign_pk(claimed.organization_id)
        if not previous:
            raise
        request = _opened(claimed, previous)
    if str(request.op) != claimed.op:
        raise RequestRefused("context")
    if request.op is Op.CONNECT and pins is not None and request.box_pk != pins.box_pk:
        raise Denied("pin_mismatch")
    return request


def _reply_to(request: Request, pins: Pins | None) -> Pins:
    """Who reads the answer: who is pinned, or who is about to be."""
    if request.op is Op.REPIN:
        return Pins(*read_repin(request))
    return pins or Pins(request.sign_pk, request.box_pk)


def _opened(claimed: Claimed, sign_pk: bytes | None) -> Request:
    return open_request(
        claimed.blob,
        keys=context.keyring().epoch_keys(),
        pinned_sign_pk=sign_pk,
        rpc=claimed.id.bytes,
        account=claimed.organization_id.bytes,
        now=clock.now(),
    )


def _answer(
    claimed: Claimed,
    reply_to: Pins | None,
    *,
    result: dict[str, Any] | None = None,
    error: Exception | None = None,
) -> None:
    """Seal the answer to the customer. Without a key that was proved nobody can be answered: the
    request is over, and the browser says that it got no answer."""
    if reply_to is None:
        with transaction():
            _set(claimed.id, state=RequestState.EXPIRED, answered_at=clock.now())
        return
    code, turkish, english = told(error) if error is not None else ("", "", "")
    answer = Answer(
        rpc=claimed.id.bytes,
        account=claimed.organization_id.bytes,
        at=clock.unix(),
        ok=error is None,
        result=result,
        error=code,
        tr=turkish,
        en=english,
    )
    sealed = seal_answer(answer, ident_sk=context.keyring().ident_sk, box_pk=reply_to.box_pk)
    with transaction():
        _set(claimed.id, state=RequestState.ANSWERED, response=sealed, answered_at=clock.now())
        notify(CHANNEL, claimed.id.hex)


def _set(request_id: uuid.UUID, **values: object) -> None:
    session().execute(
        sa.update(SenderRequest)
        .where(SenderRequest.id == request_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
