"""How many different people were written to in moving 24 hours: exact, and it fails closed.

Meta counts them for each business portfolio over all its lines; we count them for each new
organization (ramp-up). The people stand as keyed indexes in the sender's Redis, and one script
takes several slices' wishes in turn. Each count names the run of Redis that it was built in: after
Redis was emptied, restarted or went back to an older snapshot nothing is sent before the count is
built again from the messages.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from redis import Redis
from redis.exceptions import RedisError

from whatstr.campaigns import outlook, pacing
from whatstr.campaigns.pacing import COUNTED_FOR, Wait
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.sending.pace import PaceUnavailable

log = get_logger(__name__)

_KEEP_MS = round(COUNTED_FOR.total_seconds() * 1000)
_PORTION = 5_000

# KEYS: a set of people and a mark for each scope. ARGV: how long a person counts, one limit a
# scope, the people. Answer: how many of them fit, the scope that is used up (0: none), ms until
# that has room again; or -1 and the scope that is not built. Whoever fills a scope to the brim is
# told so like whoever did not fit in: two lines that share what comes free take turns.
_RESERVE = """
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local scopes = #KEYS / 2
local held = {}
local began = {}
for i = 1, scopes do
  if redis.call('GET', KEYS[scopes + i]) ~= run then return {-1, i, 0} end
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - ARGV[1])
  held[i] = redis.call('ZCARD', KEYS[i])
  began[i] = held[i]
end
local full = 0
local count = 0
for p = scopes + 2, #ARGV do
  local fresh = {}
  for i = 1, scopes do
    fresh[i] = not redis.call('ZSCORE', KEYS[i], ARGV[p])
    if fresh[i] and held[i] >= tonumber(ARGV[1 + i]) then full = i end
  end
  if full > 0 then break end
  for i = 1, scopes do
    redis.call('ZADD', KEYS[i], 'GT', now, ARGV[p])
    if fresh[i] then held[i] = held[i] + 1 end
  end
  count = count + 1
end
for i = 1, scopes do
  if full == 0 and held[i] > began[i] and held[i] >= tonumber(ARGV[1 + i]) then full = i end
end
local wait = 0
if full > 0 then
  local oldest = redis.call('ZRANGE', KEYS[full], 0, 0, 'WITHSCORES')
  if oldest[2] then wait = oldest[2] + ARGV[1] - now end
end
for i = 1, scopes do
  redis.call('PEXPIRE', KEYS[i], ARGV[1])
  redis.call('PEXPIRE', KEYS[scopes + i], ARGV[1])
end
return {count, full, wait}
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """What people are counted for: `owner` is a portfolio's index or an organization's id."""

    wait: Wait
    owner: bytes
    limit: int

    @property
    def key(self) -> str:
        return f"people:{self.wait}:{self.owner.hex()}"

    @property
    def lock(self) -> int:
        """Of PostgreSQL: claims share it, building the count needs it alone."""
        return int.from_bytes(self.owner[:8], "big", signed=True)


@dataclass(frozen=True, slots=True)
class Reserved:
    """The first `count` of the asked may be written to. `wait`: the limit that these, or the next
    one, used up, and `seconds` when it has room again."""

    count: int
    wait: Wait | None = None
    seconds: float = 0.0


