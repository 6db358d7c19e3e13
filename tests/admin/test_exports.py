"""Exports: a reason, columns by role, a second person above 1,000 rows, no formulas, gone soon."""

from __future__ import annotations

import csv
import io
import re
import uuid

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer
from tests.admin.office import Colleague, hire
from tests.apps import as_owner, role_app
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole
from whatstr.accounts.permissions import STAFF_PERMISSIONS
from whatstr.audit.models import ActorKind, AuditEvent
from whatstr.audit.services import Actor
from whatstr.core import clock
from whatstr.core.db import transaction
from whatstr.core.errors import InvalidInput, NotAllowed
from whatstr.exports import services
from whatstr.exports.csv import cell, lines
from whatstr.exports.kinds import KINDS
from whatstr.exports.models import ExportJob, ExportPart, ExportState
from whatstr.local.valkey import EmbeddedValkey

WHY = "Muhasebe aylık mutabakat için istedi."


@pytest.fixture
def work(database: ModuleDatabase, valkey_server: EmbeddedValkey) -> object:
    """What the worker does with a job, with the worker's own rights."""

    def run(job: uuid.UUID) -> bool:
        with role_app("worker", database, valkey_server) as app, app.app_context(), transaction():
            return services.build(job)

    return run


def ask(who: Colleague, kind: str, *columns: str) -> str:
    """The page of a new export."""
    answer = who.post("/disa-aktarmalar/new/", kind=kind, columns=list(columns), note=WHY)
    assert answer.status_code == 302, answer.text[:500]
    return answer.headers["Location"]


def job_of(page: str) -> uuid.UUID:
    return uuid.UUID(page.rpartition("=")[2])


def state(database: ModuleDatabase, job: uuid.UUID) -> ExportState:
    with as_owner(database) as owner:
        return owner.scalars(sa.select(ExportJob.state).where(ExportJob.id == job)).one()


def test_a_small_export_is_written_downloaded_and_removed(
    panel: flask.Flask, shop: Customer, database: ModuleDatabase, work: object
) -> None:
    who, other = hire(panel, StaffRole.BILLING), hire(panel, StaffRole.BILLING)
    job = job_of(ask(who, "payments", "organization_id", "amount_kurus", "state"))
    path = f"/disa-aktarmalar/{job}/indir"
    who.post(path)
    assert "The file is gone or was never written" in who.get("/").text
    assert work(job) and not work(job)  # type: ignore[operator]
    answer = who.post(path)
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == ["organization_id", "state", "amount_kurus"]
    assert [str(shop.organization), "paid", "199900"] in rows
    assert other.get(f"/disa-aktarmalar/details/?id={job}").status_code == 404
    assert other.post(path).status_code == 302
    with as_owner(database) as owner:
        verbs = owner.scalars(
            sa.select(AuditEvent.verb).where(AuditEvent.subject_id == job.hex)
        ).all()
        assert verbs.count("export.downloaded") == 1 and "export.requested" in verbs
        owner.execute(
            sa.update(ExportJob).values(expires_at=clock.now()).where(ExportJob.id == job)
        )
    who.post(path)
    assert "The file is gone" in who.get("/").text, "the link has expired"
    nowhere = "redis://127.0.0.1:1"
    with (
        role_app("worker", database, None, REDIS_URL=nowhere) as app,
        app.app_context(),
        transaction(),
    ):
        assert services.remove_expired() == 1
    with as_owner(database) as owner:
        assert not owner.scalars(sa.select(ExportPart.id).where(ExportPart.job_id == job)).all()
    assert state(database, job) is ExportState.REMOVED


def test_what_is_stored_is_sealed(
    panel: flask.Flask, shop: Customer, database: ModuleDatabase, work: object
) -> None:
    who = hire(panel, StaffRole.BILLING)
    job = job_of(ask(who, "payments", "organization_id"))
    assert work(job)  # type: ignore[operator]
    with as_owner(database) as owner:
        stored = owner.execute(sa.text("SELECT data FROM export_part")).scalars().all()
    assert stored and not any(str(shop.organization) in one for one in stored)


def test_columns_are_limited_by_role(panel: flask.Flask) -> None:
    with panel.app_context(), transaction():
        for role in StaffRole:
            for kind in KINDS.values():
                allowed = {c.name for c in kind.allowed(STAFF_PERMISSIONS[role])}
                for column in kind.columns:
                    call = {
                        "actor": Actor(ActorKind.STAFF, uuid.uuid4()),
                        "permissions": STAFF_PERMISSIONS[role],
                        "kind": kind.key,
                        "columns": [column.name],
                        "reason": WHY,
                        "language": "en",
                    }
                    if column.name in allowed:
                        assert services.request(**call).columns == [column.name]  # type: ignore[arg-type]
                    else:
                        with pytest.raises(NotAllowed):
                            services.request(**call)  # type: ignore[arg-type]


