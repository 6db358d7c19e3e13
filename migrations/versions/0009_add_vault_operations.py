"""Add what the operations of the vault need: invitations, re-keys, resets, second factors.

An organization's key has a version; a re-key is prepared beside the old key and takes its place in
one transaction (vault design, 17). The sender remembers under which index key an organization's
refusals were written.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ROLE = sa.Enum(
    "owner",
    "manager",
    "billing",
    name="memberrole",
    native_enum=False,
    create_constraint=True,
    length=32,
)

# role -> table -> privileges, as in 0002
RIGHTS: dict[str, dict[str, tuple[str, ...]]] = {
    "web": {
        "invitation": ("SELECT", "INSERT", "DELETE"),
        "next_key": ("SELECT", "INSERT", "DELETE"),
        "rekey": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "rekey_item": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "vault_reset": ("SELECT", "INSERT", "DELETE"),
        "campaign": ("UPDATE(jk_wrap, record)",),
    },
    "worker": {
        "vault_reset": ("SELECT", "UPDATE(warned_at, ready_at)", "DELETE"),
        "invitation": ("SELECT(id, expires_at)", "DELETE"),
        "email_token": ("INSERT", "UPDATE(used_at)"),
    },
    "sender": {
        "organization": ("SELECT(vault_reset_at)",),
        "s_root": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    },
}


def upgrade() -> None:
    op.add_column(
        "organization",
        sa.Column("key_version", sa.Integer(), server_default="1", nullable=False),
    )
    op.add_column(
        "organization", sa.Column("vault_reset_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "organization", sa.Column("rekey_due_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("member", sa.Column("totp", sa.Text(), nullable=True))
    op.add_column("member", sa.Column("totp_step", sa.BigInteger(), nullable=True))
    op.add_column("member_session", sa.Column("browser", sa.Text(), nullable=True))
    _invitation()
    _rekey()
    op.create_table(
        "vault_reset",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_vault_reset_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_vault_reset_member_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_vault_reset")),
    )
    op.create_table(
        "s_root",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_s_root_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_s_root")),
    )
    for role, tables in RIGHTS.items():
        for table, privileges in tables.items():
            for privilege in privileges:
                op.execute(f'GRANT {privilege} ON "{table}" TO "whatstr_{role}"')


def _invitation() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("role", _ROLE, nullable=False),
        sa.Column("proof_hash", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_invitation_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["member.id"], name=op.f("fk_invitation_invited_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
    )
    op.create_index(
        op.f("ix_invitation_organization_id"), "invitation", ["organization_id"], unique=False
    )


def _rekey() -> None:
    op.create_table(
        "rekey",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_rekey_organization_id")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_rekey_member_id")),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_rekey")),
    )
    op.create_table(
        "rekey_item",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["rekey.organization_id"],
            name=op.f("fk_rekey_item_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "kind", "item_id", name=op.f("pk_rekey_item")),
    )
    op.create_table(
        "next_key",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_next_key_member_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_next_key_organization_id")
        ),
        sa.PrimaryKeyConstraint("member_id", "version", name=op.f("pk_next_key")),
    )
    op.create_index(
        op.f("ix_next_key_organization_id"), "next_key", ["organization_id"], unique=False
    )


def downgrade() -> None:
    op.execute('REVOKE UPDATE(jk_wrap, record) ON "campaign" FROM "whatstr_web"')
    op.execute('REVOKE INSERT, UPDATE(used_at) ON "email_token" FROM "whatstr_worker"')
    op.drop_table("s_root")
    op.drop_table("vault_reset")
    op.drop_index(op.f("ix_next_key_organization_id"), table_name="next_key")
    op.drop_table("next_key")
    op.drop_table("rekey_item")
    op.drop_table("rekey")
    op.drop_index(op.f("ix_invitation_organization_id"), table_name="invitation")
    op.drop_table("invitation")
    op.drop_column("member_session", "browser")
    op.drop_column("member", "totp_step")
    op.drop_column("member", "totp")
    op.drop_column("organization", "rekey_due_at")
    op.drop_column("organization", "vault_reset_at")
    op.drop_column("organization", "key_version")
