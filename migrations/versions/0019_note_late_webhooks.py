"""Remember when Meta's webhooks came late: what is silent then may still be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("s_instance", sa.Column("late_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("s_instance", "late_at")
