"""Keep what Meta says of lines and templates: a history of lines, states of templates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KINDS = (
    "quality",
    "limit_tier",
    "throughput",
    "meta_status",
    "can_send",
    "account",
    "alert",
    "review",
    "name",
)
_SHOWN = (
    "organization_id, template_ix, status, quality, category, reason, paused_until, "
    "next_category, next_category_at, changed_at, checked_at"
)


def upgrade() -> None:
    op.add_column("s_conn", sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "line_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                *_KINDS,
                name="lineeventkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["line_id"], ["line.id"], name=op.f("fk_line_event_line_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_event")),
    )
    op.create_index("ix_line_event_line_id", "line_event", ["line_id", "at"])
    op.create_table(
        "message_template",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("template_ix", sa.LargeBinary(), nullable=False),
        sa.Column("account_ix", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_category", sa.Text(), nullable=True),
        sa.Column("next_category_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_message_template_organization_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "template_ix", name=op.f("pk_message_template")),
    )
    op.create_index(op.f("ix_message_template_account_ix"), "message_template", ["account_ix"])
    op.execute('GRANT SELECT, INSERT, DELETE ON "line_event" TO "whatstr_sender"')
    op.execute('GRANT SELECT ON "line_event" TO "whatstr_web"')
    op.execute('GRANT SELECT, INSERT, UPDATE, DELETE ON "message_template" TO "whatstr_sender"')
    op.execute(f'GRANT SELECT({_SHOWN}) ON "message_template" TO "whatstr_web"')


def downgrade() -> None:
    op.drop_table("message_template")
    op.drop_table("line_event")
    op.drop_column("s_conn", "synced_at")
