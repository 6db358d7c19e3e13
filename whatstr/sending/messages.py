"""Messages of our own pages to the sender: links of a message, and what the desk decides."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from whatstr.abuse.models import AbuseReport
from whatstr.audiences.models import OptOutSource
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.sending import notices, optouts, reports
from whatstr.sending.mref import mref_of_code
from whatstr.sending.webhook_values import text_of

log = get_logger(__name__)


def take(body: Mapping[str, Any]) -> None:
    """Act on one message, within the current transaction. A code that names nothing is passed
    over: the page has given its neutral answer already."""
    kind = body["t"]
    if kind == "desk_optout":
        _desk_opt_out(body)
        return
    mref = mref_of_code(text_of(body.get("code"), 64))
    if mref is None:
        log.info("message.bad_code", kind=kind)
    elif kind == "optout_link":
        _opt_out(mref)
    elif kind == "report_link":
        lines = body.get("lines")
        reports.by_link(
            code_mref=mref,
            category=text_of(body.get("category"), 32),
            lines=[str(line) for line in lines] if isinstance(lines, list) else [],
            at=clock.now(),
        )


def _opt_out(mref: bytes) -> None:
    message, now, via = optouts.sent_message(mref), clock.now(), OptOutSource.LINK
    if message is None:
        log.info("message.unknown_code")
        return
    if not optouts.add(message.organization_id, [message.recipient_ix], via=via, at=now):
        return
    fields: dict[str, object] = {"via": via}
    if message.campaign_id is not None:
        fields |= {"job": message.campaign_id.hex, "row": message.row}
    notices.leave(message.organization_id, "optout", now, fields)


def _desk_opt_out(body: Mapping[str, Any]) -> None:
    """The desk adds a reporter to the refusals of the organization that the report names. The
    customer is not told: it would name the reporter."""
    try:
        report_id = uuid.UUID(text_of(body.get("report"), 36))
    except ValueError:
        log.warning("message.bad_report")
        return
    organization_id = session().scalar(
        sa.select(AbuseReport.organization_id).where(AbuseReport.id == report_id)
    )
    digits = text_of(body.get("from"), 15)
    if organization_id is None or not digits.isdigit():
        log.warning("message.bad_report", report=report_id)
        return
    known = optouts.pseudonyms(organization_id, digits=digits)
    optouts.add(organization_id, known, via=OptOutSource.DESK, at=clock.now())
