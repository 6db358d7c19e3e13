"""Codes of ours are said in words, and the language that a person chooses stays chosen."""

from __future__ import annotations

import re
import uuid

import flask
import pytest

from tests.admin.customers import Customer
from tests.admin.office import hire
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import AcceptedDocument, StaffRole
from whatstr.billing.models import StripeEvent
from whatstr.core import clock


def plain(page: str) -> str:
    """What the main part says."""
    main = page[page.index("<main") :]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


@pytest.mark.parametrize(
    ("lang", "words", "done"),
    [
        ("tr", "İade edilmezlik koşulu 2026-11-01 Satın alma Türkçe", "Yapılacak yok"),
        ("en", "No-refund term 2026-11-01 Purchase Türkçe", "Nothing to do"),
    ],
)
def test_codes_are_said_in_words(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer, lang: str, words: str, done: str
) -> None:
    who, now = hire(panel, StaffRole.OWNER), clock.now()
    with as_owner(database) as owner:
        accepted = AcceptedDocument(
            organization_id=shop.organization, member_id=shop.member, document="refund-term",
            document_version="2026-11-01", context="checkout", language="tr", at=now,
        )  # fmt: skip
        accepted.address = "203.0.113.4"
        event = StripeEvent(
            event_id=f"evt_{uuid.uuid4().hex}", type="price.created", outcome="ignored",
            created_at=now, received_at=now,
        )  # fmt: skip
        event.body = "{}"
        owner.add_all([accepted, event])
    assert words in plain(who.get(f"/onaylar/?lang={lang}").text)
    inbox = plain(who.get(f"/gelen/?lang={lang}").text)
    assert f"price.created {done}" in inbox and "ignored" not in inbox
    assert "Türkçe" in plain(who.get(f"/gorevliler/details/?id={who.id}&lang={lang}").text)
    newest = f"/denetim-kaydi/?search={who.id.hex}&lang={lang}"
    assert "{&#39;" not in who.get(newest).text


def test_a_language_is_chosen_once_and_on_the_page_where_one_is(
    panel: flask.Flask, shop: Customer
) -> None:
    who = hire(panel, StaffRole.SUPPORT)
    page = f"/hatlar/details/?id={shop.line}"
    assert 'action="/hesabim/dil"' in who.get(page).text
    answer = who.post("/hesabim/dil", language="en", back=f"{page}&lang=tr")
    assert answer.headers["Location"] == page
    assert '<html lang="en"' in who.get(page).text and '<html lang="en"' in who.get("/").text
    who.post("/hesabim/dil", language="tr", back="/")
    assert '<html lang="tr"' in who.get("/").text
