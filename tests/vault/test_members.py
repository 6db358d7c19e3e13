"""Members and the account's key over HTTP: who opens what after a join, a removal, a re-key."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.member_models import Invitation
from whatstr.accounts.models import Member
from whatstr.core import clock
from whatstr.portal import access
from whatstr.vault import keys, recovery_code, seals, wire
from whatstr.vault.box import VaultFormatError
from whatstr.vault.client import Profile, VaultClient
from whatstr.vault.client_members import NextKeyRefused
from whatstr.vault.http import ApiError
from whatstr.vault.rekey_models import NextKey

PASSWORD, OTHER = "Çok uzun bir parola 42", "Başka uzun bir parola 77"
PEOPLE = [(f"9053010{n:05d}", f"Kişi {n}", ("Bursa",)) for n in range(501)]


@pytest.fixture
def owner(address: str, database: ModuleDatabase, request: pytest.FixtureRequest) -> VaultClient:
    client = VaultClient(address)
    email = f"{request.node.originalname}@firma.com"
    client.enrol(Profile("Örnek Ltd", "Zeynep", email, "05301112233"), PASSWORD)
    with as_owner(database) as session:
        session.execute(sa.update(Member).values(email_confirmed_at=sa.func.now()))
    return client


@pytest.fixture
def join(address: str, owner: VaultClient) -> Callable[..., VaultClient]:
    """Somebody who takes up an invitation of the owner."""

    def joined(name: str, role: str = "manager") -> VaultClient:
        client = VaultClient(address)
        profile = {"contact_name": name, "email": f"{name}-{owner.organization[:8]}@firma.com"}
        client.members.accept(owner.members.invite(role, name), profile, OTHER)
        return client

    return joined


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ApiError) as error:
        call()
    return error.value.reason


def again(address: str, client: VaultClient, email: str, password: str) -> VaultClient:
    fresh = VaultClient(address)
    fresh.login(email, password)
    return fresh


def test_an_invited_manager_opens_what_the_owner_sealed(
    owner: VaultClient, join: Callable[..., VaultClient], address: str
) -> None:
    name = owner.lists.save("Liste", PEOPLE, columns=["Şehir"])
    mehmet = join("mehmet")
    assert len(mehmet.lists.open(name)[1]) == 501
    listed = owner.members.all()
    assert [(one["role"], one["holds_key"]) for one in listed["members"]] == [
        ("owner", True),
        ("manager", True),
    ]
    assert listed["invitations"] == [] and listed["rekey"]["due"] is False
    _, directory = owner.records("members")[owner.organization]
    assert len(directory) == 2
    fresh = again(address, mehmet, f"mehmet-{owner.organization[:8]}@firma.com", OTHER)
    assert len(fresh.lists.open(name)[1]) == 501


def test_a_link_works_once_for_a_week_and_only_whole(
    owner: VaultClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = owner.members.invite("manager")
    other = VaultClient(address)
    profile = {"contact_name": "Ali", "email": f"ali-{owner.organization[:8]}@firma.com"}
    wrong = link[:-6] + ("AAAAAA" if link[-6:] != "AAAAAA" else "BBBBBB")
    assert refused(lambda: other.members.accept(wrong, profile, OTHER)) == "invitation_invalid"
    other.members.accept(link, profile, OTHER)
    twice = {**profile, "email": "x@firma.com"}
    assert refused(lambda: other.members.accept(link, twice, OTHER)) == "invitation_invalid"

    late = owner.members.invite("manager")
    open_at = clock.now
    with monkeypatch.context() as later:
        from datetime import timedelta

        later.setattr(clock, "now", lambda: open_at() + timedelta(days=7, seconds=1))
        assert refused(lambda: other.members.accept(late, twice, OTHER)) == "invitation_invalid"
    withdrawn = owner.members.invite("manager")
    owner.api.delete(f"invitations/{withdrawn.split('.')[0]}")
    assert refused(lambda: other.members.accept(withdrawn, twice, OTHER)) == "invitation_invalid"


def test_the_server_never_sees_the_links_secret(
    owner: VaultClient, database: ModuleDatabase
) -> None:
    name, _, secret = owner.members.invite("manager", "Mehmet").partition(".")
    with as_owner(database) as session:
        row = session.execute(
            sa.select(Invitation.box, Invitation.proof_hash).where(
                Invitation.id == sa.func.cast(name, sa.Uuid())
            )
        ).one()
    import base64

    raw = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    assert raw not in row.box + row.proof_hash
    vault = owner._state.vault
    invite = wire.id_bytes(name)
    assert vault.ak == keys.open_ak_invite(
        raw, row.box, account=vault.account, invite=invite, version=1
    )
    # What is stored proves nothing: neither the hash nor the box opens the invitation.
    proof = {"id": name, "proof": wire.b64(row.proof_hash)}
    assert refused(lambda: owner.api.post("invitations/open", proof)) == "invitation_invalid"


def test_billing_gets_no_key_and_no_vault(join: Callable[..., VaultClient]) -> None:
    clerk = join("muhasebe", "billing")
    assert clerk._state.vault.ak == b""
    clerk.api.get("billing")
    for path in ("lists", "campaigns", "records?type=draft", "notices", "lines", "members"):
        assert refused(lambda path=path: clerk.api.get(path)) == "not_allowed", path
    body = {"version": 2, "wrap_org": wire.b64(bytes(138))}
    assert refused(lambda: clerk.api.post("key", body)) in {"invalid_input", "conflict"}


def test_only_an_owner_changes_who_belongs(
    owner: VaultClient, join: Callable[..., VaultClient]
) -> None:
    manager = join("mehmet")
    me = owner._state.vault.member
    assert manager.members.all()["members"]
    for call in (
        lambda: manager.members.invite("manager"),
        lambda: manager.api.post(f"members/{me}/remove"),
        lambda: manager.api.put(f"members/{me}/role", {"role": "manager"}),
        lambda: manager.api.post("rekey", {}),
        lambda: manager.api.post("rekey/commit", {}),
    ):
        assert refused(call) == "not_allowed"


def test_the_last_owner_stays(owner: VaultClient, join: Callable[..., VaultClient]) -> None:
    me = owner._state.vault.member
    manager = join("mehmet")
    them = manager._state.vault.member
    demote = {"role": "manager"}
    assert refused(lambda: owner.api.put(f"members/{me}/role", demote)) == "last_owner"
    assert refused(lambda: owner.api.post(f"members/{me}/remove")) == "own_removal"
    owner.api.put(f"members/{them}/role", {"role": "owner"})
    owner.api.put(f"members/{me}/role", demote)
    assert refused(lambda: owner.api.post(f"members/{them}/remove")) == "not_allowed"
    assert refused(lambda: manager.api.put(f"members/{them}/role", demote)) == "last_owner"
    needs = {"role": "billing"}
    assert refused(lambda: manager.api.put(f"members/{me}/role", needs)) == "role_needs_key"


def test_a_removed_member_opens_nothing_any_more(
    owner: VaultClient, join: Callable[..., VaultClient], address: str, database: ModuleDatabase
) -> None:
    name = owner.lists.save("Liste", PEOPLE, columns=["Şehir"])
    owner.put_record("draft", "ab" * 16, 1, {"title": "Taslak"})
    stays, goes = join("kalan"), join("giden")
    knew = goes._state.vault
    waiting = owner.members.invite("manager")

    owner.members.remove(knew.member)

    # The removed: no session, no sign-in, no link, and the old key opens nothing that is stored.
    assert refused(lambda: goes.lists.open(name)) == "not_signed_in"
    email = f"giden-{owner.organization[:8]}@firma.com"
    assert refused(lambda: VaultClient(address).login(email, OTHER)) == "wrong_credentials"
    stored = owner.api.get("lists")["lists"][0]
    with pytest.raises(VaultFormatError):
        keys.open_list_key(
            knew.vk, wire.unb64(stored["wrap"]), account=knew.account, list_id=bytes.fromhex(name)
        )
    with as_owner(database) as session:
        left = session.execute(
            sa.select(Member.wrap_organization, Member.wrap_recovery, Member.auth_hash).where(
                Member.id == sa.func.cast(knew.member, sa.Uuid())
            )
        ).one()
        assert tuple(left) == (None, b"", b"")
        assert not session.scalars(
            sa.select(NextKey.version).where(
                NextKey.member_id == sa.func.cast(knew.member, sa.Uuid())
            )
        ).all()
    refused_link = lambda: VaultClient(address).members.accept(  # noqa: E731
        waiting, {"contact_name": "Geç", "email": "gec@firma.com"}, OTHER
    )
    assert refused(refused_link) == "invitation_invalid"

    # The owner goes on in the same session; who stays takes the new key at the next sign-in.
    assert owner._state.vault.key_version == 2
    assert len(owner.lists.open(name)[1]) == 501
    assert owner.records("draft")["ab" * 16] == (2, {"title": "Taslak"})
    assert refused(lambda: stays.lists.open(name)) == "not_signed_in"
    fresh = again(address, stays, f"kalan-{owner.organization[:8]}@firma.com", OTHER)
    assert fresh._state.vault.ak == owner._state.vault.ak != knew.ak
    assert len(fresh.lists.open(name)[1]) == 501
    with as_owner(database) as session:
        left_over = session.scalars(
            sa.select(NextKey.version).where(
                NextKey.organization_id == sa.func.cast(owner.organization, sa.Uuid())
            )
        )
        assert left_over.all() == []
    _, directory = owner.records("members")[owner.organization]
    assert {one["member"] for one in directory} == {
        owner._state.vault.member,
        stays._state.vault.member,
    }
    assert owner.members.all()["rekey"] == {"due": False, "running": False, "by": None}


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


def test_without_the_staff_ring_the_code_opens_and_the_password_does_not(
    address: str, database: ModuleDatabase
) -> None:
    """What is left when the ring is lost (vault design, 22), and what a thief of the database has:
    the wrap under the code lies open, the one under the password inside the ring."""
    client = VaultClient(address)
    code = client.enrol(Profile("Halka Ltd", "Zeynep", "halka@firma.com", "05301112233"), PASSWORD)
    member = wire.id_bytes(client._state.vault.member)
    query = "SELECT wrap_recovery, wrap_pw, salt, kdf FROM member WHERE id = %s"
    with database.server.superuser(database.name) as raw:
        row = raw.execute(query, [uuid.UUID(bytes=member)]).fetchone()
    assert row is not None
    wrap, sealed, salt, kdf = row
    rkek = keys.recovery_kek(recovery_code.decode(code), member)
    assert keys.open_uk_recovery(rkek, wrap, member=member) == client._state.vault.uk
    kek = keys.password_kek(keys.master_key(PASSWORD, salt, keys.Kdf.parse(kdf)))
    for blob in (sealed.encode(), base64.urlsafe_b64decode(sealed)):
        with pytest.raises(VaultFormatError):
            keys.open_uk_password(kek, blob, member=member, salt=salt, kdf=kdf)
