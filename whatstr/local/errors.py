"""What can go wrong on the machine itself, in one sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

from whatstr.core.errors import DomainError


class LocalServiceError(DomainError):
    """A local process or server cannot be used; `str()` is one sentence for the terminal."""

    code = "local_service"
    status = 503


def shown(path: Path) -> str:
    """The path as a person would type it from here: relative where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
