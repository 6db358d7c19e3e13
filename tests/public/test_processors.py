"""The public list of processors is the register that staff keep."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import flask
import pytest

from tests.apps import role_app
from tests.public.conftest import Visitor
from tests.services import ModuleDatabase
from whatstr.audit.services import SYSTEM
from whatstr.core.db import transaction
from whatstr.local.valkey import EmbeddedValkey
from whatstr.privacy import processors
from whatstr.privacy.processors import ProcessorWords

PATH = "/islemciler"


@pytest.fixture
def desk(database: ModuleDatabase, valkey_server: EmbeddedValkey) -> Iterator[flask.Flask]:
    with role_app("admin", database, valkey_server) as app:
        yield app


def added(desk: flask.Flask, name: str) -> uuid.UUID:
    words = ProcessorWords(
        name=name,
        country="Türkiye",
        purpose_tr="SMS ile doğrulama",
        purpose_en="Proof by SMS",
        data_tr="Telefon numarası",
        data_en="Phone number",
        contract_on=None,
    )
    with desk.app_context(), transaction():
        return processors.add(actor=SYSTEM, words=words).id


def test_the_page_shows_the_register_in_both_languages(visitor: Visitor, desk: flask.Flask) -> None:
    page = visitor.get(f"{PATH}?lang=tr").text
    assert "Stripe" in page and "Mesajların teslimi" in page, "what a new installation begins with"
    added(desk, "Postacı <b>A.Ş.</b>")
    turkish, english = visitor.get(f"{PATH}?lang=tr").text, visitor.get(f"{PATH}?lang=en").text
    assert "Postacı &lt;b&gt;A.Ş.&lt;/b&gt;" in turkish
    assert "SMS ile doğrulama" in turkish and "Proof by SMS" not in turkish
    assert "Phone number" in english and "Telefon numarası" not in english


def test_who_works_for_us_no_more_is_not_listed(visitor: Visitor, desk: flask.Flask) -> None:
    id_ = added(desk, "Eski Kurye")
    assert "Eski Kurye" in visitor.get(PATH).text
    with desk.app_context(), transaction():
        processors.end(actor=SYSTEM, processor_id=id_)
    assert "Eski Kurye" not in visitor.get(PATH).text


def test_caches_hold_the_page_for_a_while_and_learn_of_a_change(
    visitor: Visitor, desk: flask.Flask
) -> None:
    first = visitor.get(PATH, headers={"Accept-Language": "tr"})
    assert first.cache_control.public and first.cache_control.max_age == 600
    assert {"Accept-Language", "Cookie"} <= set(first.vary)
    tag = {"If-None-Match": first.headers["ETag"], "Accept-Language": "tr"}
    same = visitor.get(PATH, headers=tag)
    assert same.status_code == 304 and same.data == b""
    assert visitor.get(PATH, headers={**tag, "Accept-Language": "en"}).status_code == 200
    added(desk, "Yeni Kurye")
    changed = visitor.get(PATH, headers=tag)
    assert changed.status_code == 200 and "Yeni Kurye" in changed.text
    chosen = visitor.get(f"{PATH}?lang=en")
    assert chosen.headers["Cache-Control"] == "no-store", "that answer sets a cookie"
