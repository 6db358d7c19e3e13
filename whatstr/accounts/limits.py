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

    def invitation(self, *, invitation: str, address: str) -> None:
        self._limit.check("invitation-address", address, limit=60, seconds=_QUARTER)
        self._limit.check("invitation", invitation, limit=20, seconds=_QUARTER)

    def resend(self, *, member: str) -> None:
        self._limit.check("resend", member, limit=5, seconds=_HOUR)

    def staff_sign_in(self, *, email: str, address: str) -> float:
        """30 for an address, 10 for an account from one address in 15 minutes. Tries on one account
        from everywhere never close it, since anybody could make them: beyond 20 they are answered
        late. Gives the seconds to wait before the answer, 3 at most."""
        account = norm_email(email)
        self._limit.check("staff-address", address, limit=30, seconds=_QUARTER)
        self._limit.check("staff-account", f"{account}\0{address}", limit=10, seconds=_QUARTER)
        tries = self._limit.count("staff-anywhere", account, seconds=_QUARTER)
        return min(3.0, max(0, tries - 20) * 0.25)

    def staff_factor(self, *, staff: str, address: str) -> None:
        """A try at a second factor: 30 for a person from one address in 15 minutes, and none after
        20 wrong ones in a day. Only who has the password, or the person, comes this far."""
        self._limit.check("staff-factor", f"{staff}\0{address}", limit=30, seconds=_QUARTER)
        self._limit.below("staff-factor-wrong", staff, limit=20, seconds=24 * _HOUR)

    def staff_factor_wrong(self, *, staff: str) -> None:
        """Count a wrong second factor."""
        self._limit.count("staff-factor-wrong", staff, seconds=24 * _HOUR)

    def view_code(self, *, staff: str) -> None:
        """A try at a customer's code."""
        self._limit.check("view-code", staff, limit=30, seconds=_QUARTER)

    def sender_request(self, *, organization: str) -> None:
        self._limit.check("sender-request", organization, limit=120, seconds=600)

    def report(self, *, address: str) -> None:
        self._limit.check("report", address, limit=20, seconds=_HOUR)
