"""Take two hashes from the worker; vacuum early what was sealed and is deleted.

The worker could read password hashes of staff and hashes of e-mailed links, and needs neither
(vault design, section 15). Rows of a campaign's sealed key, of the inbox and of sealed requests
live for minutes: vacuum clears them away soon after they are deleted (section 9).
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STAFF = (
    "id, state, roles, display_name, language, created_at, signed_in_at, email, email_ix, "
    "email_masked"
)
LINK = "member_id, purpose, created_at, expires_at, used_at"
SHORT_LIVED = ("campaign_seal", "hook_inbox", "sender_rpc")
VACUUM = {
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_threshold": "20",
    "autovacuum_vacuum_cost_delay": "0",
}


def upgrade() -> None:
    for table, columns in (("staff_user", STAFF), ("email_token", LINK)):
        op.execute(f"REVOKE SELECT ON {table} FROM whatstr_worker")  # noqa: S608 - names of ours
        op.execute(f"GRANT SELECT({columns}) ON {table} TO whatstr_worker")
    settings = ", ".join(f"{name} = {value}" for name, value in VACUUM.items())
    for table in SHORT_LIVED:
        op.execute(f"ALTER TABLE {table} SET ({settings})")


def downgrade() -> None:
    for table in SHORT_LIVED:
        op.execute(f"ALTER TABLE {table} RESET ({', '.join(VACUUM)})")
    for table in ("staff_user", "email_token"):
        op.execute(f"REVOKE SELECT ON {table} FROM whatstr_worker")  # noqa: S608 - names of ours
        op.execute(f"GRANT SELECT ON {table} TO whatstr_worker")
