"""Which messages a slice asked tokens for: whatever it had in hand besides was never posted.

Kept in the sender's own Redis, one set a slice, because it is written in the same step that gives
the token. The set proves something only while it is whole: its first member names the run of Redis
it was begun in, and a set that was lost is never begun again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from redis import Redis
from redis.exceptions import RedisError

from whatstr.core.logs import get_logger

log = get_logger(__name__)

KEPT_SECONDS = 900
"""A slice lasts a minute, its lease half a minute more; then sweeps look."""


def key(claim: uuid.UUID | None) -> str:
    """Where the tokens of a slice are noted; nothing is noted where none was begun."""
    return f"asked:{claim.hex if claim else ''}"


def begin(redis: Redis, claim: uuid.UUID) -> None:
    """Before the first token of a slice. Where it cannot be noted, nothing will be proved."""
    try:
        pipe = redis.pipeline()
        pipe.sadd(key(claim), _run(redis))
        pipe.expire(key(claim), KEPT_SECONDS)
        pipe.execute()
    except RedisError as error:
        log.error("asked.unnoted", error=type(error).__name__)


def never(redis: Redis, claim: uuid.UUID, mrefs: Sequence[bytes]) -> set[bytes]:
    """Those messages of a dead slice that surely never left. Empty when nothing can be proved."""
    try:
        told = redis.smismember(key(claim), [_run(redis), *mrefs])
    except RedisError as error:
        log.error("asked.unseen", error=type(error).__name__)
        return set()
    whole, *asked = told
    return {mref for mref, one in zip(mrefs, asked, strict=True) if not one} if whole else set()


def _run(redis: Redis) -> str:
    return f"run:{redis.info('server')['run_id']}"
