"""The case page, the exception desk and the organization page over HTTP."""

from __future__ import annotations

import re
import uuid

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import WORDS, Customer, report
from tests.admin.office import Colleague, hire
from tests.apps import as_owner, role_app
from tests.services import ModuleDatabase
from whatstr.abuse import cases
from whatstr.abuse.models import Case
from whatstr.accounts.models import StaffRole
from whatstr.audit.models import ActorKind, AuditEvent, Reveal
from whatstr.audit.services import Actor
from whatstr.billing import exceptions
from whatstr.billing.models import ExceptionRequest, Ground, Refund
from whatstr.billing.policies import Delivery
from whatstr.core.db import transaction
from whatstr.local.valkey import EmbeddedValkey

WHY = "Üç bildirim doğrulandı; onay gösterilmedi."


@pytest.fixture
def case_id(panel: flask.Flask, database: ModuleDatabase, shop: Customer) -> uuid.UUID:
    report(database, shop)
    with panel.app_context(), transaction():
        cases.attach_reports()
    with as_owner(database) as owner:
        query = sa.select(Case.id).where(Case.organization_id == shop.organization)
        return owner.scalars(query).one()


@pytest.fixture
def request_id(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, panel: flask.Flask, shop: Customer
) -> uuid.UUID:
    """The customer asks for 1,999 lira back."""
    with role_app("web", database, valkey_server) as web, web.app_context(), transaction():
        made = exceptions.submit(
            actor=Actor(ActorKind.MEMBER, shop.member, "203.0.113.4"),
            organization_id=shop.organization,
            payment_id=shop.payment,
            ground=Ground.OUR_OUTAGE,
            explanation="Üç gün gönderemedik.",
            delivery=Delivery(accepted=0, delivered=0),
        )
        return made.id


def one(database: ModuleDatabase, query: sa.Select[tuple[object]]) -> object:
    with as_owner(database) as owner:
        return owner.scalars(query).one()


def version_of(database: ModuleDatabase, model: type, id_: uuid.UUID) -> str:
    return str(one(database, sa.select(model.version).where(model.id == id_)))  # type: ignore[attr-defined]


def state_of(database: ModuleDatabase, model: type, id_: uuid.UUID) -> str:
    return str(one(database, sa.select(model.state).where(model.id == id_)))  # type: ignore[attr-defined]


def claim(who: Colleague, database: ModuleDatabase, case_id: uuid.UUID) -> None:
    version = version_of(database, Case, case_id)
    assert who.post(f"/vaka/{case_id}/ustlen", version=version).status_code == 302


def test_a_report_is_opened_with_a_reason_by_who_holds_the_case(
    panel: flask.Flask, database: ModuleDatabase, case_id: uuid.UUID, shop: Customer
) -> None:
    who, other = hire(panel, StaffRole.ABUSE_OPERATOR), hire(panel, StaffRole.ABUSE_OPERATOR)
    with as_owner(database) as owner:
        report_id = owner.scalars(
            sa.text("SELECT id FROM abuse_report WHERE case_id = :c").bindparams(c=case_id)
        ).one()
    path = f"/vaka/{case_id}/bildirim/{report_id}"
    form = {"reason": "abuse_review", "note": "İçeriği görmem gerekiyor."}
    claim(who, database, case_id)
    assert WORDS[0] not in who.get(f"/vaka/{case_id}/").text
    assert WORDS[0] not in other.post(path, **form).text
    assert who.post(path, **{**form, "note": "kısa"}).status_code == 302
    with as_owner(database) as owner:
        rows = sa.select(Reveal).where(Reveal.organization_id == shop.organization)
        assert owner.scalars(rows).all() == []
    opened = who.post(path, **form).text
    assert WORDS[0] in opened and "really sent" in opened and "not found" in opened
    with as_owner(database) as owner:
        reveal = owner.scalars(
            sa.select(Reveal).where(Reveal.organization_id == shop.organization)
        ).one()
        assert (reveal.staff_id, reveal.note) == (who.id, form["note"])


