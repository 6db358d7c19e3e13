"""Codes of ours are said in words, and the language that a person chooses stays chosen."""

from __future__ import annotations

import re
import secrets
import uuid

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer
from tests.admin.office import hire
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import AcceptedDocument, StaffRole
from whatstr.audit.models import AuditEvent
from whatstr.billing.models import StripeEvent
from whatstr.campaigns.models import CampaignCheck, Difference
from whatstr.core import clock
from whatstr.vault.models import SenderCertificate


def plain(page: str) -> str:
    """What the main part says."""
    main = page[page.index("<main") :]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def acceptance(shop: Customer, document: str, context: str) -> AcceptedDocument:
    made = AcceptedDocument(
        organization_id=shop.organization, member_id=shop.member, document=document,
        document_version="2026-11-01", context=context, language="tr", at=clock.now(),
    )  # fmt: skip
    made.address = "203.0.113.4"
    return made


@pytest.mark.parametrize(
    ("lang", "words", "done"),
    [
        ("tr", "İade edilmezlik koşulu 1 Kas 2026 Satın alma Türkçe", "Yapılacak yok"),
        ("en", "No-refund term 1 Nov 2026 Purchase Türkçe", "Nothing to do"),
    ],
)
def test_codes_are_said_in_words(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer, lang: str, words: str, done: str
) -> None:
    who, now = hire(panel, StaffRole.OWNER), clock.now()
    with as_owner(database) as owner:
        accepted = acceptance(shop, "refund-term", "checkout")
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


def test_pages_of_rows_are_headed_and_filled_with_words(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who, now = hire(panel, StaffRole.OWNER), clock.now()
    with as_owner(database) as owner:
        accepted = acceptance(shop, "terms", "sign_up")
        check = CampaignCheck(
            campaign_id=shop.running, organization_id=shop.organization, at=now,
            kind=Difference.TOTALS, rows=3, corrected=True,
        )  # fmt: skip
        kid = secrets.randbelow(10**6) + 10
        owner.add_all([accepted, check])
        owner.add(SenderCertificate(kid=kid, cert=b"", not_before=now, not_after=now))
        owner.flush()
        document, difference = accepted.id, check.id
        hired = sa.select(AuditEvent.seq).where(
            AuditEvent.verb == "staff.created", AuditEvent.subject_id == who.id.hex
        )
        event = owner.scalars(hired).one()
    page = who.get(f"/onaylar/details/?id={document}&lang=en").text
    assert "1 Nov 2026" in page and f"/kullanicilar/details/?id={shop.member}" in page
    assert "2026-11-01" not in page and str(shop.member) not in plain(page)
    headed = {f"/rakam-denetimi/details/?id={difference}": "The stored sum"}
    headed[f"/sertifikalar/details/?id={kid}"] = f"Key {kid}"
    for path, heading in headed.items():
        first = re.search(r"<h1[^>]*>(.*?)</h1>", who.get(f"{path}&lang=en").text, re.S)
        assert first and heading in first[1], path
    assert "roles: owner" in plain(who.get(f"/denetim-kaydi/details/?id={event}&lang=en").text)


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
