"""Sign-up and the account through HTTP, with a browser's own keys."""

from __future__ import annotations

from typing import Any

import flask
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from tests.accounts.people import Business, sign_up
from tests.apps import ApiClient, b64, error_of
from tests.portal.conftest import Mails
from whatstr.accounts.models import AcceptedDocument, LoginEvent
from whatstr.core.db import session
from whatstr.vault import keys
from whatstr.vault.wire import unb64


def test_sign_up_then_sign_in_opens_the_vault(client: ApiClient, web: flask.Flask) -> None:
    business = Business("ayse@gulcicek.com.tr")
    response = client.post("enrol", business.enrolment())
    assert response.status_code == 201
    said = response.get_json()
    assert said["customer_no"] > 100_000 and len(unb64(said["half"])) == 32
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("wtr_s=") and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert response.headers["Cache-Control"] == "no-store"

    other = ApiClient(web)
    asked = other.post("prelogin", {"email": "AYSE@gulcicek.com.tr "}).get_json()
    assert asked == {"kdf": keys.Kdf().json(), "salt": b64(business.salt)}
    opened = other.post("login", {"email": "ayse@gulcicek.com.tr", "auth": business.auth()})
    assert opened.status_code == 200
    answer = opened.get_json()
    assert business.open_vault(answer) == business.uk
    wrap = unb64(answer["wrap_org"])
    assert answer["role"] == "owner" and answer["language"] == "tr"
    ak = keys.open_ak_member(
        business.uk, wrap, account=business.organization, member=business.member, version=1
    )
    assert ak == business.ak
    half = other.get("half").get_json()
    assert half["half"] == answer["half"] != said["half"]
    assert half["member"] == business.member.hex()

    me = other.get("me").get_json()
    assert me["organization"]["name"] == "Gülçiçek Butik Ltd. Şti."
    assert me["member"]["email_masked"] == "a***@g***.com.tr"
    assert me["member"]["email_confirmed"] is False
    assert me["documents_due"] == []
    assert (me["lines"], me["lists"], me["campaigns"]) == (0, 0, 0)


def test_an_unknown_address_looks_like_a_known_one(client: ApiClient) -> None:
    business = sign_up(client, "known@firma.com")
    known = client.post("prelogin", {"email": business.email}).get_json()
    unknown = client.post("prelogin", {"email": "nobody@firma.com"}).get_json()
    again = client.post("prelogin", {"email": "Nobody@Firma.com"}).get_json()
    other = client.post("prelogin", {"email": "nobody2@firma.com"}).get_json()
    assert unknown.keys() == known.keys() and unknown["kdf"] == known["kdf"]
    assert unknown == again != other and len(unb64(unknown["salt"])) == 16
    refused = client.post("login", {"email": "nobody@firma.com", "auth": b64(bytes(32))})
    wrong = client.post("login", {"email": business.email, "auth": b64(bytes(32))})
    assert refused.status_code == wrong.status_code == 401
    assert error_of(refused)["code"] == error_of(wrong)["code"] == "wrong_credentials"


def test_an_address_has_one_account(client: ApiClient) -> None:
    sign_up(client, "once@firma.com")
    second = client.post("enrol", Business("ONCE@firma.com").enrolment())
    assert second.status_code == 409 and error_of(second)["code"] == "email_taken"


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"email": "not an address"}, "email", "email"),
        ({"email": "a@b"}, "email", "email"),
        ({"phone": "12"}, "phone", "phone"),
        ({"website": "https://"}, "website", "website"),
        ({"website": "javascript:alert(1)"}, "website", "website"),
        ({"tax_number": "1234567891"}, "tax_number", "tax_number"),
        ({"tax_number": "10000000147"}, "tax_number", "tax_number"),
        ({"organization_name": " "}, "organization_name", "too_short"),
        ({"contact_name": "x" * 121}, "contact_name", "too_long"),
        ({"contact_name": None}, "contact_name", "missing"),
    ],
)
def test_a_wrong_field_is_named(
    client: ApiClient, change: dict[str, Any], field: str, reason: str
) -> None:
    response = client.post("enrol", Business("fields@firma.com").enrolment(**change))
    assert response.status_code == 400
    found = error_of(response)
    assert (found["field"], found["reason"]) == (field, reason)


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"kdf": '{"alg":"argon2id13","t":2,"m":65536}'}, "kdf", "weak_kdf"),
        ({"kdf": '{"alg":"argon2id13","m":65536,"t":3}'}, "kdf", "weak_kdf"),
        ({"salt": b64(bytes(15))}, "salt", "wrong_size"),
        ({"auth": b64(bytes(31))}, "auth", "wrong_size"),
        ({"rauth": "x"}, "rauth", "not_base64"),
        ({"wrap_pw": b64(b"\x01\x02" + bytes(136))}, "wrap_pw", "wrong_kind"),
        ({"wrap_rec": b64(b"\x01\x02" + bytes(137))}, "wrap_rec", "wrong_size"),
        ({"wrap_org": None}, "wrap_org", "missing"),
        ({"organization": "00"}, "organization", "not_an_id"),
        ({"key_version": 2}, "key_version", "too_large"),
        ({"language": "de"}, "language", "not_a_choice"),
        ({"documents": []}, "documents", "document_missing"),
        ({"profile": []}, "profile", "wrong_type"),
    ],
)
def test_keys_and_documents_are_checked(
    client: ApiClient, change: dict[str, Any], field: str, reason: str
) -> None:
    body = {**Business("keys@firma.com").enrolment(), **change}
    response = client.post("enrol", body)
    assert response.status_code == 400, response.get_json()
    found = error_of(response)
    assert (found["field"], found["reason"]) == (field, reason)


