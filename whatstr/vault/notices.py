"""Notices: what the sender tells a customer unasked (opt-outs, replies, state of a line).

JSON {v, account, t, at, ...}, filled with blanks to a multiple of 64 bytes, signed by
IDENT, sealed to the account's pinned box key. The browser refuses anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from whatstr.vault import wire
from whatstr.vault.box import VaultFormatError
from whatstr.vault.seals import open_customer_seal, seal_to_customer
from whatstr.vault.signed import Label, sign, verify


def pad_notice(account: bytes, kind: str, at: int, **fields: object) -> bytes:
    """The filled JSON of a notice; `at` is unix seconds, `kind` e.g. `optout`, `reply`."""
    if {"v", "account", "t", "at", "id"} & fields.keys():
        raise ValueError("reserved field")
    body = {"v": 1, "account": wire.id_text(account), "t": kind, "at": at, **fields}
    return wire.fill(wire.dump(body))


def parse_notice(body: bytes, account: bytes) -> dict[str, Any]:
    """Read a notice for `account`; an answer or another account's notice is refused."""
    data = wire.load(body)
    if not isinstance(data, dict) or data.get("v") != 1 or "id" in data:
        raise VaultFormatError("notice")
    if wire.id_bytes(data.get("account")) != account:
        raise VaultFormatError("account")
    wire.text(data.get("t"), 32)
    wire.integer(data.get("at"))
    return data


def seal_notice(
    account: bytes, kind: str, at: int, *, ident_sk: bytes, box_pk: bytes, **fields: object
) -> bytes:
    """Signed by IDENT, sealed to the customer."""
    signed = sign(Label.ANSWER, pad_notice(account, kind, at, **fields), ident_sk)
    return seal_to_customer(box_pk, signed)


def open_notice(
    blob: bytes, *, account: bytes, box_sk: bytes, ident_pks: Iterable[bytes]
) -> dict[str, Any]:
    """Open a notice; `VaultFormatError` unless IDENT signed it for this account."""
    return parse_notice(open_from_sender(blob, box_sk=box_sk, ident_pks=ident_pks), account)


def open_from_sender(blob: bytes, *, box_sk: bytes, ident_pks: Iterable[bytes]) -> bytes:
    """The body of something that IDENT signed and sealed to this customer."""
    signed = open_customer_seal(box_sk, blob)
    for ident_pk in ident_pks:
        try:
            return verify(Label.ANSWER, signed, ident_pk)
        except VaultFormatError:
            continue
    raise VaultFormatError("signature")
