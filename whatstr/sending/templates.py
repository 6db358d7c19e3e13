"""The template's text and the header's file at Meta, fetched and uploaded before rows leave."""

from __future__ import annotations

from redis import Redis
from redis.exceptions import RedisError

from whatstr.campaigns.models import CampaignKind
from whatstr.core.logs import get_logger
from whatstr.lines.cloud_api import CloudApi, GraphError, NotSent, OutcomeUnknown
from whatstr.lines.error_policy import Action, rule_for
from whatstr.lines.reasons import TEMPLATE_MARKETING, meta_reason
from whatstr.sending.bodies import FREE_TEXT, Template
from whatstr.sending.bridge import Bridge
from whatstr.sending.opening import Job, open_media
from whatstr.sending.pace import Pace
from whatstr.sending.stop import Stop, Trouble
from whatstr.sending.template_health import is_marketing, reason_of

log = get_logger(__name__)

TEMPLATE_SECONDS = 15 * 60
"""How long a fetched text is believed (vault design, 9.3)."""
MEDIA_SECONDS = 24 * 3_600
"""Uploaded ids live 30 days at Meta; a day is longer than most campaigns run."""
RENEWED_SECONDS = 3_600
AWAY_SECONDS = 10.0


async def fetch_template(
    job: Job, api: CloudApi, pace: Pace, bridge: Bridge, stop: Stop
) -> Template | None:
    """The campaign's template as Meta has it now; None when nothing may be sent, and then `stop`
    says whether something is to be held."""
    wanted = job.header.template
    if wanted is None:
        return FREE_TEXT
    try:
        data = await api.template(job.connection.waba_id, wanted.name, wanted.lang)
    except GraphError as refused:
        await _refused(refused.number, pace, bridge, stop)
        return None
    except (NotSent, OutcomeUnknown):
        await _away(pace, bridge, stop)
        return None
    reason = None
    if data is None:
        reason = meta_reason(132001)
    elif data.get("status") != "APPROVED":
        reason = reason_of(str(data.get("status")))
    elif str(data.get("id")) != wanted.id:
        reason = "template_changed"
    elif job.item.kind is CampaignKind.INFORMATIONAL and is_marketing(data.get("category")):
        reason = TEMPLATE_MARKETING
    if reason is not None or data is None:
        stop.now(Trouble(reason or "template_not_approved", Action.STOP))
        return None
    return Template.from_meta(data)


async def media_ids_of(
    job: Job,
    template: Template,
    api: CloudApi,
    pace: Pace,
    bridge: Bridge,
    redis: Redis,
    stop: Stop,
) -> dict[int, str] | None:
    """Meta's id of each file of the campaign, uploaded once; None as for `fetch_template`."""
    ids: dict[int, str] = {}
    if not template.wants_media:
        return ids
    for entry in job.header.media:
        key = f"media:{job.id.hex}:{entry.no}"
        try:
            known = await bridge.plain(redis.get, key)
        except RedisError:
            stop.now()
            return None
        if isinstance(known, bytes):
            ids[entry.no] = known.decode()
            continue
        data, mime = await bridge.run(open_media, job, entry.no)
        try:
            ids[entry.no] = await api.upload_media(job.connection.phone_number_id, data, mime=mime)
        except GraphError as refused:
            await _refused(refused.number, pace, bridge, stop)
            return None
        except (NotSent, OutcomeUnknown):
            await _away(pace, bridge, stop)
            return None
        await bridge.plain(redis.set, key, ids[entry.no], ex=MEDIA_SECONDS)
    return ids


async def forget_media(job: Job, bridge: Bridge, redis: Redis) -> None:
    """Meta does not know the ids any more: the next `media_ids_of` uploads anew."""
    keys = [f"media:{job.id.hex}:{entry.no}" for entry in job.header.media]
    if keys:
        await bridge.plain(redis.delete, *keys)
    await bridge.plain(redis.set, _renewed(job), 1, ex=RENEWED_SECONDS)
    log.warning("media.forgotten", campaign=job.id)


async def media_renewed(job: Job, bridge: Bridge, redis: Redis) -> bool:
    """Whether the files were uploaded anew lately: then it is not the ids that Meta refuses."""
    return bool(job.header.media and await bridge.plain(redis.exists, _renewed(job)))


def _renewed(job: Job) -> str:
    return f"media-renewed:{job.id.hex}"


async def _refused(number: int, pace: Pace, bridge: Bridge, stop: Stop) -> None:
    rule = rule_for(number)
    log.warning("template.refused", code=number)
    if rule.action is Action.BACKOFF:
        await bridge.plain(pace.block, max(rule.wait_seconds, AWAY_SECONDS))
        stop.now()
        return
    action = rule.action if rule.action in _HOLDING else Action.STOP
    stop.now(Trouble(meta_reason(number), action, rule.scope, number, rule.wait_seconds))


_HOLDING = frozenset({Action.LINE, Action.STOP, Action.OFF, Action.SETUP, Action.BUG})


async def _away(pace: Pace, bridge: Bridge, stop: Stop) -> None:
    log.warning("meta.away")
    await bridge.plain(pace.block, AWAY_SECONDS)
    stop.now()
