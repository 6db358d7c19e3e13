"""Before a campaign leaves: Meta is asked whether the line can send (facts, section 6)."""

from __future__ import annotations

import sqlalchemy as sa
from redis.exceptions import RedisError

from whatstr.campaigns.models import Campaign
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.lines.cloud_api import CloudApi, GraphError, NotSent, OutcomeUnknown
from whatstr.lines.error_policy import Action, Scope, rule_for
from whatstr.lines.models import Line
from whatstr.lines.reasons import meta_reason
from whatstr.sending import health
from whatstr.sending.bridge import Bridge
from whatstr.sending.opening import Job
from whatstr.sending.pace import Pace
from whatstr.sending.stop import Stop, Trouble

log = get_logger(__name__)

AWAY_SECONDS = 10.0


async def line_may_send(job: Job, api: CloudApi, pace: Pace, bridge: Bridge, stop: Stop) -> bool:
    """Ask once for each start and each resumption of a campaign. False when nothing may be sent;
    then `stop` says whether something is to be held."""
    if not await bridge.run(_unasked, job):
        return True
    try:
        data = await api.phone_number(job.connection.phone_number_id)
    except GraphError as refused:
        rule = rule_for(refused.number)
        if rule.action in (Action.OFF, Action.LINE):
            stop.now(
                Trouble(
                    meta_reason(refused.number),
                    rule.action,
                    rule.scope,
                    refused.number,
                    rule.wait_seconds,
                )
            )
            return False
        # A question that Meta does not want to answer now must not keep a campaign from leaving:
        # what blocks it comes as an error with the first message.
        log.warning("health.not_told", code=refused.number)
        return True
    except (NotSent, OutcomeUnknown):
        log.warning("meta.away")
        try:
            await bridge.plain(pace.block, AWAY_SECONDS)
        except RedisError:
            log.error("pace.away")
        stop.now()
        return False
    values = await bridge.run(health.keep, job.connection, data)
    found = health.obstacle(values)
    if found is None:
        return True
    scope = Scope.ACCOUNT if found.wide else Scope.LINE
    stop.now(Trouble(meta_reason(found.number), Action.OFF, scope, found.number))
    return False


def _unasked(job: Job) -> bool:
    """Whether the line was not asked since the campaign was set to run."""
    row = (
        session()
        .execute(
            sa.select(Line.checked_at, Campaign.state_changed_at)
            .join(Campaign, Campaign.line_id == Line.id)
            .where(Campaign.id == job.id)
        )
        .one()
    )
    return row.checked_at is None or bool(row.checked_at < row.state_changed_at)
