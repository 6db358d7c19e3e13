"""The search console: what is found, by what, by whom, and what stays on record."""

from __future__ import annotations

import json
import uuid

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer, report
from tests.admin.office import hire
from tests.admin.test_workplaces import case_id, request_id  # noqa: F401 - fixtures
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.abuse.models import Case
from whatstr.accounts.models import Organization, StaffRole
from whatstr.audit.models import AuditEvent
from whatstr.billing.models import Payment
from whatstr.core.crypto import name_head, name_letters


def named(database: ModuleDatabase, name: str) -> uuid.UUID:
    """Another organization, of this name."""
    with as_owner(database) as owner:
        made = Organization(created_at=sa.func.now(), language="tr")
        made.name = name
        owner.add(made)
        owner.flush()
        return made.id


def found(who: object, text: str) -> str:
    """The page, or the address that a single hit led to."""
    answer = who.post("/ara/", q=text)  # type: ignore[attr-defined]
    assert answer.status_code in (200, 302), answer.status_code
    return str(answer.headers.get("Location") or answer.text)


def test_everything_with_a_number_is_found(
    panel: flask.Flask,
    database: ModuleDatabase,
    shop: Customer,
    case_id: uuid.UUID,  # noqa: F811
    request_id: uuid.UUID,  # noqa: F811
) -> None:
    who = hire(panel, StaffRole.OWNER)
    with as_owner(database) as owner:
        number = owner.scalar(
            sa.select(Organization.customer_no).where(Organization.id == shop.organization)
        )
        intent = owner.scalar(sa.select(Payment.payment_intent).where(Payment.id == shop.payment))
        case = owner.scalar(sa.select(Case.number).where(Case.id == case_id))
    page = f"/isletme/{shop.organization}/"
    assert page in found(who, shop.email.upper())
    assert page in found(who, str(number))
    assert page in found(who, str(shop.organization)[:13])
    assert str(shop.line) in found(who, "0850 123 45 67")
    assert str(shop.payment) in found(who, str(intent))
    assert str(shop.payment) in found(who, shop.payment.hex[:9])
    assert str(shop.running) in found(who, shop.running.hex[:8])
    assert str(shop.running) in found(who, f"{shop.running.hex[:8]}/12")
    assert "Nothing found" in found(who, f"{shop.running.hex[:8]}/999")
    assert str(case_id) in found(who, str(case))
    assert str(request_id) in found(who, request_id.hex)
    assert who.email.partition("@")[0] not in found(who, "yok@yok.example")
    assert str(who.id) in found(who, who.email)


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("Gülç", True),
        ("gulcicek", True),
        ("GÜLÇİÇEK B", True),
        ("gülçiçek butik", True),
        ("Gül", False),
        ("çiçek", False),
        ("Gülçiçekçi", False),
        ("Butik", False),
    ],
)
def test_a_name_is_found_by_how_it_begins(
    panel: flask.Flask, database: ModuleDatabase, typed: str, right: bool
) -> None:
    id_ = named(database, "Gülçiçek Butik Ltd. Şti.")
    named(database, "Gülçin Moda")
    who = hire(panel, StaffRole.SUPPORT)
    with as_owner(database) as owner:  # the newest ten are shown
        owner.execute(
            sa.update(Organization).where(Organization.id == id_).values(created_at=sa.func.now())
        )
    text = found(who, typed)
    assert (f"/isletme/{id_}/" in text) is right
    assert "Gülçiçek Butik Ltd" not in text and "Moda" not in text, "names stay masked"


def test_a_bucket_is_too_coarse_to_tell_a_name(panel: flask.Flask) -> None:
    with panel.app_context():
        heads = {name_head("organization.name", f"{n:05d}ab", 4) for n in range(100_000)}
    assert all(head is not None and 0 <= head < 65_536 for head in heads)
    assert name_head.__defaults__ is None and name_letters("İŞÇİ Ltd.") == "isciltd"


def test_a_role_finds_what_it_may_read(
    panel: flask.Flask,
    database: ModuleDatabase,
    shop: Customer,
    case_id: uuid.UUID,  # noqa: F811
) -> None:
    with as_owner(database) as owner:
        case = owner.scalar(sa.select(Case.number).where(Case.id == case_id))
    abuse, billing = hire(panel, StaffRole.ABUSE_OPERATOR), hire(panel, StaffRole.BILLING)
    assert "/vaka/" in found(abuse, str(case)) and "/vaka/" not in found(billing, str(case))
    payment = shop.payment.hex
    assert str(shop.payment) in found(billing, payment)
    assert str(shop.payment) not in found(abuse, payment)
    assert "/gorevliler/" not in found(abuse, abuse.email)
    for name in ("people", "cases", "nonsense", "admin"):
        answer = billing.post("/ara/", q=abuse.email, **{"in": name})
        assert abuse.email not in answer.text.replace(f'value="{abuse.email}"', "")
        assert answer.status_code in (200, 302)


def test_looking_somebody_up_is_on_record_without_what_was_typed(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who = hire(panel, StaffRole.SUPPORT)
    found(who, shop.email)
    who.post("/ara/", q=shop.email, **{"in": "members"})
    found(who, "12345")
    with as_owner(database) as owner:
        events = owner.scalars(
            sa.select(AuditEvent)
            .where(AuditEvent.actor_id == who.id, AuditEvent.verb == "staff.searched")
            .order_by(AuditEvent.seq)
        ).all()
        owner.expunge_all()
    assert [one.subject_id for one in events] == ["email", "members"]
    assert events[0].organization_id == shop.organization
    assert shop.email not in json.dumps([one.detail for one in events])


def test_odd_input_finds_nothing_and_breaks_nothing(panel: flask.Flask, shop: Customer) -> None:
    who = hire(panel, StaffRole.OWNER)
    for text in ("'; DROP", "\0\0", "9" * 250, "a" * 400, "%", "/", "0/0", "ffffffff/999999999"):
        assert who.post("/ara/", q=text).status_code in (200, 302), text
        for name in ("organizations", "members", "cases", "reports", "refunds", "requests"):
            assert who.post("/ara/", q=text, **{"in": name}).status_code == 200, (name, text)


def test_searching_has_a_pace(panel: flask.Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whatstr.admin.search.SEARCHES", 3)
    who, other = hire(panel, StaffRole.SUPPORT), hire(panel, StaffRole.SUPPORT)
    assert [who.post("/ara/", q="123").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert other.post("/ara/", q="123").status_code == 200


def test_reports_without_a_customer_are_found(panel: flask.Flask, database: ModuleDatabase) -> None:
    who = hire(panel, StaffRole.ABUSE_OPERATOR)
    id_ = report(database, None)
    with as_owner(database) as owner:
        query = sa.text("SELECT number FROM abuse_report WHERE id = :id")
        number = owner.scalar(query, {"id": id_})
    assert str(id_) in found(who, str(number))
