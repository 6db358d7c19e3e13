"""Filter the audit trail by who acted, newest first, without reading all of it."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_event_actor_kind", "audit_event", ["actor_kind", "seq"])


def downgrade() -> None:
    op.drop_index("ix_audit_event_actor_kind", table_name="audit_event")
