"""How a recipient is named in rows: a number in digits, or Meta's business-scoped user id.

People may hide their number behind a user name; then only the user id is known (facts 2).
"""

from __future__ import annotations

import re

_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}")
_DIGITS = re.compile(r"[1-9][0-9]{6,14}")
LONGEST = 131


def is_user_id(name: str) -> bool:
    """Whether this is a user id: a country, a dot, up to 128 letters and digits."""
    return _USER_ID.fullmatch(name) is not None


def is_number(name: str) -> bool:
    """Whether this is a number: 7 to 15 digits, country code first."""
    return _DIGITS.fullmatch(name) is not None
