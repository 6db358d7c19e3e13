"""The browser's drawers, its mailbox to the sender, and what the page asks before sign-in."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta

import flask
import pytest
import sqlalchemy as sa

from tests.accounts.people import Business, sign_up
from tests.apps import IDENT_PUBLIC, IDENT_SECRET, ApiClient, as_owner, b64, error_of
from tests.services import ModuleDatabase
from whatstr.accounts.models import Member, MemberRole
from whatstr.core import clock
from whatstr.core.prf import u32
from whatstr.vault import keys
from whatstr.vault.box import BoxKind, box, unbox
from whatstr.vault.certificate import Certificate, make_certificate, verify_certificate
from whatstr.vault.models import Notice, RequestState, SenderCertificate, SenderRequest
from whatstr.vault.wire import unb64


def record(business: Business, record_id: bytes, kind: str, version: int, text: bytes) -> str:
    aad = (business.organization, record_id, kind, u32(version))
    return b64(box(keys.vault_key(business.ak), BoxKind.RECORD, text, *aad))


def seal(size: int = 200) -> str:
    return b64(b"\x11" + u32(2948) + bytes(size))


def test_a_draft_is_kept_and_opens_again(client: ApiClient) -> None:
    business, draft = sign_up(client, "draft@firma.com"), uuid.uuid4()
    for version in (1, 2):
        blob = record(business, draft.bytes, "draft", version, b"taslak %d" % version)
        said = client.put(
            f"records/{draft.hex}", {"type": "draft", "version": version, "data": blob}
        )
        assert said.get_json() == {"id": draft.hex, "version": version}
    found = client.get("records?type=draft").get_json()["records"]
    assert [(row["id"], row["version"]) for row in found] == [(draft.hex, 2)]
    aad = (business.organization, draft.bytes, "draft", u32(2))
    key = keys.vault_key(business.ak)
    assert unbox(key, BoxKind.RECORD, unb64(found[0]["data"]), *aad) == b"taslak 2"
    assert client.delete(f"records/{draft.hex}").status_code == 204
    assert client.get("records?type=draft").get_json() == {"records": []}


def test_an_older_version_does_not_overwrite(client: ApiClient) -> None:
    business, draft = sign_up(client, "stale@firma.com"), uuid.uuid4()
    blob = record(business, draft.bytes, "draft", 1, b"x")
    body = {"type": "draft", "version": 1, "data": blob}
    assert client.put(f"records/{draft.hex}", body).status_code == 200
    for version in (1, 3):
        refused = client.put(f"records/{draft.hex}", {**body, "version": version})
        assert refused.status_code == 409
        assert (error_of(refused)["code"], error_of(refused)["version"]) == ("conflict", 1)
    refused = client.put(f"records/{uuid.uuid4().hex}", {**body, "version": 2})
    assert (refused.status_code, error_of(refused)["version"]) == (409, 0)


def test_nobody_reads_or_writes_another_organizations_drawer(
    client: ApiClient, web: flask.Flask
) -> None:
    business, draft = sign_up(client, "mine@firma.com"), uuid.uuid4()
    blob = record(business, draft.bytes, "draft", 1, b"x")
    body = {"type": "draft", "version": 1, "data": blob}
    client.put(f"records/{draft.hex}", body)
    stranger = ApiClient(web)
    sign_up(stranger, "theirs@firma.com")
    assert stranger.get("records?type=draft").get_json() == {"records": []}
    assert stranger.put(f"records/{draft.hex}", {**body, "version": 2}).status_code == 409
    assert stranger.delete(f"records/{draft.hex}").status_code == 204
    assert len(client.get("records?type=draft").get_json()["records"]) == 1
    only_mine = {"type": "members", "version": 1, "data": blob}
    assert stranger.put(f"records/{business.organization.hex()}", only_mine).status_code == 400


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "diary"}, "not_a_choice"),
        ({"version": 0}, "too_small"),
        ({"version": True}, "wrong_type"),
        ({"data": b64(b"\x01\x21" + bytes(200))}, "wrong_kind"),
        ({"data": "***"}, "not_base64"),
    ],
)
def test_what_is_no_record_is_refused(
    client: ApiClient, change: dict[str, object], reason: str
) -> None:
    business, draft = sign_up(client, f"{reason}@firma.com"), uuid.uuid4()
    blob = record(business, draft.bytes, "draft", 1, b"x")
    body = {"type": "draft", "version": 1, "data": blob, **change}
    refused = client.put(f"records/{draft.hex}", body)
    assert refused.status_code == 400 and error_of(refused)["reason"] == reason
    assert client.get("records?type=draft").get_json() == {"records": []}


def test_a_request_waits_for_the_sender_and_is_taken_away(
    client: ApiClient, database: ModuleDatabase
) -> None:
    sign_up(client, "rpc@firma.com")
    name = uuid.uuid4()
    body = {"id": name.hex, "op": "templates", "seal": seal()}
    for _ in range(2):
        posted = client.post("requests", body)
        assert posted.status_code == 202
        assert posted.get_json() == {"id": name.hex, "state": "waiting"}
    assert client.get(f"requests/{name.hex}").get_json() == {"state": "waiting"}

    def answer() -> None:
        with as_owner(database) as owner:
            row = owner.get_one(SenderRequest, name)
            row.state, row.response, row.request = RequestState.ANSWERED, b"\x12answer", b""

    sender = threading.Timer(0.3, answer)
    sender.start()
    got = client.get(f"requests/{name.hex}?wait=10").get_json()
    sender.join()
    assert got == {"state": "answered", "answer": b64(b"\x12answer")}
    assert client.delete(f"requests/{name.hex}").status_code == 204
    assert client.get(f"requests/{name.hex}").status_code == 404


def test_the_sender_hears_of_a_request(client: ApiClient, database: ModuleDatabase) -> None:
    sign_up(client, "notify@firma.com")
    engine = sa.create_engine(database.url())
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.autocommit = True
        raw.execute("LISTEN whatstr_sender")
        client.post("requests", {"id": uuid.uuid4().hex, "op": "templates", "seal": seal()})
        heard = [notice.channel for notice in raw.notifies(timeout=5, stop_after=1)]
    engine.dispose()
    assert heard == ["whatstr_sender"]


def test_a_request_runs_out_after_ten_minutes(client: ApiClient) -> None:
    name = uuid.uuid4()
    with clock.frozen(datetime(2026, 11, 23, 10, 0, tzinfo=UTC)) as advance:
        sign_up(client, "expired@firma.com")
        client.post("requests", {"id": name.hex, "op": "templates", "seal": seal()})
        advance(timedelta(minutes=10))
        assert client.get(f"requests/{name.hex}?wait=1").get_json() == {"state": "expired"}


def test_requests_are_bounded_and_others_are_not_seen(client: ApiClient, web: flask.Flask) -> None:
    sign_up(client, "bounded@firma.com")
    ids = [uuid.uuid4().hex for _ in range(21)]
    codes = [
        client.post("requests", {"id": one, "op": "templates", "seal": seal()}).status_code
        for one in ids
    ]
    assert codes == [202] * 20 + [429]
    stranger = ApiClient(web)
    sign_up(stranger, "nosy@firma.com")
    assert stranger.get(f"requests/{ids[0]}").status_code == 404
    assert stranger.delete(f"requests/{ids[0]}").status_code == 204
    assert client.get(f"requests/{ids[0]}").status_code == 200
    taken = stranger.post("requests", {"id": ids[0], "op": "templates", "seal": seal()})
    assert taken.status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"op": "connect", "seal": seal()}, 422, "email_unconfirmed"),
        ({"op": "dance", "seal": seal()}, 400, "invalid_input"),
        ({"op": "templates", "seal": b64(b"\x12" + bytes(100))}, 400, "invalid_input"),
        ({"op": "templates", "seal": seal(400_000)}, 413, "too_large"),
    ],
)
def test_what_is_no_request_is_refused(
    client: ApiClient, body: dict[str, str], status: int, code: str
) -> None:
    sign_up(client, f"{uuid.uuid4().hex}@firma.com")
    refused = client.post("requests", {"id": uuid.uuid4().hex, **body})
    assert (refused.status_code, error_of(refused)["code"]) == (status, code)


def test_notices_come_in_order_and_go(client: ApiClient, database: ModuleDatabase) -> None:
    business = sign_up(client, "news@firma.com")
    with as_owner(database) as owner:
        for text in (b"\x12one", b"\x12two"):
            owner.add(Notice(organization_id=business.organization_id, at=clock.now(), sealed=text))
            owner.flush()
    found = client.get("notices").get_json()["notices"]
    assert [unb64(row["sealed"]) for row in found] == [b"\x12one", b"\x12two"]
    rest = client.get(f"notices?after={found[0]['id']}").get_json()["notices"]
    assert [row["id"] for row in rest] == [found[1]["id"]]
    assert client.delete(f"notices/{found[0]['id']}").status_code == 204
    assert len(client.get("notices").get_json()["notices"]) == 1


def test_the_certificate_in_force_is_given(client: ApiClient, database: ModuleDatabase) -> None:
    missing = client.get("sender-cert")
    assert missing.status_code == 503
    assert error_of(missing)["code"] == "sender_certificate_missing"
    now = clock.now()
    with as_owner(database) as owner:
        for kid, days in ((1, -7), (2, 0), (3, 7)):
            start = now + timedelta(days=days) - timedelta(hours=1)
            end = start + timedelta(days=7)
            cert = Certificate(kid, bytes(32), int(start.timestamp()), int(end.timestamp()))
            blob = make_certificate(cert, IDENT_SECRET)
            owner.add(SenderCertificate(kid=kid, cert=blob, not_before=start, not_after=end))
    said = client.get("sender-cert").get_json()
    ident = unb64(client.get("config").get_json()["ident"][0])
    assert ident == IDENT_PUBLIC
    assert verify_certificate(unb64(said["cert"]), [ident], now=now).kid == said["kid"] == 2


def test_the_configuration_names_what_the_browser_needs(client: ApiClient) -> None:
    said = client.get("config").get_json()
    assert said["meta"]["app_id"] == "1234567890"
    assert said["meta"]["dialog_url"].endswith(f"/{said['meta']['graph_version']}/dialog/oauth")
    assert {row["document"] for row in said["documents"]} == {
        "terms",
        "privacy",
        "processing-agreement",
        "refund-term",
        "launch-statement",
        "consent-statement",
    }
    assert said["limits"] == {"list_rows": 500_000, "chunk_rows": 500, "campaign_days": 30}


def set_role(database: ModuleDatabase, business: Business, role: MemberRole) -> None:
    with as_owner(database) as owner:
        owner.execute(sa.update(Member).where(Member.id == business.member_id).values(role=role))


def test_the_billing_role_has_no_vault(client: ApiClient, database: ModuleDatabase) -> None:
    business = sign_up(client, "accountant@firma.com")
    set_role(database, business, MemberRole.BILLING)
    refused = [
        client.get("records?type=draft"),
        client.get("notices"),
        client.post("requests", {"id": uuid.uuid4().hex, "op": "templates", "seal": seal()}),
        client.delete(f"records/{uuid.uuid4().hex}"),
    ]
    assert [error_of(one)["code"] for one in refused] == ["not_allowed"] * 4
    assert client.get("me").get_json()["member"]["role"] == "billing"
    assert client.get("half").status_code == 200


def test_signed_out_everything_of_the_customer_is_closed(client: ApiClient) -> None:
    for path in ("me", "half", "records?type=draft", "notices", "held-data", "preferences"):
        refused = client.get(path)
        assert refused.status_code == 401 and error_of(refused)["code"] == "not_signed_in"
