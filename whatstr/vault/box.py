"""Box: the only symmetric encryption of the vault (key-committing XChaCha20-Poly1305).

A Box is bound to what it is (`BoxKind`) and to where it belongs (the `aad` parts), so a
value moved to another row, list or account does not open. Poly1305 alone would let one
ciphertext open under two keys; the commitment, checked first, rules that out.
"""

from __future__ import annotations

import hmac
import os
from enum import IntEnum

from nacl import bindings
from nacl.exceptions import CryptoError

from whatstr.core.errors import DomainError
from whatstr.core.prf import Part, lv, prf

VERSION = 1
PAD_BLOCK = 64
NONCE_SIZE = 24
HEADER_SIZE = 2 + NONCE_SIZE + 32
MIN_SIZE = HEADER_SIZE + PAD_BLOCK + 16


class VaultFormatError(DomainError):
    """Something sealed or boxed is not what it claims to be. The detail never holds data."""

    code = "vault_format"


class BoxKind(IntEnum):
    """What a Box holds; the comment names its key and its aad parts."""

    UK_PW = 0x01  # KEK; member, salt, kdf JSON as stored
    UK_REC = 0x02  # RKEK; member
    UK_SESSION = 0x03  # PRF(half, "wtr1/session"); member
    AK_MEMBER = 0x04  # PRF(UK, "wtr1/org-wrap"); account, member, u32 key version
    AK_INVITE = 0x05  # PRF(IS, "wtr1/invite"); account, invite, u32 key version
    AK_NEXT = 0x06  # PRF(old AK, "wtr1/next"); account, member, u32 new version
    KEY_LIST = 0x10  # VK; account, list
    KEY_JOB = 0x11  # VK; account, job
    RECORD = 0x20  # VK, LK or JK; account, owner id, type, u32 version
    LIST_CHUNK = 0x21  # LK; account, list, u32 no, u32 version
    JOB_CHUNK = 0x30  # JK; account, job, u32 no, u32 chunks
    JOB_MEDIA = 0x31  # JK; account, job, u32 media, u32 piece, u32 pieces
    CONN = 0x40  # CK; account, connection


def pad(plain: bytes, block: int = PAD_BLOCK) -> bytes:
    """ISO/IEC 7816-4 padding to a multiple of `block`; always adds at least one byte."""
    return plain + b"\x80" + bytes(-(len(plain) + 1) % block)


def unpad(padded: bytes, block: int = PAD_BLOCK) -> bytes:
    """Undo `pad`. Raises `VaultFormatError` for anything `pad` cannot have written."""
    body = padded.rstrip(b"\0")
    whole = len(padded) > 0 and len(padded) % block == 0
    if not whole or not body.endswith(b"\x80") or len(padded) - len(body) >= block:
        raise VaultFormatError("padding")
    return body[:-1]


def box(key: bytes, kind: BoxKind, plain: bytes, *aad: Part, nonce: bytes | None = None) -> bytes:
    """Encrypt `plain` under `key`, bound to `kind` and `aad`. `nonce` is for known answers only."""
    if len(key) != 32:
        raise ValueError("a Box key has 32 bytes")
    nonce = os.urandom(NONCE_SIZE) if nonce is None else nonce
    head = bytes([VERSION, kind])
    commitment = prf(key, "wtr1/box/com", head[1:], nonce, *aad)
    body = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        pad(plain), lv(head, *aad), nonce, prf(key, "wtr1/box/enc", head[1:], nonce)
    )
    return head + nonce + commitment + body


def unbox(key: bytes, kind: BoxKind, blob: bytes, *aad: Part) -> bytes:
    """Decrypt a Box. Raises `VaultFormatError` before any plaintext exists if anything differs.

    Order (vault.md 14.2): length, version, kind, commitment in constant time, AEAD, padding.
    """
    if len(key) != 32:
        raise ValueError("a Box key has 32 bytes")
    head = bytes([VERSION, kind])
    if len(blob) < MIN_SIZE or (len(blob) - HEADER_SIZE - 16) % PAD_BLOCK or blob[:2] != head:
        raise VaultFormatError("format")
    nonce, commitment, body = blob[2:26], blob[26:58], blob[58:]
    if not hmac.compare_digest(commitment, prf(key, "wtr1/box/com", head[1:], nonce, *aad)):
        raise VaultFormatError("commitment")
    try:
        padded = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            bytes(body), lv(head, *aad), nonce, prf(key, "wtr1/box/enc", head[1:], nonce)
        )
    except CryptoError:
        raise VaultFormatError("ciphertext") from None
    return unpad(padded)
