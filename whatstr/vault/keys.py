"""Keys of a customer: how each is derived, and the Boxes that keep them.

MK comes from the vault password (Argon2id); AUTH proves the password to the server, KEK
opens the member key UK; UK opens the account's key AK; everything else comes from AK.
The server only ever sees AUTH and RAUTH. Used by the Python client and by tests; the
browser does the same in static/js/vault/keys.mjs.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from nacl import bindings
from nacl.pwhash import argon2id

from whatstr.core.prf import prf, u32
from whatstr.vault.box import BoxKind, VaultFormatError, box, unbox

KDF_FLOOR_T, KDF_FLOOR_M = 3, 65_536
KDF_TOP_T, KDF_TOP_M = 20, 1_048_576
SALT_SIZE = 16
PASSWORD_MIN_LENGTH = 12


class WeakKdf(VaultFormatError):
    """Key-derivation settings outside the allowed range: the server may not ask for less."""

    code = "weak_kdf"


class KeyPair(NamedTuple):
    """A public key and its secret half, as libsodium has them."""

    public: bytes
    secret: bytes


@dataclass(frozen=True, slots=True)
class Kdf:
    """Argon2id v1.3 settings: `t` passes over `m` KiB, one lane."""

    t: int = KDF_FLOOR_T
    m: int = KDF_FLOOR_M

    def __post_init__(self) -> None:
        if not (KDF_FLOOR_T <= self.t <= KDF_TOP_T and KDF_FLOOR_M <= self.m <= KDF_TOP_M):
            raise WeakKdf("kdf")

    def json(self) -> str:
        """The exact text that is stored and bound into wrap_pw: this key order, no blanks."""
        return json.dumps({"alg": "argon2id13", "t": self.t, "m": self.m}, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Kdf:
        """Read stored settings. Raises `WeakKdf` for anything but the exact text of `json`."""
        try:
            data = json.loads(text)
            kdf = cls(t=data["t"], m=data["m"])
        except (ValueError, KeyError, TypeError):
            raise WeakKdf("kdf") from None
        if kdf.json() != text:
            raise WeakKdf("kdf")
        return kdf


def master_key(password: str, salt: bytes, kdf: Kdf) -> bytes:
    """MK: Argon2id over the NFKC form of the password; 32 bytes."""
    plain = unicodedata.normalize("NFKC", password).encode()
    return argon2id.kdf(32, plain, salt, opslimit=kdf.t, memlimit=kdf.m * 1024)


def auth_key(mk: bytes) -> bytes:
    """AUTH: what the server gets instead of the password."""
    return prf(mk, "wtr1/auth")


def password_kek(mk: bytes) -> bytes:
    """KEK: opens UK by password; never leaves the device."""
    return prf(mk, "wtr1/kek")


def recovery_auth(rc: bytes, member: bytes) -> bytes:
    """RAUTH: proves the recovery code to the server."""
    return prf(rc, "wtr1/rec-auth", member)


def recovery_kek(rc: bytes, member: bytes) -> bytes:
    """RKEK: opens UK by recovery code."""
    return prf(rc, "wtr1/rec-kek", member)


def session_key(half: bytes) -> bytes:
    """The key of the Box that carries UK from page to page."""
    return prf(half, "wtr1/session")


def member_pair(uk: bytes) -> KeyPair:
    """X25519 pair of one member."""
    return KeyPair(*bindings.crypto_box_seed_keypair(prf(uk, "wtr1/member-box")))


def vault_key(ak: bytes) -> bytes:
    """VK: wraps list keys and job keys, and boxes the account's records."""
    return prf(ak, "wtr1/vault")


def account_box_pair(ak: bytes) -> KeyPair:
    """X25519 pair of the account: what the sender says is sealed to it."""
    return KeyPair(*bindings.crypto_box_seed_keypair(prf(ak, "wtr1/box")))


def account_sign_pair(ak: bytes) -> KeyPair:
    """Ed25519 pair of the account: signs jobs and sender requests."""
    return KeyPair(*bindings.crypto_sign_seed_keypair(prf(ak, "wtr1/sign")))


def wrap_uk_password(kek: bytes, uk: bytes, *, member: bytes, salt: bytes, kdf: str) -> bytes:
    """wrap_pw: UK under the password, bound to member, salt and kdf text."""
    return box(kek, BoxKind.UK_PW, uk, member, salt, kdf)


