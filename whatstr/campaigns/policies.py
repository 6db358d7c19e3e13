"""Rules of campaigns, on plain values."""

from __future__ import annotations

from datetime import datetime, timedelta

from whatstr.accounts.models import OrganizationState
from whatstr.audiences.policies import MAX_ROWS, chunk_count
from whatstr.core.errors import DomainError, InvalidInput
from whatstr.lines.models import LineState

MAX_AHEAD = timedelta(days=30)
MAX_RUN = timedelta(days=7)
MAX_CHUNK_BYTES = 2_000_000
MEDIA_PIECE_BYTES = 1_048_576 + 256
MAX_MEDIA_PIECES = 100


class LineNotReady(DomainError):
    """The line cannot send now; `state` says why."""

    code = "line_not_ready"


class OrganizationSuspended(DomainError):
    """Our staff stopped the organization."""

    code = "organization_suspended"


class EmailUnconfirmed(DomainError):
    """The member's e-mail address is not confirmed yet."""

    code = "email_unconfirmed"


def check_shape(*, rows: int, chunks: int) -> None:
    """A campaign has 1 to 500,000 rows in chunks of 500."""
    if not 1 <= rows <= MAX_ROWS:
        raise InvalidInput("rows", "out_of_range", maximum=MAX_ROWS)
    if chunks != chunk_count(rows):
        raise InvalidInput("chunks", "wrong_count", expected=chunk_count(rows))


def check_times(*, now: datetime, due_at: datetime, expires_at: datetime) -> None:
    """Start at most 30 days ahead, end at most 7 days after the start (vault design, 14.6)."""
    if due_at > now + MAX_AHEAD:
        raise InvalidInput("due_at", "too_far_ahead", days=MAX_AHEAD.days)
    if not due_at < expires_at <= due_at + MAX_RUN:
        raise InvalidInput("expires_at", "out_of_range", days=MAX_RUN.days)
    if expires_at <= now:
        raise InvalidInput("expires_at", "in_the_past")


def check_may_send(*, organization: OrganizationState, line: LineState) -> None:
    """Refuse what would only stand still."""
    if organization is not OrganizationState.ACTIVE:
        raise OrganizationSuspended(organization)
    if line is not LineState.CONNECTED:
        raise LineNotReady(line, state=str(line))
