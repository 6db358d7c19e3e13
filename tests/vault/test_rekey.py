"""The account's key changes: who opens what then, what goes on, what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from tests.apps import as_owner
from tests.services import ModuleDatabase
from tests.vault.member_calls import OTHER, PASSWORD, PEOPLE, again, refused
from whatstr.portal import access
from whatstr.vault import keys, seals
from whatstr.vault.client import VaultClient
from whatstr.vault.client_members import NextKeyRefused
from whatstr.vault.http import ApiError
from whatstr.vault.rekey_models import NextKey


def test_two_rekeys_are_taken_over_one_after_the_other(
    owner: VaultClient, join: Callable[..., VaultClient], address: str
) -> None:
    join("mehmet")
    owner.members.rekey()
    owner.members.rekey()
    name = owner.lists.save("Liste", PEOPLE[:3])
    fresh = again(address, owner, f"mehmet-{owner.organization[:8]}@firma.com", OTHER)
    assert fresh._state.vault.key_version == 3
    assert len(fresh.lists.open(name)[1]) == 3


def test_a_next_key_that_the_old_one_did_not_make_is_refused(
    owner: VaultClient, join: Callable[..., VaultClient], address: str, database: ModuleDatabase
) -> None:
    mehmet = join("mehmet")
    owner.members.rekey()
    vault = mehmet._state.vault
    forged = keys.wrap_ak_next(
        bytes(32), bytes(range(32)), account=vault.account, member=vault.member_id, version=2
    )
    seal = seals.seal_to_member(keys.member_pair(vault.uk).public, forged)
    with as_owner(database) as session:
        session.execute(
            sa.update(NextKey)
            .where(NextKey.member_id == sa.func.cast(vault.member, sa.Uuid()))
            .values(seal=seal)
        )
    with pytest.raises(NextKeyRefused):
        again(address, mehmet, f"mehmet-{owner.organization[:8]}@firma.com", OTHER)


def test_a_rekey_goes_on_where_it_stopped(
    owner: VaultClient,
    address: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = owner.lists.save("Liste", PEOPLE)
    email = f"{request.node.originalname}@firma.com"

    def closed(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(owner.members), "_stage", closed)
    with pytest.raises(KeyboardInterrupt):
        owner.members.rekey()
    monkeypatch.undo()

    # Nothing in use has changed; the other window works on, and writes while the key is prepared.
    fresh = again(address, owner, email, PASSWORD)
    assert fresh._state.vault.key_version == 1
    assert len(fresh.lists.open(name)[1]) == 501
    assert fresh.members.all()["rekey"]["running"]
    fresh.members.rekey()
    assert fresh._state.vault.key_version == 2
    assert len(fresh.lists.open(name)[1]) == 501


def test_who_goes_while_the_key_changes_makes_another_change_due(
    owner: VaultClient, join: Callable[..., VaultClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key under way was made while they were here: it does not count as one without them."""
    goes = join("giden")

    def closed(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(owner.members), "_stage", closed)
    with pytest.raises(KeyboardInterrupt):
        owner.members.rekey()
    monkeypatch.undo()
    owner.api.post(f"members/{goes._state.vault.member}/remove")
    owner.members.rekey()
    assert owner.members.all()["rekey"]["due"] is True
    owner.members.rekey()
    assert owner.members.all()["rekey"]["due"] is False


def test_a_link_from_before_the_change_opens_nothing(owner: VaultClient, address: str) -> None:
    link = owner.members.invite("manager")
    owner.members.rekey()
    profile = {"contact_name": "Geç", "email": f"gec-{owner.organization[:8]}@firma.com"}
    late = VaultClient(address)
    assert refused(lambda: late.members.accept(link, profile, OTHER)) == "invitation_invalid"


def test_what_is_written_meanwhile_is_not_lost(
    owner: VaultClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.put_record("draft", "cd" * 16, 1, {"title": "Önce"})
    staged = type(owner.members)._stage

    def interrupted(self: object, old: object, fresh: object, *rest: object) -> None:
        staged(self, old, fresh, *rest)  # type: ignore[arg-type]
        owner.put_record("draft", "cd" * 16, 2, {"title": "Sonra"})

    monkeypatch.setattr(type(owner.members), "_stage", interrupted)
    with pytest.raises(ApiError) as error:
        owner.members.rekey()
    assert error.value.reason == "rekey_incomplete"
    assert error.value.told["missing"] == [{"kind": "draft", "id": "cd" * 16, "version": 2}]
    monkeypatch.undo()
    owner.members.rekey()
    assert owner.records("draft")["cd" * 16] == (3, {"title": "Sonra"})


def test_an_old_key_does_not_even_read(owner: VaultClient) -> None:
    """The door's own check: nothing that is read would open."""
    old = owner._state.vault
    owner.members.rekey()
    owner._state.unlock(old)
    for path in ("lists", "campaigns", "records?type=draft"):
        assert refused(lambda path=path: owner.api.get(path)) == "key_changed"  # type: ignore[misc]


def test_an_old_key_writes_nothing(owner: VaultClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key changed after the door had let the call in: the write itself looks once more."""
    old = owner._state.vault
    owner.members.rekey()
    owner._state.unlock(old)
    monkeypatch.setattr(access, "_key_is_current", lambda *_: None)
    assert refused(lambda: owner.lists.save("Liste", PEOPLE[:1])) == "key_changed"
    assert refused(lambda: owner.put_record("draft", "ef" * 16, 1, {})) == "key_changed"
    owner.api.key_version = None
    assert refused(lambda: owner.put_record("draft", "ef" * 16, 1, {})) == "invalid_input"


def test_who_is_not_in_the_vaults_own_directory_gets_no_key(
    owner: VaultClient, join: Callable[..., VaultClient], address: str
) -> None:
    """A member that only the server knows of may be one that it made up."""
    join("sahte")
    version, people = owner.records("members")[owner.organization]
    mine = [one for one in people if one["member"] == owner._state.vault.member]
    owner.put_record("members", owner.organization, version + 1, mine)
    owner.members.rekey()
    fresh = VaultClient(address)
    fresh.login(f"sahte-{owner.organization[:8]}@firma.com", OTHER)
    assert fresh._state.vault.ak == b""
