"""How often one may try: sign-in, recovery, sign-up. Counted in Redis under keyed hashes."""

from __future__ import annotations

from redis import Redis

from whatstr.core.crypto import norm_email
from whatstr.core.prf import prf
from whatstr.core.security import RateLimit

_QUARTER, _HOUR = 15 * 60, 60 * 60


class Limits:
    """Each method counts one try and raises TooMany, with `retry_after`, beyond its limit.

    Sign-in: 10 per account and 30 per address in 15 minutes (vault design, section 6). `secret` is
    a secret of the process, from which the key of the counters is derived.
    """

    def __init__(self, connection: Redis, secret: bytes) -> None:
        self._limit = RateLimit(connection, prf(secret, "wtr1/rate-limit"))

    def sign_in(self, *, email: str, address: str) -> None:
        self._limit.check("signin-address", address, limit=30, seconds=_QUARTER)
        self._limit.check("signin-account", norm_email(email), limit=10, seconds=_QUARTER)

    def prelogin(self, *, address: str) -> None:
        self._limit.check("prelogin", address, limit=60, seconds=_QUARTER)

    def password(self, *, member: str) -> None:
        self._limit.check("password", member, limit=10, seconds=_QUARTER)

    def enrol(self, *, address: str) -> None:
        self._limit.check("enrol", address, limit=60, seconds=_HOUR)

    def recovery_start(self, *, email: str, address: str) -> None:
        self._limit.check("recovery-address", address, limit=20, seconds=_HOUR)
        self._limit.check("recovery-account", norm_email(email), limit=5, seconds=_HOUR)

    def recovery_try(self, *, token: str, address: str) -> None:
        self._limit.check("recovery-open", address, limit=30, seconds=_QUARTER)
        self._limit.check("recovery-token", token, limit=10, seconds=_QUARTER)

    def link(self, *, address: str) -> None:
        self._limit.check("link", address, limit=60, seconds=_QUARTER)

    def resend(self, *, member: str) -> None:
        self._limit.check("resend", member, limit=5, seconds=_HOUR)

    def staff_sign_in(self, *, email: str, address: str) -> None:
        self._limit.check("staff-address", address, limit=30, seconds=_QUARTER)
        self._limit.check("staff-account", norm_email(email), limit=10, seconds=_QUARTER)

    def sender_request(self, *, organization: str) -> None:
        self._limit.check("sender-request", organization, limit=120, seconds=600)

    def report(self, *, address: str) -> None:
        self._limit.check("report", address, limit=20, seconds=_HOUR)
