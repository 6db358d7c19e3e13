"""Which of Meta's business portfolios a line belongs to: its lines share one limit of people a day.

Meta's own id never stands in the database, only its keyed index.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.lines.cloud_api import CloudApi, GraphError, NotSent, OutcomeUnknown
from whatstr.lines.models import Line
from whatstr.sending import context
from whatstr.sending.bridge import Bridge
from whatstr.sending.connections import Connection
from whatstr.sending.stop import Stop
from whatstr.vault.indexes import Purpose, ix

log = get_logger(__name__)


async def owner_of(api: CloudApi, waba_id: str) -> str | None:
    """Who owns an account: its portfolio, or the account itself where Meta names no owner or does
    not tell us. None when Meta cannot be asked now."""
    try:
        data = await api.account(waba_id)
    except GraphError as refused:
        log.warning("portfolio.not_told", code=refused.number)
        data = {}
    except (NotSent, OutcomeUnknown):
        return None
    owner = data.get("owner_business_info")
    id_ = owner.get("id") if isinstance(owner, dict) else None
    return f"business:{id_}" if isinstance(id_, str) and id_ else f"account:{waba_id}"


async def learn(connection: Connection, api: CloudApi, bridge: Bridge, stop: Stop) -> bool:
    """Ask once for a line whose portfolio is not known yet. False when it cannot be asked now: a
    line that is counted by itself could go beyond what its portfolio may reach."""
    if await bridge.run(_is_known, connection.line_id):
        return True
    owner = await owner_of(api, connection.waba_id)
    if owner is None:
        log.warning("meta.away")
        stop.now()
        return False
    await bridge.run(keep, connection.line_id, owner)
    return True


def _is_known(line_id: uuid.UUID) -> bool:
    known = session().scalar(sa.select(Line.portfolio_ix).where(Line.id == line_id))
    return known is not None


def keep(line_id: uuid.UUID, owner: str | None) -> None:
    """Store what `owner_of` told, as its index."""
    ik = context.keyring().ik
    index = ix(ik, Purpose.PORTFOLIO, b"", owner) if owner is not None else None
    session().execute(
        sa.update(Line)
        .where(Line.id == line_id)
        .values(portfolio_ix=index)
        .execution_options(synchronize_session=False)
    )
