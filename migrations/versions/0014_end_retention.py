"""Let what is kept of a campaign end after 180 days, proofs of a deleted account after three years.

`erased_at` says that the worker has taken a campaign's rows away, so that it is looked at once;
`deleted_at` is when an account ended.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# role -> table -> privileges, as in 0002
RIGHTS: dict[str, dict[str, tuple[str, ...]]] = {
    "admin": {"campaign": ("SELECT(erased_at)",)},
    "sender": {"campaign": ("SELECT(erased_at)",)},
    "worker": {
        # Takes the sealed parts away without reading them.
        "campaign": ("SELECT(erased_at)", "UPDATE(erased_at, jk_wrap, record)"),
        "campaign_chunk": ("SELECT(campaign_id, no)", "DELETE"),
        "campaign_resent": ("SELECT(campaign_id)", "DELETE"),
        "message": ("DELETE",),
        "login_event": ("SELECT(id, organization_id)", "DELETE"),
        "accepted_document": ("DELETE",),
        "consent": ("SELECT(id, organization_id)", "DELETE"),
    },
}


def upgrade() -> None:
    op.add_column("campaign", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_campaign_to_erase",
        "campaign",
        ["finished_at"],
        postgresql_where=sa.text("erased_at is null"),
    )
    op.add_column(
        "organization", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(
        "ix_organization_deleted_at",
        "organization",
        ["deleted_at"],
        postgresql_where=sa.text("deleted_at is not null"),
    )
    op.execute(
        "UPDATE organization o SET deleted_at = coalesce((SELECT max(e.at) FROM audit_event e"
        " WHERE e.organization_id = o.id AND e.verb = 'organization.deleted'), now())"
        " WHERE o.state = 'deleted'"
    )
    for role, tables in RIGHTS.items():
        for table, privileges in tables.items():
            for privilege in privileges:
                op.execute(f'GRANT {privilege} ON "{table}" TO "whatstr_{role}"')


def downgrade() -> None:
    for table, privileges in RIGHTS["worker"].items():
        for privilege in privileges:
            if "erased_at" not in privilege:
                op.execute(f'REVOKE {privilege} ON "{table}" FROM "whatstr_worker"')
    op.execute('REVOKE UPDATE(jk_wrap, record) ON "campaign" FROM "whatstr_worker"')
    op.drop_index("ix_organization_deleted_at", table_name="organization")
    op.drop_column("organization", "deleted_at")
    op.drop_index("ix_campaign_to_erase", table_name="campaign")
    op.drop_column("campaign", "erased_at")
