"""What the Python client knows: its connection, the unlocked vault, the server's settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from whatstr.core import clock
from whatstr.core.errors import NotSignedIn
from whatstr.vault import keys, rows, wire
from whatstr.vault.certificate import Certificate, verify_certificate
from whatstr.vault.http import ApiSession
from whatstr.vault.rows import CHUNK_ROWS

Row = TypeVar("Row")
Progress = Callable[[int, int], None]
"""Called with rows done and rows in all."""


@dataclass(frozen=True, slots=True)
class Unlocked:
    """The open vault of one member."""

    organization: str
    member: str
    key_version: int
    uk: bytes
    ak: bytes

    @property
    def account(self) -> bytes:
        """The organization's id as associated data has it."""
        return bytes.fromhex(self.organization)

    @property
    def member_id(self) -> bytes:
        """The member's id as associated data has it."""
        return bytes.fromhex(self.member)

    @property
    def vk(self) -> bytes:
        """The key of lists, jobs and records."""
        return keys.vault_key(self.ak)


class ClientState:
    """Shared by the parts of `VaultClient`."""

    def __init__(self, api: ApiSession, language: str, ident: Sequence[bytes] = ()) -> None:
        self.api = api
        self.language = language
        self._ident = list(ident)
        self.unlocked: Unlocked | None = None
        self._settings: dict[str, Any] | None = None

    @property
    def vault(self) -> Unlocked:
        """The open vault; raises `NotSignedIn`."""
        if self.unlocked is None:
            raise NotSignedIn()
        return self.unlocked

    def unlock(self, opened: Unlocked | None) -> None:
        """Work with these keys from here on; the server is told their version with each call."""
        self.unlocked = opened
        self.api.key_version = opened.key_version if opened is not None else None

    # -- records

    def put_record(self, kind: str, record: str, version: int, value: object) -> None:
        """Store a RECORD under VK."""
        blob = rows.box_record(
            self.vault.vk,
            value,
            account=self.vault.account,
            owner=wire.id_bytes(record),
            kind=kind,
            version=version,
        )
        body = {"type": kind, "version": version, "data": wire.b64(blob)}
        self.api.put(f"records/{record}", body)

    def records(self, kind: str) -> dict[str, tuple[int, Any]]:
        """Every RECORD of a type: {id: (version, value)}."""
        found = {}
        for stored in self.api.get(f"records?type={kind}")["records"]:
            value = rows.open_record(
                self.vault.vk,
                wire.unb64(stored["data"]),
                account=self.vault.account,
                owner=wire.id_bytes(stored["id"]),
                kind=kind,
                version=stored["version"],
            )
            found[stored["id"]] = (stored["version"], value)
        return found

    def record(self, kind: str, record: str) -> tuple[int, Any] | None:
        """One RECORD as (version, value), or None."""
        return self.records(kind).get(record)

    @property
    def settings(self) -> dict[str, Any]:
        """`GET /api/config`, asked once."""
        if self._settings is None:
            self._settings = dict(self.api.get("config"))
        return self._settings

    @property
    def ident(self) -> list[bytes]:
        """The sender's identity keys: those that were given, else those that the server names."""
        return self._ident or [wire.unb64(key, size=32) for key in self.settings["ident"]]

    def sender_key(self) -> Certificate:
        """The sender's weekly key, checked against IDENT."""
        blob = wire.unb64(self.api.get("sender-cert")["cert"])
        return verify_certificate(blob, self.ident, now=clock.now())


def login_body(
    password: str, salt: bytes, kdf: keys.Kdf, *, uk: bytes, member: bytes
) -> dict[str, str]:
    """What the server gets of a password: settings, salt, proof, the member key under it."""
    mk = keys.master_key(password, salt, kdf)
    wrap = keys.wrap_uk_password(
        keys.password_kek(mk), uk, member=member, salt=salt, kdf=kdf.json()
    )
    return {
        "kdf": kdf.json(),
        "salt": wire.b64(salt),
        "auth": wire.b64(keys.auth_key(mk)),
        "wrap_pw": wire.b64(wrap),
    }


def chunked(people: Sequence[Row]) -> Iterator[tuple[int, Sequence[Row]]]:
    """Chunks of 500 with their numbers."""
    for no in range(-(-len(people) // CHUNK_ROWS)):
        yield no, people[no * CHUNK_ROWS : (no + 1) * CHUNK_ROWS]
