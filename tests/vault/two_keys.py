"""Crafts a Box whose XChaCha20-Poly1305 part opens under two different keys.

Poly1305 is a polynomial over a prime field, so with one free ciphertext block the tags under
two keys can be made equal. Such a blob would let somebody test two password guesses at once;
the Box's commitment is there to refuse it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from whatstr.core.prf import lv, prf
from whatstr.vault.box import BoxKind

P = 2**130 - 5


def _rotl(value: int, count: int) -> int:
    return (value << count | value >> (32 - count)) & 0xFFFFFFFF


def _quarter(s: list[int], a: int, b: int, c: int, d: int) -> None:
    for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & 0xFFFFFFFF
        s[z] = _rotl(s[z] ^ s[x], turn)


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    """draft-irtf-cfrg-xchacha section 2.2."""
    state = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574]
    state += [*struct.unpack("<8I", key), *struct.unpack("<4I", nonce)]
    for _ in range(10):
        for column in range(4):
            _quarter(state, column, column + 4, column + 8, column + 12)
        for first in range(4):
            _quarter(state, first, 4 + (first + 1) % 4, 8 + (first + 2) % 4, 12 + (first + 3) % 4)
    return struct.pack("<8I", *state[:4], *state[12:])


def keystream(key: bytes, nonce: bytes, size: int) -> bytes:
    """XChaCha20 from block 0: the first 32 bytes are the Poly1305 key, data starts at 64."""
    start = bytes(8) + nonce[16:]
    cipher = Cipher(algorithms.ChaCha20(hchacha20(key, nonce[:16]), start), mode=None)
    return cipher.encryptor().update(bytes(size))


def _blocks(data: bytes) -> list[int]:
    padded = data + bytes(-len(data) % 16)
    return [
        int.from_bytes(padded[i : i + 16], "little") + 2**128 for i in range(0, len(padded), 16)
    ]


def _terms(stream: bytes, blocks: Sequence[int], free: int) -> tuple[int, int, int]:
    """(sum of the fixed blocks, factor of the free block, s) of one Poly1305 key."""
    r = int.from_bytes(stream[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total, factor = 0, 0
    for place, block in enumerate(blocks):
        power = pow(r, len(blocks) - place, P)
        if place == free:
            factor = power
        else:
            total = (total + block * power) % P
    return total, factor, int.from_bytes(stream[16:32], "little")


def _solve(one: tuple[int, int, int], two: tuple[int, int, int]) -> tuple[int, int] | None:
    """The free block (16 bytes) and the common tag, if this nonce allows one."""
    (a1, b1, s1), (a2, b2, s2) = one, two
    inverse = pow(b1 - b2, -1, P)
    for lift in range(-4, 5):
        value = (s2 - s1 + lift * 2**128 - (a1 - a2)) * inverse % P
        block = value - 2**128
        if 0 <= block < 2**128:
            tags = [((a + b * value) % P + s) % 2**128 for a, b, s in (one, two)]
            if tags[0] == tags[1]:
                return block, tags[0]
    return None


def two_key_box(key: bytes, other: bytes, kind: BoxKind, aad: Sequence[bytes]) -> bytes:
    """A Box that commits to `key`, but whose AEAD part opens (with padding) under both."""
    head = bytes([1, kind])
    data = lv(head, *aad)
    for attempt in range(1 << 20):
        nonce = attempt.to_bytes(24, "big")
        streams = [
            keystream(prf(k, "wtr1/box/enc", head[1:], nonce), nonce, 128) for k in (key, other)
        ]
        if streams[0][127] != streams[1][127]:
            continue  # the padding's last byte must decrypt to 0x80 under both
        body = bytearray(64)
        body[63] = streams[0][127] ^ 0x80
        lengths = struct.pack("<QQ", len(data), len(body))
        blocks = [*_blocks(data), *_blocks(bytes(body)), *_blocks(lengths)]
        free = len(_blocks(data))
        found = _solve(_terms(streams[0], blocks, free), _terms(streams[1], blocks, free))
        if found is None:
            continue
        body[:16] = found[0].to_bytes(16, "little")
        commitment = prf(key, "wtr1/box/com", head[1:], nonce, *aad)
        return head + nonce + commitment + bytes(body) + found[1].to_bytes(16, "little")
    raise AssertionError("no nonce found")
