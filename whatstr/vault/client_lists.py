"""Contact lists of the Python client."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whatstr.core import clock
from whatstr.core.errors import NotFound
from whatstr.vault import keys, rows, wire
from whatstr.vault.box import VaultFormatError
from whatstr.vault.client_state import ClientState, Progress, chunked
from whatstr.vault.rows import CHUNK_ROWS, ListRow, Manifest


@dataclass(frozen=True, slots=True)
class Consent:
    """The stated ground on which the people of a list may be written to (Law 6563 art. 6)."""

    basis: str = "explicit_consent"
    source: str = ""
    collected_on: str = ""


class ListsClient:
    """Seal, upload and open contact lists."""

    def __init__(self, state: ClientState) -> None:
        self._state = state

    def save(
        self,
        name: str,
        people: Sequence[ListRow],
        *,
        columns: Sequence[str] = (),
        consent: Consent | None = None,
        progress: Progress | None = None,
    ) -> str:
        """Seal and upload a contact list; gives its id."""
        vault, list_id, lk = self._state.vault, os.urandom(16), os.urandom(32)
        wrap = keys.wrap_list_key(vault.vk, lk, account=vault.account, list_id=list_id)
        self._state.api.post("lists", {"id": list_id.hex(), "wrap": wire.b64(wrap)})
        pairs = []
        for no, some in chunked(people):
            blob = rows.box_list_chunk(
                lk, some, account=vault.account, list_id=list_id, no=no, version=1
            )
            self._state.api.put_bytes(f"lists/{list_id.hex()}/chunks/{no}?version=1", blob)
            pairs.append((no, 1))
            if progress:
                progress(min((no + 1) * CHUNK_ROWS, len(people)), len(people))
        manifest = Manifest(name, tuple(columns), len(people), tuple(pairs))
        boxed = rows.box_record(
            lk,
            rows.manifest_value(manifest),
            account=vault.account,
            owner=list_id,
            kind=rows.LIST_MANIFEST,
            version=1,
        )
        self._state.api.put(
            f"lists/{list_id.hex()}/manifest",
            {
                "manifest": wire.b64(boxed),
                "version": 1,
                "rows": len(people),
                "chunks": [list(pair) for pair in pairs],
                "consent": self._consent(consent or Consent()),
            },
        )
        return list_id.hex()

    def open(self, list_id: str) -> tuple[Manifest, list[ListRow]]:
        """A list and its rows; refused unless the chunks agree with the manifest."""
        vault, owner = self._state.vault, wire.id_bytes(list_id)
        found = {one["id"]: one for one in self._state.api.get("lists")["lists"]}
        if list_id not in found:
            raise NotFound("list")
        stored = found[list_id]
        lk = keys.open_list_key(
            vault.vk,
            wire.unb64(stored["wrap"]),
            account=vault.account,
            list_id=owner,
        )
        value = rows.open_record(
            lk,
            wire.unb64(stored["manifest"]),
            account=vault.account,
            owner=owner,
            kind=rows.LIST_MANIFEST,
            version=stored["manifest_version"],
        )
        manifest, people = rows.read_manifest(value), []
        for no, version in manifest.chunks:
            blob = self._state.api.get_bytes(f"lists/{list_id}/chunks/{no}?version={version}")
            people += rows.open_list_chunk(
                lk, blob, account=vault.account, list_id=owner, no=no, version=version
            )
        if len(people) != manifest.rows:
            raise VaultFormatError("rows")
        return manifest, people

    def _consent(self, consent: Consent) -> dict[str, Any]:
        return {
            "basis": consent.basis,
            "source": consent.source,
            "collected_on": consent.collected_on or clock.now().date().isoformat(),
            "statement_version": self._state.settings["statement_version"],
        }
