"""Recovery code: 20 random bytes on paper, with a check against misreading.

Crockford base32 (no I, L, O, U), 32 characters and 4 check characters, in groups of four.
What a person types may be in any case, with blanks or hyphens, O for 0, I or L for 1.
"""

from __future__ import annotations

import os
import re

from whatstr.core.prf import prf
from whatstr.vault.box import VaultFormatError

RC_SIZE = 20
CODE_LENGTH = 36

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "İ": "1", "ı": "1"})


class RecoveryCodeError(VaultFormatError):
    """What was typed is not a recovery code (a character is wrong or missing)."""

    code = "recovery_code"


def new_recovery() -> bytes:
    """Twenty fresh random bytes."""
    return os.urandom(RC_SIZE)


def encode(rc: bytes) -> str:
    """The code that is shown once: nine groups of four."""
    if len(rc) != RC_SIZE:
        raise ValueError("a recovery secret has 20 bytes")
    text = _base32(int.from_bytes(rc, "big"), 32) + _check(rc)
    return "-".join(text[i : i + 4] for i in range(0, CODE_LENGTH, 4))


def normalise(typed: str) -> str:
    """What was typed as 36 plain characters, without checking them."""
    return re.sub(r"[\s\-–—‐-―]", "", typed.translate(_MISREAD).upper().translate(_MISREAD))


def decode(typed: str) -> bytes:
    """The 20 bytes behind a typed code; `RecoveryCodeError` if it cannot be right."""
    text = normalise(typed)
    if len(text) != CODE_LENGTH or any(letter not in _VALUES for letter in text):
        raise RecoveryCodeError("characters")
    number = 0
    for letter in text[:32]:
        number = number << 5 | _VALUES[letter]
    rc = number.to_bytes(RC_SIZE, "big")
    if text[32:] != _check(rc):
        raise RecoveryCodeError("check")
    return rc


def _check(rc: bytes) -> str:
    first = prf(rc, "wtr1/rec-check")[:3]
    return _base32(int.from_bytes(first, "big") >> 4, 4)


def _base32(number: int, length: int) -> str:
    shifts = range(5 * (length - 1), -1, -5)
    return "".join(_ALPHABET[number >> shift & 31] for shift in shifts)
