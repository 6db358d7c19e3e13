"""Reports join cases, people claim them, decisions take effect at once."""

from __future__ import annotations

import uuid
from datetime import timedelta

import flask
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import undefer

from tests.admin.office import Customer, hire, report
from tests.apps import DESK_SECRET, as_owner
from tests.services import ModuleDatabase
from whatstr.abuse import cases, decisions, desk, queries
from whatstr.abuse.models import (
    AbuseReport,
    Action,
    ActionKind,
    ActionState,
    Case,
    CaseState,
    ReportState,
    StatementOfReasons,
)
from whatstr.abuse.policies import (
    CLAIM_LEASE,
    CaseNotClaimed,
    CaseTaken,
    DecisionGround,
    Policy,
    SecondPersonNeeded,
    WantedAction,
)
from whatstr.accounts.models import Organization, OrganizationState, OutboundMail, StaffRole
from whatstr.audit.models import ActorKind, AuditEvent, Reveal
from whatstr.audit.queries import check_chain
from whatstr.audit.services import Actor
from whatstr.campaigns.models import Campaign, CampaignState
from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.core.errors import Conflict, InvalidInput
from whatstr.core.statemachine import IllegalTransition
from whatstr.lines.models import Line, LineState

WHY = "Üç bildirim doğrulandı; onay gösterilmedi."


def attach(worker: flask.Flask) -> int:
    with worker.app_context(), transaction():
        return cases.attach_reports()


def person(app: flask.Flask, *roles: StaffRole) -> Actor:
    made = hire(app, *(roles or (StaffRole.ABUSE_OPERATOR,)))
    return Actor(ActorKind.STAFF, made.id, "203.0.113.9")


def case_of(shop: Customer) -> Case:
    return (
        session()
        .scalars(
            sa.select(Case)
            .where(Case.organization_id == shop.organization)
            .order_by(Case.number.desc())
            .execution_options(populate_existing=True)
        )
        .first()
    )  # type: ignore[return-value]


def claimed(shop: Customer, who: Actor) -> Case:
    case = case_of(shop)
    with transaction():
        return cases.claim(actor=who, case_id=case.id, expected_version=case.version)


def decide(case: Case, who: Actor, *kinds: ActionKind, target: str = "") -> None:
    ground = DecisionGround.UNFOUNDED if ActionKind.DISMISS in kinds else DecisionGround.TERMS
    with transaction():
        decisions.decide(
            actor=who,
            case_id=case.id,
            expected_version=case.version,
            policy=Policy.CONSENT,
            ground=ground,
            explanation=WHY,
            actions=[WantedAction(kind, target) for kind in kinds],
        )


def undo(who: Actor, action: Action, note: str) -> None:
    seen = session().get_one(Case, action.case_id, populate_existing=True).version
    decisions.reverse_action(actor=who, action_id=action.id, expected_version=seen, note=note)


def only_action(case: Case, kind: ActionKind) -> Action:
    query = sa.select(Action).where(Action.case_id == case.id, Action.kind == kind)
    return session().scalars(query.execution_options(populate_existing=True)).one()


def fresh(model: type, id_: uuid.UUID) -> object:
    return session().get_one(model, id_, populate_existing=True)


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


