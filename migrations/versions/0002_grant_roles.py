"""Grant each process role what it needs, down to columns.

The table of rights is vault design, section 15. A role that is missing is created without a login;
an operator gives each process a login of its own that is a member of one role.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROLES = ("web", "admin", "hook", "sender", "worker", "scheduler")

CAMPAIGN = (
    "id, organization_id, line_id, member_id, kind, state, reason_code, rows, chunks, "
    "media, due_at, expires_at, created_at, committed_at, started_at, finished_at, "
    "state_changed_at, totals"
)
CAMPAIGN_MOVES = "state, reason_code, started_at, finished_at, state_changed_at, totals"
MESSAGE = (
    "campaign_id, row, status, code, attempts, not_before, handed_at, resent_at, accepted_at, "
    "sent_at, delivered_at, read_at, failed_at"
)
MEMBER = (
    "id, organization_id, role, state, language, created_at, email_confirmed_at, preferences, "
    "key_version, name, email, email_ix, email_masked, phone, phone_ix, phone_masked"
)
LINE_LABEL = "display_number, number_ix, number_masked, verified_name"
LINE_CLEAR = (
    "id, organization_id, state, state_reason, hold_code, hold_until, throughput, quality, "
    "limit_tier, meta_status, health, connected_at, checked_at"
)
CHAIN = "seq, id, hash"

# role -> table -> privileges; a privilege may name columns: "SELECT(a, b)".
RIGHTS: dict[str, dict[str, tuple[str, ...]]] = {
    "web": {
        "organization": ("SELECT", "INSERT", "UPDATE"),
        "member": ("SELECT", "INSERT", "UPDATE"),
        "member_session": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "login_event": ("SELECT", "INSERT"),
        "accepted_document": ("SELECT", "INSERT"),
        "email_token": ("SELECT", "INSERT", "UPDATE"),
        "outbound_mail": ("SELECT(id)", "INSERT"),
        "audit_event": (f"SELECT({CHAIN})", "INSERT"),
        "reveal": ("SELECT",),
        "vault_record": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "sender_cert": ("SELECT",),
        "sender_rpc": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "notice": ("SELECT", "DELETE"),
        "hook_inbox": ("SELECT(id)", "INSERT(at, sealed)"),
        "line": ("SELECT", f"UPDATE({LINE_LABEL})"),
        "contact_list": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "list_chunk": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "consent": ("SELECT", "INSERT"),
        "campaign": (
            "SELECT",
            "INSERT",
            "UPDATE(state, reason_code, committed_at, state_changed_at, finished_at, totals)",
            "DELETE",
        ),
        "campaign_seal": ("SELECT(campaign_id, kid)", "INSERT", "DELETE"),
        "campaign_chunk": ("SELECT", "INSERT", "DELETE"),
        "campaign_media": ("SELECT", "INSERT", "DELETE"),
        "message": (f"SELECT({MESSAGE})",),
        "plan": ("SELECT",),
        "payment": ("SELECT", "INSERT", "UPDATE"),
        "subscription": ("SELECT",),
        "credit_entry": ("SELECT", "INSERT"),
        "exception_request": ("SELECT", "INSERT", "UPDATE"),
        "refund": ("SELECT",),
        "dispute": ("SELECT",),
        "stripe_event": ("SELECT(id, event_id)", "INSERT"),
        "abuse_report": ("SELECT(id, number)", "INSERT"),
        "abuse_proof": ("SELECT(report_id)", "INSERT"),
        "statement_of_reasons": ("SELECT",),
    },
    "admin": {
        "organization": ("SELECT", "UPDATE"),
        "member": (
            f"SELECT({MEMBER})",
            "UPDATE(state, language, name, email, email_ix, email_masked)",
            "UPDATE(phone, phone_ix, phone_masked)",
        ),
        "member_session": (
            "SELECT(id, member_id, organization_id, created_at, seen_at, expires_at, revoked_at)",
            "UPDATE(revoked_at)",
        ),
        "login_event": ("SELECT", "INSERT"),
        "accepted_document": ("SELECT",),
        "outbound_mail": ("SELECT", "INSERT"),
        "audit_event": ("SELECT", "INSERT"),
        "reveal": ("SELECT", "INSERT"),
        "staff_user": ("SELECT", "INSERT", "UPDATE"),
        "staff_session": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "sender_cert": ("SELECT",),
        "hook_inbox": ("SELECT(id)", "INSERT(at, sealed)"),
        "line": ("SELECT", "UPDATE(state, state_reason)"),
        "contact_list": (
            "SELECT(id, organization_id, state, chunks, rows, created_at, updated_at)",
        ),
        "consent": ("SELECT",),
        "campaign": (f"SELECT({CAMPAIGN})", "UPDATE(state, reason_code, state_changed_at)"),
        "message": (f"SELECT({MESSAGE})",),
        "plan": ("SELECT", "INSERT", "UPDATE"),
        "payment": ("SELECT", "UPDATE"),
        "subscription": ("SELECT", "UPDATE"),
        "credit_entry": ("SELECT", "INSERT"),
        "exception_request": ("SELECT", "INSERT", "UPDATE"),
        "exception_approval": ("SELECT", "INSERT", "UPDATE"),
        "refund": ("SELECT", "INSERT", "UPDATE"),
        "dispute": ("SELECT",),
        "stripe_event": ("SELECT",),
        "abuse_report": ("SELECT", "UPDATE"),
        "abuse_case": ("SELECT", "INSERT", "UPDATE"),
        "decision": ("SELECT", "INSERT"),
        "abuse_action": ("SELECT", "INSERT", "UPDATE"),
        "statement_of_reasons": ("SELECT", "INSERT"),
    },
    "hook": {
        "hook_inbox": ("SELECT(id)", "INSERT(at, sealed)"),
        "sender_cert": ("SELECT",),
    },
    "sender": {
        "organization": ("SELECT(id, state, language, created_at, resend_unknown)",),
        "line": (f"SELECT({LINE_CLEAR})", f"INSERT({LINE_CLEAR})", f"UPDATE({LINE_CLEAR})"),
        "s_conn": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "s_optout": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "s_alias": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "s_wamid": ("SELECT", "INSERT", "DELETE"),
        "s_seen": ("SELECT", "INSERT", "DELETE"),
        "s_frank": ("SELECT", "INSERT", "DELETE"),
        "s_lease": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "campaign": (f"SELECT({CAMPAIGN})", f"UPDATE({CAMPAIGN_MOVES})"),
        "campaign_seal": ("SELECT", "DELETE"),
        "campaign_chunk": ("SELECT", "DELETE"),
        "campaign_media": ("SELECT", "DELETE"),
        "message": ("SELECT", "INSERT", "UPDATE"),
        "sender_rpc": (
            "SELECT",
            "UPDATE(state, request, response, answered_at)",
            "DELETE",
        ),
        "sender_cert": ("SELECT", "INSERT", "DELETE"),
        "notice": ("SELECT(id)", "INSERT"),
        "hook_inbox": ("SELECT", "DELETE"),
        "abuse_report": ("SELECT", "INSERT", "UPDATE"),
        "abuse_proof": ("SELECT", "DELETE"),
        "audit_event": (f"SELECT({CHAIN})", "INSERT"),
    },
    "worker": {
        "organization": ("SELECT",),
        "member": (f"SELECT({MEMBER})",),
        "member_session": (
            "SELECT(id, expires_at, revoked_at)",
            "DELETE",
        ),
        "email_token": ("SELECT", "DELETE"),
        "outbound_mail": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "staff_session": ("SELECT(id, expires_at, revoked_at)", "DELETE"),
        "accepted_document": ("SELECT",),
        "line": ("SELECT",),
        "sender_rpc": ("SELECT(id, state, created_at)", "DELETE"),
        "audit_event": ("SELECT", "INSERT"),
        "campaign": (f"SELECT({CAMPAIGN})",),
        "message": (f"SELECT({MESSAGE})",),
        "plan": ("SELECT", "UPDATE"),
        "payment": ("SELECT", "UPDATE"),
        "subscription": ("SELECT", "INSERT", "UPDATE"),
        "credit_entry": ("SELECT", "INSERT"),
        "exception_request": ("SELECT", "UPDATE"),
        "exception_approval": ("SELECT",),
        "refund": ("SELECT", "INSERT", "UPDATE"),
        "dispute": ("SELECT", "INSERT", "UPDATE"),
        "stripe_event": ("SELECT", "INSERT", "UPDATE"),
        "abuse_report": ("SELECT", "UPDATE"),
        "abuse_case": ("SELECT", "INSERT", "UPDATE"),
        "abuse_action": ("SELECT", "UPDATE"),
        "abuse_proof": ("SELECT(report_id, expires_at)", "DELETE"),
        "staff_user": ("SELECT",),
    },
    "scheduler": {},
}


def _ensure_role(name: str) -> None:
    bind = op.get_bind()
    known = bind.execute(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :n"), {"n": name}).first()
    if not known:
        op.execute(f'CREATE ROLE "{name}" NOLOGIN')
        op.execute(f'GRANT "{name}" TO CURRENT_USER')


def upgrade() -> None:
    op.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    for role in ROLES:
        name = f"whatstr_{role}"
        _ensure_role(name)
        op.execute(f'GRANT USAGE ON SCHEMA public TO "{name}"')
        for table, privileges in RIGHTS[role].items():
            for privilege in privileges:
                op.execute(f'GRANT {privilege} ON "{table}" TO "{name}"')


def downgrade() -> None:
    for role in ROLES:
        name = f"whatstr_{role}"
        op.execute(f'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{name}"')
        op.execute(f'REVOKE USAGE ON SCHEMA public FROM "{name}"')
