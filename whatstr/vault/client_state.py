"""What the Python client knows: its connection, the unlocked vault, the server's settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from whatstr.core import clock
from whatstr.core.errors import NotSignedIn
from whatstr.vault import keys, wire
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
    def vk(self) -> bytes:
        """The key of lists, jobs and records."""
        return keys.vault_key(self.ak)


class ClientState:
    """Shared by the parts of `VaultClient`."""

    def __init__(self, api: ApiSession, language: str) -> None:
        self.api = api
        self.language = language
        self.unlocked: Unlocked | None = None
        self._settings: dict[str, Any] | None = None

    @property
    def vault(self) -> Unlocked:
        """The open vault; raises `NotSignedIn`."""
        if self.unlocked is None:
            raise NotSignedIn()
        return self.unlocked

    @property
    def settings(self) -> dict[str, Any]:
        """`GET /api/config`, asked once."""
        if self._settings is None:
            self._settings = dict(self.api.get("config"))
        return self._settings

    @property
    def ident(self) -> list[bytes]:
        """The sender's identity keys."""
        return [wire.unb64(key, size=32) for key in self.settings["ident"]]

    def sender_key(self) -> Certificate:
        """The sender's weekly key, checked against IDENT."""
        blob = wire.unb64(self.api.get("sender-cert")["cert"])
        return verify_certificate(blob, self.ident, now=clock.now())


def chunked(people: Sequence[Row]) -> Iterator[tuple[int, Sequence[Row]]]:
    """Chunks of 500 with their numbers."""
    for no in range(-(-len(people) // CHUNK_ROWS)):
        yield no, people[no * CHUNK_ROWS : (no + 1) * CHUNK_ROWS]
