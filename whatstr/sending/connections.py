"""Lines as the sender reaches them at Meta: tokens and pins, boxed under CK.

The pins (`sign_pk`, `box_pk`) are the customer's public keys as proved at the first connect; the
sender never takes a customer's key from any other column (vault design, 4).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import undefer

from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import DomainError
from whatstr.lines.models import LineConnection
from whatstr.sending import context
from whatstr.vault import wire
from whatstr.vault.box import BoxKind, VaultFormatError, box, unbox
from whatstr.vault.indexes import Purpose, ix

_KEYS = frozenset({"waba_id", "phone_number_id", "token", "pin", "sign_pk", "box_pk"})
_REKEY_KEYS = frozenset({"previous", "kept"})


class NoConnection(DomainError):
    """The line has no connection that opens: it must be connected again."""

    code = "no_connection"


class PinMismatch(DomainError):
    """Another line of the organization is pinned to other keys (vault design, 4)."""

    code = "pin_mismatch"


@dataclass(frozen=True, slots=True)
class Pins:
    """The customer's public keys: Ed25519 for signatures, X25519 for seals."""

    sign_pk: bytes
    box_pk: bytes


@dataclass(frozen=True, slots=True)
class KeptHeader:
    """A campaign that was sealed before a re-key: its very header stays good under the key that
    signed it, and no other header does."""

    sign_pk: bytes
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Connection:
    """An opened connection. `pin` is the two-step code of the line ("" if not known), `previous`
    the signing key before the last re-key, `kept` the campaigns that were under way then."""

    line_id: uuid.UUID
    organization_id: uuid.UUID
    waba_id: str
    phone_number_id: str
    token: str = field(repr=False)
    pin: str = field(repr=False)
    sign_pk: bytes
    box_pk: bytes
    previous: bytes = b""
    kept: Mapping[uuid.UUID, KeptHeader] = field(default_factory=dict)

    @property
    def pins(self) -> Pins:
        return Pins(self.sign_pk, self.box_pk)

    def signer_of(self, campaign_id: uuid.UUID, header: bytes) -> bytes:
        """The key that must have signed this sealed header of a campaign."""
        kept = self.kept.get(campaign_id)
        same = kept is not None and hashlib.sha256(header).digest() == kept.sha256
        return kept.sign_pk if kept is not None and same else self.sign_pk


def open_connection(line_id: uuid.UUID) -> Connection:
    """The connection of a line. Raises NoConnection when there is none, or none that opens for
    this line and organization (a row swapped in the database does not)."""
    row = session().scalar(
        sa.select(LineConnection)
        .where(LineConnection.line_id == line_id)
        .options(undefer(LineConnection.sealed))
    )
    if row is None:
        raise NoConnection("none")
    return _opened(row)


def store_connection(connection: Connection) -> None:
    """Box and keep a connection; replaces the line's earlier one. Raises PinMismatch when the
    organization's other lines carry other keys. The line row must exist."""
    organization = connection.organization_id
    others = session().scalars(
        sa.select(LineConnection)
        .where(
            LineConnection.organization_id == organization,
            LineConnection.line_id != connection.line_id,
        )
        .options(undefer(LineConnection.sealed))
    )
    if any(_opened(row).pins != connection.pins for row in others):
        raise PinMismatch("pins")
    keys = context.keyring()
    values = {
        "organization_id": organization,
        "sealed": _boxed(keys.ck, connection),
        "phone_number_ix": ix(keys.ik, Purpose.PNID, b"", connection.phone_number_id),
        "account_ix": ix(keys.ik, Purpose.WABA, b"", connection.waba_id),
        "updated_at": clock.now(),
    }
    session().execute(
        insert(LineConnection)
        .values(line_id=connection.line_id, **values)
        .on_conflict_do_update(index_elements=["line_id"], set_=values)
    )


def _boxed(ck: bytes, connection: Connection) -> bytes:
    body: dict[str, object] = {
        "waba_id": connection.waba_id,
        "phone_number_id": connection.phone_number_id,
        "token": connection.token,
        "pin": connection.pin,
        "sign_pk": wire.b64(connection.sign_pk),
        "box_pk": wire.b64(connection.box_pk),
    }
    if connection.previous:
        body["previous"] = wire.b64(connection.previous)
        body["kept"] = {
            one.hex: [wire.b64(kept.sign_pk), wire.b64(kept.sha256)]
            for one, kept in connection.kept.items()
        }
    aad = (connection.organization_id.bytes, connection.line_id.bytes)
    return box(ck, BoxKind.CONN, wire.dump(body), *aad)


