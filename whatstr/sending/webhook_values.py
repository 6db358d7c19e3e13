"""Values of Meta's webhooks, which may be anything: read, or refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

FRESH = timedelta(hours=1)
"""An older failure holds nothing: webhooks come for days, and somebody may have mended it since."""


def instant(value: Any) -> datetime | None:
    """Unix seconds, as a number or as text; None for anything that is no such moment."""
    text = str(value) if type(value) in (int, str) else ""
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        return None
    return datetime.fromtimestamp(int(text), UTC)


def text_of(value: Any, limit: int = 512) -> str:
    """A string of Meta's, cut, without what is no character (JSON may name half of one); or ""."""
    return value[:limit].encode(errors="replace").decode() if isinstance(value, str) else ""
