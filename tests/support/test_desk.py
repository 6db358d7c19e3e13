"""A customer writes, support answers: over HTTP from both sides, sealed in between."""

from __future__ import annotations

import json
import uuid
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from tests.accounts.people import sign_up
from tests.admin.office import Colleague, hire
from tests.apps import ApiClient, as_owner, error_of
from tests.services import ModuleDatabase
from whatstr.accounts.models import OutboundMail, StaffRole
from whatstr.audit.models import AuditEvent
from whatstr.support.models import SupportMessage, SupportRequest

ASKED = {"topic": "line", "subject": "Hattım bağlanmıyor", "body": "Kod 190 görüyorum, ne yapayım?"}
ANSWER = "Hattınızı yeniden bağlayın: Hatlar, Yeniden bağla."


@pytest.fixture
def customer(web: flask.Flask) -> ApiClient:
    client = ApiClient(web)
    sign_up(client, f"s{uuid.uuid4().hex[:8]}@gulcicek.com.tr")
    return client


def ask(customer: ApiClient) -> dict[str, Any]:
    answer = customer.post("support", ASKED)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def version(database: ModuleDatabase, made: dict[str, Any]) -> str:
    with as_owner(database) as owner:
        query = sa.select(SupportRequest.version).where(SupportRequest.id == uuid.UUID(made["id"]))
        return str(owner.scalar(query))


def reply(who: Colleague, database: ModuleDatabase, made: dict[str, Any], **more: str) -> Any:
    path = f"/destek/{uuid.UUID(made['id'])}/yanit"
    return who.post(path, body=ANSWER, version=version(database, made), **more)


def test_a_request_is_answered_closed_and_rated(
    customer: ApiClient, panel: flask.Flask, database: ModuleDatabase
) -> None:
    made = ask(customer)
    assert made["state"] == "open" and made["messages"][0]["author"] == "customer"
    who = hire(panel, StaffRole.SUPPORT)
    page = who.get(f"/destek/{uuid.UUID(made['id'])}/").text
    assert ASKED["subject"] in page and ASKED["body"] in page
    assert f"/destek/{uuid.UUID(made['id'])}/" in who.get("/").text
    assert reply(who, database, made, after="stay").status_code == 302
    thread = customer.get(f"support/{made['id']}").get_json()
    assert thread["state"] == "answered"
    assert thread["messages"][1] == {**thread["messages"][1], "author": "staff", "body": ANSWER}
    assert who.name not in json.dumps(thread), "the customer talks to support, not to a person"
    early = customer.post(f"support/{made['id']}/satisfaction", {"satisfaction": "good"})
    assert error_of(early)["code"] == "support_not_closed"
    assert customer.post(f"support/{made['id']}/close").get_json()["state"] == "closed"
    refused = customer.post(f"support/{made['id']}/messages", {"body": "Bir şey daha"})
    assert error_of(refused)["code"] == "support_closed"
    rated = customer.post(f"support/{made['id']}/satisfaction", {"satisfaction": "good"})
    assert rated.get_json()["satisfaction"] == "good"
    again = customer.post(f"support/{made['id']}/reopen").get_json()
    assert again["state"] == "open" and again["satisfaction"] is None


def test_what_is_written_is_sealed_and_in_no_mail_or_trail(
    customer: ApiClient, panel: flask.Flask, database: ModuleDatabase
) -> None:
    made = ask(customer)
    reply(hire(panel, StaffRole.SUPPORT), database, made)
    with as_owner(database) as owner:
        stored = owner.execute(sa.text("SELECT subject FROM support_request")).scalars().all()
        stored += owner.execute(sa.text("SELECT body FROM support_message")).scalars().all()
        assert not any("Hat" in text or "190" in text for text in stored)
        mails = owner.scalars(
            sa.select(OutboundMail)
            .where(OutboundMail.kind == "notice")
            .options(undefer_group("pii"))
            .order_by(OutboundMail.created_at.desc())
        ).all()
        values = json.loads(mails[0].values_json)
        assert f"/destek#{made['id']}" in values["url"]
        assert "Hat" not in mails[0].values_json and ASKED["subject"] not in mails[0].values_json
        events = owner.scalars(sa.select(AuditEvent).where(AuditEvent.verb.like("support.%"))).all()
        assert {"support.opened", "support.answered"} <= {one.verb for one in events}
        assert not any("190" in json.dumps(one.detail) for one in events)


def test_a_request_belongs_to_its_organization(customer: ApiClient, web: flask.Flask) -> None:
    made, other = ask(customer), ApiClient(web)
    sign_up(other, f"o{uuid.uuid4().hex[:8]}@baska.com.tr")
    for method, path in (("GET", ""), ("POST", "/close"), ("POST", "/reopen")):
        answer = other.call(method, f"support/{made['id']}{path}", {} if method == "POST" else None)
        assert answer.status_code == 404, path
    assert other.post(f"support/{made['id']}/messages", {"body": "Merhaba"}).status_code == 404
    assert made["id"] not in other.get("support").text


