"""The register of message templates: states without a name, a text or the index of either."""

from __future__ import annotations

import uuid

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer, open_shop
from tests.admin.office import hire
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import Organization, StaffRole
from whatstr.audit.services import SYSTEM, record
from whatstr.core.db import transaction
from whatstr.lines.models import MessageTemplate

LIST = "/sablonlar/"


def change(database: ModuleDatabase, id_: uuid.UUID, **values: object) -> None:
    with as_owner(database) as owner:
        owner.execute(sa.update(MessageTemplate).where(MessageTemplate.id == id_).values(**values))


@pytest.mark.parametrize("role", list(StaffRole))
def test_every_role_sees_states_and_no_index(
    panel: flask.Flask, shop: Customer, role: StaffRole
) -> None:
    who = hire(panel, role)
    page = who.get(LIST).text
    assert shop.template.hex[:8] in page and "Approved" in page
    assert f"/isletme/{shop.organization}/" in page
    details = who.get(f"{LIST}details/?id={shop.template}").text
    assert "Last checked" in details and "The customer" in details
    assert str(shop.template) in details, "the whole id, by which it is found again"
    for index in (shop.line.bytes.hex(), shop.template.bytes[::-1].hex()):
        assert index not in page and index not in details


def test_states_filter_and_meta_s_new_words_stand_as_they_are(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    other = open_shop(database)
    change(database, other.template, status="PAUSED", quality="RED", category="UTILITY")
    who = hire(panel, StaffRole.SUPPORT)
    for query in ("flt0_0=PAUSED", "flt1_1=RED", "flt2_2=UTILITY"):
        page = who.get(f"{LIST}?{query}").text
        assert other.template.hex[:8] in page and shop.template.hex[:8] not in page, query
    change(database, other.template, status="SOMETHING_NEW", next_category="ODD<b>")
    page = who.get(f"{LIST}details/?id={other.template}").text
    assert "SOMETHING_NEW" in page and "ODD&lt;b&gt;" in page
    assert "No row fits all the filters" in who.get(f"{LIST}?flt0_0=ARCHIVED").text


def test_a_template_is_found_by_its_row_and_by_its_customer(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who = hire(panel, StaffRole.ABUSE_OPERATOR)
    own = f"{LIST}details/?id={shop.template}"
    with as_owner(database) as owner:
        number = owner.scalar(
            sa.select(Organization.customer_no).where(Organization.id == shop.organization)
        )
    for text in (str(shop.template), shop.template.hex, str(number)):
        assert who.post("/ara/", q=text, **{"in": "templates"}).headers.get("Location") == own
    for text in (shop.template.hex[:12], "999999999", "²", "99999999999999999999", shop.line.hex):
        answer = who.post("/ara/", q=text, **{"in": "templates"})
        assert answer.status_code == 200 and own not in answer.text, text


def test_the_timeline_shows_what_meta_told(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    auditor = hire(panel, StaffRole.AUDITOR)
    with panel.app_context(), transaction():
        record(
            actor=SYSTEM,
            verb="told about a message template",
            subject_kind="message_template",
            subject_id=shop.template,
            organization_id=shop.organization,
            detail={"status": "PAUSED"},
        )
    path = f"{LIST}details/?id={shop.template}"
    assert "told about a message template" in auditor.get(path).text
    assert "told about a message template" not in hire(panel, StaffRole.SUPPORT).get(path).text


def test_an_empty_register_says_what_fills_it(panel: flask.Flask, database: ModuleDatabase) -> None:
    with as_owner(database) as owner:
        owner.execute(sa.delete(MessageTemplate))
    page = hire(panel, StaffRole.BILLING).get(LIST).text
    assert "No template yet" in page
