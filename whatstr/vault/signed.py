"""Signed: a body and an Ed25519 signature over LV(label, body).

The body is signed as bytes: the reader parses exactly what was signed, nothing is
serialised again. The label keeps a signature for one purpose from serving another.
"""

from __future__ import annotations

from enum import StrEnum

from nacl import bindings
from nacl.exceptions import BadSignatureError, CryptoError

from whatstr.core.prf import lv, u32
from whatstr.vault.box import VaultFormatError

SIGNATURE_SIZE = 64


class Label(StrEnum):
    """What a signature is for."""

    JOB = "wtr1/job"
    RPC = "wtr1/rpc"
    ANSWER = "wtr1/answer"
    SENDER_CERT = "wtr1/sender-cert"
    LINE_LABEL = "wtr1/line-label"
    REPIN = "wtr1/repin"


def sign(label: Label, body: bytes, sk: bytes) -> bytes:
    """u32 length, body, signature. `sk` is libsodium's 64-byte secret key."""
    signature = bindings.crypto_sign(lv(label, body), sk)[:SIGNATURE_SIZE]
    return u32(len(body)) + body + signature


def body_of(blob: bytes) -> bytes:
    """The body of a Signed **without** checking it.

    Only for a first `connect` request, whose own body names the key it is signed with.
    """
    length = int.from_bytes(blob[:4], "big")
    if len(blob) < 4 + SIGNATURE_SIZE or len(blob) != 4 + length + SIGNATURE_SIZE:
        raise VaultFormatError("format")
    return blob[4 : 4 + length]


def verify(label: Label, blob: bytes, pk: bytes) -> bytes:
    """The body, if `pk` signed it under `label`; otherwise `VaultFormatError`."""
    body = body_of(blob)
    try:
        bindings.crypto_sign_open(blob[4 + len(body) :] + lv(label, body), pk)
    except (BadSignatureError, CryptoError, ValueError):
        raise VaultFormatError("signature") from None
    return body
