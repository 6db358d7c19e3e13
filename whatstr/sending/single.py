"""One message outside a campaign: a test send, or the answer to a reply. Franked like any other."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
import sqlalchemy as sa

from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.lines.cloud_api import CloudApi, GraphError, NotSent, OutcomeUnknown
from whatstr.lines.error_policy import NO_MORE_PEOPLE, UNUSABLE_ROW, WINDOW_CLOSED
from whatstr.lines.models import Line, LineState
from whatstr.sending import context, optouts, results, rows, windows
from whatstr.sending.bodies import FREE_TEXT, Template, is_usable
from whatstr.sending.connections import Connection
from whatstr.sending.forms import Forms
from whatstr.sending.mref import new_mref
from whatstr.sending.pace import Pace
from whatstr.sending.quota import quota_of
from whatstr.sending.results import Outcome, Result
from whatstr.sending.rows import Candidate
from whatstr.vault.franking import frank_tags
from whatstr.vault.job_header import TemplateRef
from whatstr.vault.rows import JobRow

NOT_CONNECTED = 131045
TEMPLATE_UNUSABLE = 132001
TOO_SOON = 131056
FILE_UNUSABLE = 131053
BUSY = 131016


@dataclass(frozen=True, slots=True)
class SingleOutcome:
    """`accepted`, `failed` or `unknown`; `code` is Meta's number or one of the error table's own
    (its sentences: `whatstr.lines.error_policy.rule_for`)."""

    outcome: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class TestFile:
    """The file of the header."""

    data: bytes = field(repr=False)
    mime: str


def send_test(
    connection: Connection,
    *,
    template: TemplateRef,
    to: str,
    params: Sequence[str],
    extra: Mapping[str, Any] | None = None,
    file: TestFile | None = None,
) -> SingleOutcome:
    """Send one template message to `to` (digits or user id) and say what came of it.

    Call it inside an application context and outside a transaction: it commits its franking row
    before anything leaves. Opt-outs, line state and pace hold here as for a campaign. `extra` is
    `{h: […], b: […]}`.
    """
    extra = extra or {}
    row = JobRow(
        to=to,
        params=tuple(params),
        header=tuple(extra.get("h", ())),
        buttons=tuple(extra.get("b", ())),
    )
    return asyncio.run(_send(connection, template, row, file))


def send_text(connection: Connection, *, to: str, text: str) -> SingleOutcome:
    """Answer one person in their own words' window; otherwise as `send_test`."""
    return asyncio.run(_send(connection, None, JobRow(to, (text,)), None))


async def _send(
    connection: Connection, wanted: TemplateRef | None, row: JobRow, file: TestFile | None
) -> SingleOutcome:
    graph = context.graph_settings()
    async with aiohttp.ClientSession() as http:
        api = CloudApi(http, base_url=graph.base_url, version=graph.version, token=connection.token)
        try:
            template = await _template(api, connection, wanted)
            if template is None:
                return SingleOutcome("failed", TEMPLATE_UNUSABLE)
            if not is_usable(template, row):
                return SingleOutcome("failed", UNUSABLE_ROW)
            media_id = None
            if template.wants_media:
                if file is None:
                    return SingleOutcome("failed", FILE_UNUSABLE)
                media_id = await api.upload_media(
                    connection.phone_number_id, file.data, mime=file.mime
                )
        except GraphError as refused:
            return SingleOutcome("failed", refused.number)
        except (NotSent, OutcomeUnknown):
            return SingleOutcome("failed", BUSY)
        one = _candidate(template, row, media_id, file)
        refusal = _prepare(connection, one, free=template is FREE_TEXT)
        if refusal is not None:
            return refusal
        return await _post(api, connection, one)


async def _template(
    api: CloudApi, connection: Connection, wanted: TemplateRef | None
) -> Template | None:
    """The approved template as Meta has it; free text where none is wanted."""
    if wanted is None:
        return FREE_TEXT
    data = await api.template(connection.waba_id, wanted.name, wanted.lang)
    if data is None or data.get("status") != "APPROVED" or str(data.get("id")) != wanted.id:
        return None
    return Template.from_meta(data)


async def _post(api: CloudApi, connection: Connection, one: Candidate) -> SingleOutcome:
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


def _candidate(
    template: Template, row: JobRow, media_id: str | None, file: TestFile | None
) -> Candidate:
    mref = new_mref()
    written = Forms(template).write(row, mref=mref, media_id=media_id)
    _, key = context.keyring().franking_key(clock.now())
    media = [hashlib.sha256(file.data).digest()] if file and media_id else []
    return Candidate(
        row=0,
        to=row.to,
        recipient_ix=b"",
        mref=mref,
        body=written.body,
        tags=frank_tags(key, mref, written.lines, media),
    )


def _prepare(connection: Connection, one: Candidate, *, free: bool) -> SingleOutcome | None:
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
        person = [one.recipient_ix]
        if free and not windows.open_for(connection.line_id, person, now=now):
            return SingleOutcome("failed", WINDOW_CLOSED)
        if not free and not _is_counted(connection, person, now=now):
            return SingleOutcome("failed", NO_MORE_PEOPLE)
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


def _is_counted(connection: Connection, person: list[bytes], *, now: datetime) -> bool:
    """Count one person more, as for a row of a campaign; False when the limit is used up. Raises
    PaceUnavailable."""
    if windows.open_for(connection.line_id, person, now=now):
        return True
    quota = quota_of(
        context.pace_redis(),
        line_id=connection.line_id,
        organization_id=connection.organization_id,
        now=now,
    )
    quota.build(now=now)
    return quota.reserve(person).count == len(person)


def _forget(one: Candidate) -> None:
    with transaction():
        session().execute(sa.text("DELETE FROM s_frank WHERE mref = :m"), {"m": one.mref})
