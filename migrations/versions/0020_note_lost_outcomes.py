"""Remember when a message's outcome was lost: only what Meta told later shows that it is silent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("unknown_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE message SET unknown_at = handed_at WHERE status = 'unknown'")


def downgrade() -> None:
    op.drop_column("message", "unknown_at")
