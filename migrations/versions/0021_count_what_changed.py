"""Count again only what has changed, and find a month's tags without reading all of them.

Every campaign of the last hour was counted again each ten seconds, and every one of the last month
each hour, by the process that also hands out the work: with 90 million rows that stood still for
a minute. Receipts that change a campaign which is over now mark it. Tags of a month whose key is
gone were looked for by reading the whole table, each hour.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

RIGHTS = {
    "sender": "SELECT(totals_stale), UPDATE(totals_stale)",
    "admin": "SELECT(totals_stale)",
    "worker": "SELECT(totals_stale)",
}


def upgrade() -> None:
    op.add_column(
        "campaign",
        sa.Column("totals_stale", sa.Boolean(), server_default="false", nullable=False),
    )
    op.create_index(
        "ix_campaign_totals_stale",
        "campaign",
        ["finished_at"],
        postgresql_where=sa.text("totals_stale"),
    )
    for role, rights in RIGHTS.items():
        op.execute(f"GRANT {rights} ON campaign TO whatstr_{role}")
    op.create_index(op.f("ix_s_frank_kid"), "s_frank", ["kid"])


def downgrade() -> None:
    op.drop_index(op.f("ix_s_frank_kid"), table_name="s_frank")
    op.drop_index("ix_campaign_totals_stale", table_name="campaign")
    op.drop_column("campaign", "totals_stale")
