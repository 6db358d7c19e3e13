"""The staff tier: profile values sealed at rest, bound to table, column and row, with key ids.

Sealing format and reasons: vault design, sections 14.10 and 16. `StringEncryptedType` of
SQLAlchemy-Utils is used through `PiiType` only, because its own engines have no key id, no
associated data and, by default, a fixed IV.
"""

from __future__ import annotations

import base64
import json
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy_utils import StringEncryptedType
from sqlalchemy_utils.types.encrypted.encrypted_type import (
    EncryptionDecryptionBaseEngine,
    InvalidCiphertextError,
)

from whatstr.core.logs import get_logger
from whatstr.core.prf import prf16

log = get_logger(__name__)


class RowBindingError(InvalidCiphertextError):  # type: ignore[misc]
    """A sealed value stands in a row it was not written for."""


class MissingRing(RuntimeError):
    """This process holds no staff-tier ring."""


class Ring:
    """Keys of the staff tier, filled at start from the process's own secrets.

    A ring that comes from a file is read anew within `RELOAD_SECONDS` of a change, so that keys
    rotate while the service runs (`flask whatstr staff-ring rotate`).
    """

    RELOAD_SECONDS: ClassVar[float] = 1.0
    keys: ClassVar[dict[int, AESGCM]] = {}
    current: ClassVar[int | None] = None
    index_key: ClassVar[bytes | None] = None
    other_index_key: ClassVar[bytes | None] = None
    """While the index key changes: the one that is to come, or the one that was."""
    _file: ClassVar[Path | None] = None
    _version: ClassVar[tuple[int, int]] = (0, 0)
    _looked: ClassVar[float] = 0.0

    @classmethod
    def open(cls, setting: str) -> None:
        """Load a ring from its JSON text or, when the setting begins with `/`, from that file,
        which only its owner may read. Raises ValueError as `load` does."""
        if not setting.startswith("/"):
            cls.load(setting)
            cls._file = None
            return
        path = Path(setting)
        cls._read(path)
        cls._file = path

    @classmethod
    def load(cls, text: str) -> None:
        """Read `{"current": 1, "keys": {"1": b64}, "index": b64, "other_index"?: b64}`;
        ValueError, which tells nothing of the keys, for what is not such a ring or holds a short
        key."""
        try:
            data = json.loads(text)
            keys = {int(kid): base64.b64decode(key) for kid, key in data["keys"].items()}
            index, current = base64.b64decode(data["index"]), int(data["current"])
            other = base64.b64decode(data["other_index"]) if "other_index" in data else None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError("staff ring: not a ring of keys") from None
        if current not in keys or any(not 0 < kid < 256 for kid in keys):
            raise ValueError("staff ring: the current key id is not in the ring")
        every = [index, *keys.values(), *([] if other is None else [other])]
        if any(len(key) != 32 for key in every):
            raise ValueError("staff ring: every key must be 32 bytes")
        # Other threads read meanwhile: what they may need is there before it is pointed to.
        cls.keys = {**cls.keys, **{kid: AESGCM(key) for kid, key in keys.items()}}
        cls.current = current
        cls.keys = {kid: AESGCM(key) for kid, key in keys.items()}
        cls.other_index_key, cls.index_key = other, index

    @classmethod
    def _read(cls, path: Path) -> None:
        with path.open() as file:
            state = os.fstat(file.fileno())
            if state.st_mode & 0o077:
                raise ValueError("staff ring: the file is open to others; chmod 400")
            cls.load(file.read())
        cls._version = (state.st_mtime_ns, state.st_ino)

    @classmethod
    def refresh(cls) -> None:
        """Read the file again when it was replaced. One that cannot be read changes nothing."""
        if cls._file is None:
            return
        now = time.monotonic()
        if now - cls._looked < cls.RELOAD_SECONDS:
            return
        cls._looked = now
        try:
            state = cls._file.stat()
            if (state.st_mtime_ns, state.st_ino) != cls._version:
                cls._read(cls._file)
        except (OSError, ValueError) as error:
            log.error("ring.unreadable", error=type(error).__name__)

    @classmethod
    def clear(cls) -> None:
        cls.keys, cls.current, cls.index_key = {}, None, None
        cls.other_index_key, cls._file = None, None

    @staticmethod
    def generate() -> str:
        """A new ring as JSON text."""
        key, index = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
        return json.dumps({"current": 1, "keys": {"1": key}, "index": index})


class PiiEngine(EncryptionDecryptionBaseEngine):  # type: ignore[misc]
    """AES-256-GCM; stateless on purpose, so that threads have nothing to mix up."""

    def _update_key(self, key: object) -> None:
        pass

    def encrypt(self, value: tuple[str, uuid.UUID, str]) -> str:
        context, row, text = value
        Ring.refresh()
        if Ring.current is None:
            raise MissingRing(context)
        head, nonce = bytes([1, Ring.current]) + row.bytes, os.urandom(12)
        body = Ring.keys[Ring.current].encrypt(nonce, text.encode(), head + context.encode())
        return base64.urlsafe_b64encode(head + nonce + body).decode()

    def decrypt(self, value: tuple[str, str]) -> tuple[uuid.UUID, str]:
        context, stored = value
        Ring.refresh()
        if Ring.current is None:
            raise MissingRing(context)
        try:
            raw = base64.urlsafe_b64decode(stored)
            head = raw[:18]
            if head[0] != 1:
                raise ValueError(head[0])
            plain = Ring.keys[head[1]].decrypt(raw[18:30], raw[30:], head + context.encode())
            return uuid.UUID(bytes=head[2:]), plain.decode()
        except (InvalidTag, ValueError, KeyError, IndexError):
            raise InvalidCiphertextError(context) from None


