"""Add what the pace of a campaign is decided by: window, portfolio, canary, late start, instance.

`s_instance` starts unclaimed: the first sender that sees the database claims it, and a copy that
is restored later names an instance that its sender's own file does not know.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
WAITS = "wait_code, wait_until"
CANARY = "canary_size, canary_reason, canary_since, canary_passed_at"
PUBLIC = f"late_after, {WAITS}, {CANARY}"
WINDOW = "window_from, window_to, time_zone, informational_any_time"

RIGHTS = (
    ("sender", f"SELECT({WINDOW})", "organization"),
    ("sender", "SELECT(portfolio_ix), INSERT(portfolio_ix), UPDATE(portfolio_ix)", "line"),
    ("sender", f"SELECT({PUBLIC}, template_ix)", "campaign"),
    ("sender", f"UPDATE({WAITS}, {CANARY}, template_ix)", "campaign"),
    ("sender", "SELECT, INSERT, UPDATE", "s_instance"),
    ("web", f"UPDATE(late_after, {WAITS})", "campaign"),
    ("admin", f"SELECT({PUBLIC})", "campaign"),
    ("worker", f"SELECT({PUBLIC})", "campaign"),
)
CAMPAIGN = (
    ("late_after", _TIME),
    ("wait_code", sa.Text()),
    ("wait_until", _TIME),
    ("canary_size", sa.Integer()),
    ("canary_reason", sa.Text()),
    ("canary_since", _TIME),
    ("canary_passed_at", _TIME),
    ("template_ix", sa.LargeBinary()),
)
ORGANIZATION = (
    ("window_from", sa.Integer()),
    ("window_to", sa.Integer()),
    ("time_zone", sa.Text()),
)


def upgrade() -> None:
    for name, kind in ORGANIZATION:
        op.add_column("organization", sa.Column(name, kind))
    op.add_column(
        "organization",
        sa.Column("informational_any_time", sa.Boolean(), server_default="false", nullable=False),
    )
    for name, kind in CAMPAIGN:
        op.add_column("campaign", sa.Column(name, kind))
    op.create_index(op.f("ix_campaign_template_ix"), "campaign", ["template_ix"])
    op.add_column("line", sa.Column("portfolio_ix", sa.LargeBinary()))
    op.create_index(op.f("ix_line_portfolio_ix"), "line", ["portfolio_ix"])
    op.create_table(
        "s_instance",
        sa.Column("one", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid()),
        sa.Column("beat", sa.BigInteger(), nullable=False),
        sa.Column("cluster", sa.Text()),
        sa.Column("refused", sa.Text()),
        sa.Column("seen_at", _TIME),
        sa.CheckConstraint("one", name=op.f("ck_s_instance_one")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_s_instance")),
    )
    op.execute("INSERT INTO s_instance (one, beat) VALUES (true, 0)")
    for role, privilege, table in RIGHTS:
        op.execute(f'GRANT {privilege} ON "{table}" TO "whatstr_{role}"')


def downgrade() -> None:
    op.drop_table("s_instance")
    op.drop_index(op.f("ix_line_portfolio_ix"), table_name="line")
    op.drop_column("line", "portfolio_ix")
    op.drop_index(op.f("ix_campaign_template_ix"), table_name="campaign")
    for name, _ in CAMPAIGN:
        op.drop_column("campaign", name)
    op.drop_column("organization", "informational_any_time")
    for name, _ in ORGANIZATION:
        op.drop_column("organization", name)
