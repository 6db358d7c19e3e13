"""Windows of service, people out of reach, second attempts, checks of campaigns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SOURCES = ("word", "button", "meta_switch", "meta_error", "link", "desk", "customer")
ADDED = ("unreachable", "blocked")
KINDS = ("silent", "too_little", "too_much", "totals", "rows")

GRANTS = (
    ("sender", "SELECT, INSERT, UPDATE, DELETE", "s_window"),
    ("sender", "SELECT, INSERT, UPDATE, DELETE", "s_unreachable"),
    ("sender", "SELECT, INSERT", "campaign_check"),
    ("admin", "SELECT", "campaign_check"),
    ("web", "SELECT, INSERT, DELETE", "campaign_resent"),
    ("sender", "SELECT(resend_of)", "campaign"),
    ("admin", "SELECT(resend_of)", "campaign"),
    ("worker", "SELECT(resend_of)", "campaign"),
)


def _sources(names: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint("optoutsource", "s_optout", type_="check")
    op.create_check_constraint("optoutsource", "s_optout", f"via IN ({listed})")


def upgrade() -> None:
    _sources(SOURCES + ADDED)
    op.create_table(
        "s_window",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_ix", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["line_id"], ["line.id"], name=op.f("fk_s_window_line_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("line_id", "recipient_ix", name=op.f("pk_s_window")),
    )
    op.create_index(op.f("ix_s_window_at"), "s_window", ["at"])
    op.create_table(
        "s_unreachable",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_ix", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_s_unreachable_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "recipient_ix", name=op.f("pk_s_unreachable")),
    )
    op.create_index(op.f("ix_s_unreachable_at"), "s_unreachable", ["at"])
    op.add_column("campaign", sa.Column("resend_of", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_campaign_resend_of"),
        "campaign",
        "campaign",
        ["resend_of"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_table(
        "campaign_resent",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_resent_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["by_id"], ["campaign.id"], name=op.f("fk_campaign_resent_by_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "row", name=op.f("pk_campaign_resent")),
    )
    op.create_index(op.f("ix_campaign_resent_by_id"), "campaign_resent", ["by_id"])
    op.create_table(
        "campaign_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                *KINDS, name="difference", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("corrected", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_check_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_campaign_check_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_check")),
    )
    op.create_index(op.f("ix_campaign_check_campaign_id"), "campaign_check", ["campaign_id"])
    for role, privilege, table in GRANTS:
        op.execute(f'GRANT {privilege} ON "{table}" TO "whatstr_{role}"')


def downgrade() -> None:
    op.drop_table("campaign_check")
    op.drop_table("campaign_resent")
    op.drop_constraint(op.f("fk_campaign_resend_of"), "campaign", type_="foreignkey")
    op.drop_column("campaign", "resend_of")
    op.drop_table("s_unreachable")
    op.drop_table("s_window")
    op.execute("DELETE FROM s_optout WHERE via IN ('unreachable', 'blocked')")
    _sources(SOURCES)
