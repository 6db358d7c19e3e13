"""Decisions take effect at once, serious ones by two people, and can be undone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import flask
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import undefer

from tests.abuse.calls import (
    WHY,
    attach,
    case_of,
    claimed,
    decide,
    fresh,
    only_action,
    person,
    undo,
)
from tests.admin.customers import Customer, report
from tests.services import ModuleDatabase
from whatstr.abuse import decisions, queries
from whatstr.abuse.models import (
    ActionKind,
    ActionState,
    CaseState,
    StatementOfReasons,
)
from whatstr.abuse.policies import (
    SecondPersonNeeded,
)
from whatstr.accounts.models import Organization, OrganizationState, OutboundMail, StaffRole
from whatstr.audit.queries import check_chain
from whatstr.campaigns.models import Campaign, CampaignState
from whatstr.core.db import session, transaction
from whatstr.core.errors import InvalidInput
from whatstr.core.statemachine import IllegalTransition
from whatstr.lines.models import Line, LineState


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
    until = statement.appeal_until.astimezone(ZoneInfo("Europe/Istanbul"))
    assert f"{until:%d.%m.%Y} gününe kadar" in statement.text_tr
    assert f"appeal until {until.day} {until:%b %Y};" in statement.text_en
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
    from tests.admin.customers import open_shop
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
