"""Find the messages of the last minutes without reading all of them.

Whether webhooks arrive is judged by the messages handed over around an unknown one; with 1,000,000
rows that was a scan of the whole table every few seconds. Rows are written in the order of this
column, so a BRIN of a few pages is enough and costs an insert next to nothing.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_message_handed_at",
        "message",
        ["handed_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on", "pages_per_range": "32"},
    )


def downgrade() -> None:
    op.drop_index("ix_message_handed_at", table_name="message")
