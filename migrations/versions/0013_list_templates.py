"""Let staff list the states of message templates, without the index of which template it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLE = "message_template"
_KEY = ["organization_id", "template_ix"]
_STATES = (
    "id, organization_id, status, quality, category, reason, paused_until, next_category, "
    "next_category_at, changed_at, checked_at"
)
_SORTED = (
    ("organization_id", "changed_at"),
    ("changed_at",),
    ("status", "changed_at"),
    ("quality", "changed_at"),
    ("category", "changed_at"),
)


def upgrade() -> None:
    op.add_column(
        TABLE, sa.Column("id", sa.Uuid(), nullable=False, server_default=sa.func.gen_random_uuid())
    )
    op.alter_column(TABLE, "id", server_default=None)
    op.drop_constraint(op.f("pk_message_template"), TABLE, type_="primary")
    op.create_primary_key(op.f("pk_message_template"), TABLE, ["id"])
    op.create_unique_constraint(
        op.f("uq_message_template_organization_id_template_ix"), TABLE, _KEY
    )
    for columns in _SORTED:
        op.create_index(f"ix_{TABLE}_{'_'.join(columns)}", TABLE, list(columns))
    op.execute(f'GRANT SELECT({_STATES}) ON "{TABLE}" TO "whatstr_admin"')
    op.execute(f'GRANT SELECT(id) ON "{TABLE}" TO "whatstr_web"')


def downgrade() -> None:
    op.execute(f'REVOKE SELECT({_STATES}) ON "{TABLE}" FROM "whatstr_admin"')
    for columns in _SORTED:
        op.drop_index(f"ix_{TABLE}_{'_'.join(columns)}", table_name=TABLE)
    op.drop_constraint(
        op.f("uq_message_template_organization_id_template_ix"), TABLE, type_="unique"
    )
    op.drop_constraint(op.f("pk_message_template"), TABLE, type_="primary")
    op.drop_column(TABLE, "id")
    op.create_primary_key(op.f("pk_message_template"), TABLE, _KEY)
