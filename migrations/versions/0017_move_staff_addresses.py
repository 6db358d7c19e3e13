"""Let a member of staff prove a new e-mail address by a link."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _purposes("invitation", "password", "email")


def downgrade() -> None:
    op.execute("DELETE FROM staff_link WHERE purpose = 'email'")
    _purposes("invitation", "password")


def _purposes(*known: str) -> None:
    op.drop_constraint("stafflinkpurpose", "staff_link", type_="check")
    listed = ", ".join(f"'{one}'" for one in known)
    op.create_check_constraint("stafflinkpurpose", "staff_link", f"purpose IN ({listed})")
