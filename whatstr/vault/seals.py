"""Seals: encryption to one reader by public key (libsodium sealed boxes).

The first byte says whose seal it is, so a seal for one reader is never tried on another.
A seal carries no associated data and proves no origin: its plaintext names its context
and the opener compares it; what must prove an origin is `signed` first.
Private keys are always arguments: no process keeps one in this package.
"""

from __future__ import annotations

from collections.abc import Mapping

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.exceptions import TypeError as NaclTypeError
from nacl.exceptions import ValueError as NaclValueError

from whatstr.core.prf import u32
from whatstr.vault.box import VaultFormatError

TO_SENDER = 0x11
TO_CUSTOMER = 0x12
TO_DESK = 0x13
TO_MEMBER = 0x14

_SEAL_OVERHEAD = 48


class SenderKeyGone(VaultFormatError):
    """The weekly sender key that a seal names is not in the keyring (not yet, or destroyed)."""

    code = "sender_key_gone"


def seal_to_sender(kid: int, pk: bytes, plain: bytes) -> bytes:
    """Seal to the sender's weekly key `kid`: 0x11, u32 kid, sealed box."""
    return bytes([TO_SENDER]) + u32(kid) + bindings.crypto_box_seal(plain, pk)


def sender_seal_kid(blob: bytes) -> int:
    """The key id that a sender seal names, without opening it."""
    if len(blob) < 5 + _SEAL_OVERHEAD or blob[0] != TO_SENDER:
        raise VaultFormatError("format")
    return int.from_bytes(blob[1:5], "big")


def open_sender_seal(keys: Mapping[int, bytes], blob: bytes) -> tuple[int, bytes]:
    """Open a sender seal with {kid: secret key}; returns (kid, plaintext).

    Raises `SenderKeyGone` when the key is not held, `VaultFormatError` otherwise.
    """
    kid = sender_seal_kid(blob)
    secret = keys.get(kid)
    if secret is None:
        raise SenderKeyGone("kid", kid=kid)
    return kid, _open(blob[5:], secret)


def seal_to_customer(pk: bytes, plain: bytes) -> bytes:
    """Seal to an account's box key."""
    return bytes([TO_CUSTOMER]) + bindings.crypto_box_seal(plain, pk)


def open_customer_seal(secret: bytes, blob: bytes) -> bytes:
    """Open what was sealed to an account."""
    return _open_tagged(TO_CUSTOMER, blob, secret)


def seal_to_desk(pk: bytes, plain: bytes) -> bytes:
    """Seal to the abuse desk."""
    return bytes([TO_DESK]) + bindings.crypto_box_seal(plain, pk)


def open_desk_seal(secret: bytes, blob: bytes) -> bytes:
    """Open what was sealed to the abuse desk."""
    return _open_tagged(TO_DESK, blob, secret)


def seal_to_member(pk: bytes, plain: bytes) -> bytes:
    """Seal to one member's own key (re-key: the plaintext is a Box AK_NEXT)."""
    return bytes([TO_MEMBER]) + bindings.crypto_box_seal(plain, pk)


def open_member_seal(secret: bytes, blob: bytes) -> bytes:
    """Open what was sealed to one member."""
    return _open_tagged(TO_MEMBER, blob, secret)


def _open_tagged(tag: int, blob: bytes, secret: bytes) -> bytes:
    if len(blob) < 1 + _SEAL_OVERHEAD or blob[0] != tag:
        raise VaultFormatError("format")
    return _open(blob[1:], secret)


def _open(sealed: bytes, secret: bytes) -> bytes:
    public = bindings.crypto_scalarmult_base(secret)
    try:
        return bindings.crypto_box_seal_open(bytes(sealed), public, secret)
    except (CryptoError, NaclTypeError, NaclValueError):
        raise VaultFormatError("seal") from None
