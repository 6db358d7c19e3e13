"""Rules of support: how long words may be, what waits, which sentences go out by mail."""

from __future__ import annotations

from whatstr.core.errors import DomainError, InvalidInput

SUBJECT_LENGTH = (3, 120)
BODY_LENGTH = (2, 4000)


class SupportClosed(DomainError):
    """The request is closed; it can be opened again."""

    code = "support_closed"


class NotClosed(DomainError):
    """Only a closed request is rated."""

    code = "support_not_closed"


def check_subject(text: str) -> str:
    """One line. Raises InvalidInput."""
    return _check(" ".join(text.split()), "subject", SUBJECT_LENGTH)


def check_body(text: str) -> str:
    """What is written, without its outer blanks. Raises InvalidInput."""
    return _check(text.replace("\r\n", "\n").strip(), "body", BODY_LENGTH)


def _check(text: str, field: str, bounds: tuple[int, int]) -> str:
    least, most = bounds
    if len(text) < least or "\0" in text:
        raise InvalidInput(field, "too_short", min=least)
    if len(text) > most:
        raise InvalidInput(field, "too_long", max=most)
    return text
