"""The pace of a line, kept in the sender's own Redis so that every process shares it.

One token bucket a line and one mark a person (Meta: 1 message per 6 s to the same person). Tokens
are leased in portions. It fails closed: whoever cannot ask does not send.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import RedisError

from whatstr.core.errors import DomainError

PAIR_MS = 6_000
PORTION = 100
_KEEP_MS = 86_400_000
_APP_REST = "pace:app:rest"

# KEYS: bucket, the rest of the whole app, one mark for each message. ARGV: the line's full rate,
# pair interval, expiry.
# Moments that lie ahead were noted by a clock that was set back since: they hold nothing up.
_TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local rest = redis.call('PTTL', KEYS[2])
if rest > 0 then return {0, rest} end
local h = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'rate', 'blocked', 'blocked_at')
local blocked = tonumber(h[4] or '0')
local behind = tonumber(h[5] or '0') - now
if behind > 0 then
  blocked = blocked - behind
  redis.call('HSET', KEYS[1], 'blocked', blocked, 'blocked_at', now)
end
if blocked > now then return {0, blocked - now} end
local top = tonumber(ARGV[1])
local passed = math.max(0, now - tonumber(h[2] or now))
local rate = math.min(top, tonumber(h[3] or top) + top * 0.02 * passed / 1000)
local room = math.max(1, rate / 4)
local tokens = math.min(room, tonumber(h[1] or room) + passed * rate / 1000)
local count = math.min(#KEYS - 2, math.floor(tokens))
local answer = {count, 0}
local used = 0
for i = 1, count do
  local last = tonumber(redis.call('GET', KEYS[i + 2]) or '-1')
  if last < 0 or last > now or now - last >= tonumber(ARGV[2]) then
    redis.call('SET', KEYS[i + 2], now, 'PX', ARGV[2])
    answer[i + 2] = 1
    used = used + 1
  else
    answer[i + 2] = 0
  end
end
tokens = tokens - used
if count == 0 then answer[2] = math.ceil((1 - tokens) * 1000 / rate) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now, 'rate', tostring(rate))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return answer
"""

# Many messages are in flight when Meta says "too fast": one cut a second, not one each.
_SLOW = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local h = redis.call('HMGET', KEYS[1], 'rate', 'slowed')
if math.abs(now - tonumber(h[2] or '0')) < 1000 then return 0 end
local rate = math.max(1, tonumber(h[1] or ARGV[1]) * 0.7)
redis.call('HSET', KEYS[1], 'rate', tostring(rate), 'slowed', now, 'tokens', '0', 'at', now)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""

_BLOCK = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local till = math.max(tonumber(redis.call('HGET', KEYS[1], 'blocked') or '0'), now + ARGV[1])
redis.call('HSET', KEYS[1], 'blocked', till, 'blocked_at', now)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""


class PaceUnavailable(DomainError):
    """Redis does not answer: nothing may be sent."""

    code = "pace_unavailable"
    status = 503


@dataclass(frozen=True, slots=True)
class Grant:
    """The first `len(allowed)` of the asked may be dealt with now: True is to be posted, False is
    too soon for that person. Empty: ask again after `wait` seconds."""

    allowed: tuple[bool, ...]
    wait: float


class Pace:
    """The pace of one line at `rate` messages a second."""

    def __init__(self, redis: Redis, line_id: uuid.UUID, *, rate: int) -> None:
        self._redis = redis
        self._line = line_id.hex
        self._key = f"pace:{self._line}"
        self._rate = max(1, rate)
        self._take = redis.register_script(_TAKE)
        self._slow = redis.register_script(_SLOW)
        self._block = redis.register_script(_BLOCK)

    def take(self, recipients: Sequence[bytes]) -> Grant:
        """Lease tokens for messages to these people, in order. Raises PaceUnavailable."""
        keys = [self._key, _APP_REST, *(self._pair(ix) for ix in recipients[:PORTION])]
        try:
            answer = self._take(keys=keys, args=[self._rate, PAIR_MS, _KEEP_MS])
        except RedisError:
            raise PaceUnavailable("take") from None
        return Grant(tuple(bool(flag) for flag in answer[2:]), answer[1] / 1000)

    def forget(self, recipients: Sequence[bytes]) -> None:
        """Nothing reached these people after all: they need not wait."""
        try:
            self._redis.delete(*(self._pair(ix) for ix in recipients))
        except RedisError:
            raise PaceUnavailable("forget") from None

    def _pair(self, recipient_ix: bytes) -> str:
        return f"pair:{self._line}:{recipient_ix.hex()}"

    def slow_down(self) -> None:
        """Meta said the line is too fast (130429): cut the rate; it climbs back 2 % a second."""
        try:
            self._slow(keys=[self._key], args=[self._rate, _KEEP_MS])
        except RedisError:
            raise PaceUnavailable("slow") from None

    def block(self, seconds: float) -> None:
        """No message of the line for so long."""
        try:
            self._block(keys=[self._key], args=[round(seconds * 1000), _KEEP_MS])
        except RedisError:
            raise PaceUnavailable("block") from None

    def rest_app(self, seconds: float) -> None:
        """No message over any line of any customer for so long: Meta counts the calls of the whole
        app together (code 4)."""
        try:
            self._redis.set(_APP_REST, 1, px=round(seconds * 1000))
        except RedisError:
            raise PaceUnavailable("rest") from None