def test_a_paused_line_stops_with_the_decision_and_goes_on_after_the_undo(
    admin: flask.Flask, worker: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    report(database, shop)
    attach(worker)
    who = person(admin)
    blast = queries.blast_radius(case_of(shop))
    assert blast.line is not None
    assert (blast.line.messages, blast.line.running, blast.line.scheduled) == (850, 1, 1)
    assert (blast.lines, blast.credits_left, blast.paid_kurus) == (1, 10_000, 199_900)
    decide(claimed(shop, who), who, ActionKind.PAUSE_LINE)
    line = fresh(Line, shop.line)
    assert isinstance(line, Line)
    assert (line.state, line.state_reason) == (LineState.PAUSED, "staff")
    case = case_of(shop)
    assert case.state is CaseState.DECIDED
    statement = (
        session()
        .scalars(
            sa.select(StatementOfReasons).where(
                StatementOfReasons.organization_id == shop.organization
            )
        )
        .one()
    )
    assert WHY in statement.text_tr and WHY in statement.text_en
    assert statement.appeal_until is not None
    mail = (
        session()
        .scalars(
            sa.select(OutboundMail)
            .where(OutboundMail.organization_id == shop.organization)
            .options(undefer(OutboundMail.to_ct), undefer(OutboundMail.values_ct))
        )
        .one()
    )
    assert mail.to == shop.email and WHY in mail.values_json
    action = only_action(case, ActionKind.PAUSE_LINE)
    with transaction():
        undo(who, action, "Yanlış hat seçilmiş.")
    line = fresh(Line, shop.line)
    assert isinstance(line, Line) and line.state is LineState.CONNECTED
    assert only_action(case, ActionKind.PAUSE_LINE).state is ActionState.REVERSED
    with pytest.raises(IllegalTransition), transaction():
        undo(who, action, "Bir kez daha olmaz.")
    assert check_chain().broken_at is None


def test_a_suspension_needs_a_second_person(
    admin: flask.Flask, worker: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    report(database, shop)
    attach(worker)
    one, two = person(admin), person(admin, StaffRole.OWNER)
    decide(claimed(shop, one), one, ActionKind.SUSPEND_ORGANIZATION, ActionKind.PAUSE_LINE)
    case = case_of(shop)
    organization = fresh(Organization, shop.organization)
    assert isinstance(organization, Organization)
    assert (case.state, organization.state) == (CaseState.WAITING, OrganizationState.ACTIVE)
    line = fresh(Line, shop.line)
    assert isinstance(line, Line) and line.state is LineState.PAUSED
    action = only_action(case, ActionKind.SUSPEND_ORGANIZATION)
    with pytest.raises(SecondPersonNeeded), transaction():
        decisions.approve_action(actor=one, action_id=action.id, expected_version=case.version)
    with transaction():
        decisions.approve_action(actor=two, action_id=action.id, expected_version=case.version)
    organization = fresh(Organization, shop.organization)
    assert isinstance(organization, Organization)
    assert organization.state is OrganizationState.SUSPENDED
    assert case_of(shop).state is CaseState.DECIDED
    done = only_action(case, ActionKind.SUSPEND_ORGANIZATION)
    assert (done.state, done.approved_by) == (ActionState.APPLIED, two.id)


def test_a_refused_suspension_undoes_what_held_meanwhile(
    admin: flask.Flask, worker: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    report(database, shop)
    attach(worker)
    one, two = person(admin), person(admin)
    decide(claimed(shop, one), one, ActionKind.SUSPEND_ORGANIZATION, ActionKind.PAUSE_LINE)
    case = case_of(shop)
    action = only_action(case, ActionKind.SUSPEND_ORGANIZATION)
    with transaction():
        decisions.refuse_action(
            actor=two, action_id=action.id, expected_version=case.version, note="Kanıt yetersiz."
        )
    line = fresh(Line, shop.line)
    assert isinstance(line, Line) and line.state is LineState.CONNECTED
    case = case_of(shop)
    assert (case.state, case.claimed_by) == (CaseState.OPEN, None)
    assert only_action(case, ActionKind.SUSPEND_ORGANIZATION).state is ActionState.EXPIRED
    claimed(shop, two)


def test_a_paused_campaign_is_not_its_owners_to_resume(
    admin: flask.Flask, worker: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    report(database, shop)
    attach(worker)
    who = person(admin)
    case = claimed(shop, who)
    decide(case, who, ActionKind.PAUSE_CAMPAIGN, target=shop.running.hex)
    campaign = fresh(Campaign, shop.running)
    assert isinstance(campaign, Campaign)
    assert (campaign.state, campaign.reason_code) == (CampaignState.PAUSED, "staff")
    action = only_action(case, ActionKind.PAUSE_CAMPAIGN)
    with transaction():
        undo(who, action, "Onay kanıtı geldi.")
    campaign = fresh(Campaign, shop.running)
    assert isinstance(campaign, Campaign)
    assert (campaign.state, campaign.reason_code) == (CampaignState.PAUSED, None)


def test_a_campaign_of_somebody_else_is_no_target(
    admin: flask.Flask, worker: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    from tests.admin.office import open_shop
    from whatstr.core.errors import NotFound

    other = open_shop(database)
    report(database, shop)
    attach(worker)
    who = person(admin)
    with pytest.raises(NotFound):
        decide(claimed(shop, who), who, ActionKind.PAUSE_CAMPAIGN, target=other.running.hex)
    assert case_of(shop).state is CaseState.CLAIMED


def test_a_dismissal_closes_the_case_and_tells_nobody(
    admin: flask.Flask, worker: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    report(database, shop)
    attach(worker)
    who = person(admin)
    decide(claimed(shop, who), who, ActionKind.DISMISS)
    assert case_of(shop).state is CaseState.CLOSED
    assert queries.statements_of(shop.organization) == []
    report(database, shop)
    attach(worker)
    assert case_of(shop).state is CaseState.OPEN, "a new report opens a new case"


@pytest.mark.parametrize(
    ("kinds", "field"),
    [
        ((), "actions"),
        ((ActionKind.DISMISS, ActionKind.PAUSE_LINE), "actions"),
        ((ActionKind.CLOSE_ORGANIZATION,), "actions"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    admin: flask.Flask,
    worker: flask.Flask,
    shop: Customer,
    database: ModuleDatabase,
    kinds: tuple[ActionKind, ...],
    field: str,
) -> None:
    report(database, shop)
    attach(worker)
    who = person(admin)
    with pytest.raises(InvalidInput) as caught:
        decide(claimed(shop, who), who, *kinds)
    assert caught.value.context["field"] == field


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
