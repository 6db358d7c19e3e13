"""Keys of the sender: one JSON file that only the sender's user can read (vault design, 4).

Weekly EPOCH keys open what browsers and HOOK seal; monthly FK keys make franking tags. Both are
destroyed on their day, which is what makes old backups unreadable.
"""

from __future__ import annotations

import base64
import calendar
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from nacl import bindings

from whatstr.core import clock
from whatstr.core.errors import DomainError
from whatstr.core.prf import prf16
from whatstr.vault.certificate import Certificate, make_certificate

WEEK = 7 * 86_400
EPOCH_LIFE = timedelta(days=45)
"""Counted from the day a key is first offered: 7 days offered, jobs 30 days ahead, 7 days
running, one spare."""
FK_LIFE = timedelta(days=120)
"""Counted from the end of the month (vault design, 14.8: open reports need them)."""
PUBLISH_AHEAD = timedelta(hours=12)
"""Within the day of clock slack that every verifier grants."""

_KEY_SIZE = 32


class KeyringError(DomainError):
    """The keyring file cannot be used; the detail names why and holds no key."""

    code = "keyring"


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation changed; empty tuples when there was nothing to do."""

    epochs_made: tuple[int, ...] = ()
    epochs_destroyed: tuple[int, ...] = ()
    months_made: tuple[int, ...] = ()
    months_destroyed: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return any(
            (self.epochs_made, self.epochs_destroyed, self.months_made, self.months_destroyed)
        )


@dataclass(frozen=True, repr=False)
class Keyring:
    """The opened keyring. Immutable: `rotate` rewrites the file and returns what it did; load the
    file again (or use `whatstr.sending.context.keyring`, which does) to see the change."""

    path: Path
    epoch: Mapping[int, bytes]
    ident: bytes
    ck: bytes
    ik: bytes
    fk: Mapping[int, bytes]
    ck_before: bytes = b""
    """The CK that a rotation is replacing; empty but for the minute that one takes."""

    @classmethod
    def create(cls, path: Path | str) -> Keyring:
        """Write a new keyring, mode 0600, and load it. Raises KeyringError if the file is there:
        overwriting one would make connections and opt-outs unreadable for good."""
        path = Path(path)
        if path.exists():
            raise KeyringError("exists")
        now = clock.now()
        ring = cls(
            path=path,
            epoch={kid: os.urandom(_KEY_SIZE) for kid in _wanted_epochs(now)},
            ident=os.urandom(_KEY_SIZE),
            ck=os.urandom(_KEY_SIZE),
            ik=os.urandom(_KEY_SIZE),
            fk={month: os.urandom(_KEY_SIZE) for month in _wanted_months(now)},
        )
        ring._write()
        return ring

    @classmethod
    def load(cls, path: Path | str) -> Keyring:
        """Read and check. Raises KeyringError for a file that others could read, for a missing or
        short key and for anything that is not a keyring."""
        path = Path(path)
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077 or mode & stat.S_IXUSR:
                raise KeyringError("mode")
            data = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise KeyringError("missing") from None
        except (OSError, ValueError):
            raise KeyringError("unreadable") from None
        try:
            if data["v"] != 1:
                raise KeyringError("version")
            return cls(
                path=path,
                epoch={int(kid): _key(text) for kid, text in data["epoch"].items()},
                ident=_key(data["ident"]),
                ck=_key(data["ck"]),
                ik=_key(data["ik"]),
                fk={int(month): _key(text) for month, text in data["fk"].items()},
                ck_before=_key(data["ck_before"]) if data.get("ck_before") else b"",
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise KeyringError("format") from None

    # EPOCH ------------------------------------------------------------------------------------

    def current_kid(self, now: datetime) -> int:
        """The key offered at `now`. Raises KeyringError when the daily rotation did not run."""
        kid = kid_of(now)
        if kid not in self.epoch:
            raise KeyringError("epoch")
        return kid

    def epoch_keys(self) -> Mapping[int, bytes]:
        """kid -> X25519 secret key, to open seals with."""
        return self.epoch

    def epoch_public(self, kid: int) -> bytes:
        """The public half of one EPOCH key."""
        return bytes(bindings.crypto_scalarmult_base(self.epoch[kid]))

    def offered(self) -> Mapping[int, tuple[int, int]]:
        """kid -> (from, until) in unix seconds: when that key was offered to browsers."""
        return {kid: offered_at(kid) for kid in self.epoch}

    def certificate(self, now: datetime, kid: int | None = None) -> bytes:
        """The signed certificate of `kid`, or of the key offered at `now`."""
        kid = self.current_kid(now) if kid is None else kid
        nb, na = offered_at(kid)
        return make_certificate(Certificate(kid, self.epoch_public(kid), nb, na), self.ident_sk)

    # IDENT and FK -----------------------------------------------------------------------------

    @property
    def ident_public(self) -> bytes:
        """The public half that browsers and HOOK know."""
        return bytes(bindings.crypto_sign_seed_keypair(self.ident)[0])

    @property
    def ident_sk(self) -> bytes:
        """libsodium's 64-byte secret key, as `whatstr.vault.signed.sign` takes it."""
        return bytes(bindings.crypto_sign_seed_keypair(self.ident)[1])

    def franking_key(self, now: datetime) -> tuple[int, bytes]:
        """(yyyymm, FK) of the month of `now`."""
        month = month_of(now)
        if month not in self.fk:
            raise KeyringError("fk")
        return month, self.fk[month]

    # Rotation ---------------------------------------------------------------------------------

    def due(self, now: datetime) -> Rotation:
        """What a rotation would change: this and next week's EPOCH and this and next month's FK
        are made, the expired destroyed."""
        made = tuple(kid for kid in _wanted_epochs(now) if kid not in self.epoch)
        dead = tuple(kid for kid in self.epoch if now >= _epoch_end(kid))
        months = tuple(month for month in _wanted_months(now) if month not in self.fk)
        old = tuple(month for month in self.fk if now >= _month_end(month) + FK_LIFE)
        return Rotation(made, dead, months, old)

    def rotate(self, now: datetime) -> Rotation:
        """Do what is due and rewrite the file in one step. Safe to run at any time and twice."""
        due = self.due(now)
        if due:
            epoch = {kid: key for kid, key in self.epoch.items() if kid not in due.epochs_destroyed}
            fk = {month: key for month, key in self.fk.items() if month not in due.months_destroyed}
            epoch.update({kid: os.urandom(_KEY_SIZE) for kid in due.epochs_made})
            fk.update({month: os.urandom(_KEY_SIZE) for month in due.months_made})
            replace(self, epoch=epoch, fk=fk)._write()
        return due

    def begin_ck(self) -> Keyring:
        """A new CK beside the present one, which still opens what it boxed. Taken up by every
        process at once; begun again, it goes on with the same two."""
        if self.ck_before:
            return self
        ring = replace(self, ck=os.urandom(_KEY_SIZE), ck_before=self.ck)
        ring._write()
        return ring

    def end_ck(self) -> Keyring:
        """Destroy the CK before: nothing may be boxed under it any more."""
        ring = replace(self, ck_before=b"")
        ring._write()
        return ring

    def new_ik(self) -> Keyring:
        """Another root of every index. What was indexed under the old one is found no more."""
        ring = replace(self, ik=os.urandom(_KEY_SIZE))
        ring._write()
        return ring

    @property
    def root(self) -> bytes:
        """Names the present IK without telling anything of it."""
        return prf16(self.ik, "wtr1/ix/root")

    def _write(self) -> None:
        data: dict[str, Any] = {
            "v": 1,
            "epoch": {str(kid): _text(key) for kid, key in sorted(self.epoch.items())},
            "ident": _text(self.ident),
            "ck": _text(self.ck),
            "ik": _text(self.ik),
            "fk": {str(month): _text(key) for month, key in sorted(self.fk.items())},
        }
        if self.ck_before:
            data["ck_before"] = _text(self.ck_before)
        partial = self.path.with_name(self.path.name + ".partial")
        partial.unlink(missing_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(data, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def kid_of(now: datetime) -> int:
    """Weeks since 1970-01-01 UTC: the id of the EPOCH key of that week."""
    return int(now.timestamp()) // WEEK


def offered_at(kid: int) -> tuple[int, int]:
    """When an EPOCH key is offered, (from, until) in unix seconds."""
    return kid * WEEK, (kid + 1) * WEEK


def month_of(now: datetime) -> int:
    """The id of a month's franking key: yyyymm in UTC."""
    at = now.astimezone(UTC)
    return at.year * 100 + at.month


def _epoch_end(kid: int) -> datetime:
    return datetime.fromtimestamp(kid * WEEK, UTC) + EPOCH_LIFE


def _month_end(month: int) -> datetime:
    year, number = divmod(month, 100)
    days = calendar.monthrange(year, number)[1]
    return datetime(year, number, 1, tzinfo=UTC) + timedelta(days=days)


def _wanted_epochs(now: datetime) -> tuple[int, int]:
    kid = kid_of(now)
    return kid, kid + 1


def _wanted_months(now: datetime) -> tuple[int, int]:
    month = month_of(now)
    return month, month_of(_month_end(month))


def _key(text: Any) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != _KEY_SIZE:
        raise KeyringError("short")
    return key


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()