def test_an_answer_to_what_was_not_read_is_refused(
    customer: ApiClient, panel: flask.Flask, database: ModuleDatabase
) -> None:
    """The customer writes on while support types: the page says so and keeps what was typed."""
    made, who = ask(customer), hire(panel, StaffRole.SUPPORT)
    seen = version(database, made)
    customer.post(f"support/{made['id']}/messages", {"body": "Sorun çözüldü, teşekkürler."})
    path = f"/destek/{uuid.UUID(made['id'])}/yanit"
    answer = who.post(path, body=ANSWER, version=seen)
    assert answer.status_code == 409
    assert ANSWER in answer.text and "Somebody else changed this" in answer.text
    assert len(customer.get(f"support/{made['id']}").get_json()["messages"]) == 2


def test_sending_goes_on_to_whoever_waits_longest(
    customer: ApiClient, panel: flask.Flask, database: ModuleDatabase
) -> None:
    with as_owner(database) as owner:
        owner.execute(sa.delete(SupportMessage))
        owner.execute(sa.delete(SupportRequest))
    first, second, third = ask(customer), ask(customer), ask(customer)
    who, other = hire(panel, StaffRole.SUPPORT), hire(panel, StaffRole.SUPPORT)
    path = f"/destek/{uuid.UUID(second['id'])}/al"
    assert other.post(path, version=version(database, second)).status_code == 302
    answer = reply(who, database, first, after="next")
    assert answer.headers["Location"] == f"/destek/{uuid.UUID(third['id'])}/", "not a colleague's"
    given = f"/destek/{uuid.UUID(third['id'])}/ver"
    form = {"version": version(database, third), "staff": hire(panel, StaffRole.BILLING).id.hex}
    who.post(given, **form)
    assert "Choose a colleague who answers requests" in who.get("/").text
    who.post(given, **{**form, "staff": other.id.hex})
    assert "Nobody yet" not in who.get(f"/destek/{uuid.UUID(third['id'])}/").text


def test_an_auditor_sees_no_words(
    customer: ApiClient, panel: flask.Flask, database: ModuleDatabase
) -> None:
    made, who = ask(customer), hire(panel, StaffRole.AUDITOR)
    page = who.get(f"/destek/{uuid.UUID(made['id'])}/")
    assert page.status_code == 200
    assert ASKED["subject"] not in page.text and ASKED["body"] not in page.text
    assert who.post(f"/destek/{uuid.UUID(made['id'])}/al", version="1").status_code == 403
    billing = hire(panel, StaffRole.BILLING)
    assert billing.get(f"/destek/{uuid.UUID(made['id'])}/").status_code == 403


def test_writing_has_a_pace(customer: ApiClient) -> None:
    made = ask(customer)
    codes = [
        customer.post(f"support/{made['id']}/messages", {"body": f"Satır {n}"}).status_code
        for n in range(30)
    ]
    assert codes[:29] == [201] * 29 and codes[29] == 429


def test_canned_replies_are_kept_in_both_languages(
    panel: flask.Flask, customer: ApiClient, database: ModuleDatabase
) -> None:
    who, made = hire(panel, StaffRole.SUPPORT), ask(customer)
    form = {
        "topic": "line",
        "title_tr": f"Yeniden bağlama {uuid.uuid4().hex[:6]}",
        "title_en": "Connecting again",
        "body_tr": "Hattınızı yeniden bağlayın.",
        "body_en": "Connect your line again.",
    }
    bad = who.post("/hazir-yanitlar/new/", **{**form, "body_en": " "})
    assert bad.status_code == 400 and "Both languages are needed" in bad.text
    saved = who.post("/hazir-yanitlar/new/", **form)
    assert saved.status_code == 302
    page = who.get(f"/destek/{uuid.UUID(made['id'])}/").text
    assert form["body_tr"] in page and form["body_en"] not in page, "the customer reads Turkish"
    id_ = saved.headers["Location"].rpartition("=")[2]
    edit = f"/hazir-yanitlar/edit/?id={id_}"
    assert who.post(edit, **{**form, "version": "1", "body_tr": "Yeni metin."}).status_code == 302
    stale = who.post(edit, **{**form, "version": "1"})
    assert stale.status_code == 409 and "Somebody else changed this" in stale.text
    assert who.post(f"/hazir-yanitlar/{id_}/sil").status_code == 200, "asks first"
    assert who.post(f"/hazir-yanitlar/{id_}/sil", confirmed="1").status_code == 302
    assert who.get(f"/hazir-yanitlar/details/?id={id_}").status_code == 404
