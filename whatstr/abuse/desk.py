"""Reading what a report says. The words are sealed to the desk; each opening is logged first.

Two steps on purpose: the shell commits `log_opening`, then opens. No log row, no reading.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from whatstr.abuse.cases import locked_case, require_claim
from whatstr.abuse.models import AbuseReport
from whatstr.abuse.policies import check_note
from whatstr.accounts.reveal_alerts import watch_reveals
from whatstr.audit.models import Reveal
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import NotFound
from whatstr.vault.box import VaultFormatError
from whatstr.vault.seals import open_desk_seal


class RevealReason(StrEnum):
    """Why a value is shown: a closed list, with a note in words."""

    ABUSE_REVIEW = "abuse_review"
    BILLING = "billing"
    SUPPORT = "support"
    LEGAL_REQUEST = "legal_request"


@dataclass(frozen=True)
class ReportedLine:
    """One line as the recipient has it. `mark`: found in what was really sent, not found, or
    None (too short to tell, or not checked yet)."""

    text: str
    mark: bool | None


@dataclass(frozen=True)
class ReportWords:
    """What a sealed report holds."""

    lines: Sequence[ReportedLine]
    sender: str | None
    typed_number: str | None
    contact: str | None


def log_opening(
    *,
    actor: Actor,
    report_id: uuid.UUID,
    reason: RevealReason,
    note: str,
    roles: Collection[str],
) -> None:
    """Record that the actor opens a report of a case that they have claimed. Raises InvalidInput
    (`note`), CaseNotClaimed, NotFound."""
    words = check_note(note)
    report = session().get(AbuseReport, report_id)
    if report is None or report.case_id is None or report.organization_id is None:
        raise NotFound("abuse_report")
    require_claim(locked_case(report.case_id), actor)
    if actor.id is None:
        raise TypeError("a report is opened by a person")
    session().add(
        Reveal(
            at=clock.now(),
            staff_id=actor.id,
            staff_roles=",".join(sorted(roles)),
            organization_id=report.organization_id,
            subject_kind="abuse_report",
            subject_id=report.id,
            field="words",
            reason=str(reason),
            note=words,
        )
    )
    watch_reveals(actor=actor, staff_id=actor.id)
    record(
        actor=actor,
        verb="report.opened",
        subject_kind="abuse_report",
        subject_id=report.id,
        organization_id=report.organization_id,
        reason=str(reason),
    )


def read_words(*, report_id: uuid.UUID, desk_key: bytes) -> ReportWords:
    """Open a report after its opening was committed. Raises NotFound, VaultFormatError."""
    blob = session().scalar(
        sa.select(AbuseReport)
        .where(AbuseReport.id == report_id)
        .options(undefer(AbuseReport.sealed))
        .execution_options(populate_existing=True)
    )
    if blob is None:
        raise NotFound("abuse_report")
    try:
        said: dict[str, Any] = json.loads(open_desk_seal(desk_key, blob.sealed))
    except ValueError:
        raise VaultFormatError("words") from None
    return ReportWords(
        lines=[_line(one) for one in said.get("lines") or []],
        sender=_text(said.get("from")),
        typed_number=_text(said.get("number")),
        contact=_text(said.get("contact")),
    )


def _line(one: Any) -> ReportedLine:
    if not isinstance(one, dict):
        return ReportedLine(str(one), None)
    # The sender marks a line true, false or short; a short one proves nothing either way.
    mark = {"true": True, "false": False}.get(str(one.get("mark")))
    return ReportedLine(str(one.get("text", "")), mark)


def _text(value: Any) -> str | None:
    return str(value) if value else None
