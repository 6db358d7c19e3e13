"""Tries at the door, how long a session lives, what ends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import flask
from redis import Redis

from tests.accounts.people import login_part, sign_up
from tests.apps import ApiClient, b64, error_of
from tests.portal.conftest import Mails
from tests.services import forget_tries
from whatstr.core import clock
from whatstr.local.valkey import EmbeddedValkey


def test_ten_tries_an_account_then_a_pause(
    client: ApiClient, valkey_server: EmbeddedValkey
) -> None:
    business = sign_up(client, "tries@firma.com")
    wrong = {"email": business.email, "auth": b64(bytes(32))}
    codes = [client.post("login", wrong).status_code for _ in range(10)]
    assert codes == [401] * 10
    refused = client.post("login", {"email": business.email, "auth": business.auth()})
    assert refused.status_code == 429
    assert 0 < error_of(refused)["retry_after"] <= 900
    assert refused.headers["Retry-After"] == str(error_of(refused)["retry_after"])
    with Redis.from_url(valkey_server.url) as connection:
        forget_tries(connection, within=3_600)
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


def test_a_foreign_page_cannot_call(client: ApiClient) -> None:
    sign_up(client, "foreign@firma.com")
    for headers in ({"Origin": "https://evil.example"}, {"X-WTR": "0"}, {"Origin": ""}):
        refused = client.post("logout", headers=headers)
        assert refused.status_code == 403 and error_of(refused)["code"] == "not_allowed"
    form = client.browser.post("/api/logout", data={"a": "b"})
    assert form.status_code == 403
    assert client.get("half").status_code == 200
