"""List who accepted which document, newest first, without reading all of them."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_SORTED = (("at",), ("document", "at"))


def upgrade() -> None:
    for columns in _SORTED:
        op.create_index(
            f"ix_accepted_document_{'_'.join(columns)}", "accepted_document", list(columns)
        )


def downgrade() -> None:
    for columns in _SORTED:
        op.drop_index(f"ix_accepted_document_{'_'.join(columns)}", table_name="accepted_document")
