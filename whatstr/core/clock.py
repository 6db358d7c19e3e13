"""The one source of time, so that tests can set it and no module reads the wall clock alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


def _system() -> datetime:
    return datetime.now(UTC)


_read: Callable[[], datetime] = _system


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _read()


def unix() -> int:
    """Whole seconds since 1970-01-01 UTC."""
    return int(now().timestamp())


@contextmanager
def frozen(at: datetime) -> Iterator[Callable[[timedelta], None]]:
    """Hold the clock at `at` within the block; the yielded function moves it. For tests."""
    global _read
    before, moment = _read, [at]

    def advance(by: timedelta) -> None:
        moment[0] += by

    _read = lambda: moment[0]  # noqa: E731
    try:
        yield advance
    finally:
        _read = before
