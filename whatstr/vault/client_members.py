"""Members and the account's key in the Python client: invite, join, change the key."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from whatstr.core import clock
from whatstr.core.errors import DomainError
from whatstr.vault import keys, recovery_code, rows, rpc, seals, wire
from whatstr.vault.box import VaultFormatError
from whatstr.vault.client_state import ClientState, Unlocked, login_body

_BATCH = 200


class NextKeyRefused(DomainError):
    """The account's next key was not made by somebody who had the present one: not taken."""

    code = "next_key_refused"


class MembersClient:
    """Who belongs to the account, and which key it has."""

    def __init__(
        self, state: ClientState, answer: Callable[[bytes, bytes, keys.KeyPair, float], Any]
    ) -> None:
        self._state = state
        self._answer = answer

    def invite(self, role: str, label: str = "") -> str:
        """An invitation; gives `<id>.<secret>`, the fragment of the link to hand on."""
        vault, invitation, secret = self._state.vault, os.urandom(16), os.urandom(32)
        body: dict[str, Any] = {
            "id": invitation.hex(),
            "role": role,
            "label": label,
            "proof": wire.b64(keys.invite_proof(secret, invitation)),
            "key_version": vault.key_version,
        }
        if role != "billing":
            box = keys.wrap_ak_invite(
                secret,
                vault.ak,
                account=vault.account,
                invite=invitation,
                version=vault.key_version,
            )
            body["box"] = wire.b64(box)
        self._state.api.post("invitations", body)
        return f"{invitation.hex()}.{base64.urlsafe_b64encode(secret).decode().rstrip('=')}"

    def accept(self, link: str, profile: Mapping[str, str], password: str) -> str:
        """Join with the fragment of a link; gives the recovery code. Signed in afterwards."""
        name, _, text = link.partition(".")
        invitation = wire.id_bytes(name)
        secret = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        proof = {"id": name, "proof": wire.b64(keys.invite_proof(secret, invitation))}
        said = self._state.api.post("invitations/open", proof)
        account, version = wire.id_bytes(said["organization"]), said["key_version"]
        member, uk, rc = os.urandom(16), os.urandom(32), recovery_code.new_recovery()
        pk = keys.member_pair(uk).public
        body: dict[str, Any] = {
            **proof,
            "member": member.hex(),
            **login_body(password, os.urandom(keys.SALT_SIZE), keys.Kdf(), uk=uk, member=member),
            "rauth": wire.b64(keys.recovery_auth(rc, member)),
            "wrap_rec": wire.b64(
                keys.wrap_uk_recovery(keys.recovery_kek(rc, member), uk, member=member)
            ),
            "member_pk": wire.b64(pk),
            "profile": dict(profile),
            "language": self._state.language,
        }
        ak = b""
        if said["box"] is not None:
            ak = keys.open_ak_invite(
                secret,
                wire.unb64(said["box"]),
                account=account,
                invite=invitation,
                version=version,
            )
            wrap = keys.wrap_ak_member(uk, ak, account=account, member=member, version=version)
            body["wrap_org"] = wire.b64(wrap)
        self._state.api.post("invitations/accept", body)
        self._state.unlock(Unlocked(said["organization"], member.hex(), version, uk, ak))
        if ak:
            self.enter_directory()
        return recovery_code.encode(rc)

    def enter_directory(self) -> None:
        """Put the own public key into the account's directory, unless it stands there."""
        vault = self._state.vault
        version, people = self._state.record("members", vault.organization) or (0, [])
        own = {"member": vault.member, "pk": wire.b64(keys.member_pair(vault.uk).public)}
        if own not in people:
            others = [one for one in people if one["member"] != vault.member]
            self._state.put_record("members", vault.organization, version + 1, [*others, own])

    def all(self) -> dict[str, Any]:
        """Members, open invitations and whether the key is due for a change."""
        found: dict[str, Any] = self._state.api.get("members")
        return found

    def remove(self, member: str) -> None:
        """Take a member's access away, then change the key that they knew."""
        if self._state.api.post(f"members/{member}/remove")["rekey_due"]:
            self.rekey()

    # -- the account's key

    def rekey(self) -> None:
        """Give the account a new key, or finish a change that was begun (vault design, 17)."""
        api, vault = self._state.api, self._state.vault
        found = api.get("rekey")
        directory = self._remaining()
        if found["rekey"] is None:
            self._begin(found["key_version"] + 1, directory)
            found = api.get("rekey")
        version = found["rekey"]["version"]
        seal = wire.unb64(found["rekey"]["seal"])
        fresh = replace(vault, key_version=version, ak=self._next(vault, version, seal))
        self._stage(vault, fresh, directory, found["missing"])
        if any(line["state"] != "disconnected" for line in api.get("lines")["lines"]):
            self._repin(vault, fresh)
        wrap = keys.wrap_ak_member(
            vault.uk, fresh.ak, account=vault.account, member=fresh.member_id, version=version
        )
        api.post("rekey/commit", {"version": version, "wrap_org": wire.b64(wrap)})
        self._state.unlock(fresh)

    def take_next_keys(self, next_keys: Collection[Mapping[str, Any]]) -> None:
        """Open what others left of newer keys, one by one, and put an own wrap in their place.
        Raises NextKeyRefused for one that the key before did not make."""
        vault = self._state.vault
        for one in sorted(next_keys, key=lambda row: int(row["version"])):
            ak = self._next(vault, one["version"], wire.unb64(one["seal"]))
            vault = replace(vault, key_version=one["version"], ak=ak)
        if vault is self._state.vault:
            return
        wrap = keys.wrap_ak_member(
            vault.uk,
            vault.ak,
            account=vault.account,
            member=vault.member_id,
            version=vault.key_version,
        )
        body = {"version": vault.key_version, "wrap_org": wire.b64(wrap)}
        self._state.api.post("key", body)
        self._state.unlock(vault)

    def _remaining(self) -> list[dict[str, str]]:
        """Those of the vault's own directory whom the server still calls members. Names in the
        server's list alone get no key: it could add one of its own."""
        active = {one["id"] for one in self.all()["members"] if one["holds_key"]}
        _, people = self._state.record("members", self._state.vault.organization) or (0, [])
        return [one for one in people if one["member"] in active]

    def _begin(self, version: int, directory: list[dict[str, str]]) -> None:
        vault, ak = self._state.vault, os.urandom(32)
        sealed = []
        for one in directory:
            box = keys.wrap_ak_next(
                vault.ak,
                ak,
                account=vault.account,
                member=wire.id_bytes(one["member"]),
                version=version,
            )
            pk = wire.unb64(one["pk"], size=32)
            sealed.append(
                {"member": one["member"], "seal": wire.b64(seals.seal_to_member(pk, box))}
            )
        self._state.api.post("rekey", {"version": version, "seals": sealed})

    @staticmethod
    def _next(vault: Unlocked, version: int, seal: bytes) -> bytes:
        try:
            box = seals.open_member_seal(keys.member_pair(vault.uk).secret, seal)
            return keys.open_ak_next(
                vault.ak, box, account=vault.account, member=vault.member_id, version=version
            )
        except VaultFormatError:
            raise NextKeyRefused() from None

    def _stage(
        self,
        old: Unlocked,
        fresh: Unlocked,
        directory: list[dict[str, str]],
        missing: list[dict[str, Any]],
    ) -> None:
        while missing:
            wanted = {(one["kind"], one["id"]) for one in missing}
            items = self._wraps(old, fresh, wanted) + self._records(old, fresh, directory, wanted)
            for at in range(0, len(items), _BATCH):
                body = {"version": fresh.key_version, "items": items[at : at + _BATCH]}
                self._state.api.put("rekey/items", body)
            missing = self._state.api.get("rekey")["missing"]

    def _wraps(
        self, old: Unlocked, fresh: Unlocked, wanted: Collection[tuple[str, str]]
    ) -> list[dict[str, Any]]:
        account, items = old.account, []
        for one in self._state.api.get("lists")["lists"]:
            if ("list", one["id"]) in wanted:
                name = wire.id_bytes(one["id"])
                lk = keys.open_list_key(
                    old.vk, wire.unb64(one["wrap"]), account=account, list_id=name
                )
                wrap = keys.wrap_list_key(fresh.vk, lk, account=account, list_id=name)
                items.append(_item("list", one["id"], 0, wrap))
        for one in self._state.api.get("campaigns")["campaigns"]:
            if ("job", one["id"]) in wanted:
                job = wire.id_bytes(one["id"])
                jk = keys.open_job_key(old.vk, wire.unb64(one["jk_wrap"]), account=account, job=job)
                wrap = keys.wrap_job_key(fresh.vk, jk, account=account, job=job)
                items.append(_item("job", one["id"], 0, wrap))
        return items

    def _records(
        self,
        old: Unlocked,
        fresh: Unlocked,
        directory: list[dict[str, str]],
        wanted: Collection[tuple[str, str]],
    ) -> list[dict[str, Any]]:
        items = []
        for kind in sorted({kind for kind, _ in wanted} - {"list", "job"}):
            found = self._state.records(kind)
            if kind == "keys" and not found:
                found = {old.organization: (0, {})}
            for name, (version, value) in found.items():
                if kind == "members":
                    value = directory
                elif kind == "keys":
                    value = {**value, str(old.key_version): wire.b64(old.ak)}
                blob = rows.box_record(
                    fresh.vk,
                    value,
                    account=old.account,
                    owner=wire.id_bytes(name),
                    kind=kind,
                    version=version + 1,
                )
                items.append(_item(kind, name, version, blob))
        return items

    def _repin(self, old: Unlocked, fresh: Unlocked) -> None:
        cert, now, name = self._state.sender_key(), int(clock.now().timestamp()), os.urandom(16)
        sign_pair, box_pair = keys.account_sign_pair(fresh.ak), keys.account_box_pair(fresh.ak)
        args = rpc.repin_args(
            rpc=name,
            account=old.account,
            sign_pk=sign_pair.public,
            box_pk=box_pair.public,
            new_sign_sk=sign_pair.secret,
        )
        request = rpc.Request(
            name, old.account, cert.kid, now, now + rpc.REQUEST_LIFE, rpc.Op.REPIN, args
        )
        sign_sk = keys.account_sign_pair(old.ak).secret
        seal = rpc.seal_request(request, sign_sk=sign_sk, epoch_pk=cert.pk)
        body = {"version": fresh.key_version, "id": name.hex(), "seal": wire.b64(seal)}
        self._state.api.post("rekey/pin", body)
        self._answer(name, old.account, box_pair, 60)


def _item(kind: str, name: str, version: int, data: bytes) -> dict[str, Any]:
    return {"kind": kind, "id": name, "version": version, "data": wire.b64(data)}


def old_keys(value: Mapping[str, str]) -> list[bytes]:
    """The account's earlier keys in the record `keys`, newest first."""
    return [wire.unb64(value[one], size=32) for one in sorted(value, key=int, reverse=True)]
