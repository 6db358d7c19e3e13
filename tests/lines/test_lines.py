"""What a customer sees of a line, and whose word the portal takes for its number."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from nacl import bindings
from werkzeug.test import TestResponse

from tests.apps import IDENT_PUBLIC, IDENT_SECRET, as_owner, b64, error_of, role_app
from tests.campaigns.shop import Shop, open_shop
from tests.services import ModuleDatabase
from whatstr.audit.models import ActorKind, AuditEvent
from whatstr.audit.services import Actor
from whatstr.core.db import session, transaction
from whatstr.core.errors import NotFound
from whatstr.core.statemachine import IllegalTransition
from whatstr.lines import queries, services
from whatstr.lines.models import Line, LineState
from whatstr.vault.signed import Label, sign

NUMBER, NAME = "+90 850 123 45 67", "Gülçiçek Butik"
STAFF = Actor(ActorKind.STAFF, uuid.uuid4())


def statement(
    shop: Shop,
    line: uuid.UUID | None = None,
    *,
    label: Label = Label.LINE_LABEL,
    key: bytes = IDENT_SECRET,
    **changes: Any,
) -> bytes:
    body = {
        "v": 1,
        "account": shop.id.hex,
        "line": (line or shop.line).hex,
        "display_number": NUMBER,
        "verified_name": NAME,
        **changes,
    }
    return sign(label, json.dumps(body).encode(), key)


def label(shop: Shop, said: bytes, line: uuid.UUID | None = None) -> TestResponse:
    path = f"lines/{(line or shop.line).hex}/label"
    return shop.client.post(path, {"statement": b64(said)})


def shown(shop: Shop) -> dict[str, Any]:
    lines = shop.client.get("lines").get_json()["lines"]
    found: dict[str, Any] = next(one for one in lines if one["id"] == shop.line.hex)
    return found


def test_the_senders_statement_is_kept_sealed(shop: Shop, database: ModuleDatabase) -> None:
    assert label(shop, statement(shop)).status_code == 204
    assert (shown(shop)["display_number"], shown(shop)["verified_name"]) == (NUMBER, NAME)
    with as_owner(database) as owner:
        row = (
            owner.execute(sa.text("SELECT * FROM line WHERE id = :i"), {"i": shop.line})
            .mappings()
            .one()
        )
        assert "850" not in repr(row["display_number"]) and NAME not in repr(dict(row))
        assert row["number_masked"] and "123 45" not in row["number_masked"]
        verbs = owner.scalars(
            sa.select(AuditEvent.verb).where(AuditEvent.subject_id == shop.line.hex)
        ).all()
        assert verbs == ["line.labelled"]


@pytest.mark.parametrize(
    "forge",
    [
        lambda shop: statement(shop, key=bindings.crypto_sign_seed_keypair(os.urandom(32))[1]),
        lambda shop: statement(shop, label=Label.ANSWER),
        lambda shop: statement(shop, line=uuid.uuid4()),
        lambda shop: statement(shop, account=uuid.uuid4().hex),
        lambda shop: statement(shop, account=None),
        lambda shop: statement(shop)[:-1] + bytes([statement(shop)[-1] ^ 1]),
        lambda shop: statement(shop).replace(b"850 123", b"850 124"),
        lambda shop: statement(shop)[:40],
        lambda shop: b"x",
    ],
    ids=["key", "purpose", "line", "account", "nobody", "signature", "body", "cut", "nothing"],
)
def test_nobody_elses_statement_is_taken(shop: Shop, forge: Any) -> None:
    refused = label(shop, forge(shop))
    assert refused.status_code == 422 and error_of(refused)["code"] == "bad_statement"
    assert shown(shop)["display_number"] is None


def test_a_statement_serves_its_own_line_only(shop: Shop) -> None:
    other = shop.connect()
    refused = label(shop, statement(shop, line=other))
    assert error_of(refused)["code"] == "bad_statement"
    assert label(shop, statement(shop, line=other), line=other).status_code == 204


def test_a_statement_about_another_business_is_refused_there(
    shop: Shop, web: flask.Flask, database: ModuleDatabase
) -> None:
    """The other's own, rightly signed statement, replayed by us, and ours on the other's line."""
    other = open_shop(web, database)
    assert label(shop, statement(other), line=other.line).status_code == 422
    ours = statement(shop, line=other.line)
    assert label(shop, ours, line=other.line).status_code == 404
    assert shown(other)["display_number"] is None


def test_during_a_change_both_keys_are_trusted(
    database: ModuleDatabase, valkey_server: Any
) -> None:
    new_public, new_secret = bindings.crypto_sign_seed_keypair(os.urandom(32))
    both = f"{b64(new_public)},{b64(IDENT_PUBLIC)}"
    with role_app("web", database, valkey_server, WHATSTR_IDENT_PUBLIC=both) as app:
        shop = open_shop(app, database)
        assert label(shop, statement(shop)).status_code == 204
        assert label(shop, statement(shop, key=new_secret)).status_code == 204


def test_a_line_is_found_by_its_exact_number(shop: Shop, web: flask.Flask) -> None:
    label(shop, statement(shop, display_number="+90 850 765 43 21"))
    with web.app_context():
        found = queries.line_by_number("908507654321")
        assert found is not None and found.id == shop.line
        assert queries.line_by_number("+90 (850) 765-43-21") is not None
        assert queries.line_by_number("90850765432") is None
        assert queries.line_by_number("") is None


def test_of_two_with_one_number_the_newest_line_is_found(shop: Shop, web: flask.Flask) -> None:
    newer = shop.connect()
    for line in (newer, shop.line):
        label(shop, statement(shop, line=line, display_number="+90 850 000 00 01"), line=line)
    with web.app_context():
        found = queries.line_by_number("908500000001")
        assert found is not None and found.id == newer


def test_only_connected_lines_count_against_the_plan(shop: Shop, web: flask.Flask) -> None:
    shop.connect(LineState.HELD)
    shop.connect(LineState.DISCONNECTED)
    with web.app_context():
        assert queries.line_count(shop.id) == 2
    assert len(shop.client.get("lines").get_json()["lines"]) == 3


@pytest.mark.parametrize("state", LineState)
def test_every_state_says_why(shop: Shop, state: LineState) -> None:
    shop.set_line(state=state, state_reason="meta:131048" if state is LineState.HELD else None)
    found = shown(shop)
    assert found["state"] == state
    assert bool(found["reason"]) is (state is not LineState.CONNECTED)


@contextmanager
def staff(shop: Shop) -> Iterator[None]:
    admin = role_app("admin", shop.database, None, REDIS_URL="redis://127.0.0.1:1")
    with admin as app, app.app_context(), transaction():
        yield


def test_our_staff_pause_and_release_a_line(shop: Shop) -> None:
    for _ in range(2):
        with staff(shop):
            services.pause_line(actor=STAFF, line_id=shop.line, reason="staff")
    assert shown(shop)["state"] == "paused"
    for _ in range(2):
        with staff(shop):
            services.release_line(actor=STAFF, line_id=shop.line, reason="appeal")
    assert (shown(shop)["state"], shown(shop)["reason"]) == ("connected", None)
    with as_owner(shop.database) as owner:
        verbs = owner.scalars(
            sa.select(AuditEvent.verb)
            .where(AuditEvent.subject_id == shop.line.hex)
            .order_by(AuditEvent.seq)
        ).all()
    assert verbs == ["line.paused", "line.released"]


def test_a_disconnected_line_is_not_paused(shop: Shop) -> None:
    shop.set_line(state=LineState.DISCONNECTED)
    with pytest.raises(IllegalTransition), staff(shop):
        services.pause_line(actor=STAFF, line_id=shop.line, reason="staff")
    with pytest.raises(NotFound), staff(shop):
        services.pause_line(actor=STAFF, line_id=uuid.uuid4(), reason="staff")


def test_a_state_read_before_the_lock_decides_nothing(shop: Shop, database: ModuleDatabase) -> None:
    with staff(shop):
        seen = session().get_one(Line, shop.line)
        assert seen.state is LineState.CONNECTED
        shop.set_line(state=LineState.DISCONNECTED)
        with pytest.raises(IllegalTransition):
            services.pause_line(actor=STAFF, line_id=shop.line, reason="staff")
