"""Create processors, disclosures, views that customers allow, and export jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

VIEW = (
    "id, organization_id, member_id, minutes, created_at, code_ends_at, staff_id, begun_at, "
    "ends_at, revoked_at"
)
TABLES = ("export_part", "export_job", "allowed_view", "disclosure", "processor")


def _choice(*values: str, name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _time(name: str, *, needed: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not needed)


def _texts(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    _processors()
    _disclosures()
    _views()
    _exports()
    _rights()


def _processors() -> None:
    op.create_table(
        "processor",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_texts("name", "country", "purpose_tr", "purpose_en", "data_tr", "data_en"),
        sa.Column("contract_on", sa.Date(), nullable=True),
        _time("created_at", needed=True),
        _time("ended_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processor")),
        sa.UniqueConstraint("name", name=op.f("uq_processor_name")),
    )


def _disclosures() -> None:
    op.create_table(
        "disclosure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), sa.Identity(always=False, start=1), nullable=False),
        sa.Column(
            "state",
            _choice("received", "approved", "handed_over", "refused", name="disclosurestate"),
            nullable=False,
        ),
        sa.Column(
            "ground",
            _choice(
                *("court_order", "prosecutor", "tax_office", "kvkk_board", "other_law"),
                name="legalground",
            ),
            nullable=False,
        ),
        *_texts("reference"),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        _time("recorded_at", needed=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        _time("approved_at"),
        sa.Column("handed_over_by", sa.Uuid(), nullable=True),
        _time("handed_over_at"),
        sa.Column("refused_by", sa.Uuid(), nullable=True),
        _time("refused_at"),
        sa.Column("authority", sa.Text(), nullable=True),
        sa.Column("wanted", sa.Text(), nullable=True),
        sa.Column("handed_over", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
        sa.UniqueConstraint("number", name=op.f("uq_disclosure_number")),
    )
    op.create_index(op.f("ix_disclosure_organization_id"), "disclosure", ["organization_id"])


def _views() -> None:
    op.create_table(
        "allowed_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        _time("created_at", needed=True),
        _time("code_ends_at", needed=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        _time("begun_at"),
        _time("ends_at"),
        _time("revoked_at"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_allowed_view_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_allowed_view_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allowed_view")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_allowed_view_code_hash")),
    )
    op.create_index(op.f("ix_allowed_view_organization_id"), "allowed_view", ["organization_id"])


def _exports() -> None:
    states = ("requested", "queued", "ready", "failed", "refused", "removed")
    op.create_table(
        "export_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_texts("kind"),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("own_rows", sa.Boolean(), nullable=False),
        *_texts("reason", "language"),
        sa.Column("state", _choice(*states, name="exportstate"), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        _time("requested_at", needed=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        _time("decided_at"),
        _time("ready_at"),
        _time("expires_at"),
        sa.Column("downloads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_job")),
    )
    op.create_index(op.f("ix_export_job_requested_by"), "export_job", ["requested_by"])
    op.create_index(op.f("ix_export_job_requested_at"), "export_job", ["requested_at"])
    op.create_table(
        "export_part",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("data", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["export_job.id"], name=op.f("fk_export_part_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_part")),
    )
    op.create_index(op.f("ix_export_part_job_id"), "export_part", ["job_id"])


def _rights() -> None:
    for table in ("processor", "disclosure", "export_job"):
        op.execute(f'GRANT SELECT, INSERT, UPDATE ON "{table}" TO whatstr_admin')
    op.execute("GRANT SELECT ON export_part TO whatstr_admin")
    moves = "UPDATE(staff_id, begun_at, ends_at, revoked_at)"
    op.execute(f"GRANT SELECT, {moves} ON allowed_view TO whatstr_admin")
    web = f"SELECT({VIEW}), INSERT, UPDATE(revoked_at)"
    op.execute(f"GRANT {web} ON allowed_view TO whatstr_web")
    op.execute("GRANT SELECT, UPDATE ON export_job TO whatstr_worker")
    op.execute("GRANT SELECT(id, job_id, place), INSERT, DELETE ON export_part TO whatstr_worker")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
