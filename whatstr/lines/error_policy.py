"""What to do about each of Meta's error codes: one table, read by sender and portal alike.

Source: facts, "WhatsApp Cloud API", section 3 (Meta's page support/error-codes). Decided by code
alone: titles, subcodes and HTTP status mean nothing here. The rows are in `error_table.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from whatstr.lines.error_rules import (
    DUPLICATE,
    NO_MORE_PEOPLE,
    OPTED_OUT,
    TEMPLATE_EDIT,
    UNREACHABLE,
    UNUSABLE_ROW,
    WINDOW_CLOSED,
    Action,
    ErrorRule,
    Scope,
)
from whatstr.lines.error_table import ROWS

__all__ = [
    "DUPLICATE",
    "ERRORS",
    "NO_MORE_PEOPLE",
    "OPTED_OUT",
    "UNREACHABLE",
    "UNUSABLE_ROW",
    "WINDOW_CLOSED",
    "Action",
    "ErrorRule",
    "Scope",
    "is_known",
    "is_resendable",
    "rule_for",
]

ERRORS: Mapping[int, ErrorRule] = {rule.code: rule for rule in ROWS}
_FAMILIES = (
    (range(200, 300), 200),
    (range(2_388_000, 2_388_300), TEMPLATE_EDIT),
    (range(141_000, 142_000), 141_002),
)


def rule_for(code: int) -> ErrorRule:
    """The rule of a code; a safe one for what is not in the table: the row fails, it is counted,
    and the sender stops the campaign when it comes often."""
    found = ERRORS.get(code)
    if found is not None:
        return found
    for codes, stands_for in _FAMILIES:
        if code in codes:
            return replace(ERRORS[stands_for], code=code)
    return ErrorRule(
        code,
        Action.ROW,
        Scope.ROW,
        0,
        f"Meta, {code} koduyla geri çevirdi. Sık yinelenirse destek ekibimize yazın.",
        f"Meta refused with code {code}. Write to our support team if it keeps happening.",
    )


def is_resendable(code: int) -> bool:
    """Whether a row that failed with this code may get a second attempt. An unknown code says
    nothing, so it does not."""
    return is_known(code) and rule_for(code).resendable


def is_known(code: int) -> bool:
    """Whether the table says something of its own about a code."""
    return code in ERRORS or any(code in codes for codes, _ in _FAMILIES)