class Quota:
    """The people of one campaign's portfolio and organization. `reserve` within the transaction of
    the claim, so that nobody builds the count anew between the two."""

    def __init__(self, redis: Redis, scopes: Sequence[Scope]) -> None:
        self._redis = redis
        self._scopes = list(scopes)
        self._reserve = redis.register_script(_RESERVE)

    def reserve(self, people: Sequence[bytes]) -> Reserved:
        """Count people in who are about to be written to, in order. Raises PaceUnavailable when
        Redis is away or has lost the count (`build` it, then ask again)."""
        if not self._scopes or not people:
            return Reserved(len(people))
        for scope in self._scopes:
            _lock(scope, shared=True)
        keys = [scope.key for scope in self._scopes]
        limits = [scope.limit for scope in self._scopes]
        try:
            count, which, wait = self._reserve(
                keys=[*keys, *map(_mark, keys)], args=[_KEEP_MS, *limits, *people]
            )
        except RedisError:
            raise PaceUnavailable("people") from None
        if count < 0:
            raise PaceUnavailable("people_uncounted")
        if not which:
            return Reserved(count)
        return Reserved(count, self._scopes[which - 1].wait, wait / 1000)

    def build(self, *, now: datetime) -> None:
        """Build what is missing from the messages. Raises PaceUnavailable. Call it in a
        transaction: whoever claims meanwhile waits for its end."""
        if not self._scopes:
            return
        try:
            run = str(self._redis.info("server")["run_id"])
            for scope in self._scopes:
                if not self._is_built(scope, run):
                    _lock(scope, shared=False)
                    if not self._is_built(scope, run):
                        self._build(scope, run, now)
        except RedisError:
            raise PaceUnavailable("people") from None

    def _is_built(self, scope: Scope, run: str) -> bool:
        return self._redis.get(_mark(scope.key)) == run.encode()

    def _build(self, scope: Scope, run: str, now: datetime) -> None:
        people = _people(scope, since=now - COUNTED_FOR)
        # Portion by portion: a million people at once would outlast the patience with Redis. Until
        # the mark is set the count stands for nothing.
        self._redis.delete(_mark(scope.key), scope.key)
        for first in range(0, len(people), _PORTION):
            self._redis.zadd(scope.key, dict(people[first : first + _PORTION]))
        self._redis.pexpire(scope.key, COUNTED_FOR)
        self._redis.set(_mark(scope.key), run, px=COUNTED_FOR)
        log.info("people.counted", scope=str(scope.wait), n=len(people))


def _mark(key: str) -> str:
    return f"{key}:run"


def _lock(scope: Scope, *, shared: bool) -> None:
    name = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    session().execute(sa.text(f"SELECT {name}(:key)"), {"key": scope.lock})


# Who is counted -------------------------------------------------------------------------------

_PORTFOLIO = """
SELECT l.id, l.limit_tier FROM line l LEFT JOIN s_conn s ON s.line_id = l.id
WHERE coalesce(l.portfolio_ix, s.account_ix) = :owner
"""
_OWNER = """
SELECT coalesce(l.portfolio_ix, s.account_ix) FROM line l
LEFT JOIN s_conn s ON s.line_id = l.id WHERE l.id = :line
"""
_PEOPLE = """
SELECT m.recipient_ix, max(m.handed_at) FROM message m
WHERE m.campaign_id = ANY(:campaigns) AND m.handed_at > :since
  AND (m.accepted_at IS NOT NULL OR m.status IN ('handing', 'unknown'))
GROUP BY m.recipient_ix
"""
_CAMPAIGNS = """
SELECT id FROM campaign WHERE started_at IS NOT NULL
  AND (finished_at IS NULL OR finished_at > :since) AND {where}
"""


def quota_of(
    redis: Redis, *, line_id: uuid.UUID, organization_id: uuid.UUID, now: datetime
) -> Quota:
    """The counts that messages over this line fall under; those without a limit are left out."""
    scopes: list[Scope] = []
    owner = session().scalar(sa.text(_OWNER), {"line": line_id})
    portfolio = bytes(owner) if owner is not None else line_id.bytes
    limit = pacing.people_limit([tier for _, tier in _lines(portfolio)])
    if limit is not None:
        scopes.append(Scope(Wait.PORTFOLIO, portfolio, limit))
    ramp = pacing.limit_at(outlook.ramp_of(organization_id, now=now), now)
    if ramp is not None:
        scopes.append(Scope(Wait.RAMP_UP, organization_id.bytes, ramp))
    return Quota(redis, scopes)


def _lines(portfolio: bytes) -> list[tuple[uuid.UUID, str | None]]:
    found = session().execute(sa.text(_PORTFOLIO), {"owner": portfolio})
    return [(id_, tier) for id_, tier in found]


def _people(scope: Scope, *, since: datetime) -> list[tuple[bytes, float]]:
    """(index, milliseconds) of everybody who was written to, or may have been."""
    if scope.wait is Wait.PORTFOLIO:
        lines = [id_ for id_, _ in _lines(scope.owner)]
        where, value = "line_id = ANY(:value)", lines or [uuid.UUID(bytes=scope.owner)]
    else:
        where, value = "organization_id = ANY(:value)", [uuid.UUID(bytes=scope.owner)]
    values: dict[str, Any] = {"since": since, "value": value}
    campaigns = session().scalars(sa.text(_CAMPAIGNS.format(where=where)), values)
    found = session().execute(sa.text(_PEOPLE), {"campaigns": list(campaigns), "since": since})
    return [(bytes(index), at.timestamp() * 1000) for index, at in found]
