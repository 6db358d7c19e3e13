"""What a new installation starts with: plans, and one member of staff for each role.

These people have a second factor like everybody else. Its secret follows from the installation's
own keys, so that `flask whatstr demo-code` can play their authenticator app.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import sqlalchemy as sa

from whatstr.accounts import staff, staff_factors
from whatstr.accounts.models import StaffRole, StaffUser
from whatstr.audit.services import SYSTEM
from whatstr.billing import plans
from whatstr.core.db import session, transaction

STAFF = {
    StaffRole.OWNER: ("sahip@whatstr.example", "Deniz Sahip"),
    StaffRole.ABUSE_OPERATOR: ("denetim@whatstr.example", "Umut Denetim"),
    StaffRole.BILLING: ("odeme@whatstr.example", "Ece Ödeme"),
    StaffRole.SUPPORT: ("destek@whatstr.example", "Can Destek"),
    StaffRole.AUDITOR: ("gozetim@whatstr.example", "Arda Gözetim"),
}
SECOND = {StaffRole.BILLING: ("odeme2@whatstr.example", "Mert Ödeme")}


def people() -> list[tuple[StaffRole, str, str]]:
    """Role, e-mail and name of everybody who is planted."""
    return [(role, email, name) for role, (email, name) in [*STAFF.items(), *SECOND.items()]]


def totp_secret(key: str, email: str) -> str:
    """The authenticator secret (base32) of a planted person, from a key of the installation."""
    digest = hmac.new(key.encode(), f"demo-totp\0{email}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:20]).decode()


def plant(*, staff_password: str, factor_key: str) -> None:
    """Plans and staff, unless they are there; people of before the second factor get theirs."""
    with transaction():
        plans.seed()
        empty = not session().scalar(sa.select(sa.func.count()).select_from(StaffUser))
        for role, email, name in people():
            user = staff.by_email(email)
            if user is None and empty:
                user = staff.create_staff(
                    actor=SYSTEM, email=email, name=name, roles=[role], password=staff_password
                )
            if user is not None and not staff_factors.factors(user.id):
                staff_factors.add_totp(
                    actor=SYSTEM,
                    staff_id=user.id,
                    secret=totp_secret(factor_key, email),
                    label="Demo",
                )