class PiiType(StringEncryptedType):  # type: ignore[misc]
    """Column type of the staff tier. The Python value is `(row id, text)`, so that a raw string
    can never slip in; models expose it through `pii()`."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__(sa.Unicode, None, PiiEngine)
        self.context = context

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, tuple):
            raise TypeError("staff-tier values are bound to a row: set them through the property")
        return self.engine.encrypt((self.context, *value))

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else self.engine.decrypt((self.context, value))


def blind_index(context: str, normalised: str, *, key: bytes | None = None) -> bytes:
    """16-byte keyed index of a normalised value, as it is written. `context` is table.column. To
    search, use `matches`."""
    Ring.refresh()
    key = key or Ring.index_key
    if key is None:
        raise MissingRing(context)
    return prf16(key, "wtr1/pii-ix/" + context, normalised.encode())


def _search_keys() -> list[bytes | None]:
    """The index keys under which rows may have been written: two while the key changes."""
    Ring.refresh()
    other = Ring.other_index_key
    return [Ring.index_key] if other is None else [Ring.index_key, other]


def matches(column: Any, context: str, *normalised: str) -> sa.ColumnElement[bool]:
    """The condition for a search by any of these whole values, also while the key changes."""
    found: sa.ColumnElement[bool] = column.in_(
        [blind_index(context, one, key=key) for one in normalised for key in _search_keys()]
    )
    return found


class PiiProperty(property):
    """What `pii()` makes; it knows its index, so that the index can be computed anew."""

    column: str
    index: str | None = None
    context: str | None = None
    norm: Callable[[str], str] | None = None
    also: Callable[[Any, str | None], None] | None = None


def pii(
    column: str,
    *,
    index: str | None = None,
    mask: str | None = None,
    context: str | None = None,
    norm: Callable[[str], str] | None = None,
    masker: Callable[[str], str] | None = None,
    also: Callable[[Any, str | None], None] | None = None,
) -> Any:
    """A model property over a `PiiType` column. Setting it also writes the blind index, the masked
    form beside it and whatever `also(row, text)` keeps. Reading raises RowBindingError when the
    value belongs to another row."""

    def read(self: Any) -> str | None:
        value = getattr(self, column)
        if value is not None and value[0] != self.id:
            raise RowBindingError(column)
        return None if value is None else value[1]

    def write(self: Any, text: str | None) -> None:
        if self.id is None:
            raise TypeError("give the row its id before any staff-tier value")
        setattr(self, column, None if text is None else (self.id, text))
        if index and context and norm:
            setattr(self, index, None if text is None else blind_index(context, norm(text)))
        if mask and masker:
            setattr(self, mask, None if text is None else masker(text))
        if also:
            also(self, text)

    made = PiiProperty(read, write)
    made.column, made.index, made.context, made.norm = column, index, context, norm
    made.also = also
    return made


class PiiMixin:
    """Gives a new object its id first, so that sealed values can bind to it in any order."""

    def __init__(self, **kwargs: Any) -> None:
        self.id = kwargs.pop("id", None) or uuid.uuid4()
        super().__init__(**kwargs)


def norm_email(text: str) -> str:
    """NFKC, trimmed, lower case."""
    import unicodedata

    return unicodedata.normalize("NFKC", text).strip().lower()


def norm_text(text: str) -> str:
    """Digits and letters only, lower case: for numbers written with blanks or dashes."""
    return "".join(ch for ch in text if ch.isalnum()).lower()


def mask_email(text: str) -> str:
    """`ayse@firma.com` becomes `a***@f***.com`."""
    name, _, host = text.partition("@")
    label, _, rest = host.partition(".")
    return f"{name[:1]}***@{label[:1]}***.{rest}" if rest else f"{name[:1]}***"


_PLAIN = str.maketrans("ıİIşŞğĞüÜöÖçÇâÂîÎûÛ", "iiissgguuooccaaiiuu")


def name_letters(text: str) -> str:
    """A name as it is compared: Turkish letters without their marks, small, nothing but letters
    and digits. `İŞÇİ Ltd.` and `isci ltd` are the same."""
    return norm_text(text.translate(_PLAIN))


def name_head(context: str, text: str, letters: int, *, key: bytes | None = None) -> int | None:
    """One of 65,536 keyed buckets for a name's first letters, or None for a shorter one. So coarse
    that a bucket of a large table holds strangers: it narrows a search, it proves nothing."""
    head = name_letters(text)[:letters]
    if len(head) < letters:
        return None
    return int.from_bytes(blind_index(f"{context}.head{letters}", head, key=key)[:2])


def head_matches(column: Any, context: str, text: str, letters: int) -> sa.ColumnElement[bool]:
    """The condition for a search in a bucket of `name_head`, also while the key changes."""
    wanted = [name_head(context, text, letters, key=key) for key in _search_keys()]
    found: sa.ColumnElement[bool] = column.in_(wanted)
    return found
