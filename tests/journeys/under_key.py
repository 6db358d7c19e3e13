"""What of a business's stored things one key opens: all of them, or none."""

from __future__ import annotations

from collections.abc import Callable

from whatstr.vault import keys, rows, wire
from whatstr.vault.box import VaultFormatError
from whatstr.vault.client import VaultClient
from whatstr.vault.policies import RecordType


def opened_with(holder: VaultClient, reader: VaultClient) -> set[tuple[str, str]]:
    """(kind, id) of lists, campaigns and records that `reader` may fetch and whose boxes open with
    the key that `holder` has, or had."""
    vault, api = holder._state.vault, reader.api
    at = vault.account
    tried: dict[tuple[str, str], Callable[[], object]] = {}
    for one in api.get("lists")["lists"]:
        tried["list", one["id"]] = lambda one=one: keys.open_list_key(
            vault.vk, wire.unb64(one["wrap"]), account=at, list_id=wire.id_bytes(one["id"])
        )
    for one in api.get("campaigns")["campaigns"]:
        tried["job", one["id"]] = lambda one=one: keys.open_job_key(
            vault.vk, wire.unb64(one["jk_wrap"]), account=at, job=wire.id_bytes(one["id"])
        )
    for kind in RecordType:
        for one in api.get(f"records?type={kind}")["records"]:
            tried[kind, one["id"]] = lambda one=one, kind=kind: rows.open_record(
                vault.vk,
                wire.unb64(one["data"]),
                account=at,
                owner=wire.id_bytes(one["id"]),
                kind=kind,
                version=one["version"],
            )
    return {name for name, look in tried.items() if _opens(look)}


def _opens(look: Callable[[], object]) -> bool:
    try:
        look()
    except VaultFormatError:
        return False
    return True