def test_a_reason_and_a_column_are_needed(panel: flask.Flask) -> None:
    who = hire(panel, StaffRole.BILLING)
    form = who.get("/disa-aktarmalar/new/?kind=payments").text
    assert "Customer <code>organization_id</code>" in form
    page = who.post("/disa-aktarmalar/new/", kind="payments", columns=["id"], note="kısa")
    assert page.status_code == 400 and "at least 10 letters" in page.text
    page = who.post("/disa-aktarmalar/new/", kind="payments", note=WHY)
    assert page.status_code == 400 and "Choose at least one column" in page.text
    assert 'id="f-columns-error"' in page.text
    page = who.post("/disa-aktarmalar/new/", kind="cases", columns=["state"], note=WHY)
    assert page.status_code == 403
    assert who.post("/disa-aktarmalar/new/", kind="staff_user", note=WHY).status_code == 400


def test_a_large_export_needs_a_second_person(
    panel: flask.Flask, shop: Customer, database: ModuleDatabase, work: object
) -> None:
    with as_owner(database) as owner:
        owner.execute(
            sa.text(
                "INSERT INTO credit_entry (organization_id, key, kind, source, target, amount, at)"
                " SELECT :org, 'x' || n, 'settle', 'reserved', 'spent', 1, now()"
                " FROM generate_series(1, 1001) n"
            ),
            {"org": shop.organization},
        )
    who, second = hire(panel, StaffRole.OWNER), hire(panel, StaffRole.OWNER)
    job = job_of(ask(who, "ledger", "id", "amount"))
    assert state(database, job) is ExportState.REQUESTED and not work(job)  # type: ignore[operator]
    own = who.post(f"/disa-aktarmalar/{job}/onayla", confirmed="1")
    assert own.status_code == 302 and state(database, job) is ExportState.REQUESTED
    with panel.app_context(), pytest.raises(services.OwnExport), transaction():
        services.approve(actor=Actor(ActorKind.STAFF, who.id), job_id=job)
    second.post(f"/disa-aktarmalar/{job}/onayla")
    assert state(database, job) is ExportState.REQUESTED, "first the consequences"
    second.post(f"/disa-aktarmalar/{job}/onayla", confirmed="1")
    assert state(database, job) is ExportState.QUEUED
    assert work(job)  # type: ignore[operator]
    text = who.post(f"/disa-aktarmalar/{job}/indir").text
    assert text.count("\r\n") > 1001 and len(set(re.findall(r'^"(\d+)"', text, re.M))) > 1000


def test_others_export_their_own_acts_only(
    panel: flask.Flask, database: ModuleDatabase, work: object
) -> None:
    who, auditor = hire(panel, StaffRole.SUPPORT), hire(panel, StaffRole.AUDITOR)
    who.get("/paketler/")  # a refusal of their own
    mine, all_ = (job_of(ask(one, "trail", "actor_id", "verb")) for one in (who, auditor))
    assert work(mine) and work(all_)  # type: ignore[operator]
    text = who.post(f"/disa-aktarmalar/{mine}/indir").text
    ids = {row[0] for row in csv.reader(io.StringIO(text.removeprefix("\ufeff")))}
    assert ids == {"actor_id", str(who.id)}
    assert "staff.created" in auditor.post(f"/disa-aktarmalar/{all_}/indir").text


DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", " =1", "|calc", "＝1", "%0A"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text).startswith("'")
    written = next(csv.reader(io.StringIO(lines([[text]]), newline="")))
    assert written[0].startswith("'") and written[0][1:] == text


def test_plain_cells_stay_as_they_are() -> None:
    assert [cell(one) for one in (-5, None, True, "Ayşe", "a=b", {"ş": 1})] == [
        *("-5", "", "1", "Ayşe", "a=b", '{"ş": 1}'),
    ]
    assert lines([['say "a"', "b,c"]]) == '"say ""a""","b,c"\r\n'


def test_an_unknown_register_is_refused(panel: flask.Flask) -> None:
    with panel.app_context(), pytest.raises(InvalidInput), transaction():
        services.request(
            actor=Actor(ActorKind.STAFF, uuid.uuid4()),
            permissions=STAFF_PERMISSIONS[StaffRole.OWNER],
            kind="staff_user",
            columns=["id"],
            reason=WHY,
            language="en",
        )


def test_the_sweep_finds_a_job_that_the_queue_lost(
    panel: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    who = hire(panel, StaffRole.BILLING)
    with as_owner(database) as owner:
        owner.execute(sa.update(ExportJob).values(state=ExportState.REFUSED))
    job = job_of(ask(who, "payments", "id"))
    with panel.app_context():
        assert list(services.waiting_jobs()) == [job]
