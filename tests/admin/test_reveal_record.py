"""No record, no reveal: PostgreSQL refuses the record, and the value stays shut (vault, 16, 22)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer
from tests.admin.office import Colleague, hire
from tests.admin.test_browser import support_request
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole
from whatstr.audit.models import Reveal
from whatstr.support.models import SupportRequest

FORM = {"field": "email", "reason": "support", "note": "Müşteri aramamızı istedi."}


@contextmanager
def without(database: ModuleDatabase, table: str) -> Iterator[None]:
    """The role cannot write to the table meanwhile."""
    engine = sa.create_engine(database.url())
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(f"REVOKE INSERT ON {table} FROM whatstr_admin"))
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text(f"GRANT INSERT ON {table} TO whatstr_admin"))
        engine.dispose()


def reveals(database: ModuleDatabase, shop: Customer) -> int:
    with as_owner(database) as owner:
        count = sa.select(sa.func.count()).where(Reveal.organization_id == shop.organization)
        return owner.scalar(count) or 0


@pytest.mark.parametrize("table", ["reveal", "audit_event"])
def test_a_record_that_cannot_be_written_shows_nothing(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer, table: str
) -> None:
    who = hire(panel, StaffRole.OWNER)
    path = f"/isletme/{shop.organization}/goster"
    with without(database, table):
        refused = who.post(path, **FORM)
    assert refused.status_code >= 400
    assert shop.email not in refused.text
    assert reveals(database, shop) == 0
    shown = who.post(path, **FORM)
    assert shop.email in shown.text
    assert reveals(database, shop) == 1


def test_support_is_shown_a_value_within_a_request_in_hand_only(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who, other = hire(panel, StaffRole.SUPPORT), hire(panel, StaffRole.SUPPORT)
    path = f"/isletme/{shop.organization}/goster"
    asked = support_request(database, shop)
    assert shop.email not in who.post(path, **FORM).text, "nobody has taken it"
    take(database, asked, other)
    assert shop.email not in who.post(path, **FORM).text, "a colleague works on it"
    assert shop.email in other.post(path, **FORM).text
    assert "Bağdat" not in other.post(path, **{**FORM, "field": "address"}).text
    take(database, asked, who, state="closed")
    assert shop.email not in who.post(path, **FORM).text, "it is closed"
    assert reveals(database, shop) == 1


def take(database: ModuleDatabase, asked: uuid.UUID, who: Colleague, state: str = "open") -> None:
    with as_owner(database) as owner:
        owner.execute(
            sa.update(SupportRequest)
            .where(SupportRequest.id == asked)
            .values(assigned_to=who.id, state=state)
        )
