"""The one keyed function of the vault's formats: BLAKE2b over unambiguous framing.

Every derived key, index and tag of WhatsTR comes from `prf` with a label of its own,
so two purposes never share a key. The same few lines run in the browser
(static/js/vault/primitives.mjs); tests/vectors/vault.json holds both to the same bytes.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable

Part = bytes | str
"""A framed part: bytes as they are, text as UTF-8."""


_four_bytes = struct.Struct(">I").pack


def u32(number: int) -> bytes:
    """Four bytes, big-endian. Raises `struct.error` outside 0..2**32-1."""
    return _four_bytes(number)


def as_bytes(part: Part) -> bytes:
    """A part as the bytes that go into a frame."""
    return part.encode() if isinstance(part, str) else bytes(part)


def lv(*parts: Part) -> bytes:
    """Length-prefixed concatenation: no two different tuples give the same bytes."""
    framed = b""
    for part in parts:
        whole = as_bytes(part)
        framed += _four_bytes(len(whole)) + whole
    return framed


def prf(key: bytes, label: str, *parts: Part) -> bytes:
    """BLAKE2b-256 keyed with `key` (16..64 bytes) over LV(label, parts...)."""
    if not 16 <= len(key) <= 64:
        raise ValueError("a PRF key has 16 to 64 bytes")
    return hashlib.blake2b(lv(label, *parts), key=key, digest_size=32).digest()


def prf16_after(key: bytes, label: str, *parts: Part) -> Callable[[Part], bytes]:
    """`prf16(key, label, *parts, last)` for many last parts: what comes before is hashed once."""
    if not 16 <= len(key) <= 64:
        raise ValueError("a PRF key has 16 to 64 bytes")
    begun = hashlib.blake2b(lv(label, *parts), key=key, digest_size=32)

    def of(last: Part) -> bytes:
        whole = begun.copy()
        whole.update(lv(last))
        return whole.digest()[:16]

    return of


def prf16(key: bytes, label: str, *parts: Part) -> bytes:
    """The first 16 bytes of `prf`, for indexes and tags that are compared, never inverted."""
    return prf(key, label, *parts)[:16]
