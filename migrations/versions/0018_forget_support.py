"""Let support threads end: with the account, or two years after they were closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# role -> table -> privileges, as in 0002. The worker deletes threads without reading them.
RIGHTS: dict[str, dict[str, tuple[str, ...]]] = {
    "web": {"support_request": ("DELETE",), "support_message": ("DELETE",)},
    "worker": {
        "support_request": ("SELECT(id, organization_id, closed_at)", "DELETE"),
        "support_message": ("SELECT(request_id)", "DELETE"),
    },
}


def upgrade() -> None:
    op.create_index(
        "ix_support_request_closed",
        "support_request",
        ["closed_at"],
        postgresql_where=sa.text("closed_at is not null"),
    )
    _each("GRANT", "TO")


def downgrade() -> None:
    _each("REVOKE", "FROM")
    op.drop_index("ix_support_request_closed", table_name="support_request")


def _each(verb: str, link: str) -> None:
    for role, tables in RIGHTS.items():
        for table, privileges in tables.items():
            for privilege in privileges:
                op.execute(f'{verb} {privilege} ON "{table}" {link} "whatstr_{role}"')
