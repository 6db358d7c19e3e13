"""Creating a campaign, its parts, and the commit that takes the credits."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from tests.apps import ApiClient, as_owner, error_of
from tests.campaigns.shop import Shop, box, instant, open_shop
from tests.services import ModuleDatabase
from whatstr.accounts.models import AcceptedDocument, LoginEvent, Organization
from whatstr.billing.ledger import Balance
from whatstr.campaigns.models import CampaignSeal, CampaignState
from whatstr.core import clock
from whatstr.lines.models import LineState
from whatstr.portal import access
from whatstr.vault.box import BoxKind


def test_create_upload_and_queue(shop: Shop) -> None:
    body = shop.body(1_201)
    made = shop.client.post("campaigns", body)
    assert made.status_code == 201
    assert made.get_json() == {"id": body["id"], "state": "uploading", "have": []}
    for no in range(3):
        assert shop.put(body["id"], no, b"part %d" % no).status_code == 204
    done = shop.commit(body["id"])
    assert (done.status_code, done.get_json()) == (200, {"state": "queued"})
    part = shop.client.get(f"campaigns/{body['id']}/chunks/1")
    assert (part.mimetype, part.data) == ("application/octet-stream", b"part 1")
    found = shop.read(body["id"])
    assert found["counts"]["pending"] == found["rows"] == 1_201
    assert (found["jk_wrap"], found["record"]) == (body["jk_wrap"], body["record"])
    assert shop.balance() == Balance(10_000 - 1_201, 1_201, 0)


def test_a_key_that_changed_behind_the_door_starts_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door let the call in under the key of then; the transaction looks once more."""
    body, there = shop.body(), shop.launch()
    with as_owner(shop.database) as owner:
        owner.execute(
            sa.update(Organization).where(Organization.id == shop.id).values(key_version=2)
        )
    monkeypatch.setattr(access, "_key_is_current", lambda *_: None)
    seal = {"kid": body["kid"], "header": body["header"]}
    for path, sent in (("campaigns", body), (f"campaigns/{there}/seal", seal)):
        assert error_of(shop.client.post(path, sent))["code"] == "key_changed", path


def test_an_upload_goes_on_where_it_stopped(shop: Shop) -> None:
    body = shop.body(1_001)
    shop.client.post("campaigns", body)
    shop.put(body["id"], 0)
    shop.put(body["id"], 2, b"as first sent")
    again = shop.client.post("campaigns", body)
    assert (again.status_code, again.get_json()["have"]) == (200, [0, 2])
    assert shop.client.get(f"campaigns/{body['id']}/chunks").get_json() == {"have": [0, 2]}
    refused = shop.commit(body["id"])
    assert refused.status_code == 422
    assert error_of(refused)["code"] == "chunks_missing" and error_of(refused)["missing"] == [1]
    assert shop.state(body["id"]) == "uploading"
    assert shop.put(body["id"], 2, b"sent once more").status_code == 204
    assert shop.client.get(f"campaigns/{body['id']}/chunks/2").data == b"as first sent"
    shop.put(body["id"], 1)
    assert shop.commit(body["id"]).status_code == 200


def test_the_same_id_before_any_part_is_not_new(shop: Shop) -> None:
    body = shop.body()
    codes = [shop.client.post("campaigns", body).status_code for _ in range(2)]
    assert codes == [201, 200]


@pytest.mark.parametrize("changed", ["rows", "line", "jk_wrap"])
def test_the_same_id_for_something_else_is_a_conflict(shop: Shop, changed: str) -> None:
    """Parts sealed under two keys, or cut in two ways, never make one campaign."""
    body = shop.body()
    shop.client.post("campaigns", body)
    other = {"rows": 2, "line": shop.connect().hex, "jk_wrap": box(BoxKind.KEY_JOB)}
    refused = shop.client.post("campaigns", {**body, changed: other[changed]})
    assert refused.status_code == 409 and error_of(refused)["code"] == "conflict"


def test_parts_arrive_only_while_uploading_and_only_what_was_announced(shop: Shop) -> None:
    campaign = shop.launch(1)
    late = shop.put(campaign, 0)
    assert late.status_code == 409 and error_of(late)["code"] == "illegal_transition"
    beyond = shop.put(shop.upload(1), 1)
    assert beyond.status_code == 400 and error_of(beyond)["field"] == "chunk"
    empty = shop.put(shop.upload(1), 0, b"")
    assert empty.status_code == 400
    large = shop.put(shop.upload(1), 0, bytes(2_000_001))
    assert large.status_code == 413 and error_of(large)["code"] == "too_large"


