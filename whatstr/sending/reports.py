"""Complaints, checked by franking against what was really sent (vault design, 11).

Only what arrives from a person is checked, never a question of ours, and the person gets the same
answer whatever comes out: a yes or no would tell whether a number is on somebody's list.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from whatstr import settings_of
from whatstr.abuse.models import (
    AbuseReport,
    ReportCategory,
    ReportChannel,
    ReportProof,
    ReportState,
    Verdict,
)
from whatstr.abuse.reports import proof_hash
from whatstr.core import clock
from whatstr.core.db import notify, session
from whatstr.core.logs import get_logger
from whatstr.sending import context, optouts, report_checks
from whatstr.sending.optouts import SentMessage
from whatstr.vault import wire
from whatstr.vault.box import VaultFormatError
from whatstr.vault.franking import LineVerdict
from whatstr.vault.franking import Verdict as Found
from whatstr.vault.seals import open_sender_seal, seal_to_desk

log = get_logger(__name__)

MAX_LINES = 200
MAX_LINE = 4_096
CHANNEL = "whatstr_reports"


# Ways in --------------------------------------------------------------------------------------


def forwarded(*, digits: str, text: str, at: datetime) -> None:
    """Words that somebody sent to the abuse line; Meta vouches for the number."""
    lines = lines_of(text)
    if not lines or not report_checks.may_ask(digits):
        return
    found = report_checks.check(digits=digits, lines=lines)
    if not found:
        _insert(None, ReportChannel.FORWARD, Verdict.UNVERIFIED, lines, None, digits, at)
    for one in found:
        verdict = Verdict(one.result.verdict.value)
        marks = one.result.lines
        _insert(one.message, ReportChannel.FORWARD, verdict, lines, marks, digits, at)
    notify(CHANNEL)


def replied(
    *,
    organization_id: uuid.UUID,
    line_id: uuid.UUID,
    message: SentMessage | None,
    known: set[bytes],
    digits: str,
    at: datetime,
) -> bool:
    """ŞİKAYET as a reply. With its context, sender, message and recipient are certain; without,
    it is certain only that something was sent to this person, or not even that. One report for a
    message, and one a day without: False when it was made before, so that a telephone that answers
    by itself fills no queue."""
    sure = message is not None and message.organization_id == organization_id
    day = at.date().isoformat().encode()
    unsure = organization_id.bytes + min(known, default=b"") + day
    if not report_checks.first(b"reply:" + (message.mref if message and sure else unsure), at):
        return False
    sent = sure or report_checks.wrote_to(organization_id, known)
    session().execute(
        sa.insert(AbuseReport).values(
            _values(
                message if sure else None,
                ReportChannel.REPLY,
                Verdict.SENDER_ONLY if sent else Verdict.UNVERIFIED,
                _seal(digits, [], None, ReportChannel.REPLY, at),
                at,
            )
            | {"organization_id": organization_id, "line_id": line_id}
        )
    )
    notify(CHANNEL)
    return True


def by_link(*, code_mref: bytes, category: str, lines: Sequence[str], at: datetime) -> None:
    """The report link of a message: whoever has the code holds the message. One report each."""
    message = optouts.sent_message(code_mref)
    if message is None or not report_checks.first(b"link:" + code_mref, at):
        return
    kept, verdict, marks = lines_of("\n".join(lines)), Verdict.SENDER_ONLY, None
    result = report_checks.match_one(message, kept) if kept else None
    if result is not None and result.verdict is not Found.UNVERIFIED:
        verdict, marks = Verdict(result.verdict.value), result.lines
    _insert(message, ReportChannel.LINK, verdict, kept, marks, "", at, category=category)
    notify(CHANNEL)


def proved(*, code: str, digits: str, at: datetime) -> bool:
    """The one-time code of a web report came from `digits`: now its words can be checked. False
    when it is none of ours, used or too old."""
    row = (
        session()
        .execute(
            sa.select(ReportProof.report_id, ReportProof.sealed).where(
                ReportProof.code_hash == proof_hash(code), ReportProof.expires_at > clock.now()
            )
        )
        .first()
    )
    if row is None:
        return False
    session().execute(sa.delete(ReportProof).where(ReportProof.report_id == row.report_id))
    try:
        _, body = open_sender_seal(context.keyring().epoch_keys(), row.sealed)
        said = wire.load(body)
        lines = lines_of("\n".join(str(line) for line in said["lines"]))
        typed = {name: str(said["typed"][name]) for name in ("number", "contact")}
        if said["report"] != row.report_id.hex:
            raise VaultFormatError("report")
    except (VaultFormatError, KeyError, TypeError):
        log.warning("report.bad_proof", report=row.report_id)
        return True
    if report_checks.may_ask(digits):
        _settle(row.report_id, lines, digits, at, typed=typed)
        notify(CHANNEL)
    return True


def _settle(
    report_id: uuid.UUID,
    lines: list[str],
    digits: str,
    at: datetime,
    *,
    typed: Mapping[str, str],
) -> None:
    report = (
        session()
        .execute(
            sa.select(AbuseReport.organization_id, AbuseReport.category, AbuseReport.state).where(
                AbuseReport.id == report_id
            )
        )
        .first()
    )
    if report is None:
        return
    found = report_checks.check(digits=digits, lines=lines)
    named = [one for one in found if one.message.organization_id == report.organization_id]
    best = next(iter(named or found), None)
    values: dict[str, object] = {"verdict": Verdict.UNVERIFIED}
    if best is not None:
        values = {
            "verdict": Verdict(best.result.verdict.value),
            "organization_id": best.message.organization_id,
            "line_id": best.message.line_id,
            "campaign_id": best.message.campaign_id,
        }
    if report.state is ReportState.RECEIVED:
        values["state"] = ReportState.VERIFIED if best else ReportState.UNVERIFIED
    marks = best.result.lines if best else None
    values["sealed"] = _seal(digits, lines, marks, ReportChannel.WEB, at, typed=typed)
    session().execute(
        sa.update(AbuseReport)
        .where(AbuseReport.id == report_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    for one in found:
        if one is not best:
            verdict = Verdict(one.result.verdict.value)
            _insert(
                one.message,
                ReportChannel.WEB,
                verdict,
                lines,
                one.result.lines,
                digits,
                at,
                category=report.category,
            )


# Writing --------------------------------------------------------------------------------------


def lines_of(text: str) -> list[str]:
    """The reported words line by line, blanks trimmed, empty lines left out."""
    lines = [line.strip()[:MAX_LINE] for line in text.splitlines()]
    return [line for line in lines if line][:MAX_LINES]


def _insert(
    message: SentMessage | None,
    channel: ReportChannel,
    verdict: Verdict,
    lines: Sequence[str],
    marks: Sequence[LineVerdict] | None,
    digits: str,
    at: datetime,
    *,
    category: str = ReportCategory.OTHER,
) -> None:
    sealed = _seal(digits, lines, marks, channel, at)
    values = _values(message, channel, verdict, sealed, at)
    if category in set(ReportCategory):
        values["category"] = ReportCategory(category)
    session().execute(sa.insert(AbuseReport).values(values))


def _values(
    message: SentMessage | None,
    channel: ReportChannel,
    verdict: Verdict,
    sealed: bytes,
    at: datetime,
) -> dict[str, object]:
    sure = verdict is not Verdict.UNVERIFIED
    return {
        "received_at": at,
        "channel": channel,
        "category": ReportCategory.OTHER,
        "state": ReportState.VERIFIED if sure else ReportState.UNVERIFIED,
        "verdict": verdict,
        "organization_id": message.organization_id if message else None,
        "line_id": message.line_id if message else None,
        "campaign_id": message.campaign_id if message else None,
        "sealed": sealed,
    }


def _seal(
    digits: str,
    lines: Sequence[str],
    marks: Sequence[LineVerdict] | None,
    channel: ReportChannel,
    at: datetime,
    *,
    typed: Mapping[str, str] | None = None,
) -> bytes:
    """What only the desk reads: who said so, and which of the lines agreed. `typed` is what a web
    report's writer gave besides."""
    body = {
        **(typed or {}),
        "v": 1,
        "from": digits,
        "lines": [
            {"text": line, "mark": str(marks[place]) if marks else None}
            for place, line in enumerate(lines)
        ],
        "channel": str(channel),
        "at": at.isoformat(),
    }
    desk = base64.b64decode(settings_of()["WHATSTR_DESK_PUBLIC"])
    return seal_to_desk(desk, wire.dump(body))
