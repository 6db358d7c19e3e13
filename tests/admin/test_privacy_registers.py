"""Processors and disclosures: kept by owners, approved by a second one, read by auditors."""

from __future__ import annotations

import uuid

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer
from tests.admin.office import hire
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole
from whatstr.audit.models import AuditEvent
from whatstr.core import clock
from whatstr.privacy.models import Disclosure, Processor

DEMAND = {
    "authority": "İstanbul 3. Asliye Ceza Mahkemesi",
    "ground": "court_order",
    "reference": "2026/41",
    "wanted": "Hesap sahibinin adı ve adresi",
}


def demand(who: object, **more: str) -> uuid.UUID:
    day = f"{clock.now():%Y-%m-%d}"
    answer = who.post("/aciklamalar/new/", received_on=day, **{**DEMAND, **more})  # type: ignore[attr-defined]
    assert answer.status_code == 302, answer.text[:400]
    return uuid.UUID(answer.headers["Location"].rpartition("=")[2])


def test_a_disclosure_is_approved_by_another_and_written_down(
    panel: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    one, two, auditor = (
        hire(panel, StaffRole.OWNER),
        hire(panel, StaffRole.OWNER),
        hire(panel, StaffRole.AUDITOR),
    )
    with as_owner(database) as owner:
        query = sa.text("SELECT customer_no FROM organization WHERE id = :id")
        number = str(owner.scalar(query, {"id": shop.organization}))
    id_ = demand(one, customer=number)
    path = f"/aciklamalar/{id_}"
    one.post(f"{path}/onayla", version="1")
    assert "Who recorded a demand cannot approve it" in one.get("/").text
    two.post(f"{path}/teslim", version="1", what="Ad ve adres")
    assert "the state has moved on" in two.get("/").text, "not before it is approved"
    two.post(f"{path}/onayla", version="1")
    two.post(f"{path}/teslim", version="1", what="Ad ve adres")
    assert "Somebody else changed this" in two.get("/").text
    two.post(f"{path}/teslim", version="2", what="Ad ve adres")
    page = auditor.get(f"/aciklamalar/details/?id={id_}").text
    assert "Ad ve adres" in page and DEMAND["authority"] in page and "Handed over" in page
    assert one.name in page and two.name in page, "by whom, approved by whom"
    assert "<textarea" not in page
    assert auditor.post(f"{path}/reddet", version="3", note="x").status_code == 403
    assert hire(panel, StaffRole.SUPPORT).get(f"/aciklamalar/details/?id={id_}").status_code == 403
    refused = demand(one)
    two.post(f"/aciklamalar/{refused}/reddet", version="1", note="Yetkisiz makam")
    assert "Yetkisiz makam" in auditor.get(f"/aciklamalar/details/?id={refused}").text
    with as_owner(database) as owner:
        row = owner.get_one(Disclosure, id_)
        assert (row.approved_by, row.handed_over_by) == (two.id, two.id)
        stored = owner.execute(sa.text("SELECT authority, wanted FROM disclosure")).all()
        assert not any("Mahkeme" in text for pair in stored for text in pair)
        events = owner.scalars(sa.select(AuditEvent).where(AuditEvent.subject_id == id_.hex)).all()
        assert [e.verb for e in events] == [
            *("disclosure.recorded", "disclosure.approved", "disclosure.handed_over"),
        ]
        assert not any("Mahkeme" in str(e.detail) for e in events)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("received_on", "2999-01-01", "not in the future"),
        ("received_on", "dün", "not in the future"),
        ("customer", "99999999", "no customer with this number"),
        ("authority", " ", "missing or cannot be used"),
    ],
)
def test_a_demand_that_cannot_be_is_refused(
    panel: flask.Flask, field: str, value: str, words: str
) -> None:
    who = hire(panel, StaffRole.OWNER)
    form = {**DEMAND, "received_on": "2026-11-01", field: value}
    page = who.post("/aciklamalar/new/", **form)
    assert page.status_code == 400 and words in page.text


def test_a_processor_is_added_changed_ended_and_taken_up(
    panel: flask.Flask, database: ModuleDatabase
) -> None:
    who, name = hire(panel, StaffRole.OWNER), f"Meta {uuid.uuid4().hex[:6]}"
    words = dict.fromkeys(("country", "purpose_tr", "purpose_en", "data_tr", "data_en"), "x")
    assert who.post("/isleyenler/new/", name=name, **words).status_code == 302
    again = who.post("/isleyenler/new/", name=name, **words)
    assert again.status_code == 409 and "has this name already" in again.text
    with as_owner(database) as owner:
        id_ = owner.scalars(sa.select(Processor.id).where(Processor.name == name)).one()
    edit = f"/isleyenler/edit/?id={id_}"
    changed = {**words, "country": "İrlanda", "contract_on": "2026-01-05"}
    assert who.post(edit, name=name, version="1", **changed).status_code == 302
    late = who.post(edit, name=name, version="1", **{**words, "country": "ABD"})
    assert late.status_code == 409 and "İrlanda" in late.text and "ABD" in late.text
    for verb, ended in (("bitir", True), ("surdur", False)):
        who.post(f"/isleyenler/{id_}/{verb}")
        who.post(f"/isleyenler/{id_}/{verb}", confirmed="1")
        with as_owner(database) as owner:
            assert (owner.get_one(Processor, id_).ended_at is not None) is ended
    with as_owner(database) as owner:
        event = owner.scalars(
            sa.select(AuditEvent).where(AuditEvent.verb == "processor.changed")
        ).one()
        assert event.detail["before"]["country"] == "x"
        assert event.detail["after"]["country"] == "İrlanda"


def test_acceptances_are_read_only(panel: flask.Flask, shop: Customer) -> None:
    who = hire(panel, StaffRole.OWNER)
    assert who.get("/onaylar/").status_code == 200
    for path in ("new/", "edit/", "delete/"):
        assert who.get(f"/onaylar/{path}").status_code == 404