def test_an_old_version_of_a_document_is_refused(client: ApiClient) -> None:
    body = Business("old@firma.com").enrolment()
    body["documents"][0]["version"] = "2020-01-01"
    found = error_of(client.post("enrol", body))
    assert (found["reason"], found["document"]) == ("document_outdated", "terms")


def test_sign_up_stores_documents_and_event_with_the_address(
    client: ApiClient, web: flask.Flask
) -> None:
    business = Business("papers@firma.com")
    client.post("enrol", business.enrolment(), environ_overrides={"REMOTE_ADDR": "203.0.113.77"})
    with web.app_context():
        rows = session().scalars(
            sa.select(AcceptedDocument)
            .where(AcceptedDocument.organization_id == business.organization_id)
            .options(undefer_group("pii"))
        )
        stored = {(row.document, row.document_version, row.address) for row in rows}
        event = (
            session()
            .scalars(
                sa.select(LoginEvent)
                .where(LoginEvent.organization_id == business.organization_id)
                .options(undefer_group("pii"))
            )
            .one()
        )
    names = {"terms", "privacy", "processing-agreement"}
    assert stored == {(name, "2026-11-01", "203.0.113.77") for name in names}
    assert (event.kind, event.address, event.browser) == (
        "sign_up",
        "203.0.113.77",
        "Test browser 1.0",
    )


def test_the_link_of_the_e_mail_confirms_the_address(
    client: ApiClient, web: flask.Flask, mails: Mails
) -> None:
    business = sign_up(client, "confirm@firma.com")
    url = mails("confirm_email", business.email)[0]["url"]
    assert url.startswith("http://localhost/onay#")
    token = url.partition("#")[2]
    outsider = ApiClient(web)
    wrong = outsider.post("email/confirm", {"token": token[:-1] + "x"})
    assert wrong.status_code == 422 and error_of(wrong)["code"] == "link_invalid"
    assert outsider.post("email/confirm", {"token": token}).get_json() == {"confirmed": True}
    assert outsider.post("email/confirm", {"token": token}).status_code == 200
    assert client.get("me").get_json()["member"]["email_confirmed"] is True


def test_a_new_link_kills_the_old_one(client: ApiClient, mails: Mails) -> None:
    business = sign_up(client, "again@firma.com")
    assert client.post("email/resend").status_code == 202
    first, second = (
        mail["url"].partition("#")[2] for mail in mails("confirm_email", business.email)
    )
    assert client.post("email/confirm", {"token": first}).status_code == 422
    assert client.post("email/confirm", {"token": second}).status_code == 200
    client.post("email/resend")
    assert len(mails("confirm_email", business.email)) == 2


def test_what_is_held_is_shown(client: ApiClient) -> None:
    business = sign_up(client, "held@firma.com")
    client.post("login", {"email": business.email, "auth": b64(bytes(32))})
    asked = {"topic": "line", "subject": "Hattım bağlanmıyor", "body": "Kod 190 görüyorum."}
    assert client.post("support", asked).status_code == 201
    held = client.get("held-data").get_json()
    (thread,) = held["support"]
    assert thread["subject"] == asked["subject"]
    assert [(one["author"], one["body"]) for one in thread["messages"]] == [
        ("customer", asked["body"])
    ]
    assert held["profile"]["tax_number"] == "1234567890"
    assert held["profile"]["website"] == "https://www.gulcicek-butik.com.tr"
    assert held["members"][0]["email"] == "held@firma.com"
    assert held["members"][0]["phone"] == "+905329876543"
    assert len(held["documents"]) == 3 and held["reveals"] == []
    assert [(e["kind"], e["outcome"]) for e in held["events"]] == [
        ("sign_in", "failed"),
        ("sign_up", "ok"),
    ]


def test_preferences_are_kept_and_change_the_language(client: ApiClient) -> None:
    sign_up(client, "news@firma.com")
    assert client.get("preferences").get_json() == {
        "email": False,
        "sms": False,
        "whatsapp": False,
        "language": "tr",
    }
    wanted = {"email": True, "sms": False, "whatsapp": False, "language": "en"}
    assert client.put("preferences", wanted).get_json() == wanted
    assert client.get("preferences").get_json() == wanted
    assert client.get("me").get_json()["member"]["language"] == "en"
    refused = client.put("preferences", {**wanted, "sms": "yes"})
    assert error_of(refused)["message"] == "This value has the wrong form. Please type it again."
