"""Complaints as they come in through our own pages.

The words are sealed at once: to the desk, which reads them with a logged reason, and to the sender,
which can check them against what it really sent once the writer has proved the number.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from whatstr.abuse.models import (
    AbuseReport,
    ReportCategory,
    ReportChannel,
    ReportProof,
    ReportState,
    Verdict,
)
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import InvalidInput
from whatstr.core.logs import get_logger
from whatstr.lines.models import Line
from whatstr.vault.inbox import leave_for_sender, seal_for_sender
from whatstr.vault.queries import CertificateMissing
from whatstr.vault.seals import seal_to_desk

log = get_logger(__name__)
PROOF_LIFE = timedelta(days=1)
PROOF_WORD = "BILDIRIM"
MAX_TEXT = 4000
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_CODE_LENGTH = 10


@dataclass(frozen=True)
class ReceivedReport:
    """`proof_code` is sent to the abuse line in WhatsApp to prove the writer's number; None while
    no sender is there to check it."""

    number: int
    proof_code: str | None


def lines_of(text: str) -> list[str]:
    """The reported words line by line, blanks trimmed, empty lines left out."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def proof_hash(code: str) -> bytes:
    """What is stored of a proof code: SHA-256 of its letters, however it was typed."""
    letters = "".join(ch for ch in code.upper() if ch.isalnum())
    return hashlib.sha256(letters.encode()).digest()


def new_proof_code() -> str:
    """Ten letters in two groups, 50 bits."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    return f"{letters[:5]}-{letters[5:]}"


def receive_web_report(
    *,
    line: Line | None,
    typed_number: str,
    category: ReportCategory,
    text: str,
    contact: str,
    desk_pk: bytes,
    ident_pks: Iterable[bytes],
) -> ReceivedReport:
    """Store a complaint from the public page. The answer is the same whether or not the number
    belongs to a line of ours. Raises InvalidInput (`text`)."""
    if not text.strip():
        raise InvalidInput("text", "missing")
    if len(text) > MAX_TEXT:
        raise InvalidInput("text", "too_long", max=MAX_TEXT)
    now, code = clock.now(), new_proof_code()
    words = {
        "v": 1,
        "channel": ReportChannel.WEB,
        "at": now.isoformat(),
        "number": typed_number,
        "contact": contact,
        "lines": [{"text": line, "mark": None} for line in lines_of(text)],
    }
    report = AbuseReport(
        id=uuid.uuid4(),
        received_at=now,
        channel=ReportChannel.WEB,
        category=category,
        state=ReportState.RECEIVED,
        verdict=Verdict.PENDING,
        organization_id=line.organization_id if line else None,
        line_id=line.id if line else None,
        sealed=seal_to_desk(desk_pk, json.dumps(words).encode()),
    )
    session().add(report)
    session().flush()
    # Once proved, the sender seals the report anew: what was typed has to survive that.
    typed = {"number": typed_number, "contact": contact}
    proof = {"report": report.id.hex, "lines": lines_of(text), "typed": typed}
    try:
        sealed = seal_for_sender(proof, ident_pks=ident_pks)
    except CertificateMissing:
        log.error("report.without_proof", report=report.id)
        return ReceivedReport(report.number, None)
    session().add(
        ReportProof(
            report_id=report.id,
            code_hash=proof_hash(code),
            sealed=sealed,
            expires_at=now + PROOF_LIFE,
        )
    )
    return ReceivedReport(report.number, code)


def receive_link_report(
    *, code: str, category: ReportCategory, text: str, ident_pks: Iterable[bytes]
) -> None:
    """A complaint through the report link of a message: the code names the message, so the sender
    makes the report. Always the same answer, whether or not the code is one of ours."""
    if len(text) > MAX_TEXT:
        raise InvalidInput("text", "too_long", max=MAX_TEXT)
    leave_for_sender(
        {"t": "report_link", "code": code, "category": category, "lines": lines_of(text)},
        ident_pks=ident_pks,
    )