def open_uk_password(kek: bytes, wrap: bytes, *, member: bytes, salt: bytes, kdf: str) -> bytes:
    """UK from wrap_pw; `VaultFormatError` for a wrong password, salt or kdf."""
    return _key(unbox(kek, BoxKind.UK_PW, wrap, member, salt, kdf))


def wrap_uk_recovery(rkek: bytes, uk: bytes, *, member: bytes) -> bytes:
    """wrap_rec: UK under the recovery code."""
    return box(rkek, BoxKind.UK_REC, uk, member)


def open_uk_recovery(rkek: bytes, wrap: bytes, *, member: bytes) -> bytes:
    """UK from wrap_rec."""
    return _key(unbox(rkek, BoxKind.UK_REC, wrap, member))


def wrap_uk_session(half: bytes, uk: bytes, *, member: bytes) -> bytes:
    """What a browser tab keeps between pages; worthless without the server's half."""
    return box(session_key(half), BoxKind.UK_SESSION, uk, member)


def open_uk_session(half: bytes, wrap: bytes, *, member: bytes) -> bytes:
    """UK from the tab's blob and the server's half."""
    return _key(unbox(session_key(half), BoxKind.UK_SESSION, wrap, member))


def wrap_ak_member(uk: bytes, ak: bytes, *, account: bytes, member: bytes, version: int) -> bytes:
    """wrap_org: AK for one member."""
    key = prf(uk, "wtr1/org-wrap")
    return box(key, BoxKind.AK_MEMBER, ak, account, member, u32(version))


def open_ak_member(uk: bytes, wrap: bytes, *, account: bytes, member: bytes, version: int) -> bytes:
    """AK from a member's wrap_org."""
    key = prf(uk, "wtr1/org-wrap")
    return _key(unbox(key, BoxKind.AK_MEMBER, wrap, account, member, u32(version)))


def invite_proof(secret: bytes, invite: bytes) -> bytes:
    """What the secret of an invitation link proves to the server, which never sees it."""
    return prf(secret, "wtr1/invite-auth", invite)


def wrap_ak_invite(
    secret: bytes, ak: bytes, *, account: bytes, invite: bytes, version: int
) -> bytes:
    """AK for whoever holds the secret of an invitation link."""
    key = prf(secret, "wtr1/invite")
    return box(key, BoxKind.AK_INVITE, ak, account, invite, u32(version))


def open_ak_invite(
    secret: bytes, wrap: bytes, *, account: bytes, invite: bytes, version: int
) -> bytes:
    """AK from an invitation."""
    key = prf(secret, "wtr1/invite")
    return _key(unbox(key, BoxKind.AK_INVITE, wrap, account, invite, u32(version)))


def wrap_ak_next(
    old_ak: bytes, new_ak: bytes, *, account: bytes, member: bytes, version: int
) -> bytes:
    """The next AK: only somebody who had the old one can have made it. `version` is the new one."""
    key = prf(old_ak, "wtr1/next")
    return box(key, BoxKind.AK_NEXT, new_ak, account, member, u32(version))


def open_ak_next(
    old_ak: bytes, wrap: bytes, *, account: bytes, member: bytes, version: int
) -> bytes:
    """The next AK, if it was made with the old one."""
    key = prf(old_ak, "wtr1/next")
    return _key(unbox(key, BoxKind.AK_NEXT, wrap, account, member, u32(version)))


def wrap_list_key(vk: bytes, lk: bytes, *, account: bytes, list_id: bytes) -> bytes:
    """LK under VK."""
    return box(vk, BoxKind.KEY_LIST, lk, account, list_id)


def open_list_key(vk: bytes, wrap: bytes, *, account: bytes, list_id: bytes) -> bytes:
    """LK of a list."""
    return _key(unbox(vk, BoxKind.KEY_LIST, wrap, account, list_id))


def wrap_job_key(vk: bytes, jk: bytes, *, account: bytes, job: bytes) -> bytes:
    """JK under VK, for the customer's own report."""
    return box(vk, BoxKind.KEY_JOB, jk, account, job)


def open_job_key(vk: bytes, wrap: bytes, *, account: bytes, job: bytes) -> bytes:
    """JK of a job."""
    return _key(unbox(vk, BoxKind.KEY_JOB, wrap, account, job))


def _key(plain: bytes) -> bytes:
    if len(plain) != 32:
        raise VaultFormatError("key")
    return plain