def all_of(organization_id: uuid.UUID) -> list[Connection]:
    """Every connection of an organization, locked. Raises NoConnection for one that does not
    open."""
    rows = session().scalars(
        sa.select(LineConnection)
        .where(LineConnection.organization_id == organization_id)
        .order_by(LineConnection.line_id)
        .options(undefer(LineConnection.sealed))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [_opened(row) for row in rows]


def replace_sealed(connection: Connection) -> None:
    """Box a connection that is there already anew, with other pins or under another key. Who it
    reaches, and since when it is pinned, stays."""
    ck = context.keyring().ck
    session().execute(
        sa.update(LineConnection)
        .where(LineConnection.line_id == connection.line_id)
        .values(sealed=_boxed(ck, connection))
        .execution_options(synchronize_session=False)
    )


def index_anew(connection: Connection) -> None:
    """Find a connection under the present root of the indexes."""
    ik = context.keyring().ik
    session().execute(
        sa.update(LineConnection)
        .where(LineConnection.line_id == connection.line_id)
        .values(
            phone_number_ix=ix(ik, Purpose.PNID, b"", connection.phone_number_id),
            account_ix=ix(ik, Purpose.WABA, b"", connection.waba_id),
        )
        .execution_options(synchronize_session=False)
    )


def delete_connection(line_id: uuid.UUID) -> None:
    """Forget token and pins of a line."""
    session().execute(sa.delete(LineConnection).where(LineConnection.line_id == line_id))


def pins(organization_id: uuid.UUID) -> Pins | None:
    """The pinned keys of an organization, or None before its first line."""
    row = session().scalar(
        sa.select(LineConnection)
        .where(LineConnection.organization_id == organization_id)
        .order_by(LineConnection.line_id)
        .options(undefer(LineConnection.sealed))
        .limit(1)
    )
    return None if row is None else _opened(row).pins


def previous_sign_pk(organization_id: uuid.UUID) -> bytes:
    """The organization's signing key before its last re-key; empty when there was none."""
    return next((one.previous for one in all_of(organization_id) if one.previous), b"")


def find_by_phone_number_id(phone_number_id: str) -> Connection | None:
    """The connection of one of Meta's phone numbers."""
    index = ix(context.keyring().ik, Purpose.PNID, b"", phone_number_id)
    row = session().scalar(
        sa.select(LineConnection)
        .where(LineConnection.phone_number_ix == index)
        .options(undefer(LineConnection.sealed))
    )
    return None if row is None else _opened(row)


def connections_of_account(waba_id: str) -> list[Connection]:
    """Every connection within one of Meta's business accounts."""
    return connections_of_index(ix(context.keyring().ik, Purpose.WABA, b"", waba_id))


def connections_of_index(account_ix: bytes) -> list[Connection]:
    """The same, where only the index of the account is known."""
    rows = session().scalars(
        sa.select(LineConnection)
        .where(LineConnection.account_ix == account_ix)
        .options(undefer(LineConnection.sealed))
    )
    return [_opened(row) for row in rows]


def _opened(row: LineConnection) -> Connection:
    aad = (row.organization_id.bytes, row.line_id.bytes)
    try:
        data = wire.load(_unboxed(row.sealed, aad))
        rekeyed = isinstance(data, dict) and data.keys() == _KEYS | _REKEY_KEYS
        if not rekeyed and (not isinstance(data, dict) or data.keys() != _KEYS):
            raise VaultFormatError("fields")
        return Connection(
            line_id=row.line_id,
            organization_id=row.organization_id,
            waba_id=wire.text(data["waba_id"], 64),
            phone_number_id=wire.text(data["phone_number_id"], 64),
            token=wire.text(data["token"], 4_096),
            pin=wire.text(data["pin"], 16),
            sign_pk=wire.unb64(data["sign_pk"], size=32),
            box_pk=wire.unb64(data["box_pk"], size=32),
            previous=wire.unb64(data["previous"], size=32) if rekeyed else b"",
            kept=_kept(data["kept"]) if rekeyed else {},
        )
    except VaultFormatError:
        raise NoConnection("sealed") from None


def _unboxed(blob: bytes, aad: tuple[bytes, bytes]) -> bytes:
    """With the present CK, or with the one before while a rotation is under way."""
    keys = context.keyring()
    try:
        return unbox(keys.ck, BoxKind.CONN, blob, *aad)
    except VaultFormatError:
        if not keys.ck_before:
            raise
        return unbox(keys.ck_before, BoxKind.CONN, blob, *aad)


def _kept(value: object) -> dict[uuid.UUID, KeptHeader]:
    if not isinstance(value, dict):
        raise VaultFormatError("kept")
    found = {}
    for name, pair in value.items():
        if not isinstance(pair, list) or len(pair) != 2:
            raise VaultFormatError("kept")
        sign_pk, digest = (wire.unb64(part, size=32) for part in pair)
        found[uuid.UUID(bytes=wire.id_bytes(name))] = KeptHeader(sign_pk, digest)
    return found
