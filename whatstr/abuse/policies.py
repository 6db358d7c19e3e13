"""Pure decisions of the abuse desk: which rules there are, what may be decided together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from whatstr.abuse.models import ActionKind
from whatstr.core.errors import DomainError, InvalidInput

CLAIM_LEASE = timedelta(minutes=30)
APPEAL_TIME = timedelta(days=20)
MIN_EXPLANATION, MAX_EXPLANATION = 20, 4000
MIN_NOTE, MAX_NOTE = 10, 500


class Policy(StrEnum):
    """The rule of our terms that was looked at."""

    CONSENT = "consent"
    OPT_OUT = "opt_out"
    FRAUD = "fraud"
    IMPERSONATION = "impersonation"
    ILLEGAL_CONTENT = "illegal_content"
    HARASSMENT = "harassment"


class DecisionGround(StrEnum):
    """On what a decision rests: the terms, the law, or nothing was found."""

    TERMS = "terms"
    LAW = "law"
    UNFOUNDED = "unfounded"


@dataclass(frozen=True)
class Words:
    """One text in both languages; statements need the two at once."""

    tr: str
    en: str

    def in_(self, language: str) -> str:
        return self.en if language == "en" else self.tr


POLICY_WORDS: dict[Policy, Words] = {
    Policy.CONSENT: Words("Onay olmadan mesaj", "Messages without consent"),
    Policy.OPT_OUT: Words("Reddeden kişiye mesaj", "Messages after a refusal"),
    Policy.FRAUD: Words("Dolandırıcılık ve oltalama", "Fraud and phishing"),
    Policy.IMPERSONATION: Words("Başkasının adını kullanma", "Impersonation"),
    Policy.ILLEGAL_CONTENT: Words("Hukuka aykırı içerik", "Illegal content"),
    Policy.HARASSMENT: Words("Taciz", "Harassment"),
}
GROUND_WORDS: dict[DecisionGround, Words] = {
    DecisionGround.TERMS: Words("Kullanım koşullarına aykırılık", "Breach of the terms of use"),
    DecisionGround.LAW: Words("Hukuka aykırılık", "Breach of the law"),
    DecisionGround.UNFOUNDED: Words("İhlal bulunmadı", "No breach found"),
}

# What an operator may decide today; the other kinds come with their own effects.
DECIDABLE = frozenset(
    {
        ActionKind.DISMISS,
        ActionKind.WARN,
        ActionKind.PAUSE_CAMPAIGN,
        ActionKind.PAUSE_LINE,
        ActionKind.SUSPEND_ORGANIZATION,
    }
)
FOUR_EYES = frozenset({ActionKind.SUSPEND_ORGANIZATION})
# Kinds that stand alone: nothing else belongs into the same decision.
ALONE = frozenset({ActionKind.DISMISS, ActionKind.WARN})
REVERSIBLE = frozenset(
    {ActionKind.PAUSE_CAMPAIGN, ActionKind.PAUSE_LINE, ActionKind.SUSPEND_ORGANIZATION}
)


class CaseTaken(DomainError):
    """A colleague has the case and the lease still runs."""

    code = "case_taken"
    status = 409


class CaseNotClaimed(DomainError):
    """Only who has claimed a case may decide it or open its reports."""

    code = "case_not_claimed"
    status = 409


class SecondPersonNeeded(DomainError):
    """Who proposed a suspension cannot approve it."""

    code = "second_person_needed"
    status = 403


@dataclass(frozen=True)
class WantedAction:
    """One action of a decision; `target` for a campaign or another line of the organization."""

    kind: ActionKind
    target: str = ""


def lease_runs(*, until: datetime | None, now: datetime) -> bool:
    """Whether a claim still holds."""
    return until is not None and until > now


def check_decision(
    *, kinds: Collection[ActionKind], ground: DecisionGround, explanation: str
) -> None:
    """Raise InvalidInput (`actions`, `ground`, `explanation`) for what does not belong together."""
    if not kinds:
        raise InvalidInput("actions", "missing")
    if not set(kinds) <= DECIDABLE or len(set(kinds)) != len(list(kinds)):
        raise InvalidInput("actions", "unknown")
    if len(set(kinds)) > 1 and set(kinds) & ALONE:
        raise InvalidInput("actions", "not_together")
    dismissed = ActionKind.DISMISS in kinds
    if dismissed != (ground is DecisionGround.UNFOUNDED):
        raise InvalidInput("ground", "does_not_fit")
    words = explanation.strip()
    if len(words) < MIN_EXPLANATION:
        raise InvalidInput("explanation", "too_short", min=MIN_EXPLANATION)
    if len(words) > MAX_EXPLANATION:
        raise InvalidInput("explanation", "too_long", max=MAX_EXPLANATION)


def check_note(note: str) -> str:
    """A reason given in words. Raises InvalidInput (`note`)."""
    words = note.strip()
    if len(words) < MIN_NOTE:
        raise InvalidInput("note", "too_short", min=MIN_NOTE)
    if len(words) > MAX_NOTE:
        raise InvalidInput("note", "too_long", max=MAX_NOTE)
    return words
