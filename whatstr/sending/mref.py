"""The 16 random bytes that name a message, as Meta and recipients see them.

Meta gives `biz_opaque_callback_data` back in every status; links in a message carry the code.
"""

from __future__ import annotations

import base64
import binascii
import os

SIZE = 16
_OPAQUE = "m1:"


def new_mref() -> bytes:
    return os.urandom(SIZE)


def new_mrefs(count: int) -> list[bytes]:
    """So many at once. Each question to the system lets other threads go first: asked for message
    by message, a claim waits for its turn as many times as it has rows."""
    drawn = os.urandom(SIZE * count)
    return [drawn[place : place + SIZE] for place in range(0, len(drawn), SIZE)]


def opaque_of(mref: bytes) -> str:
    """What goes to Meta as `biz_opaque_callback_data`."""
    return _OPAQUE + base64.b64encode(mref).decode()


def mref_of_opaque(text: object) -> bytes | None:
    """The mref of a status; None for data that is not ours."""
    if not isinstance(text, str) or not text.startswith(_OPAQUE):
        return None
    try:
        mref = base64.b64decode(text[len(_OPAQUE) :], validate=True)
    except (binascii.Error, ValueError):
        return None
    return mref if len(mref) == SIZE else None


def code_of(mref: bytes) -> str:
    """The code that replaces `{kod}` in a parameter: base64url without padding, 22 characters."""
    return base64.urlsafe_b64encode(mref).decode().rstrip("=")


def mref_of_code(code: str) -> bytes | None:
    """The mref of a link's code; None for anything that `code_of` cannot have written."""
    try:
        mref = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
    except (binascii.Error, ValueError):
        return None
    return mref if len(mref) == SIZE and code_of(mref) == code else None