def test_a_refused_decision_keeps_what_was_written(
    panel: flask.Flask, database: ModuleDatabase, case_id: uuid.UUID
) -> None:
    who = hire(panel, StaffRole.ABUSE_OPERATOR)
    claim(who, database, case_id)
    form = {
        "version": version_of(database, Case, case_id),
        "outcome": "pause_line",
        "policy": "fraud",
        "ground": "unfounded",
        "explanation": WHY,
        "confirmed": "1",
    }
    answer = who.post(f"/vaka/{case_id}/karar", **form)
    assert answer.status_code == 400
    assert WHY in answer.text and "Ground and action do not fit" in answer.text
    assert state_of(database, Case, case_id) == "claimed"
    stale = who.post(f"/vaka/{case_id}/karar", **{**form, "ground": "terms", "version": "1"})
    assert stale.status_code == 409 and WHY in stale.text
    done = who.post(f"/vaka/{case_id}/karar", **{**form, "ground": "terms"})
    assert done.status_code == 302
    assert state_of(database, Case, case_id) == "decided"


def test_rule_and_ground_are_chosen_and_not_there_beforehand(
    panel: flask.Flask, database: ModuleDatabase, case_id: uuid.UUID, shop: Customer
) -> None:
    who, other = hire(panel, StaffRole.ABUSE_OPERATOR), hire(panel, StaffRole.BILLING)
    claim(who, database, case_id)
    page = who.get(f"/vaka/{case_id}/").text
    for name in ("policy", "ground"):
        assert re.search(rf'name="{name}"[^>]*>\s*<option value="" selected>Choose<', page), name
    form = {"version": version_of(database, Case, case_id), "explanation": WHY, "confirmed": "1"}
    form.update(outcome="dismiss", policy="fraud", ground="unfounded")
    for name, said in (("policy", "Choose a rule."), ("ground", "Choose a ground.")):
        answer = who.post(f"/vaka/{case_id}/karar", **{**form, name: ""})
        assert answer.status_code == 400 and f'<a href="#f-{name}">{said}' in answer.text
    answer = who.post(f"/vaka/{case_id}/karar", **{**form, "outcome": "pause_campaign"})
    assert answer.status_code == 400 and '<a href="#f-campaign">Choose a campaign.' in answer.text
    path, asked = f"/istisna/yeni/{shop.payment}", {"explanation": "Müşteri telefonda bildirdi."}
    answer = other.post(path, **asked, ground="")
    assert answer.status_code == 400 and '<a href="#f-ground">Choose a ground.' in answer.text
    answer = other.post(path, explanation="kısa", ground="hardship")
    assert '<a href="#f-explanation">Write the reason' in answer.text
    assert state_of(database, Case, case_id) == "claimed"


def test_support_reads_cases_but_does_not_decide(
    panel: flask.Flask, database: ModuleDatabase, case_id: uuid.UUID
) -> None:
    who = hire(panel, StaffRole.SUPPORT)
    page = who.get(f"/vaka/{case_id}/")
    assert page.status_code == 200 and "Take this case" not in page.text
    assert who.post(f"/vaka/{case_id}/ustlen", version="1").status_code == 403


def test_who_proposed_a_suspension_cannot_sign_it(
    panel: flask.Flask, database: ModuleDatabase, case_id: uuid.UUID, shop: Customer
) -> None:
    one_, two = hire(panel, StaffRole.ABUSE_OPERATOR), hire(panel, StaffRole.ABUSE_OPERATOR)
    claim(one_, database, case_id)
    form = {"outcome": "suspend", "policy": "fraud", "ground": "terms", "explanation": WHY}
    form["confirmed"] = "1"
    version = version_of(database, Case, case_id)
    assert one_.post(f"/vaka/{case_id}/karar", version=version, **form).status_code == 302
    with as_owner(database) as owner:
        query = sa.text("SELECT id FROM abuse_action WHERE case_id = :c").bindparams(c=case_id)
        action = owner.scalars(query).one()
    path, version = f"/vaka/{case_id}/onay/{action}", version_of(database, Case, case_id)
    one_.post(path, version=version, confirmed="1")
    assert "A suspension needs a second person" in one_.get("/").text
    assert f"/vaka/{case_id}/" in two.get("/").text
    two.post(path, version=version, confirmed="1")
    with as_owner(database) as owner:
        state = owner.scalar(
            sa.text("SELECT state FROM organization WHERE id = :o"), {"o": shop.organization}
        )
    assert state == "suspended"


