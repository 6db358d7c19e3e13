"""Members over HTTP: who opens what after a join and after a removal."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from tests.apps import as_owner
from tests.services import ModuleDatabase
from tests.vault.member_calls import OTHER, PASSWORD, PEOPLE, again, refused
from whatstr.accounts.member_models import Invitation
from whatstr.accounts.models import Member
from whatstr.core import clock
from whatstr.vault import keys, recovery_code, wire
from whatstr.vault.box import VaultFormatError
from whatstr.vault.client import Profile, VaultClient
from whatstr.vault.rekey_models import NextKey


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
