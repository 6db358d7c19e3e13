"""An empty vault after three days, and the end of an account: what goes, and who may stop it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from tests.accounts.people import Business, login_part, recovery_part, sign_up
from tests.apps import ApiClient, as_owner, b64, error_of, role_app
from tests.portal.conftest import Mails
from tests.services import ModuleDatabase
from whatstr.accounts import resets
from whatstr.accounts.models import Member, Organization
from whatstr.audiences.models import ContactList
from whatstr.core import clock
from whatstr.core.db import transaction
from whatstr.local.valkey import EmbeddedValkey
from whatstr.support.models import SupportMessage, SupportRequest
from whatstr.vault import keys
from whatstr.vault.models import VaultRecord
from whatstr.vault.wire import unb64

After = Callable[..., None]


@pytest.fixture
def after(monkeypatch: pytest.MonkeyPatch) -> After:
    """Move the clock on."""
    real, passed = clock.now, [timedelta()]

    def forward(**spans: float) -> None:
        passed[0] += timedelta(**spans)

    monkeypatch.setattr(clock, "now", lambda: real() + passed[0])
    return forward


@pytest.fixture
def sweep(database: ModuleDatabase, valkey_server: EmbeddedValkey) -> Callable[[], None]:
    """The worker's task, with the worker's own rights in the database."""

    def run() -> None:
        with role_app("worker", database, valkey_server) as worker, worker.app_context():
            for move in (resets.warn_due, resets.open_due):
                with transaction():
                    move(web_url="http://localhost")

    return run


def token(mail: dict[str, Any], word: str) -> str:
    start = f"http://localhost/sifirlama#{word}."
    assert mail["url"].startswith(start), mail["url"]
    return str(mail["url"][len(start) :])


def fill_vault(client: ApiClient, business: Business) -> None:
    """A list and a draft, as far as the server can see them."""
    wrap = keys.wrap_list_key(
        keys.vault_key(business.ak),
        os.urandom(32),
        account=business.organization,
        list_id=b"l" * 16,
    )
    made = client.post("lists", {"id": (b"l" * 8 + os.urandom(8)).hex(), "wrap": b64(wrap)})
    assert made.status_code == 201
    record = {"type": "draft", "version": 1, "data": b64(b"\x01\x20" + bytes(136))}
    assert client.put(f"records/{os.urandom(16).hex()}", record).status_code == 200


def held(database: ModuleDatabase, business: Business) -> tuple[int, int]:
    with as_owner(database) as owner:
        return tuple(  # type: ignore[return-value]
            owner.scalar(
                sa.select(sa.func.count())
                .select_from(model)
                .where(model.organization_id == business.organization_id)
            )
            for model in (ContactList, VaultRecord)
        )


def written(database: ModuleDatabase, request_id: str) -> tuple[int, int]:
    """Requests and messages of a thread with our support."""
    thread = uuid.UUID(request_id)
    request = sa.select(SupportRequest.id).where(SupportRequest.id == thread)
    messages = sa.select(SupportMessage.id).where(SupportMessage.request_id == thread)
    with as_owner(database) as owner:
        return len(owner.scalars(request).all()), len(owner.scalars(messages).all())


def new_vault(said: dict[str, Any], token: str) -> tuple[dict[str, Any], bytes, bytes]:
    member, account = bytes.fromhex(said["member"]), bytes.fromhex(said["organization"])
    uk, ak, rc, version = os.urandom(32), os.urandom(32), os.urandom(20), said["key_version"]
    wrap = keys.wrap_ak_member(uk, ak, account=account, member=member, version=version)
    body = {
        "token": token,
        "key_version": version,
        **login_part("yepyeni bir parola 9", member=member, uk=uk),
        **recovery_part(rc, member=member, uk=uk),
        "wrap_org": b64(wrap),
        "member_pk": b64(keys.member_pair(uk).public),
    }
    return body, uk, ak


def test_an_empty_vault_after_three_days_and_no_earlier(
    client: ApiClient,
    web: flask.Flask,
    mails: Mails,
    database: ModuleDatabase,
    after: After,
    sweep: Callable[[], None],
) -> None:
    business = sign_up(client, "kayip@firma.com")
    fill_vault(client, business)
    other = ApiClient(web)
    assert other.post("reset/ask", {"email": "kimse@firma.com"}).status_code == 202
    assert other.post("reset/ask", {"email": business.email}).status_code == 202
    start = token(mails("notice", business.email)[-1], "basla")
    begun = other.post("reset/begin", {"token": start})
    assert begun.status_code == 200
    assert error_of(other.post("reset/begin", {"token": start}))["code"] == "link_invalid"
    assert client.get("me").get_json()["vault_reset"] == begun.get_json()
    assert token(mails("notice", business.email)[-1], "vazgec")

    # A warning half a day before the end, one only; the link to a new vault not before the end.
    sweep()
    assert len(mails("notice", business.email)) == 2
    after(hours=61)
    sweep()
    sweep()
    assert len(mails("notice", business.email)) == 3
    assert token(mails("notice", business.email)[-1], "vazgec")
    after(hours=10, minutes=59)
    sweep()
    assert len(mails("notice", business.email)) == 3
    assert held(database, business) == (1, 1)
    after(minutes=2)
    sweep()
    finish = token(mails("notice", business.email)[-1], "yeni")

    opened = other.post("reset/open", {"token": finish})
    assert opened.get_json()["key_version"] == 2
    assert held(database, business) == (1, 1)  # nothing is gone before the new vault is there
    body, uk, ak = new_vault(opened.get_json(), finish)
    done = other.post("reset/finish", body)
    assert done.status_code == 200, done.get_json()
    assert held(database, business) == (0, 0)
    said = done.get_json()
    wrap = unb64(said["wrap_org"])
    assert ak == keys.open_ak_member(
        uk, wrap, account=business.organization, member=business.member, version=2
    )
    # The old password, the old code, the old sessions and the link are dead.
    old = {"email": business.email, "auth": business.auth()}
    assert error_of(ApiClient(web).post("login", old))["code"] == "wrong_credentials"
    assert client.get("me").status_code == 401
    assert error_of(other.post("reset/finish", body))["code"] == "link_invalid"
    assert other.get("me").get_json()["vault_reset"] is None
    with as_owner(database) as owner:
        found = owner.get_one(Organization, business.organization_id)
        assert found.key_version == 2 and found.vault_reset_at is not None


def test_a_link_kept_back_opens_nothing_before_the_time(
    client: ApiClient,
    database: ModuleDatabase,
    mails: Mails,
) -> None:
    """Even somebody who makes the worker send early waits: the time is held by the row."""
    business = sign_up(client, "erken@firma.com")
    client.post("reset/ask", {"email": business.email})
    client.post("reset/begin", {"token": token(mails("notice", business.email)[-1], "basla")})
    with as_owner(database) as owner:
        from whatstr.accounts.links import Purpose, hash_token
        from whatstr.accounts.models import EmailToken

        early = f"{business.member.hex()}.erken"
        owner.add(
            EmailToken(
                token_hash=hash_token(early),
                member_id=business.member_id,
                purpose=str(Purpose.RESET_FINISH),
                created_at=clock.now(),
                expires_at=clock.now() + timedelta(days=1),
            )
        )
    assert error_of(client.post("reset/open", {"token": early}))["code"] == "reset_too_early"
    said = {"member": business.member.hex(), "organization": business.organization.hex()}
    body, _, _ = new_vault({**said, "key_version": 2}, early)
    assert error_of(client.post("reset/finish", body))["code"] == "reset_too_early"


@pytest.mark.parametrize("way", ["link", "session"])
def test_whoever_has_access_stops_it(
    client: ApiClient,
    mails: Mails,
    after: After,
    sweep: Callable[[], None],
    way: str,
) -> None:
    business = sign_up(client, f"durdur-{way}@firma.com")
    client.post("reset/ask", {"email": business.email})
    client.post("reset/begin", {"token": token(mails("notice", business.email)[-1], "basla")})
    if way == "link":
        stop = token(mails("notice", business.email)[-1], "vazgec")
        assert client.post("reset/cancel", {"token": stop}).status_code == 204
    else:
        assert client.delete("reset").status_code == 204
    assert client.get("me").get_json()["vault_reset"] is None
    told = len(mails("notice", business.email))
    after(hours=80)
    sweep()
    assert len(mails("notice", business.email)) == told


def test_an_account_is_deleted_with_everything_of_the_customer(
    client: ApiClient,
    web: flask.Flask,
    database: ModuleDatabase,
    mails: Mails,
) -> None:
    business = sign_up(client, "gidiyor@firma.com")
    fill_vault(client, business)
    asked = {"topic": "line", "subject": "Hattım bağlanmıyor", "body": "Kod 190 görüyorum."}
    request_id = client.post("support", asked).get_json()["id"]
    wrong = client.post("account/delete", {"auth": b64(bytes(32))})
    assert error_of(wrong)["code"] == "wrong_password"
    assert held(database, business) == (1, 1)
    assert written(database, request_id) == (1, 1)

    done = client.post("account/delete", {"auth": business.auth()})
    assert done.status_code == 204
    assert held(database, business) == (0, 0)
    assert written(database, request_id) == (0, 0)
    assert client.get("me").status_code == 401
    login = {"email": business.email, "auth": business.auth()}
    assert error_of(ApiClient(web).post("login", login))["code"] == "wrong_credentials"
    with as_owner(database) as owner:
        organization = owner.get_one(
            Organization,
            business.organization_id,
            options=[sa.orm.undefer_group("pii")],
        )
        assert organization.state == "deleted"
        assert (organization.name, organization.tax_number, organization.address) == (
            "",
            None,
            None,
        )
        member = owner.scalars(
            sa.select(Member)
            .where(Member.id == business.member_id)
            .options(sa.orm.undefer_group("pii"))
        ).one()
        assert (member.name, member.email, member.phone, member.wrap_pw) == ("", "", None, None)
        assert member.email_ix is None and member.wrap_recovery == b""
    assert len(mails("notice", business.email)) == 1
    # The address is free again.
    assert ApiClient(web).post("enrol", Business(business.email).enrolment()).status_code == 201


def test_an_old_password_and_a_used_code_are_dead_and_other_sessions_end(
    client: ApiClient,
    web: flask.Flask,
    mails: Mails,
) -> None:
    """Vault design 20.10, the server's side; the browser's is in tests/vault."""
    business = sign_up(client, "kurtaran@firma.com")
    second = ApiClient(web)
    second.post("login", {"email": business.email, "auth": business.auth()})
    listed = client.get("sessions").get_json()["sessions"]
    assert [one["current"] for one in listed].count(True) == 1 and len(listed) == 2
    assert listed[0]["browser"] == "Test browser 1.0"
    theirs = next(one for one in listed if not one["current"])
    stranger = ApiClient(web)
    sign_up(stranger, "yabanci@firma.com")
    assert stranger.post(f"sessions/{theirs['id']}/end").status_code == 404
    assert second.get("me").status_code == 200
    assert client.post(f"sessions/{theirs['id']}/end").status_code == 204
    assert second.get("me").status_code == 401 and second.get("half").status_code == 401
    assert client.post("sessions/end-others").get_json() == {"ended": 0}
    assert client.get("me").status_code == 200
