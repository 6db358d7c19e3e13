"""A customer in Python: the same sealed bytes over the same HTTP calls as the browser.

Used by the demo and by tests; a customer's own systems may use it too. Keys live in this
object only. Ids are 32 hex digits, as in the API.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whatstr.core import clock
from whatstr.core.errors import DomainError
from whatstr.vault import keys, recovery_code, rpc, wire
from whatstr.vault.box import VaultFormatError
from whatstr.vault.client_campaigns import CampaignsClient, iso
from whatstr.vault.client_lists import ListsClient
from whatstr.vault.client_members import MembersClient, old_keys
from whatstr.vault.client_state import ClientState, Unlocked, login_body
from whatstr.vault.http import ApiSession
from whatstr.vault.notices import open_notice

_GAP = 0.2


class SenderRefused(DomainError):
    """The sender answered that it cannot do what was asked; `reason` is its stable code."""

    code = "sender_refused"

    def __init__(self, reason: str, sentence: str = "") -> None:
        super().__init__(reason, sentence=sentence)
        self.reason = reason


class SenderSilent(DomainError):
    """The sender did not answer in time."""

    code = "sender_silent"


@dataclass(frozen=True, slots=True)
class Profile:
    """What an organization says about itself at sign-up (staff tier)."""

    organization_name: str
    contact_name: str
    email: str
    phone: str
    address: str = ""
    website: str = ""
    tax_number: str = ""
    tax_office: str = ""


class VaultClient:
    """One member of one organization. `enrol` or `login` first."""

    def __init__(
        self,
        base_url: str,
        *,
        language: str = "tr",
        timeout: float = 60,
        ident: Sequence[bytes] = (),
    ) -> None:
        """`ident`: the sender's identity keys where the caller knows them; else the server's word
        is taken for them."""
        self.api = ApiSession(base_url, language=language, timeout=timeout)
        self._state = ClientState(self.api, language, ident)
        self.members = MembersClient(self._state, self._answer_to)
        self.lists = ListsClient(self._state)
        self.campaigns = CampaignsClient(self._state)

    # -- account

    def enrol(
        self, profile: Profile, password: str, *, documents: Sequence[Mapping[str, Any]] = ()
    ) -> str:
        """Sign up, with a new vault; gives the recovery code.

        `documents` defaults to the current version of every document the server lists.
        """
        kdf, salt = keys.Kdf(), os.urandom(keys.SALT_SIZE)
        member, account = os.urandom(16), os.urandom(16)
        uk, ak, rc = os.urandom(32), os.urandom(32), recovery_code.new_recovery()
        wrap_org = keys.wrap_ak_member(uk, ak, account=account, member=member, version=1)
        body = {
            "organization": account.hex(),
            "member": member.hex(),
            **login_body(password, salt, kdf, uk=uk, member=member),
            "rauth": wire.b64(keys.recovery_auth(rc, member)),
            "wrap_rec": wire.b64(
                keys.wrap_uk_recovery(keys.recovery_kek(rc, member), uk, member=member)
            ),
            "wrap_org": wire.b64(wrap_org),
            "key_version": 1,
            "member_pk": wire.b64(keys.member_pair(uk).public),
            "profile": {name: getattr(profile, name) for name in Profile.__slots__},
            "documents": list(documents) or self._documents(),
            "language": self._state.language,
        }
        self.api.post("enrol", body)
        self._state.unlock(Unlocked(account.hex(), member.hex(), 1, uk, ak))
        directory = [{"member": member.hex(), "pk": wire.b64(keys.member_pair(uk).public)}]
        self.put_record("members", account.hex(), 1, directory)
        return recovery_code.encode(rc)

    def login(self, email: str, password: str) -> None:
        """Sign in and unlock."""
        asked = self.api.post("prelogin", {"email": email})
        salt, kdf = wire.unb64(asked["salt"], size=keys.SALT_SIZE), asked["kdf"]
        mk = keys.master_key(password, salt, keys.Kdf.parse(kdf))
        auth = wire.b64(keys.auth_key(mk))
        said = self.api.post("login", {"email": email, "auth": auth})
        member, account = wire.id_bytes(said["member"]), wire.id_bytes(said["organization"])
        uk = keys.open_uk_password(
            keys.password_kek(mk), wire.unb64(said["wrap_pw"]), member=member, salt=salt, kdf=kdf
        )
        version, ak = said["key_version"], b""
        if said["wrap_org"] is not None:
            wrap = wire.unb64(said["wrap_org"])
            ak = keys.open_ak_member(uk, wrap, account=account, member=member, version=version)
        self._state.unlock(Unlocked(said["organization"], said["member"], version, uk, ak))
        if ak:
            self.members.take_next_keys(said["next_keys"])

    def logout(self) -> None:
        """End the session and forget the keys."""
        self.api.post("logout")
        self._state.unlock(None)
        self.api.close()

    @property
    def organization(self) -> str:
        """The id of the signed-in organization."""
        return self._state.vault.organization

    # -- records

    def put_record(self, kind: str, record: str, version: int, value: object) -> None:
        """Store a RECORD under VK."""
        self._state.put_record(kind, record, version, value)

    def records(self, kind: str) -> dict[str, tuple[int, Any]]:
        """Every RECORD of a type: {id: (version, value)}."""
        return self._state.records(kind)

    # -- sender

    def ask(self, op: rpc.Op, args: Mapping[str, Any], *, timeout: float = 60) -> Any:
        """A sealed request and its answer. Raises `SenderRefused`, `SenderSilent`."""
        vault, cert, now = self._state.vault, self._state.sender_key(), int(clock.now().timestamp())
        pair = keys.account_sign_pair(vault.ak)
        box_pair = keys.account_box_pair(vault.ak)
        request = rpc.Request(
            os.urandom(16), vault.account, cert.kid, now, now + rpc.REQUEST_LIFE, op, args,
            pair.public, box_pair.public,
        )  # fmt: skip
        seal = rpc.seal_request(request, sign_sk=pair.secret, epoch_pk=cert.pk)
        name = request.rpc.hex()
        self.api.post("requests", {"id": name, "op": str(op), "seal": wire.b64(seal)})
        return self._answer_to(request.rpc, vault.account, box_pair, timeout)

    def _answer_to(
        self, request: bytes, account: bytes, box_pair: keys.KeyPair, timeout: float
    ) -> Any:
        blob = self._answer(request.hex(), timeout)
        self.api.delete(f"requests/{request.hex()}")
        answer = rpc.open_answer(
            blob,
            rpc=request,
            account=account,
            box_sk=box_pair.secret,
            ident_pks=self._state.ident,
        )
        if not answer.ok:
            raise SenderRefused(
                answer.error, answer.tr if self._state.language == "tr" else answer.en
            )
        return answer.result

    def connect_line(
        self, *, waba_id: str, phone_number_id: str, token: str, line: str = "", pin: str = ""
    ) -> dict[str, Any]:
        """Connect a line by token and ids; keeps its templates. Gives the sender's result."""
        line = line or os.urandom(16).hex()
        args = {
            "line": line,
            "method": "token",
            "token": token,
            "waba_id": waba_id,
            "phone_number_id": phone_number_id,
            **({"pin": pin} if pin else {}),
        }
        result: dict[str, Any] = self.ask(rpc.Op.CONNECT, args)
        line = result["line"]  # a number that was connected before keeps the line it had
        if result.get("statement"):
            self.api.post(f"lines/{line}/label", {"statement": result["statement"]})
        version = self.records("templates").get(line, (0, None))[0] + 1
        kept = {"at": iso(clock.now()), "templates": result.get("templates", [])}
        self.put_record("templates", line, version, kept)
        return result

    def notices(self) -> list[dict[str, Any]]:
        """Every notice the sender left for this organization, opened."""
        vault = self._state.vault
        _, earlier = self._state.record("keys", vault.organization) or (0, {})
        tried = [keys.account_box_pair(ak).secret for ak in (vault.ak, *old_keys(earlier))]
        return [
            self._notice(wire.unb64(one["sealed"]), tried)
            for one in self.api.get("notices")["notices"]
        ]

    def _notice(self, sealed: bytes, box_sks: Sequence[bytes]) -> dict[str, Any]:
        """With the present key, or the earlier one that it was sealed to before a re-key."""
        for box_sk in box_sks[:-1]:
            try:
                return self._opened(sealed, box_sk)
            except VaultFormatError:
                continue
        return self._opened(sealed, box_sks[-1])

    def _opened(self, sealed: bytes, box_sk: bytes) -> dict[str, Any]:
        return open_notice(
            sealed,
            account=self._state.vault.account,
            box_sk=box_sk,
            ident_pks=self._state.ident,
        )

    def _documents(self) -> list[dict[str, Any]]:
        return [
            {"document": one["document"], "version": one["version"]}
            for one in self._state.settings["documents"]
        ]

    def _answer(self, name: str, timeout: float) -> bytes:
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            said = self.api.get(f"requests/{name}?wait=10")
            if said["state"] == "answered":
                return wire.unb64(said["answer"])
            if said["state"] == "expired":
                break
            time.sleep(_GAP)  # a busy server answers at once instead of waiting with us
        raise SenderSilent("no answer")
