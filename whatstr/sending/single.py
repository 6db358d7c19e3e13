"""One message outside a campaign: the test send of the compose page. Franked like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp
import sqlalchemy as sa

from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.lines.cloud_api import CloudApi, GraphError, NotSent, OutcomeUnknown
from whatstr.lines.error_policy import UNUSABLE_ROW
from whatstr.lines.models import Line, LineState
from whatstr.sending import context, optouts, results, rows
from whatstr.sending.bodies import Template, fill, is_usable
from whatstr.sending.connections import Connection
from whatstr.sending.mref import new_mref
from whatstr.sending.pace import Pace
from whatstr.sending.results import Outcome, Result
from whatstr.sending.rows import Candidate
from whatstr.vault.franking import frank_tags
from whatstr.vault.job_header import TemplateRef
from whatstr.vault.rows import JobRow

NOT_CONNECTED = 131045
TEMPLATE_UNUSABLE = 132001
TOO_SOON = 131056
BUSY = 131016


@dataclass(frozen=True, slots=True)
class SingleOutcome:
    """`accepted`, `failed` or `unknown`; `code` is Meta's number or one of the error table's own
    (its sentences: `whatstr.lines.error_policy.rule_for`)."""

    outcome: str
    code: int | None = None


def send_test(
    connection: Connection,
    *,
    template: TemplateRef,
    to: str,
    params: Sequence[str],
    extra: Mapping[str, Any] | None = None,
) -> SingleOutcome:
    """Send one template message to `to` (digits) and say what came of it.

    Call it inside an application context and outside a transaction: it commits its franking row
    before anything leaves. Opt-outs, line state and pace hold here as for a campaign. `extra` is
    `{h: […], b: […]}`; files are not for test sends.
    """
    extra = extra or {}
    row = JobRow(
        to=to,
        params=tuple(params),
        header=tuple(extra.get("h", ())),
        buttons=tuple(extra.get("b", ())),
    )
    if not is_usable(row):
        return SingleOutcome("failed", UNUSABLE_ROW)
    return asyncio.run(_send(connection, template, row))


async def _send(connection: Connection, wanted: TemplateRef, row: JobRow) -> SingleOutcome:
    graph = context.graph_settings()
    async with aiohttp.ClientSession() as http:
        api = CloudApi(http, base_url=graph.base_url, version=graph.version, token=connection.token)
        try:
            data = await api.template(connection.waba_id, wanted.name, wanted.lang)
        except GraphError as refused:
            return SingleOutcome("failed", refused.number)
        except (NotSent, OutcomeUnknown):
            return SingleOutcome("failed", BUSY)
        if data is None or data.get("status") != "APPROVED" or str(data.get("id")) != wanted.id:
            return SingleOutcome("failed", TEMPLATE_UNUSABLE)
        one = _candidate(connection, Template.from_meta(data), row)
        refusal = _prepare(connection, one)
        if refusal is not None:
            return refusal
        try:
            accepted = await api.send(connection.phone_number_id, one.body)
        except GraphError as refused:
            _forget(one)
            return SingleOutcome("failed", refused.number)
        except NotSent:
            _forget(one)
            return SingleOutcome("failed", BUSY)
        except OutcomeUnknown:
            return SingleOutcome("unknown")
        outcome = Outcome(one, Result.ACCEPTED, clock.now(), accepted=accepted)
        with transaction():
            results.index_accepted([outcome], organization_id=connection.organization_id)
        return SingleOutcome("accepted")


def _candidate(connection: Connection, template: Template, row: JobRow) -> Candidate:
    mref = new_mref()
    filled = fill(template, row, mref=mref)
    _, key = context.keyring().franking_key(clock.now())
    return Candidate(
        row=0,
        to=row.to,
        recipient_ix=b"",
        mref=mref,
        body=filled.body,
        tags=frank_tags(key, mref, filled.lines),
    )


def _prepare(connection: Connection, one: Candidate) -> SingleOutcome | None:
    """Check and keep the tags in one transaction; a refusal, or None when it may leave."""
    now: datetime = clock.now()
    with transaction():
        one.recipient_ix = optouts.of_rows(connection.organization_id, {one.to})[one.to]
        line = (
            session()
            .execute(sa.select(Line.state, Line.throughput).where(Line.id == connection.line_id))
            .first()
        )
        if line is None or line.state is not LineState.CONNECTED:
            return SingleOutcome("failed", NOT_CONNECTED)
        refused = optouts.refused(connection.organization_id, [one.recipient_ix])
        if refused:
            return SingleOutcome("failed", refused[one.recipient_ix])
        pace = Pace(context.pace_redis(), connection.line_id, rate=line.throughput)
        grant = pace.take([one.recipient_ix])
        if grant.allowed != (True,):
            return SingleOutcome("failed", TOO_SOON if grant.allowed else BUSY)
        rows.insert_franking(
            organization_id=connection.organization_id,
            line_id=connection.line_id,
            campaign_id=None,
            kid=context.keyring().franking_key(now)[0],
            now=now,
            rows=[one],
        )
    return None


def _forget(one: Candidate) -> None:
    with transaction():
        session().execute(sa.text("DELETE FROM s_frank WHERE mref = :m"), {"m": one.mref})
