"""Contact lists over the API: sealed chunks, manifests, the consent they rest on."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import undefer_group
from werkzeug.test import TestResponse

from tests.apps import ApiClient, as_owner, error_of
from tests.campaigns.shop import Shop, box, open_shop
from tests.services import ModuleDatabase
from whatstr.accounts.documents import DocumentName, current_version
from whatstr.audiences.models import Consent, ContactList, ListChunk
from whatstr.audit.models import AuditEvent
from whatstr.vault.box import BoxKind

Pairs = list[tuple[int, int]]


def consent(**changes: Any) -> dict[str, Any]:
    return {
        "basis": "explicit_consent",
        "source": "Mağaza formu",
        "collected_on": "2026-11-01",
        "statement_version": current_version(DocumentName.CONSENT),
        **changes,
    }


def new_list(shop: Shop) -> str:
    name = uuid.uuid4().hex
    made = shop.client.post("lists", {"id": name, "wrap": box(BoxKind.KEY_LIST)})
    assert (made.status_code, made.get_json()) == (201, {"id": name, "state": "uploading"})
    return name


def put(shop: Shop, name: str, no: int, data: bytes = b"sealed", version: int = 1) -> int:
    path = f"lists/{name}/chunks/{no}?version={version}"
    return shop.client.put(path, data).status_code


def read(shop: Shop, name: str, no: int, version: int = 1) -> bytes | None:
    answer = shop.client.get(f"lists/{name}/chunks/{no}?version={version}")
    return answer.data if answer.status_code == 200 else None


def save(
    shop: Shop, name: str, pairs: Pairs, *, version: int = 1, rows: int = 1, **changes: Any
) -> TestResponse:
    body = {
        "manifest": box(BoxKind.RECORD),
        "version": version,
        "rows": rows,
        "chunks": [list(pair) for pair in pairs],
        "consent": consent(),
        **changes,
    }
    return shop.client.put(f"lists/{name}/manifest", body)


def saved(shop: Shop) -> str:
    """A list of one chunk."""
    name = new_list(shop)
    put(shop, name, 0)
    assert save(shop, name, [(0, 1)]).status_code == 200
    return name


def stored(shop: Shop, name: str) -> Pairs:
    chunks = shop.client.get(f"lists/{name}/chunks").get_json()["chunks"]
    return [(no, version) for no, version, _size in chunks]


def listed(shop: Shop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.client.get("lists").get_json()["lists"]
    return found


def test_upload_and_read_back(shop: Shop) -> None:
    name = new_list(shop)
    assert [put(shop, name, no, b"part %d" % no) for no in range(3)] == [204] * 3
    assert listed(shop)[0]["state"] == "uploading" and listed(shop)[0]["manifest"] is None
    done = save(shop, name, [(0, 1), (1, 1), (2, 1)], rows=1_201)
    assert done.get_json() == {"id": name, "version": 1}
    (found,) = listed(shop)
    assert (found["state"], found["rows"], found["chunks"]) == ("ready", 1_201, 3)
    assert found["manifest_version"] == 1
    assert {**found["consent"], "at": ""} == {**consent(), "at": ""}
    assert read(shop, name, 1) == b"part 1"


def test_an_upload_goes_on_where_it_stopped(shop: Shop) -> None:
    name = new_list(shop)
    again = shop.client.post("lists", {"id": name, "wrap": box(BoxKind.KEY_LIST)})
    assert (again.status_code, again.get_json()["state"]) == (200, "uploading")
    put(shop, name, 0, b"12345")
    put(shop, name, 2)
    told = shop.client.get(f"lists/{name}/chunks").get_json()
    assert told == {"chunks": [[0, 1, 5], [2, 1, 6]]}
    refused = save(shop, name, [(0, 1), (1, 1), (2, 1)], rows=1_001)
    assert refused.status_code == 422
    assert error_of(refused)["code"] == "chunks_missing" and error_of(refused)["missing"] == [1]
    assert listed(shop)[0]["state"] == "uploading"
    put(shop, name, 1)
    assert save(shop, name, [(0, 1), (1, 1), (2, 1)], rows=1_001).status_code == 200


def test_the_same_chunk_again_changes_nothing(shop: Shop) -> None:
    name = saved(shop)
    assert put(shop, name, 0, b"something else") == 204
    assert read(shop, name, 0) == b"sealed"


def test_what_a_closed_window_left_does_not_stand_in_for_another_edit(shop: Shop) -> None:
    """The manifest of the second edit must find the second edit's rows."""
    name = saved(shop)
    put(shop, name, 1, b"of the window that was closed")
    put(shop, name, 1, b"of the edit that was saved")
    assert save(shop, name, [(0, 1), (1, 1)], version=2, rows=501).status_code == 200
    assert read(shop, name, 1) == b"of the edit that was saved"
    put(shop, name, 1, b"too late")
    assert read(shop, name, 1) == b"of the edit that was saved"


def test_old_versions_go_with_the_manifest_that_drops_them(shop: Shop) -> None:
    name = saved(shop)
    put(shop, name, 0, b"edited", version=2)
    assert stored(shop, name) == [(0, 1), (0, 2)]
    assert read(shop, name, 0) == b"sealed"  # readers of the old manifest still find it
    assert save(shop, name, [(0, 2)], version=2).get_json()["version"] == 2
    assert stored(shop, name) == [(0, 2)]
    assert (read(shop, name, 0), read(shop, name, 0, 2)) == (None, b"edited")
    assert save(shop, name, [], version=3, rows=0).status_code == 200
    assert stored(shop, name) == []


