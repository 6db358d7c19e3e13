"""Draining the inbox: what HOOK sealed is Meta's word, what WEB and ADMIN sealed is our pages'.

Rows go in the same transaction in which they take effect. One that cannot be read is dropped with
a logged code; it never stands in the way of the others.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.core.logs import get_logger
from whatstr.core.queues import task
from whatstr.sending import (
    answers,
    context,
    health,
    incoming,
    messages,
    preferences,
    punctuality,
    receipts,
    replies,
    statuses,
    template_health,
)
from whatstr.sending.statuses import Receipt
from whatstr.sending.webhook_values import text_of
from whatstr.vault import wire
from whatstr.vault.box import VaultFormatError
from whatstr.vault.seals import open_sender_seal

log = get_logger(__name__)

SECONDS = 5.0
"""A customer's request may wait behind a drain: it hands over after so long."""
BATCH = 100
TRIES = 5
META = "whatstr_hook"
PAGES: Mapping[str, frozenset[str]] = {
    "whatstr_web": frozenset({"optout_link", "report_link"}),
    "whatstr_admin": frozenset({"desk_optout"}),
}
"""Which role may say what. The database stamps the role, so that nobody speaks for another."""
_LOCK = 7_274_497


@dataclass
class Batch:
    """What a batch says, sorted, and what is to be done once it is committed."""

    receipts: list[Receipt] = field(default_factory=list)
    delay: timedelta = timedelta(0)
    """The longest that one of the receipts took to come."""
    later: list[Callable[[], None]] = field(default_factory=list)
    answers: list[answers.Answer] = field(default_factory=list)
    ask_again: set[str] = field(default_factory=set)


@task("doors.inbox")
def drain_inbox() -> None:
    """Drain for a few seconds, or until nothing is left."""
    end = time.monotonic() + SECONDS
    while drain(BATCH) and time.monotonic() < end:
        continue


def drain(limit: int) -> int:
    """Take up to `limit` rows, act, commit; then answer people and ask about lines. How many rows
    went. Raises OperationalError when the database does not answer."""
    try:
        count, batch = _attempt(limit)
    except OperationalError:
        raise
    except Exception as error:
        if limit == 1:
            log.error("inbox.poisoned", error=type(error).__name__)
            return _drop_first()
        # One of them cannot be acted on: go one by one, so that only that one is lost.
        log.error("inbox.one_by_one", error=type(error).__name__)
        return sum(drain(1) for _ in range(limit))
    if batch.answers:
        answers.send_all(batch.answers)
    if batch.ask_again:
        health.refresh(batch.ask_again)
    return count


def _attempt(limit: int) -> tuple[int, Batch]:
    """One transaction. Slices write the same rows in an order of their own, so a deadlock is
    possible; PostgreSQL ends one of the two, and it is tried again."""
    for left in range(TRIES - 1, -1, -1):
        try:
            with transaction():
                rows = _take(limit)
                batch = Batch()
                for at, origin, sealed in rows:
                    _read(at, origin, sealed, batch)
                receipts.apply(batch.receipts)
                punctuality.note(batch.delay, now=clock.now())
                for call in batch.later:
                    _alone(call)
                return len(rows), batch
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in ("40P01", "40001") or not left:
                raise
            log.warning("inbox.again")
    raise AssertionError


def _alone(call: Callable[[], None]) -> None:
    """Act on one change; if that fails, only that one is lost."""
    try:
        with session().begin_nested():
            call()
    except OperationalError:
        raise
    except Exception as error:
        log.error("inbox.change_lost", error=type(error).__name__)


def _take(limit: int) -> list[tuple[datetime, str, bytes]]:
    """The oldest rows, deleted. One drain at a time keeps them in order."""
    if not session().scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))):
        return []
    rows = session().execute(
        sa.text(
            "DELETE FROM hook_inbox WHERE id IN"
            " (SELECT id FROM hook_inbox ORDER BY id LIMIT :n) RETURNING id, at, origin, sealed"
        ),
        {"n": limit},
    )
    in_order = sorted(rows, key=lambda row: row.id)
    return [(at, origin, bytes(sealed)) for _, at, origin, sealed in in_order]


def _drop_first() -> int:
    with transaction():
        return len(_take(1))


def _read(at: datetime, origin: str, sealed: bytes, batch: Batch) -> None:
    try:
        kid, plain = open_sender_seal(context.keyring().epoch_keys(), sealed)
        body = _whole(wire.load(plain)) if b"\\ud" in plain.lower() else wire.load(plain)
        if not isinstance(body, dict):
            raise VaultFormatError("object")
    except VaultFormatError as error:
        log.error("inbox.unreadable", origin=_known(origin), reason=error.code)
        return
    if origin == META:
        known = len(batch.receipts)
        for waba_id, name, value, when in _changes(body):
            _sort(waba_id, name, value, when, batch)
        delays = (at - one.at for one in batch.receipts[known:])
        batch.delay = max(batch.delay, *delays, timedelta(0))
    elif body.get("t") in PAGES.get(origin, frozenset()):
        batch.later.append(lambda: messages.take(body))
    else:
        log.error("inbox.refused", origin=_known(origin), kid=kid)


def _whole(body: Any) -> Any:
    """Halves of characters, which JSON can name and no database takes, become question marks."""
    return json.loads(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))


def _known(origin: str) -> str:
    return origin if origin == META or origin in PAGES else "other"


def _changes(body: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], Any]]:
    """(account, field, value, time) of each change in Meta's envelope (facts, section 7)."""
    if body.get("object") != "whatsapp_business_account":
        log.warning("inbox.not_whatsapp")
        return
    for entry in _list(body.get("entry")):
        for change in _list(entry.get("changes")):
            value = change.get("value")
            if isinstance(value, dict):
                name, account = change.get("field"), entry.get("id")
                yield text_of(account), text_of(name), value, entry.get("time")


def _list(found: Any) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _sort(waba_id: str, name: str, value: dict[str, Any], when: Any, batch: Batch) -> None:
    """Receipts first, all at once; then, in order, what people wrote and what Meta says."""
    if name == "messages":
        told = [statuses.read_status(entry) for entry in _list(value.get("statuses"))]
        batch.receipts += [one for one in told if one is not None]
        for error in _list(value.get("errors")):
            if type(error.get("code")) is int:
                log.warning("inbox.meta_error", code=error["code"])
        if value.get("messages"):
            number_id, found = incoming.read_value(value)
            batch.later.append(lambda: replies.take(waba_id, number_id, found, batch.answers))
    elif name == "user_preferences":
        batch.later.append(lambda: preferences.take_preferences(value))
    elif name in template_health.FIELDS:
        batch.later.append(lambda: template_health.take(waba_id, name, value, when))
    elif name in health.FIELDS:
        batch.later.append(lambda: health.take(waba_id, name, value, when, batch.ask_again))