def test_an_exception_is_signed_by_another_and_refunded_once(
    panel: flask.Flask, database: ModuleDatabase, request_id: uuid.UUID
) -> None:
    who = hire(panel, StaffRole.BILLING)
    path = f"/istisna/{request_id}"
    page = who.get(f"{path}/").text
    assert "₺1,999.00" in page and "Üç gün gönderemedik." in page
    version = version_of(database, ExceptionRequest, request_id)
    who.post(f"{path}/imzala", version=version, confirmed="1", amount_kurus="2.500,00")
    assert "The facts bear ₺1,999.00 at most" in who.get("/").text
    who.post(f"{path}/imzala", version=version, confirmed="1", amount_kurus="1.000,00")
    assert state_of(database, ExceptionRequest, request_id) == "approved"
    version = version_of(database, ExceptionRequest, request_id)
    for _ in range(2):
        who.post(f"{path}/iade-et", version=version, confirmed="1")
    refund = one(database, sa.select(Refund.amount_kurus).where(Refund.exception_id == request_id))
    assert refund == 100_000
    with as_owner(database) as owner:
        verbs = owner.scalars(sa.select(AuditEvent.verb).where(AuditEvent.actor_id == who.id)).all()
    assert verbs.count("refund.created") == 1


def test_who_asks_for_an_exception_does_not_sign_it(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    one_, two = hire(panel, StaffRole.BILLING), hire(panel, StaffRole.BILLING)
    form = {"ground": "our_outage", "explanation": "Müşteri telefonda bildirdi."}
    made = one_.post(f"/istisna/yeni/{shop.payment}", **form)
    assert made.status_code == 302
    path = made.headers["Location"]
    request_id = uuid.UUID(path.strip("/").split("/")[-1])
    version = version_of(database, ExceptionRequest, request_id)
    one_.post(f"{path}imzala", version=version, confirmed="1", amount_kurus="1999")
    assert "cannot approve it" in one_.get("/").text
    assert state_of(database, ExceptionRequest, request_id) == "submitted"
    two.post(f"{path}imzala", version=version, confirmed="1", amount_kurus="1999")
    assert state_of(database, ExceptionRequest, request_id) == "approved"


def test_support_asks_but_does_not_decide(
    panel: flask.Flask, database: ModuleDatabase, request_id: uuid.UUID
) -> None:
    who = hire(panel, StaffRole.SUPPORT)
    page = who.get(f"/istisna/{request_id}/").text
    assert "Turn down" not in page and "Amount in lira" not in page
    for verb in ("imzala", "reddet", "sor", "iade-et"):
        assert who.post(f"/istisna/{request_id}/{verb}", version="1").status_code == 403


def test_one_value_is_shown_on_record_and_within_the_work_only(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer, case_id: uuid.UUID
) -> None:
    who = hire(panel, StaffRole.ABUSE_OPERATOR)
    path = f"/isletme/{shop.organization}/goster"
    form = {"field": "email", "reason": "abuse_review", "note": "Karardan önce soracağım."}
    assert shop.email not in who.post(path, **form).text, "no claimed case, no value"
    claim(who, database, case_id)
    assert shop.email in who.post(path, **form).text
    assert shop.email not in who.get(f"/isletme/{shop.organization}/").text
    assert "9876543" not in who.post(path, **{**form, "field": "phone"}).text
    with as_owner(database) as owner:
        rows = owner.scalars(
            sa.select(Reveal.field).where(Reveal.organization_id == shop.organization)
        ).all()
    assert rows == ["email"]


def test_my_work_is_what_the_role_does(
    panel: flask.Flask, case_id: uuid.UUID, request_id: uuid.UUID
) -> None:
    abuse, billing = hire(panel, StaffRole.ABUSE_OPERATOR), hire(panel, StaffRole.BILLING)
    case, desk = f"/vaka/{case_id}/", f"/istisna/{request_id}/"
    assert case in abuse.get("/").text and desk not in abuse.get("/").text
    assert desk in billing.get("/").text and case not in billing.get("/").text
