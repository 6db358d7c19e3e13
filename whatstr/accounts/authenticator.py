"""Checking a code of a member's authenticator app (RFC 6238, half a minute early or late)."""

from __future__ import annotations

import secrets

import pyotp

from whatstr.accounts.models import Member
from whatstr.core import clock
from whatstr.core.db import session

STEP = 30


def take_code(member: Member, typed: str) -> bool:
    """Whether the member's authenticator shows this code, and shows it for
    the first time. `member` has its personal columns loaded."""
    digits, now = "".join(typed.split()), clock.unix() // STEP
    if not (digits.isascii() and digits.isdigit() and len(digits) == 6) or member.totp is None:
        return False
    maker = pyotp.TOTP(member.totp)
    for step in (now - 1, now, now + 1):
        if secrets.compare_digest(maker.generate_otp(step), digits):
            if member.totp_step is not None and step <= member.totp_step:
                return False
            member.totp_step = step
            session().flush()
            return True
    return False