@pytest.mark.parametrize("version", [1, 3])
def test_a_manifest_follows_the_stored_one(shop: Shop, version: int) -> None:
    name = saved(shop)
    refused = save(shop, name, [(0, 1)], version=version)
    assert refused.status_code == 409
    assert (error_of(refused)["code"], error_of(refused)["version"]) == ("conflict", 1)


def test_of_two_edits_at_once_one_is_told(
    shop: Shop, web: flask.Flask, database: ModuleDatabase
) -> None:
    name = saved(shop)
    cookie = shop.client.browser.get_cookie("wtr_s")
    assert cookie is not None
    start, codes = threading.Barrier(3), []

    def window() -> None:
        client = ApiClient(web)
        client.browser.set_cookie("wtr_s", cookie.value)
        mine = Shop(client, web, database, shop.business)
        start.wait(timeout=20)
        codes.append(save(mine, name, [(0, 1)], version=2).status_code)

    threads = [threading.Thread(target=window) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(codes) == [200, 409, 409]
    assert listed(shop)[0]["manifest_version"] == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rows": 501}, "chunks"),
        ({"rows": 500_001}, "rows"),
        ({"rows": -1}, "rows"),
        ({"chunks": [[1, 1]]}, "chunks"),
        ({"chunks": [[0, 1], [0, 1]]}, "chunks"),
        ({"chunks": [[0]]}, "chunks"),
        ({"chunks": [["0", 1]]}, "chunks"),
        ({"chunks": "0,1"}, "chunks"),
        ({"manifest": box(BoxKind.KEY_LIST)}, "manifest"),
        ({"version": 0}, "version"),
        ({"consent": consent(basis="they will not mind")}, "basis"),
        ({"consent": consent(source=None)}, "source"),
        ({"consent": consent(source="x" * 201)}, "source"),
        ({"consent": consent(collected_on="last week")}, "collected_on"),
        ({"consent": consent(statement_version="1999-01-01")}, "statement_version"),
        ({"consent": None}, "consent"),
    ],
)
def test_a_wrong_manifest_is_named(shop: Shop, change: dict[str, Any], field: str) -> None:
    name = new_list(shop)
    put(shop, name, 0)
    refused = save(shop, name, [(0, 1)], **change)
    assert refused.status_code == 400, refused.get_json()
    assert error_of(refused)["field"] == field
    assert listed(shop)[0]["state"] == "uploading"


@pytest.mark.parametrize(
    "path", ["chunks/1000?version=1", "chunks/0?version=0", "chunks/0?version=x"]
)
def test_a_wrong_chunk_is_refused(shop: Shop, path: str) -> None:
    answer = shop.client.put(f"lists/{new_list(shop)}/{path}", b"sealed")
    assert answer.status_code == 400 and error_of(answer)["message"]


def test_a_chunk_has_a_size(shop: Shop) -> None:
    name = new_list(shop)
    assert put(shop, name, 0, bytes(1_000_000)) == 204
    assert put(shop, name, 1, bytes(1_000_001)) == 413
    assert put(shop, name, 1, b"") == 400


def test_nobody_elses_list(shop: Shop, web: flask.Flask, database: ModuleDatabase) -> None:
    other = open_shop(web, database)
    name = saved(other)
    answers = [
        shop.client.get(f"lists/{name}/chunks"),
        shop.client.get(f"lists/{name}/chunks/0?version=1"),
        shop.client.put(f"lists/{name}/chunks/0?version=2", b"foreign"),
        save(shop, name, [(0, 1)], version=2),
        shop.client.delete(f"lists/{name}"),
        shop.client.post("lists", {"id": name, "wrap": box(BoxKind.KEY_LIST)}),
        shop.client.get(f"lists/{uuid.uuid4().hex}/chunks"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert {error_of(answer)["code"] for answer in answers} == {"not_found"}
    assert listed(shop) == [] and stored(other, name) == [(0, 1)]


def test_a_role_without_the_vault_is_kept_out(shop: Shop) -> None:
    name = saved(shop)
    shop.as_billing_clerk()
    assert shop.client.get("lists").status_code == 403
    assert put(shop, name, 0, version=2) == 403


def test_consent_outlives_the_list(shop: Shop, database: ModuleDatabase) -> None:
    name = saved(shop)
    assert shop.client.delete(f"lists/{name}").status_code == 204
    assert shop.client.delete(f"lists/{name}").status_code == 404
    assert listed(shop) == []
    id_ = uuid.UUID(hex=name)
    with as_owner(database) as owner:
        kept = owner.scalars(
            sa.select(Consent).where(Consent.list_id == id_).options(undefer_group("pii"))
        ).one()
        assert (kept.member_id, kept.rows, kept.source) == (
            shop.business.member_id,
            1,
            "Mağaza formu",
        )
        assert kept.address == shop.client.browser.environ_base["REMOTE_ADDR"]
        assert owner.get(ContactList, id_) is None
        assert owner.scalars(sa.select(ListChunk.no).where(ListChunk.list_id == id_)).all() == []
        verbs = owner.scalars(
            sa.select(AuditEvent.verb).where(AuditEvent.subject_id == name).order_by(AuditEvent.seq)
        ).all()
        assert verbs == ["list.saved", "list.deleted"]


def test_the_newest_statement_is_shown(shop: Shop) -> None:
    name = saved(shop)
    save(shop, name, [(0, 1)], version=2, consent=consent(basis="merchant", collected_on=None))
    (found,) = listed(shop)
    assert (found["consent"]["basis"], found["consent"]["collected_on"]) == ("merchant", None)
