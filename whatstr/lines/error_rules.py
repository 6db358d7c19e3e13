"""The words of the error table: actions, scopes and one rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What happens to the row and to what stands around it."""

    BACKOFF = "backoff"  # the same row again later
    TOMORROW = "tomorrow"  # the same row once more, a day later at the earliest
    LINE = "line"  # the line rests, the row comes again
    ROW = "row"  # this row failed for good
    SUPPRESS = "suppress"  # this person is not written to any more
    STOP = "stop"  # the campaign is held until somebody acts
    OFF = "off"  # the line is held until it is mended
    BUG = "bug"  # our request was wrong: campaign held, staff told
    SETUP = "setup"  # while connecting or registering a line
    NOTE = "note"  # nothing of ours failed


class Scope(StrEnum):
    """How far the trouble reaches."""

    ROW = "row"
    RECIPIENT = "recipient"
    LINE = "line"
    TEMPLATE = "template"
    CAMPAIGN = "campaign"
    ACCOUNT = "account"
    APP = "app"  # every line of every customer


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """One code. `wait_seconds`: before the next try (backoff, tomorrow) or until the line
    rests no more (line); `tries`: after so many the row fails. The sentences say what happened and
    the remedy."""

    code: int
    action: Action
    scope: Scope
    wait_seconds: int
    sentence_tr: str
    sentence_en: str
    tries: int = 1

    @property
    def resendable(self) -> bool:
        """Whether a row that failed so may get a second attempt: nothing was wrong with the row
        itself or its person, and what was wrong passes or can be mended."""
        return self.action in _PASSING

    def sentence(self, language: str) -> str:
        """The sentence in `tr` or `en`."""
        return self.sentence_tr if language.startswith("tr") else self.sentence_en


_PASSING = frozenset(
    {
        Action.BACKOFF,
        Action.TOMORROW,
        Action.LINE,
        Action.STOP,
        Action.OFF,
        Action.SETUP,
        Action.BUG,
    }
)

OPTED_OUT = -1
DUPLICATE = -2
UNUSABLE_ROW = -3
UNREACHABLE = -4
NO_MORE_PEOPLE = -5
"""Codes of ours, below zero so that Meta can never use them: why a row was not sent."""

WINDOW_CLOSED = 131_047
"""More than 24 hours since the person wrote. We know it ourselves, before asking Meta."""

TEMPLATE_EDIT = 2_388_001
"""Stands for Meta's family of template faults, 2388000 to 2388299."""
