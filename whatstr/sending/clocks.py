"""Whether the clocks can be believed: a jump must neither expire campaigns nor start them.

The wall clock of this host is held against its own monotonic clock and against the database's.
While they do not agree, and for a while after a jump, the dispatcher moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

APART = timedelta(seconds=60)
"""So far may the clocks of this host and of the database differ."""
JUMP = timedelta(seconds=30)
"""More than any step that keeping time by the network takes; a suspended machine jumps too."""
QUIET = timedelta(seconds=120)
"""So long after a jump nothing is moved: a wrong time is usually set right at once."""


@dataclass
class ClockWatch:
    """Remembers how far the wall clock was from the monotonic one."""

    _offset: float | None = field(default=None)
    _quiet_until: float = field(default=float("-inf"))

    def trouble(self, *, wall: datetime, monotonic: float, database: datetime) -> str | None:
        """Why nothing may be moved at present (a code), or None."""
        offset = wall.timestamp() - monotonic
        if self._offset is not None and abs(offset - self._offset) > JUMP.total_seconds():
            self._quiet_until = monotonic + QUIET.total_seconds()
        self._offset = offset
        if abs(wall - database) > APART:
            return "clocks_differ"
        return "clock_jumped" if monotonic < self._quiet_until else None
