"""Holding reported words against the tags of what was really sent to the reporter (vault design,
11). Runs on a report only; at most 20 times a day for one number."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from redis.exceptions import RedisError

from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.core.prf import prf16
from whatstr.sending import context
from whatstr.sending.optouts import SentMessage
from whatstr.vault.franking import LineVerdict, Match, Verdict, match
from whatstr.vault.indexes import Purpose, account_index_key

log = get_logger(__name__)

LOOK_BACK = timedelta(days=120)
PER_DAY = 20

_ORDER = {Verdict.UNVERIFIED: 0, Verdict.PARTLY: 1, Verdict.VERIFIED: 2}


@dataclass(frozen=True, slots=True)
class Checked:
    """Reported lines held against one message that was really sent to the reporter."""

    message: SentMessage
    result: Match


def check(*, digits: str, lines: Sequence[str]) -> list[Checked]:
    """For each organization that sent one of these lines to this number: its best match."""
    best: dict[uuid.UUID, Checked] = {}
    for message, kid, tags in _messages_to(digits):
        key = context.keyring().fk.get(kid)
        if key is None:
            continue
        result = match(key, message.mref, tags, lines)
        if LineVerdict.TRUE not in result.lines:
            continue
        known = best.get(message.organization_id)
        if known is None or _weight(result) > _weight(known.result):
            best[message.organization_id] = Checked(message, result)
    return sorted(best.values(), key=lambda one: _weight(one.result), reverse=True)


def _weight(result: Match) -> tuple[int, int]:
    return _ORDER[result.verdict], result.matched


def _messages_to(digits: str) -> list[tuple[SentMessage, int, bytes]]:
    since = clock.now() - LOOK_BACK
    accounts = (
        session()
        .scalars(
            sa.text(
                "SELECT DISTINCT organization_id FROM campaign WHERE started_at > :since"
                " UNION SELECT organization_id FROM s_conn"
            ),
            {"since": since},
        )
        .all()
    )
    ik = context.keyring().ik
    indexes = [
        prf16(account_index_key(ik, Purpose.RECIPIENT, account.bytes), "v", digits)
        for account in accounts
    ]
    rows = session().execute(
        sa.text(
            "SELECT f.mref, f.organization_id, f.line_id, f.campaign_id, f.row, f.recipient_ix,"
            " f.kid, f.tags FROM unnest(CAST(:orgs AS uuid[]), CAST(:ixs AS bytea[]))"
            " AS v(organization_id, ix) JOIN s_frank f"
            " ON f.organization_id = v.organization_id AND f.recipient_ix = v.ix"
            " WHERE f.hour > :since"
        ),
        {"orgs": list(accounts), "ixs": indexes, "since": since},
    )
    return [(_message(row), row.kid, bytes(row.tags)) for row in rows]


def _message(row: sa.Row[Any]) -> SentMessage:
    return SentMessage(
        mref=bytes(row.mref),
        organization_id=row.organization_id,
        line_id=row.line_id,
        campaign_id=row.campaign_id,
        row=row.row,
        recipient_ix=bytes(row.recipient_ix),
    )


def match_one(message: SentMessage, lines: Sequence[str]) -> Match | None:
    """The lines against this one message; None when its tags or their key are gone."""
    row = (
        session()
        .execute(sa.text("SELECT kid, tags FROM s_frank WHERE mref = :m"), {"m": message.mref})
        .first()
    )
    key = context.keyring().fk.get(row.kid) if row else None
    if row is None or key is None:
        return None
    return match(key, message.mref, bytes(row.tags), lines)


def wrote_to(organization_id: uuid.UUID, known: set[bytes]) -> bool:
    """Whether the organization sent something to this person of late."""
    return bool(
        session().scalar(
            sa.text(
                "SELECT EXISTS (SELECT 1 FROM s_frank WHERE organization_id = :o"
                " AND recipient_ix = ANY(:ixs))"
            ),
            {"o": organization_id, "ixs": sorted(known)},
        )
    )


def may_ask(digits: str) -> bool:
    """At most 20 checks a day for one number, so that nobody can fish; none without the count."""
    day = clock.now().strftime("%Y%m%d")
    index = prf16(context.keyring().ik, "wtr1/report-limit", day, digits)
    try:
        pipe = context.pace_redis().pipeline()
        pipe.incr(f"report:{index.hex()}")
        pipe.expire(f"report:{index.hex()}", 86_400)
        count = int(pipe.execute()[0])
    except RedisError:
        log.error("report.limit_away")
        return False
    if count > PER_DAY:
        log.info("report.limit")
    return count <= PER_DAY


def first(what: bytes, at: datetime) -> bool:
    """Whether this has not been reported before."""
    index = prf16(context.keyring().ik, "wtr1/report-once", what)
    made = session().execute(
        sa.text(
            "INSERT INTO s_seen (update_ix, at) VALUES (:ix, :at)"
            " ON CONFLICT DO NOTHING RETURNING 1"
        ),
        {"ix": index, "at": at},
    )
    return made.first() is not None
