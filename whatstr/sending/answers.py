"""Short free-text answers to people who wrote: after the commit, at most once, never in the way.

They leave inside the service window that the person's own message opened, over the line that was
written to. One that cannot leave is dropped: what the person asked for is done all the same.
"""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import aiohttp
import sqlalchemy as sa

from whatstr import settings_of
from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.core.logs import get_logger
from whatstr.lines.cloud_api import CloudApi, CloudApiError
from whatstr.lines.models import Line, LineState
from whatstr.sending import context
from whatstr.sending.bodies import address
from whatstr.sending.connections import Connection
from whatstr.sending.pace import Pace, PaceUnavailable

log = get_logger(__name__)

WINDOW = timedelta(hours=23)
"""Meta's service window is 24 hours; an hour is left for webhooks that come late."""
SECONDS = 15.0
_PACE_TRIES = 5


class Wording(StrEnum):
    """Which answer."""

    OPTED_OUT = "opted_out"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class Answer:
    """To one person: `digits`, or a user id where the number is hidden."""

    connection: Connection
    wording: Wording
    at: datetime
    digits: str = field(repr=False)
    user_id: str = field(default="", repr=False)


def words(wording: Wording) -> str:
    """The text, in both languages, with the abuse line where there is one."""
    line = settings_of().get("WHATSTR_ABUSE_LINE") or ""
    if wording is Wording.OPTED_OUT:
        turkish = "Artık mesaj almayacaksınız."
        english = "You will get no more messages."
    else:
        turkish = "Bildiriminiz bize ulaştı. Teşekkür ederiz."
        english = "Your report has reached us. Thank you."
    if not line:
        return f"{turkish}\n\n{english}"
    if wording is Wording.OPTED_OUT:
        turkish += f" Şikâyetiniz varsa mesajı WhatsTR bildirim hattına iletin: wa.me/{line}"
        english += f" To report a message, forward it to WhatsTR: wa.me/{line}"
    else:
        turkish += f" Mesajın kendisini de bu hatta iletebilirsiniz: wa.me/{line}"
        english += f" You may also forward the message itself to: wa.me/{line}"
    return f"{turkish}\n\n{english}"


def send_all(answers: Sequence[Answer]) -> None:
    """Send what may be sent. Call it outside a transaction."""
    wanted = [one for one in answers if one.at > clock.now() - WINDOW]
    rates = _connected({one.connection.line_id for one in wanted})
    ready = [one for one in wanted if one.connection.line_id in rates]
    if ready:
        asyncio.run(_send_all(ready, rates))


def _connected(line_ids: set[uuid.UUID]) -> dict[uuid.UUID, int]:
    with transaction():
        rows = session().execute(
            sa.select(Line.id, Line.throughput).where(
                Line.id.in_(line_ids), Line.state == LineState.CONNECTED
            )
        )
        return {row.id: row.throughput for row in rows}


async def _send_all(answers: Sequence[Answer], rates: dict[uuid.UUID, int]) -> None:
    graph, redis = context.graph_settings(), context.pace_redis()
    async with aiohttp.ClientSession() as http:

        async def one(answer: Answer) -> None:
            line = answer.connection.line_id
            try:
                await _token(Pace(redis, line, rate=rates[line]))
                api = CloudApi(
                    http,
                    base_url=graph.base_url,
                    version=graph.version,
                    token=answer.connection.token,
                )
                await api.send(answer.connection.phone_number_id, _body(answer))
                log.info("answer.sent", line=line, wording=answer.wording)
            except (CloudApiError, PaceUnavailable) as error:
                log.warning("answer.not_sent", line=line, reason=error.code)

        try:
            async with asyncio.timeout(SECONDS):
                await asyncio.gather(*map(one, answers))
        except TimeoutError:
            log.warning("answer.too_slow", n=len(answers))


async def _token(pace: Pace) -> None:
    """A place in the line's pace. The pair rule is for what we begin: here the person wrote."""
    for _ in range(_PACE_TRIES):
        grant = await asyncio.to_thread(pace.take, [os.urandom(16)])
        if grant.allowed:
            return
        await asyncio.sleep(min(grant.wait, 1.0))
    raise PaceUnavailable("busy")


def _body(answer: Answer) -> bytes:
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **address(answer.digits or answer.user_id),
        "type": "text",
        "text": {"body": words(answer.wording), "preview_url": False},
    }
    return json.dumps(body).encode()
