"""Editing, damage, the archive, an empty vault and the end of an account, in a real browser against
the real web role (vault design, 7, 12, 22)."""

from __future__ import annotations

import base64
import io
import json
import uuid
import zipfile
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.apps import as_owner
from tests.services import ModuleDatabase
from tests.vault.panels import PASSWORD, RealPanel
from tests.vault.test_members_browser import save_list, total
from whatstr.accounts.links import Purpose, hash_token
from whatstr.accounts.member_models import VaultReset
from whatstr.accounts.models import EmailToken, Member
from whatstr.audiences.models import ContactList, ListChunk
from whatstr.core import clock

pytestmark = pytest.mark.browser
BYTES = """async ([name, args]) => {
  const {blob, ...rest} = await vault.call(name, args);
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return {...rest, data: btoa(text)};
}"""


def archive(panel: RealPanel) -> tuple[dict[str, Any], dict[str, bytes]]:
    said = panel.page.evaluate(BYTES, ["export.all", {"lang": "en"}])
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(said.pop("data")))) as packed:
        assert packed.testzip() is None
        return said, {name: packed.read(name) for name in packed.namelist()}


def versions(database: ModuleDatabase, list_id: str) -> dict[int, int]:
    with as_owner(database) as owner:
        rows = owner.execute(
            sa.select(ListChunk.no, ListChunk.version).where(
                ListChunk.list_id == sa.func.cast(list_id, sa.Uuid())
            )
        )
        return dict(rows.tuples().all())


def test_an_edit_seals_the_touched_chunks_only(panel: RealPanel, database: ModuleDatabase) -> None:
    panel.sign_up()
    name = save_list(panel, 1_203)
    before = versions(database, name)
    opened = panel.call("lists.open", id=name)
    new = {"phone": "0532 999 88 77", "name": "Yeni Kişi", "fields": ["Ankara"]}
    changed = {"row": 600, "phone": "+90 530 777 66 55", "name": "Başka Ad", "fields": ["Rize"]}
    edit = {"added": [new], "changed": [changed], "removed": [601]}
    told = panel.call("lists.edit", id=name, version=opened["version"], **edit)
    assert told["rows"] == 1_203
    after = versions(database, name)
    assert set(after) == {0, 1, 2} and after[0] == before[0]
    assert after[1] != before[1] and after[2] != before[2]
    panel.open()
    rows = panel.call("lists.rows", id=name, **{"from": 599, "count": 3})["rows"]
    assert [row["name"] for row in rows] == ["Kişi 599", "Başka Ad", "Kişi 602"]
    assert rows[1]["phone"] == "905307776655" and rows[1]["fields"] == ["Rize"]
    last = panel.call("lists.rows", id=name, **{"from": 1_202, "count": 5})["rows"]
    assert [row["phone"] for row in last] == ["905329998877"]
    # Appending after a removal fills the last chunk, not the hole.
    panel.contacts(300, first=5_000, list=name)
    consent = {"basis": "explicit_consent", "source": "kasa", "collected_on": "2026-11-01",
               "statement_version": panel.call("config")["statement_version"]}  # fmt: skip
    assert panel.call("lists.append", id=name, consent=consent)["rows"] == 1_503
    assert total(panel, name) == 1_503

    stale = {"id": name, "version": opened["version"], "removed": [0]}
    assert panel.refused("lists.edit", **stale) == "conflict"
    twice = {"id": name, "added": [{"phone": "05329998877"}]}
    assert panel.refused("lists.edit", **twice) == "number_twice"
    assert panel.refused("lists.edit", id=name, added=[{"phone": "12"}]) == "invalid_number"
    assert total(panel, name) == 1_503


def test_the_archive_names_a_list_in_an_older_version(
    panel: RealPanel, database: ModuleDatabase
) -> None:
    panel.sign_up()
    name = save_list(panel, 5)
    here = ContactList.id == sa.func.cast(name, sa.Uuid())
    columns = ContactList.manifest, ContactList.manifest_version
    with as_owner(database) as owner:
        manifest, version = owner.execute(sa.select(*columns).where(here)).one()
    panel.call("lists.rename", id=name, name="Yaz")
    with as_owner(database) as owner:
        old = sa.update(ContactList).where(here).values(manifest=manifest, manifest_version=version)
        owner.execute(old)
    said, files = archive(panel)
    assert said["summary"]["problems"] == [{"kind": "list", "id": name, "code": "list_older"}]
    assert len(files["lists/Bahar.csv"].decode().splitlines()) == 6