def test_files_are_uploaded_in_pieces_and_asked_for(shop: Shop) -> None:
    campaign = shop.upload(1, media=[2])
    path = f"campaigns/{campaign}/media"
    assert shop.client.put(f"{path}/0/0", b"first").status_code == 204
    refused = shop.commit(campaign)
    assert error_of(refused)["code"] == "chunks_missing"
    for wrong in ("0/2", "1/0"):
        assert shop.client.put(f"{path}/{wrong}", b"x").status_code == 400
    assert shop.client.put(f"{path}/0/1", b"second").status_code == 204
    assert shop.commit(campaign).status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rows": 0}, "rows"),
        ({"rows": 500_001, "chunks": 1_001}, "rows"),
        ({"rows": True}, "rows"),
        ({"chunks": 2}, "chunks"),
        ({"media": [0]}, "media"),
        ({"media": [101]}, "media"),
        ({"media": ["1"]}, "media"),
        ({"media": [1] * 5}, "media"),
        ({"kind": "other"}, "kind"),
        ({"id": "x"}, "id"),
        ({"line": None}, "line"),
        ({"kid": 2**32}, "kid"),
        ({"kid": -1}, "kid"),
        ({"header": "no base64"}, "header"),
        ({"jk_wrap": box(BoxKind.RECORD)}, "jk_wrap"),
        ({"record": box(BoxKind.KEY_JOB)}, "record"),
        ({"expires_at": "2026-11-23"}, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"due_at": "tomorrow"}, "due_at"),
        ({"documents": []}, "documents"),
        ({"documents": [{"document": "launch-statement", "version": "1"}]}, "documents"),
    ],
)
def test_a_wrong_field_is_named(shop: Shop, change: dict[str, Any], field: str) -> None:
    refused = shop.client.post("campaigns", {**shop.body(), **change})
    assert refused.status_code == 400, refused.get_json()
    assert error_of(refused)["field"] == field


def test_times_have_bounds(shop: Shop) -> None:
    now = clock.now()
    far = shop.body(
        due_at=instant(now + timedelta(days=31)), expires_at=instant(now + timedelta(days=32))
    )
    assert error_of(shop.client.post("campaigns", far))["reason"] == "too_far_ahead"
    long = shop.body(
        due_at=instant(now + timedelta(days=1)), expires_at=instant(now + timedelta(days=9))
    )
    assert error_of(shop.client.post("campaigns", long))["field"] == "expires_at"
    backwards = shop.body(
        due_at=instant(now + timedelta(days=2)), expires_at=instant(now + timedelta(days=1))
    )
    assert error_of(shop.client.post("campaigns", backwards))["field"] == "expires_at"


def test_a_later_start_is_scheduled(shop: Shop) -> None:
    now = clock.now()
    campaign = shop.upload(
        due_at=instant(now + timedelta(hours=5)), expires_at=instant(now + timedelta(days=1))
    )
    assert shop.commit(campaign).get_json() == {"state": "scheduled"}
    assert shop.balance().reserved == 1


def test_an_upload_that_took_too_long_is_refused(shop: Shop) -> None:
    campaign = shop.upload()
    shop.set_campaign(campaign, expires_at=clock.now() - timedelta(seconds=1))
    refused = shop.commit(campaign)
    assert refused.status_code == 400 and error_of(refused)["reason"] == "in_the_past"


def test_too_few_credits_keep_the_upload(shop: Shop) -> None:
    campaign = shop.upload(10_001)
    refused = shop.commit(campaign)
    assert refused.status_code == 422
    error = error_of(refused)
    assert (error["code"], error["needed"], error["available"]) == (
        "insufficient_credits",
        10_001,
        10_000,
    )
    assert "10001" in error["message"]
    assert shop.state(campaign) == "uploading" and shop.balance() == Balance(10_000, 0, 0)
    shop.grant(1)
    assert shop.commit(campaign).status_code == 200
    assert shop.balance() == Balance(0, 10_001, 0)


def test_a_repeated_commit_takes_the_credits_once(shop: Shop) -> None:
    campaign = shop.upload(7)
    assert [shop.commit(campaign).status_code for _ in range(3)] == [200, 200, 200]
    assert shop.balance() == Balance(9_993, 7, 0)
    shop.set_campaign(campaign, state=CampaignState.DONE)
    assert shop.commit(campaign).get_json() == {"state": "done"}
    assert shop.balance().reserved == 7


