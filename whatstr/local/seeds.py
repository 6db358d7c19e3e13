"""What a new installation starts with: plans, and one member of staff for each role."""

from __future__ import annotations

import sqlalchemy as sa

from whatstr.accounts import staff
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


def plant(*, staff_password: str) -> None:
    """Plans and staff, unless they are there."""
    with transaction():
        plans.seed()
        if session().scalar(sa.select(sa.func.count()).select_from(StaffUser)):
            return
        for role, (email, name) in [*STAFF.items(), *SECOND.items()]:
            staff.create_staff(
                actor=SYSTEM, email=email, name=name, roles=[role], password=staff_password
            )
