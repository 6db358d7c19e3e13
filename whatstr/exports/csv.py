"""Lines of CSV that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

# OWASP, "CSV injection": what a cell may not begin with, also after blanks and wide twins.
_DANGEROUS = tuple("=+-@|%\t\r\n\0＝＋－＠")


def cell(value: Any) -> str:
    """A value as text; an apostrophe stands before what a spreadsheet would run."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, StrEnum):
        return str(value)
    text = (
        json.dumps(value, ensure_ascii=False, sort_keys=True)
        if isinstance(value, dict)
        else str(value)
    )
    return f"'{text}" if text.lstrip(" ").startswith(_DANGEROUS) else text


def lines(rows: Iterable[Iterable[Any]]) -> str:
    """Rows as CSV (RFC 4180), every cell quoted."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in rows:
        writer.writerow([cell(value) for value in row])
    return out.getvalue()
