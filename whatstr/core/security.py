"""What every web process shares: headers, request ids, origin check, access rules, rate limits."""

from __future__ import annotations

import hmac
import secrets
import uuid
from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

import flask
from redis import Redis
from redis.exceptions import RedisError

from whatstr.core.errors import NotAllowed, TooMany, Unavailable

View = TypeVar("View", bound=Callable[..., Any])

PANEL_CSP = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "connect-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types kasa"
)
PUBLIC_CSP = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def nonce() -> str:
    """The nonce of this response's Content-Security-Policy."""
    if "csp_nonce" not in flask.g:
        flask.g.csp_nonce = secrets.token_urlsafe(16)
    return str(flask.g.csp_nonce)


def admin_csp() -> str:
    """The staff panel's policy: scripts of our own or with this response's nonce."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce()}'; connect-src 'self'; "
        "style-src 'self'; img-src 'self' data: blob:; font-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


def request_id() -> str:
    """Reference of the current request, shown on error pages and written to logs and audit."""
    if not flask.has_request_context():
        return ""
    if "request_id" not in flask.g:
        # The letter tells it from a number, which no log takes.
        flask.g.request_id = f"r{uuid.uuid4().hex[:11]}"
    return str(flask.g.request_id)


def client_address() -> str:
    """The caller's IP address as the trusted proxies report it."""
    return flask.request.remote_addr or ""


def open_to_all(view: View) -> View:
    """Mark a view as reachable without a session. Every other view must name its permission."""
    view.__whatstr_access__ = "public"  # type: ignore[attr-defined]
    return view


def access_of(view: Callable[..., Any] | None) -> str | None:
    """The access rule that a view function carries: `public`, a permission, or None."""
    return getattr(view, "__whatstr_access__", None)


def check_origin() -> None:
    """Refuse a state-changing call that a foreign page could have made (vault design, 19)."""
    request = flask.request
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    origin = request.headers.get("Origin")
    if request.headers.get("X-WTR") != "1" or origin != request.host_url.rstrip("/"):
        raise NotAllowed("origin")


class RateLimit:
    """Counters in Redis, each for a time that begins with the first try. `check` counts one try and
    raises TooMany beyond the limit.

    Fails closed: sign-in is refused while Redis is away. Keys hold a keyed hash, so that Redis
    never holds an e-mail or an address.
    """

    def __init__(self, connection: Redis, key: bytes) -> None:
        self._redis = connection
        self._key = key

    def check(self, what: str, who: str, *, limit: int, seconds: int) -> None:
        tries, left = self._counted(what, who, seconds)
        if tries > limit:
            raise TooMany(what, retry_after=left)

    def count(self, what: str, who: str, *, seconds: int) -> int:
        """Count one more and give how many there were."""
        return self._counted(what, who, seconds)[0]

    def below(self, what: str, who: str, *, limit: int, seconds: int) -> None:
        """Raise TooMany where `limit` is used up, without counting."""
        name = self._name(what, who)
        try:
            if int(self._redis.get(name) or 0) >= limit:
                raise TooMany(what, retry_after=min(seconds, max(1, self._redis.ttl(name))))
        except RedisError:
            raise Unavailable("rate limit store") from None

    def _counted(self, what: str, who: str, seconds: int) -> tuple[int, int]:
        """(how many tries, seconds until they are forgotten)"""
        name = self._name(what, who)
        try:
            with self._redis.pipeline() as pipe:
                pipe.incr(name)
                pipe.expire(name, seconds, nx=True)
                pipe.ttl(name)
                tries, _, left = pipe.execute()
        except RedisError:
            raise Unavailable("rate limit store") from None
        return int(tries), max(1, int(left))

    def _name(self, what: str, who: str) -> str:
        digest = hmac.new(self._key, f"{what}\0{who}".encode(), sha256).hexdigest()[:32]
        return f"limit:{what}:{digest}"
