"""A member's authenticator app: asked for after the right password only, each code once."""

from __future__ import annotations

from collections.abc import Callable

import flask
import pyotp
import pytest
from werkzeug.test import TestResponse

from tests.accounts.people import Business, login_part, recovery_part, sign_up
from tests.apps import ApiClient, b64, error_of
from tests.portal.conftest import Mails
from whatstr.core import clock
from whatstr.vault import keys


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set the clock to so many half minutes from now."""
    real = clock.now()

    def move(steps: int) -> None:
        from datetime import timedelta

        monkeypatch.setattr(clock, "now", lambda: real + timedelta(seconds=30 * steps))

    move(0)
    return move


def code(secret: str, steps: int = 0) -> str:
    return str(pyotp.TOTP(secret).generate_otp(clock.unix() // 30 + steps))


def turn_on(client: ApiClient) -> str:
    offered = client.post("totp/offer").get_json()
    assert offered["qr"].startswith("data:image/svg+xml")
    assert client.get("totp").get_json() == {"on": False}  # nothing is stored by offering
    secret = str(offered["secret"])
    wrong = client.post("totp", {"secret": secret, "code": "000000"})
    assert error_of(wrong)["code"] == "wrong_code"
    assert client.get("totp").get_json() == {"on": False}
    assert client.post("totp", {"secret": secret, "code": code(secret)}).status_code == 204
    assert client.get("totp").get_json() == {"on": True}
    return secret


def sign_in(web: flask.Flask, business: Business, **more: str) -> TestResponse:
    body = {"email": business.email, "auth": business.auth(), **more}
    return ApiClient(web).post("login", body)


def test_the_code_is_asked_for_after_the_right_password_alone(
    client: ApiClient, web: flask.Flask, at: Callable[[int], None]
) -> None:
    business = sign_up(client, "iki@firma.com")
    secret = turn_on(client)
    at(4)
    wrong = {"email": business.email, "auth": b64(bytes(32)), "totp": code(secret)}
    refused = ApiClient(web).post("login", wrong)
    assert error_of(refused)["code"] == "wrong_credentials"
    assert error_of(sign_in(web, business))["code"] == "code_needed"
    assert error_of(sign_in(web, business, totp="12 34 56"))["code"] == "code_wrong"
    shown = code(secret)
    assert sign_in(web, business, totp=f"{shown[:3]} {shown[3:]}").status_code == 200
    assert error_of(sign_in(web, business, totp=shown))["code"] == "code_wrong"  # once only
    assert error_of(sign_in(web, business, totp=code(secret, -1)))["code"] == "code_wrong"
    assert error_of(sign_in(web, business, totp=code(secret, 3)))["code"] == "code_wrong"
    at(5)
    assert sign_in(web, business, totp=code(secret)).status_code == 200


def test_it_is_turned_off_with_the_password(client: ApiClient, web: flask.Flask) -> None:
    business = sign_up(client, "kapat@firma.com")
    turn_on(client)
    wrong = client.post("totp/off", {"auth": b64(bytes(32))})
    assert error_of(wrong)["code"] == "wrong_password"
    assert client.post("totp/off", {"auth": business.auth()}).status_code == 204
    assert sign_in(web, business).status_code == 200


def test_another_app_takes_its_place_only_after_the_password(client: ApiClient) -> None:
    """A stolen session alone must not bring an app of its own."""
    business = sign_up(client, "degistir@firma.com")
    turn_on(client)
    mine = str(client.post("totp/offer").get_json()["secret"])
    body = {"secret": mine, "code": code(mine)}
    assert error_of(client.post("totp", body))["code"] == "second_factor_on"
    assert client.post("totp/off", {"auth": business.auth()}).status_code == 204
    assert client.post("totp", body).status_code == 204


def test_a_lost_phone_is_mended_by_link_and_recovery_code(
    client: ApiClient,
    web: flask.Flask,
    mails: Mails,
) -> None:
    business = sign_up(client, "telefon@firma.com")
    turn_on(client)
    client.post("recovery/start", {"email": business.email})
    token = mails("reset_link", business.email)[-1]["url"].split("#")[1]
    member, uk = business.member, business.uk
    body = {
        "token": token,
        "rauth": b64(keys.recovery_auth(business.rc, member)),
        **login_part(business.password, member=member, uk=uk, salt=business.salt),
        **recovery_part(bytes(20), member=member, uk=uk, proof="new_rauth"),
    }
    assert ApiClient(web).post("recovery/finish", body).status_code == 200
    assert sign_in(web, business).status_code == 200