def test_the_archive_holds_everything_and_names_what_is_damaged(
    panel: RealPanel, database: ModuleDatabase
) -> None:
    panel.sign_up()
    name = save_list(panel, 1_203)
    panel.call("drafts.save", value={"title": "Taslak"})
    said, files = archive(panel)
    assert said["summary"]["complete"] and said["filename"].endswith(".zip")
    assert said["summary"]["lists"][0]["rows_written"] == 1_203
    table = files["lists/Bahar.csv"].decode("utf-8-sig").splitlines()
    assert len(table) == 1_204 and "Kişi 77" in table[78]
    assert json.loads(files["drafts.json"])[0]["value"] == {"title": "Taslak"}
    assert json.loads(files["profile.json"])["profile"]["organization_name"] == "Örnek Ltd"
    assert set(files) >= {"replies-and-news.json", "opt-outs.csv", "summary.json"}

    with as_owner(database) as owner:
        blob = sa.func.set_byte(ListChunk.data, 200, 7)
        here = ListChunk.list_id == sa.func.cast(name, sa.Uuid())
        owner.execute(sa.update(ListChunk).where(here, ListChunk.no == 1).values(data=blob))
    panel.open()
    # Shown with its number, refused for everything that would write or send; the rest goes on.
    assert panel.refused("lists.rows", id=name, **{"from": 0, "count": 1}) == "list_damaged"
    assert panel.told["data"] == {"id": name, "no": 1}
    assert panel.refused("lists.edit", id=name, removed=[0]) == "list_damaged"
    assert panel.refused("lists.rename", id=name, name="x") == "list_damaged"
    said, files = archive(panel)
    (problem,) = said["summary"]["problems"]
    assert problem == {"kind": "list", "id": name, "name": "Bahar", "code": "list_damaged", "no": 1}
    assert not said["summary"]["complete"]
    assert said["summary"]["lists"][0] == {
        "id": name, "name": "Bahar", "rows_expected": 1_203, "rows_written": 703,
        "file": "lists/Bahar.csv",
    }  # fmt: skip
    assert len(files["lists/Bahar.csv"].decode().splitlines()) == 704
    assert json.loads(files["summary.json"])["problems"] == [problem]

    # A chunk that is gone altogether: incomplete against its manifest, and said so.
    with as_owner(database) as owner:
        owner.execute(sa.delete(ListChunk).where(here, ListChunk.no == 1))
    panel.open()
    mapping = {"body": [], "header": [], "buttons": []}
    plan = {"list": name, "template": {"components": []}, "mapping": mapping}
    assert panel.refused("campaigns.plan", **plan) == "list_incomplete"
    said, _ = archive(panel)
    assert [one["code"] for one in said["summary"]["problems"]] == ["list_incomplete"]


def test_an_empty_vault_is_set_up_by_link(panel: RealPanel, database: ModuleDatabase) -> None:
    signed_up = panel.sign_up()
    save_list(panel, 5)
    member = panel.call("session")["member"]
    with as_owner(database) as owner:
        now = clock.now()
        ids = {"organization_id": uuid.UUID(signed_up), "member_id": uuid.UUID(member)}
        owner.add(VaultReset(**ids, requested_at=now, due_at=now))
        owner.add(
            EmailToken(
                token_hash=hash_token(f"{member}.geldi"),
                member_id=ids["member_id"],
                purpose=str(Purpose.RESET_FINISH),
                created_at=now,
                expires_at=now + timedelta(days=1),
            )
        )
    panel.call("logout")
    panel.call("reset.open", token=f"{member}.geldi")
    code = panel.call("reset.prepare", password="yepyeni bir parola 9")
    assert panel.refused("reset.finish") == "code_unconfirmed"
    panel.call("code.confirm", answers=[code["groups"][i] for i in code["ask"]])
    assert panel.call("reset.finish")["key_version"] == 2
    assert panel.call("lists.all") == []
    mine = save_list(panel, 7)
    panel.call("logout")
    assert panel.refused("login", email=panel.email, password=PASSWORD) == "wrong_credentials"
    panel.call("login", email=panel.email, password="yepyeni bir parola 9")
    assert total(panel, mine) == 7
    assert panel.refused("reset.open", token=f"{member}.geldi") == "link_invalid"


def test_an_account_ends_with_the_password_alone(
    panel: RealPanel, database: ModuleDatabase
) -> None:
    organization = panel.sign_up()
    save_list(panel, 5)
    assert panel.refused("account.delete", password="yanlış parola 12") == "wrong_password"
    panel.call("account.delete", password=PASSWORD)
    assert panel.page.evaluate("[locked, sessionStorage.length]") == [["deleted"], 0]
    assert panel.refused("login", email=panel.email, password=PASSWORD) == "wrong_credentials"
    with as_owner(database) as owner:
        mine = Member.organization_id == uuid.UUID(organization)
        assert owner.scalars(sa.select(Member.state).where(mine)).all() == ["removed"]


@pytest.mark.parametrize("lacks", ["WebAssembly", "Worker", "crypto"])
def test_a_browser_that_cannot_encrypt_is_told_so(panel: RealPanel, lacks: str) -> None:
    page = panel.page.context.new_page()
    gone = (
        "Object.defineProperty(Crypto.prototype, 'getRandomValues', {value: undefined})"
        if lacks == "crypto"
        else f"delete globalThis.{lacks}"
    )
    page.add_init_script(gone)
    page.goto(panel.address.removesuffix("/bos") + "/giris?lang=tr")
    page.get_by_text("Tarayıcınız şifreleme için gerekenleri desteklemiyor").wait_for()
    assert not page.locator("input[type=password]").count()
    page.close()
