"""Blind indexes of the sender: pseudonyms that only the holder of IK can compute.

There are about a thousand million Turkish-style numbers, so an unkeyed hash of a number is
the number. Each purpose and each account has a key of its own: equal numbers of two
customers give unrelated indexes.
"""

from __future__ import annotations

from enum import StrEnum

from whatstr.core.prf import Part, prf, prf16


class Purpose(StrEnum):
    """What is being looked up."""

    RECIPIENT = "recipient"  # digits with country code
    ALIAS = "alias"  # digits of another wa_id, or a business-scoped user id
    WAMID = "wamid"  # Meta's message id; account is empty
    PNID = "pnid"  # Meta's phone number id; account is empty
    WABA = "waba"  # Meta's business account id; account is empty
    PORTFOLIO = "portfolio"  # Meta's business portfolio id; account is empty
    TEMPLATE = "template"  # Meta's id of a message template


_WITHOUT_ACCOUNT = frozenset({Purpose.WAMID, Purpose.PNID, Purpose.WABA, Purpose.PORTFOLIO})


def ix(ik: bytes, purpose: Purpose, account: bytes, value: Part) -> bytes:
    """The 16-byte index of `value` for `purpose` within `account` (b"" for ids of Meta)."""
    return prf16(account_index_key(ik, purpose, account), "v", value)


def account_index_key(ik: bytes, purpose: Purpose, account: bytes) -> bytes:
    """The key behind `ix`, for a loop over many values: `prf16(key, "v", value)`."""
    if (purpose in _WITHOUT_ACCOUNT) != (account == b""):
        raise ValueError("indexes of Meta's own ids have no account, the others need one")
    return prf(ik, f"wtr1/ix/{purpose}", account)
