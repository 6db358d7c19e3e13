"""Looks through a customer's eyes: with a code, for a while, seen and ended by the customer."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer, open_shop
from tests.admin.office import Colleague, hire
from tests.admin.test_workplaces import request_id  # noqa: F401 - a fixture
from tests.apps import as_owner, role_app
from tests.services import ModuleDatabase
from whatstr.accounts.events import EventKind, Outcome, record_event
from whatstr.accounts.models import StaffRole
from whatstr.audit.models import ActorKind, AuditEvent
from whatstr.audit.services import Actor
from whatstr.core import clock
from whatstr.core.db import transaction
from whatstr.core.errors import InvalidInput, NotFound
from whatstr.local.valkey import EmbeddedValkey
from whatstr.privacy import views


@pytest.fixture
def as_web(database: ModuleDatabase, valkey_server: EmbeddedValkey) -> Iterator[flask.Flask]:
    """The portal's process, with its own rights."""
    with role_app("web", database, valkey_server) as app:
        yield app


def code_of(web: flask.Flask, shop: Customer, minutes: int = 15) -> views.NewCode:
    with web.app_context(), transaction():
        return views.allow(
            actor=Actor(ActorKind.MEMBER, shop.member),
            organization_id=shop.organization,
            minutes=minutes,
        )


def enter(who: Colleague, code: str) -> str:
    """Where the code leads."""
    return who.post("/musteri-gozu/basla", code=code).headers["Location"]


def test_a_code_opens_a_masked_look_for_a_while(
    panel: flask.Flask, as_web: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    who, made = hire(panel, StaffRole.SUPPORT, name="Can Destek"), code_of(as_web, shop)
    path = enter(who, made.code.lower().replace("-", " "))
    begun = clock.now()  # at the latest
    assert re.fullmatch(r"/musteri-gozu/[0-9a-f-]{36}/", path)
    page = who.get(path).text
    assert "data-watermark" in page and "Can Destek" in page and "Read only" in page
    for secret in (shop.email, "Gülçiçek", "Yılmazoğlu", "9876543", "1234567", "Bağdat"):
        assert secret not in page
    inside = page.partition("<main")[2].partition("</main>")[0]
    assert re.findall(r'<form[^>]*action="([^"]*)"', inside) == [f"{path}bitir"], "read only"
    with as_web.app_context():
        assert [views.is_live(row) for row in views.views_of(shop.organization)] == [True]
        assert views.live_until(shop.organization) is not None
    with clock.frozen(begun + timedelta(minutes=15)):
        assert who.get(path).status_code == 404
    with as_owner(database) as owner:
        query = sa.select(AuditEvent.verb).where(AuditEvent.organization_id == shop.organization)
        verbs = owner.scalars(query.order_by(AuditEvent.seq)).all()
        assert verbs == ["view.allowed", "view.begun", "view.looked"]


def test_a_look_shows_exceptions_and_sign_ins(
    panel: flask.Flask,
    as_web: flask.Flask,
    shop: Customer,
    request_id: uuid.UUID,  # noqa: F811
) -> None:
    with as_web.app_context(), transaction():
        record_event(
            kind=EventKind.SIGN_IN,
            outcome=Outcome.FAILED,
            address="203.0.113.77",
            browser="Firefox",
            organization_id=shop.organization,
            member_id=shop.member,
        )
    who = hire(panel, StaffRole.SUPPORT)
    page = who.get(enter(who, code_of(as_web, shop).code)).text
    inside = page.partition("<main")[2].partition("</main>")[0]
    assert "₺1,999.00" in inside and 'data-status="submitted"' in inside
    number = '<span class="masked">+90 5** *** ** 43</span>'
    assert number in inside, "an address and a number need not fit on one line"
    assert "Quality at Meta: High" in inside and "GREEN" not in inside
    assert re.search(r"Signed in to the panel.*refused", inside)
    for hidden in ("203.0.113.77", "Firefox", "Üç gün gönderemedik"):
        assert hidden not in page


def test_the_customer_ends_it_at_once(
    panel: flask.Flask, as_web: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    who, made, other = hire(panel, StaffRole.SUPPORT), code_of(as_web, shop), open_shop(database)
    path = enter(who, made.code)
    member = Actor(ActorKind.MEMBER, shop.member)
    with as_web.app_context(), pytest.raises(NotFound), transaction():
        views.end(actor=member, view_id=made.id, organization_id=other.organization)
    assert who.get(path).status_code == 200
    with as_web.app_context(), transaction():
        views.end(actor=member, view_id=made.id, organization_id=shop.organization)
    assert who.get(path).status_code == 404
    with as_web.app_context():
        assert views.live_until(shop.organization) is None


def test_a_code_works_once_for_one_person(
    panel: flask.Flask, as_web: flask.Flask, shop: Customer
) -> None:
    who, colleague = hire(panel, StaffRole.SUPPORT), hire(panel, StaffRole.SUPPORT)
    made = code_of(as_web, shop)
    path = enter(who, made.code)
    assert enter(colleague, made.code) == "/musteri-gozu/"
    assert "wrong, used or too old" in colleague.get("/musteri-gozu/").text
    assert colleague.get(path).status_code == 404, "a look belongs to who entered the code"
    assert colleague.post(f"{path}bitir").status_code == 302
    assert who.get(path).status_code == 200


def test_a_newer_code_and_time_make_older_ones_void(
    panel: flask.Flask, as_web: flask.Flask, shop: Customer
) -> None:
    who, first = hire(panel, StaffRole.SUPPORT), code_of(as_web, shop)
    second = code_of(as_web, shop)
    assert enter(who, first.code) == "/musteri-gozu/"
    late = clock.now() + timedelta(minutes=30, seconds=1)
    with (
        clock.frozen(late),
        panel.app_context(),
        pytest.raises(views.CodeInvalid),
        transaction(),
    ):
        views.begin(actor=Actor(ActorKind.STAFF, who.id), code=second.code)
    assert enter(who, second.code) != "/musteri-gozu/"


def test_the_code_is_stored_as_a_hash(
    as_web: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    made = code_of(as_web, shop)
    with as_owner(database) as owner:
        stored = owner.execute(sa.text("SELECT code_hash FROM allowed_view")).scalars().all()
    assert all(made.code.encode() not in bytes(one) for one in stored)
    with as_web.app_context(), pytest.raises(InvalidInput), transaction():
        views.allow(
            actor=Actor(ActorKind.MEMBER, shop.member),
            organization_id=shop.organization,
            minutes=600,
        )


def test_guessing_codes_ends(panel: flask.Flask) -> None:
    who = hire(panel, StaffRole.SUPPORT)
    panel.config["WTF_CSRF_ENABLED"] = False
    codes = [
        who.browser.post("/musteri-gozu/basla", data={"code": uuid.uuid4().hex}).status_code
        for _ in range(31)
    ]
    assert codes[:30] == [302] * 30 and codes[30] == 429
