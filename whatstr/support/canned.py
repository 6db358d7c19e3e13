"""Answers kept ready, in both languages."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import sqlalchemy as sa

from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import Conflict, InvalidInput, NotFound
from whatstr.support.models import CannedReply, SupportTopic
from whatstr.support.policies import BODY_LENGTH

FIELDS = ("title_tr", "title_en", "body_tr", "body_en")


def add_reply(*, actor: Actor, topic: SupportTopic, texts: Mapping[str, str]) -> CannedReply:
    """A new one; both languages are needed. Raises InvalidInput."""
    row = CannedReply(id=uuid.uuid4(), topic=topic, created_at=clock.now(), **_checked(texts))
    session().add(row)
    session().flush()
    _note(actor, row, "canned_reply.added")
    return row


def edit_reply(
    *,
    actor: Actor,
    reply_id: uuid.UUID,
    expected_version: int,
    topic: SupportTopic,
    texts: Mapping[str, str],
) -> CannedReply:
    """Raises Conflict, InvalidInput, NotFound."""
    row = _locked(reply_id)
    if row.version != expected_version:
        raise Conflict("canned_reply", version=row.version)
    checked = _checked(texts)
    row.topic = topic
    for name, text in checked.items():
        setattr(row, name, text)
    session().flush()
    _note(actor, row, "canned_reply.edited")
    return row


def delete_reply(*, actor: Actor, reply_id: uuid.UUID) -> None:
    """Take it away for good. Raises NotFound."""
    row = _locked(reply_id)
    _note(actor, row, "canned_reply.deleted", title=row.title_tr)
    session().delete(row)


def _locked(reply_id: uuid.UUID) -> CannedReply:
    row = session().scalar(
        sa.select(CannedReply)
        .where(CannedReply.id == reply_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("canned_reply")
    return row


def _checked(texts: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name in FIELDS:
        text = texts.get(name, "").replace("\r\n", "\n").strip()
        if not text or "\0" in text:
            raise InvalidInput(name, "missing")
        if len(text) > BODY_LENGTH[1]:
            raise InvalidInput(name, "too_long", max=BODY_LENGTH[1])
        found[name] = text
    return found


def _note(actor: Actor, row: CannedReply, verb: str, **detail: object) -> None:
    record(actor=actor, verb=verb, subject_kind="canned_reply", subject_id=row.id, detail=detail)
