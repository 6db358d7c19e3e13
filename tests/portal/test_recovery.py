"""A forgotten password over HTTP: link and code together, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import flask

from tests.accounts.people import Business, login_part, recovery_part, sign_up
from tests.apps import ApiClient, b64, error_of
from tests.portal.conftest import Mails
from whatstr.core import clock
from whatstr.vault import keys, recovery_code
from whatstr.vault.wire import unb64


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
