"""Once a night, Meta is asked about every line and its templates: webhooks can be missed."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import aiohttp
import sqlalchemy as sa

from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.core.logs import get_logger
from whatstr.core.queues import task
from whatstr.lines.cloud_api import CloudApi, CloudApiError, GraphError
from whatstr.lines.error_policy import Action, rule_for
from whatstr.lines.models import LineConnection
from whatstr.lines.reasons import meta_reason
from whatstr.sending import connections, context, health, progress, template_health
from whatstr.sending.connections import Connection

log = get_logger(__name__)

NIGHT = 3
"""The hour in Istanbul at which a day's look is due: few send then, and Meta counts calls."""
SECONDS = 30.0
"""A look hands over after so long, so that no slice waits behind it."""
_ISTANBUL = ZoneInfo("Europe/Istanbul")


def last_night(now: datetime) -> datetime:
    """The latest moment at which a look was due."""
    local = now.astimezone(_ISTANBUL)
    tonight = local.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    return tonight if tonight <= local else tonight - timedelta(days=1)


def due(*, now: datetime) -> bool:
    """Whether an account was not looked at since the night."""
    return session().scalar(sa.select(_unseen(now).exists())) is True


def _unseen(now: datetime) -> sa.Select[tuple[bytes]]:
    seen = sa.func.coalesce(LineConnection.synced_at, LineConnection.updated_at)
    return sa.select(LineConnection.account_ix).where(seen < last_night(now)).order_by(seen)


@task("health.sync")
def sync() -> None:
    """Look at one account after the other for half a minute, or until none is left."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and _sync_next():
        continue


def _sync_next() -> bool:
    with transaction():
        account = session().scalar(_unseen(clock.now()).limit(1))
        if account is None:
            return False
        found = connections.connections_of_index(account)
        # Noted before the call: an account that cannot be asked is tried again the next night.
        session().execute(
            sa.update(LineConnection)
            .where(LineConnection.account_ix == account)
            .values(synced_at=clock.now())
            .execution_options(synchronize_session=False)
        )
    live = [one for one in found if one.token]
    if live:
        _look(live)
    return True


def _look(found: list[Connection]) -> None:
    for connection, data in asyncio.run(health.ask_lines(found)):
        with transaction():
            values = health.keep(connection, data)
            health.heed(connection, values)
            health.lift_hold(connection, values)
    try:
        templates = asyncio.run(_templates(found[0]))
    except GraphError as refused:
        if rule_for(refused.number).action is Action.OFF:
            with transaction():
                for one in found:
                    progress.hold_line(one.line_id, number=refused.number, seconds=0)
                lines = [one.line_id for one in found]
                progress.hold_campaigns_of(lines, reason=meta_reason(refused.number))
        return
    except CloudApiError as error:
        log.warning("health.templates_not_asked", line=found[0].line_id, reason=error.code)
        return
    with transaction():
        for one in {one.organization_id: one for one in found}.values():
            template_health.keep_all(one, templates)


async def _templates(connection: Connection) -> list[dict[str, object]]:
    graph = context.graph_settings()
    async with aiohttp.ClientSession() as http:
        api = CloudApi(http, base_url=graph.base_url, version=graph.version, token=connection.token)
        return await api.templates(connection.waba_id)
