"""Support requests, daily figures, the coarse name index, and what the registers sort by.

Each index of a register is (filtered column, sorting column): without it a filter for a rare value
walks the whole table before it fills a page.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import whatstr.core.crypto

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TOPICS = ("account", "billing", "line", "sending", "privacy", "other")
INDEXES: dict[str, tuple[tuple[str, ...], ...]] = {
    "abuse_case": (("opened_at",), ("state", "opened_at")),
    "abuse_report": (
        ("category", "received_at"),
        ("channel", "received_at"),
        ("line_id", "received_at"),
        ("state", "received_at"),
        ("verdict", "received_at"),
    ),
    "campaign": (
        ("created_at",),
        ("finished_at",),
        ("kind", "created_at"),
        ("state", "created_at"),
    ),
    "credit_entry": (("kind", "id"),),
    "exception_request": (
        ("created_at",),
        ("ground", "created_at"),
        ("state", "created_at"),
    ),
    "line": (("connected_at",), ("quality", "connected_at"), ("state", "connected_at")),
    "line_day": (("day",), ("organization_id", "day")),
    "member": (("created_at",), ("role", "created_at"), ("state", "created_at")),
    "organization": (("created_at",), ("state", "created_at")),
    "payment": (("created_at",), ("paid_at",), ("state", "created_at")),
    "refund": (("created_at",), ("state", "created_at")),
    "s_optout": (("at",), ("via", "at")),
    "stripe_event": (("received_at",),),
    "subscription": (("plan_id", "state"), ("starts_at",), ("state", "starts_at")),
    "support_request": (("assigned_to",),),
}
NAMED = (
    ("ix_organization_name_head4", "organization", ["name_head4", "created_at"], None),
    ("ix_organization_name_head8", "organization", ["name_head8", "created_at"], None),
    (
        "ix_campaign_begun",
        "campaign",
        ["started_at"],
        "started_at is not null and finished_at is null",
    ),
    ("ix_stripe_event_waiting", "stripe_event", ["received_at"], "processed_at is null"),
    ("ix_support_request_waiting", "support_request", ["state", "waiting_since"], None),
    ("ix_support_request_opened", "support_request", ["opened_at"], None),
    ("ix_support_request_topic", "support_request", ["topic", "opened_at"], None),
    ("ix_support_request_customer", "support_request", ["organization_id", "opened_at"], None),
    ("ix_support_message_thread", "support_message", ["request_id", "at"], None),
)
TABLES = (
    "support_message",
    "support_request",
    "canned_reply",
    "message_day",
    "failure_day",
    "line_day",
)
ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
RIGHTS: dict[str, dict[str, tuple[str, ...]]] = {
    "web": {
        "support_request": ("SELECT", "INSERT", "UPDATE"),
        "support_message": ("SELECT", "INSERT"),
    },
    "admin": {
        "support_request": ("SELECT", "UPDATE"),
        "support_message": ("SELECT", "INSERT"),
        "canned_reply": ALL,
        "message_day": ("SELECT",),
        "failure_day": ("SELECT",),
        "line_day": ("SELECT",),
        "refusal_seen": ("SELECT",),
        "hook_inbox": ("SELECT(at, origin)",),
        "member": ("UPDATE(email_confirmed_at)",),
    },
    "worker": {"message_day": ALL, "failure_day": ALL, "line_day": ALL},
}
# What a downgrade takes back from tables that stay.
TAKEN_BACK = {
    "hook_inbox": "SELECT(at, origin)",
    "member": "UPDATE(email_confirmed_at)",
}


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _support() -> None:
    op.create_table(
        "support_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), sa.Identity(start=50001), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("topic", _choice("supporttopic", *TOPICS), nullable=False),
        sa.Column("state", _choice("supportstate", "open", "answered", "closed"), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column(
            "subject", whatstr.core.crypto.PiiType("support_request.subject"), nullable=False
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True)),
        sa.Column("first_answer_at", sa.DateTime(timezone=True)),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("assigned_to", sa.Uuid()),
        sa.Column("satisfaction", _choice("satisfaction", "good", "fair", "poor")),
        sa.Column("version", sa.Integer(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_support_request_{column}")
            )
            for column, table in (
                ("assigned_to", "staff_user"),
                ("member_id", "member"),
                ("organization_id", "organization"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_request")),
        sa.UniqueConstraint("number", name=op.f("uq_support_request_number")),
    )
    op.create_table(
        "support_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("author", _choice("author", "customer", "staff"), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", whatstr.core.crypto.PiiType("support_message.body"), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["support_request.id"], name=op.f("fk_support_message_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_message")),
    )
    op.create_table(
        "canned_reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", _choice("supporttopic", *TOPICS), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("title_tr", "title_en", "body_tr", "body_en")
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_reply")),
    )


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _figures() -> None:
    op.create_table(
        "message_day",
        sa.Column("day", sa.Date(), nullable=False),
        *_counts("handed", "accepted", "delivered", "read", "failed"),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_message_day")),
    )
    op.create_table(
        "failure_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("code", sa.Integer(), autoincrement=False, nullable=False),
        *_counts("messages"),
        sa.PrimaryKeyConstraint("day", "code", name=op.f("pk_failure_day")),
    )
    op.create_table(
        "line_day",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        *_counts("accepted", "delivered", "failed"),
        sa.PrimaryKeyConstraint("line_id", "day", name=op.f("pk_line_day")),
    )


def upgrade() -> None:
    _support()
    _figures()
    for name in ("name_head4", "name_head8"):
        op.add_column("organization", sa.Column(name, sa.Integer()))
    for table, indexes in INDEXES.items():
        for columns in indexes:
            op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
    for index, table, names, where in NAMED:
        op.create_index(index, table, names, postgresql_where=sa.text(where) if where else None)
    # The tables of the sender are its own: staff look through a window without the index.
    op.execute("CREATE VIEW refusal_seen AS SELECT organization_id, via, at FROM s_optout")
    for role, tables in RIGHTS.items():
        for table, privileges in tables.items():
            for privilege in privileges:
                op.execute(f'GRANT {privilege} ON "{table}" TO "whatstr_{role}"')


def downgrade() -> None:
    op.execute("DROP VIEW refusal_seen")
    for table, privilege in TAKEN_BACK.items():
        op.execute(f'REVOKE {privilege} ON "{table}" FROM "whatstr_admin"')
    for index, table, _names, _where in NAMED:
        op.drop_index(index, table_name=table)
    for table, indexes in INDEXES.items():
        for columns in indexes:
            op.drop_index(f"ix_{table}_{'_'.join(columns)}", table_name=table)
    for table in TABLES:
        op.drop_table(table)
    for name in ("name_head4", "name_head8"):
        op.drop_column("organization", name)
