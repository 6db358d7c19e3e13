"""Reports join cases, people claim them, an opened report is on record first."""

from __future__ import annotations

from datetime import timedelta

import flask
import pytest
import sqlalchemy as sa

from tests.abuse.calls import (
    attach,
    case_of,
    claimed,
    decide,
    person,
)
from tests.admin.customers import Customer, report
from tests.apps import DESK_SECRET, as_owner
from tests.services import ModuleDatabase
from whatstr.abuse import cases, desk, queries
from whatstr.abuse.models import (
    AbuseReport,
    ActionKind,
    CaseState,
    ReportState,
)
from whatstr.abuse.policies import (
    CLAIM_LEASE,
    CaseNotClaimed,
    CaseTaken,
)
from whatstr.audit.models import AuditEvent, Reveal
from whatstr.audit.services import Actor
from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.core.errors import Conflict, InvalidInput


def test_reports_of_a_line_join_one_case(
    admin: flask.Flask, worker: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    first = report(database, shop)
    report(database, shop, state=ReportState.RECEIVED)
    nobody = report(database, None)
    assert attach(worker) == 2
    report(database, shop)
    assert attach(worker) == 1
    assert attach(worker) == 0
    case = case_of(shop)
    assert (case.state, case.line_id) == (CaseState.OPEN, shop.line)
    assert len(queries.case_detail(case.id).reports) == 3
    found = session().get_one(AbuseReport, first)
    assert (found.state, found.case_id) == (ReportState.ATTACHED, case.id)
    assert session().get_one(AbuseReport, nobody).state is ReportState.VERIFIED


def test_two_people_never_hold_the_same_case(
    admin: flask.Flask, worker: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    report(database, shop)
    attach(worker)
    one, two = person(admin), person(admin)
    case = claimed(shop, one)
    with pytest.raises(CaseTaken), transaction():
        cases.claim(actor=two, case_id=case.id, expected_version=case.version)
    with pytest.raises(Conflict), transaction():
        cases.claim(actor=one, case_id=case.id, expected_version=case.version - 1)
    with pytest.raises(CaseNotClaimed):
        decide(case_of(shop), two, ActionKind.WARN)
    with pytest.raises(CaseNotClaimed), transaction():
        cases.release(actor=two, case_id=case.id, expected_version=case_of(shop).version)
    with worker.app_context(), transaction():
        assert cases.release_expired() == 0, "a claim that runs is nobody's to end"
    with clock.frozen(clock.now() + CLAIM_LEASE + timedelta(seconds=1)):
        with pytest.raises(CaseNotClaimed):
            decide(case_of(shop), one, ActionKind.WARN)
        with worker.app_context(), transaction():
            assert cases.release_expired() == 1
        free = case_of(shop)
        assert (free.state, free.claimed_by, free.claimed_until) == (CaseState.OPEN, None, None)
        taken = claimed(shop, two)
        with transaction():
            cases.release(actor=two, case_id=taken.id, expected_version=taken.version)
    free = case_of(shop)
    assert (free.state, free.claimed_by) == (CaseState.OPEN, None)


def test_opening_a_report_is_on_record_first(
    admin: flask.Flask, worker: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    which = report(database, shop)
    attach(worker)
    one, two = person(admin), person(admin)

    def log(actor: Actor, note: str) -> None:
        with transaction():
            desk.log_opening(
                actor=actor,
                report_id=which,
                reason=desk.RevealReason.ABUSE_REVIEW,
                note=note,
                roles=["abuse_operator"],
            )

    with pytest.raises(CaseNotClaimed):
        log(one, "İçeriği görmem gerekiyor.")
    claimed(shop, one)
    with pytest.raises(CaseNotClaimed):
        log(two, "İçeriği görmem gerekiyor.")
    with pytest.raises(InvalidInput):
        log(one, "kısa")
    assert session().scalar(sa.select(sa.func.count()).select_from(Reveal)) == 0
    log(one, "İçeriği görmem gerekiyor.")
    row = session().scalars(sa.select(Reveal)).one()
    assert (row.staff_id, row.subject_id, row.field) == (one.id, which, "words")
    words = desk.read_words(report_id=which, desk_key=DESK_SECRET)
    assert [line.mark for line in words.lines] == [True, False]
    with as_owner(database) as owner:
        verbs = owner.scalars(sa.select(AuditEvent.verb)).all()
    assert "report.opened" in verbs
