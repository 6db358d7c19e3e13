"""A business that signs up as its browser would: keys from the vault's own formats."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.apps import ApiClient, b64
from whatstr.accounts.documents import DOCUMENTS, SIGN_UP
from whatstr.vault import keys, recovery_code
from whatstr.vault.wire import unb64

PASSWORD = "uzun bir kasa parolası 42"
_MASTER_KEYS: dict[tuple[str, bytes], bytes] = {}


def master_key(password: str, salt: bytes) -> bytes:
    """Argon2id costs a tenth of a second each time, so the tests remember."""
    known = _MASTER_KEYS.get((password, salt))
    if known is None:
        known = _MASTER_KEYS[password, salt] = keys.master_key(password, salt, keys.Kdf())
    return known


def login_part(password: str, *, member: bytes, uk: bytes, salt: bytes | None = None) -> Any:
    """kdf, salt, auth and wrap_pw of a password."""
    salt, kdf = salt or os.urandom(16), keys.Kdf().json()
    mk = master_key(password, salt)
    wrap = keys.wrap_uk_password(keys.password_kek(mk), uk, member=member, salt=salt, kdf=kdf)
    auth = keys.auth_key(mk)
    return {"kdf": kdf, "salt": b64(salt), "auth": b64(auth), "wrap_pw": b64(wrap)}


def recovery_part(rc: bytes, *, member: bytes, uk: bytes, proof: str = "rauth") -> dict[str, str]:
    """The proof and the wrap of a recovery code."""
    wrap = keys.wrap_uk_recovery(keys.recovery_kek(rc, member), uk, member=member)
    return {proof: b64(keys.recovery_auth(rc, member)), "wrap_rec": b64(wrap)}


@dataclass
class Business:
    """Everything only its browser knows."""

    email: str
    password: str = PASSWORD
    organization: bytes = field(default_factory=lambda: os.urandom(16))
    member: bytes = field(default_factory=lambda: os.urandom(16))
    uk: bytes = field(default_factory=lambda: os.urandom(32))
    ak: bytes = field(default_factory=lambda: os.urandom(32))
    rc: bytes = field(default_factory=recovery_code.new_recovery)
    salt: bytes = bytes(range(16))

    @property
    def organization_id(self) -> uuid.UUID:
        return uuid.UUID(bytes=self.organization)

    @property
    def member_id(self) -> uuid.UUID:
        return uuid.UUID(bytes=self.member)

    def auth(self, password: str | None = None) -> str:
        return b64(keys.auth_key(master_key(password or self.password, self.salt)))

    def enrolment(self, **profile: Any) -> dict[str, Any]:
        wrap_org = keys.wrap_ak_member(
            self.uk, self.ak, account=self.organization, member=self.member, version=1
        )
        return {
            "organization": self.organization.hex(),
            "member": self.member.hex(),
            **login_part(self.password, member=self.member, uk=self.uk, salt=self.salt),
            **recovery_part(self.rc, member=self.member, uk=self.uk),
            "wrap_org": b64(wrap_org),
            "key_version": 1,
            "member_pk": b64(keys.member_pair(self.uk).public),
            "profile": {
                "organization_name": "Gülçiçek Butik Ltd. Şti.",
                "contact_name": "Ayşe Yılmazoğlu",
                "email": self.email,
                "phone": "0532 987 65 43",
                "address": "Bağdat Cad. 123, Kadıköy, İstanbul",
                "website": "www.gulcicek-butik.com.tr",
                "tax_number": "1234567890",
                "tax_office": "Göztepe",
                **profile,
            },
            "documents": [
                {"document": str(name), "version": DOCUMENTS[name].version} for name in SIGN_UP
            ],
            "language": "tr",
        }

    def open_vault(self, said: dict[str, Any], password: str | None = None) -> bytes:
        """UK from what `login` answered, as the browser opens it."""
        salt = unb64(said["salt"])
        mk = master_key(password or self.password, salt)
        return keys.open_uk_password(
            keys.password_kek(mk),
            unb64(said["wrap_pw"]),
            member=self.member,
            salt=salt,
            kdf=said["kdf"],
        )


def sign_up(client: ApiClient, email: str, **profile: Any) -> Business:
    """A business whose browser is now signed in through `client`."""
    business = Business(email)
    response = client.post("enrol", business.enrolment(**profile))
    assert response.status_code == 201, response.get_json()
    return business
