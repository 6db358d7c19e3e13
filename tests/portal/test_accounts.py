"""Sign-up, sign-in, sessions and recovery through HTTP, with a browser's own keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from tests.accounts.people import Business, login_part, recovery_part, sign_up
from tests.apps import ApiClient, as_owner, b64, error_of
from tests.services import ModuleDatabase
from whatstr.accounts.models import AcceptedDocument, LoginEvent, OutboundMail
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.vault import keys, recovery_code
from whatstr.vault.wire import unb64

Mails = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def mails(database: ModuleDatabase) -> Mails:
    """Values of the e-mails of a kind to an address, oldest first; web itself may not read them."""

    def find(kind: str, to: str) -> list[dict[str, Any]]:
        with as_owner(database) as owner:
            rows = owner.scalars(
                sa.select(OutboundMail)
                .where(OutboundMail.kind == kind)
                .options(undefer_group("pii"))
                .order_by(OutboundMail.created_at)
            )
            return [json.loads(row.values_json) for row in rows if row.to == to]

    return find


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


def test_ten_tries_an_account_then_a_pause(client: ApiClient) -> None:
    business = sign_up(client, "tries@firma.com")
    wrong = {"email": business.email, "auth": b64(bytes(32))}
    with clock.frozen(datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC)) as advance:
        codes = [client.post("login", wrong).status_code for _ in range(10)]
        assert codes == [401] * 10
        refused = client.post("login", {"email": business.email, "auth": business.auth()})
        assert refused.status_code == 429
        assert 0 < error_of(refused)["retry_after"] <= 900
        assert refused.headers["Retry-After"] == str(error_of(refused)["retry_after"])
        advance(timedelta(minutes=15))
        right = client.post("login", {"email": business.email, "auth": business.auth()})
        assert right.status_code == 200


def test_thirty_tries_an_address_then_a_pause(client: ApiClient) -> None:
    with clock.frozen(datetime(2026, 11, 24, 9, 0, 1, tzinfo=UTC)):
        codes = [
            client.post("login", {"email": f"a{n}@firma.com", "auth": b64(bytes(32))}).status_code
            for n in range(31)
        ]
    assert codes == [401] * 30 + [429]


def test_a_session_ends_after_half_an_hour_without_use(client: ApiClient) -> None:
    start = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    with clock.frozen(start) as advance:
        sign_up(client, "idle@firma.com")
        advance(timedelta(minutes=29))
        assert client.get("half").status_code == 200
        advance(timedelta(minutes=29))
        assert client.get("half").status_code == 200
        advance(timedelta(minutes=31))
        over = client.get("half")
        assert over.status_code == 401 and error_of(over)["code"] == "not_signed_in"


def test_a_session_ends_after_twelve_hours(client: ApiClient) -> None:
    with clock.frozen(datetime(2026, 11, 25, 6, 0, tzinfo=UTC)) as advance:
        sign_up(client, "long@firma.com")
        for _ in range(28):
            advance(timedelta(minutes=25))
            assert client.get("half").status_code == 200
        advance(timedelta(minutes=25))
        assert client.get("half").status_code == 401


def test_sign_out_ends_the_session_on_the_server(client: ApiClient, web: flask.Flask) -> None:
    sign_up(client, "out@firma.com")
    cookie = client.browser.get_cookie("wtr_s")
    assert cookie is not None
    assert client.post("logout").status_code == 204
    thief = ApiClient(web)
    thief.browser.set_cookie("wtr_s", cookie.value)
    assert thief.get("half").status_code == 401


def test_changing_the_password_ends_the_other_sessions(
    client: ApiClient, web: flask.Flask, mails: Mails
) -> None:
    business = sign_up(client, "change@firma.com")
    other = ApiClient(web)
    other.post("login", {"email": business.email, "auth": business.auth()})
    new = login_part("yepyeni bir parola 7", member=business.member, uk=business.uk)
    wrong = client.post("password", {"old_auth": b64(bytes(32)), **new})
    assert wrong.status_code == 422 and error_of(wrong)["code"] == "wrong_password"
    assert other.get("half").status_code == 200
    changed = client.post("password", {"old_auth": business.auth(), **new})
    assert changed.status_code == 204
    assert client.get("half").status_code == 200 and other.get("half").status_code == 401
    assert (
        other.post("login", {"email": business.email, "auth": business.auth()}).status_code == 401
    )
    said = other.post("login", {"email": business.email, "auth": new["auth"]}).get_json()
    assert business.open_vault(said, "yepyeni bir parola 7") == business.uk
    assert mails("notice", business.email)[0]["subject"] == "Parolanız değiştirildi"


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


def recovery_token(client: ApiClient, mails: Mails, business: Business) -> str:
    assert client.post("recovery/start", {"email": business.email}).status_code == 202
    url: str = mails("reset_link", business.email)[-1]["url"]
    assert url.startswith("http://localhost/kurtarma#")
    return url.partition("#")[2]


def test_link_and_code_together_open_the_vault_again(
    client: ApiClient, web: flask.Flask, mails: Mails
) -> None:
    business = sign_up(client, "lost@firma.com")
    outsider = ApiClient(web)
    assert outsider.post("recovery/start", {"email": "nobody@firma.com"}).status_code == 202
    token = recovery_token(outsider, mails, business)
    # The browser needs the member's id before it can derive the proof.
    member = bytes.fromhex(token.partition(".")[0])
    assert member == business.member
    wrong = outsider.post("recovery/open", {"token": token, "rauth": b64(bytes(32))})
    assert wrong.status_code == 401 and error_of(wrong)["code"] == "wrong_recovery"
    rauth = b64(keys.recovery_auth(business.rc, member))
    said = outsider.post("recovery/open", {"token": token, "rauth": rauth}).get_json()
    uk = keys.open_uk_recovery(
        keys.recovery_kek(business.rc, member), unb64(said["wrap_rec"]), member=member
    )
    assert uk == business.uk

    new_rc = recovery_code.new_recovery()
    body = {
        "token": token,
        "rauth": rauth,
        **login_part("kurtarılan parola 11", member=member, uk=uk),
        **recovery_part(new_rc, member=member, uk=uk, proof="new_rauth"),
    }
    finished = outsider.post("recovery/finish", body)
    assert finished.status_code == 200
    assert business.open_vault(finished.get_json(), "kurtarılan parola 11") == uk
    assert outsider.get("half").status_code == 200
    assert client.get("half").status_code == 401
    # The old password, the old code and the link are dead.
    old = {"email": business.email, "auth": business.auth()}
    assert outsider.post("login", old).status_code == 401
    assert outsider.post("recovery/open", {"token": token, "rauth": rauth}).status_code == 422
    fresh = recovery_token(outsider, mails, business)
    used = outsider.post("recovery/open", {"token": fresh, "rauth": rauth})
    assert used.status_code == 401
    new_rauth = b64(keys.recovery_auth(new_rc, member))
    assert outsider.post("recovery/open", {"token": fresh, "rauth": new_rauth}).status_code == 200


def test_a_recovery_link_lives_half_an_hour(client: ApiClient, mails: Mails) -> None:
    with clock.frozen(datetime(2026, 11, 26, 9, 0, tzinfo=UTC)) as advance:
        business = sign_up(client, "late@firma.com")
        token = recovery_token(client, mails, business)
        advance(timedelta(minutes=30))
        rauth = b64(keys.recovery_auth(business.rc, business.member))
        late = client.post("recovery/open", {"token": token, "rauth": rauth})
    assert late.status_code == 422 and error_of(late)["code"] == "link_invalid"


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


def test_a_foreign_page_cannot_call(client: ApiClient) -> None:
    sign_up(client, "foreign@firma.com")
    for headers in ({"Origin": "https://evil.example"}, {"X-WTR": "0"}, {"Origin": ""}):
        refused = client.post("logout", headers=headers)
        assert refused.status_code == 403 and error_of(refused)["code"] == "not_allowed"
    form = client.browser.post("/api/logout", data={"a": "b"})
    assert form.status_code == 403
    assert client.get("half").status_code == 200