def test_commits_at_the_same_moment_take_the_credits_once(
    web: flask.Flask, database: ModuleDatabase
) -> None:
    """Four windows commit two campaigns; the credits are enough for one of them."""
    shop = open_shop(web, database, available=7)
    one, two = shop.upload(5), shop.upload(5)
    cookie = shop.client.browser.get_cookie("wtr_s")
    assert cookie is not None
    start, answers = threading.Barrier(4), []

    def window(campaign: str) -> None:
        client = ApiClient(web)
        client.browser.set_cookie("wtr_s", cookie.value)
        start.wait(timeout=20)
        answers.append((campaign, client.post(f"campaigns/{campaign}/commit").status_code))

    threads = [threading.Thread(target=window, args=(c,)) for c in (one, two, one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert shop.balance() == Balance(2, 5, 0)
    assert sorted(code for _, code in answers) == [200, 200, 422, 422]
    assert sorted([shop.state(one), shop.state(two)]) == ["queued", "uploading"]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (LineState.HELD, "line_not_ready"),
        (LineState.PAUSED, "line_not_ready"),
        (LineState.DISCONNECTED, "line_not_ready"),
    ],
)
def test_a_line_that_cannot_send_refuses_the_launch(
    shop: Shop, state: LineState, code: str
) -> None:
    campaign = shop.upload()
    shop.set_line(state=state)
    refused = shop.commit(campaign)
    assert refused.status_code == 422 and error_of(refused)["code"] == code
    assert error_of(refused)["state"] == state
    assert shop.balance().reserved == 0 and shop.state(campaign) == "uploading"


def test_a_suspended_organization_launches_nothing(shop: Shop) -> None:
    campaign = shop.upload()
    shop.suspend()
    refused = shop.commit(campaign)
    assert refused.status_code == 422 and error_of(refused)["code"] == "organization_suspended"
    assert shop.balance().reserved == 0


def test_an_unconfirmed_address_launches_nothing(
    web: flask.Flask, database: ModuleDatabase
) -> None:
    shop = open_shop(web, database, confirmed=False)
    refused = shop.commit(shop.upload())
    assert refused.status_code == 422 and error_of(refused)["code"] == "email_unconfirmed"
    assert shop.balance().reserved == 0


def test_nobody_elses_line_or_campaign(
    shop: Shop, web: flask.Flask, database: ModuleDatabase
) -> None:
    other = open_shop(web, database)
    taken = shop.client.post("campaigns", shop.body(line=other.line.hex))
    assert taken.status_code == 404
    campaign = other.launch()
    calls = [
        shop.client.get(f"campaigns/{campaign}"),
        shop.client.get(f"campaigns/{campaign}/messages"),
        shop.client.get(f"campaigns/{campaign}/failures"),
        shop.client.get(f"campaigns/{campaign}/chunks"),
        shop.client.get(f"campaigns/{campaign}/chunks/0"),
        shop.put(campaign, 0),
        shop.client.put(f"campaigns/{campaign}/media/0/0", b"x"),
        shop.commit(campaign),
        *(shop.steer(campaign, verb) for verb in ("pause", "resume", "cancel")),
        shop.client.delete(f"campaigns/{campaign}"),
        shop.client.post("campaigns", shop.body(id=campaign)),
        shop.client.get(f"campaigns/{uuid.uuid4().hex}"),
    ]
    assert {answer.status_code for answer in calls} == {404}
    assert {error_of(answer)["code"] for answer in calls} == {"not_found"}
    assert other.state(campaign) == "queued"
    assert shop.client.get("campaigns").get_json() == {"campaigns": []}


def test_a_role_without_campaigns_is_kept_out(shop: Shop) -> None:
    campaign = shop.launch()
    shop.as_billing_clerk()
    assert shop.client.get("campaigns").status_code == 403
    assert shop.steer(campaign, "pause").status_code == 403
    assert shop.client.post("campaigns", shop.body()).status_code == 403


def test_the_launch_is_recorded_with_its_statement_and_address(
    shop: Shop, database: ModuleDatabase
) -> None:
    campaign = uuid.UUID(hex=shop.launch())
    with as_owner(database) as owner:
        accepted = owner.scalars(
            sa.select(AcceptedDocument).where(AcceptedDocument.context_id == campaign)
        ).one()
        assert (accepted.document, accepted.context) == ("launch-statement", "launch")
        kinds = owner.scalars(
            sa.select(LoginEvent.kind).where(LoginEvent.organization_id == shop.id)
        ).all()
        assert "launch" in kinds
        assert owner.get_one(CampaignSeal, campaign).kid == 2948
