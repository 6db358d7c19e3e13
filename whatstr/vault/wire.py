"""How ids, bytes and JSON look inside seals and Boxes.

Ids are 16 random bytes; in JSON they are 32 lower-case hex digits. Bytes are standard base64
with padding. JSON is compact UTF-8; readers refuse what they do not know.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from whatstr.vault.box import PAD_BLOCK, VaultFormatError

ID_SIZE = 16
_ID = re.compile("[0-9a-f]{32}")


def id_text(value: bytes) -> str:
    """An id as JSON shows it."""
    if len(value) != ID_SIZE:
        raise VaultFormatError("id")
    return value.hex()


def id_bytes(text: object) -> bytes:
    """An id read from JSON; only the exact text of `id_text` is taken."""
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise VaultFormatError("id")
    return bytes.fromhex(text)


def b64(value: bytes) -> str:
    """Bytes as JSON shows them."""
    return base64.b64encode(value).decode()


def unb64(text: object, *, size: int | None = None) -> bytes:
    """Bytes read from JSON, of exactly `size` when given."""
    if not isinstance(text, str):
        raise VaultFormatError("base64")
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise VaultFormatError("base64") from None
    if size is not None and len(value) != size:
        raise VaultFormatError("size")
    return value


def dump(value: object) -> bytes:
    """Compact UTF-8 JSON, keys in the order given; the same bytes as JSON.stringify."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def load(body: bytes) -> Any:
    """Parse JSON; `VaultFormatError` for anything else."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise VaultFormatError("json") from None


def load_object(body: bytes, keys: frozenset[str]) -> dict[str, Any]:
    """Parse a JSON object that has exactly `keys`."""
    value = load(body)
    if not isinstance(value, dict) or value.keys() != keys:
        raise VaultFormatError("fields")
    return value


def integer(value: object, low: int = 0, high: int = 2**53 - 1) -> int:
    """An integer within bounds; `True` and `1.0` are not integers."""
    if type(value) is not int or not low <= value <= high:
        raise VaultFormatError("integer")
    return value


def text(value: object, limit: int = 1024) -> str:
    """A string of at most `limit` characters."""
    if not isinstance(value, str) or len(value) > limit:
        raise VaultFormatError("text")
    return value


def fill(body: bytes, block: int = PAD_BLOCK) -> bytes:
    """JSON filled with blanks to a multiple of `block`, so that sizes say little."""
    return body + b" " * (-len(body) % block)
