"""A slice: one line's work for about a minute (sending design, "A slice").

RQ task `sending.slice`. What it needs to know is in PostgreSQL, so a killed slice loses nothing:
its lease runs out, what it had in hand becomes unknown, and webhooks settle that.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import aiohttp
import flask
import uvloop
from redis.exceptions import RedisError

from whatstr.campaigns.models import CampaignState
from whatstr.campaigns.pacing import Wait
from whatstr.core import clock
from whatstr.core.db import notify
from whatstr.core.logs import bound, get_logger
from whatstr.core.queues import task
from whatstr.lines.cloud_api import CloudApi, open_session
from whatstr.sending import (
    canary,
    context,
    gate,
    holds,
    leases,
    portfolio,
    progress,
    punctuality,
    rows,
)
from whatstr.sending.admission import Admission
from whatstr.sending.batches import Batches
from whatstr.sending.bridge import Bridge
from whatstr.sending.claiming import Claims, Lane
from whatstr.sending.connections import Connection, NoConnection, open_connection
from whatstr.sending.forms import Forms
from whatstr.sending.gate import Go, Hold, Pause
from whatstr.sending.health_gate import line_may_send
from whatstr.sending.interpreter import short_turns, young_rubbish
from whatstr.sending.opening import Held, Job, Refusal, open_job
from whatstr.sending.outcomes import Outcomes
from whatstr.sending.pace import Pace, PaceUnavailable
from whatstr.sending.posting import IN_FLIGHT, Poster
from whatstr.sending.progress import WorkItem
from whatstr.sending.quota import quota_of
from whatstr.sending.stop import Stop
from whatstr.sending.templates import (
    TEMPLATE_SECONDS,
    fetch_template,
    forget_media,
    media_ids_of,
    media_renewed,
)
from whatstr.sending.watch import Watch
from whatstr.sending.windows import open_for
from whatstr.sending.writer import Writer

log = get_logger(__name__)

SECONDS = 60.0
REST_SECONDS = 5.0


@task("sending.slice")
def run_slice(line: str) -> None:
    """Work the line with this id (32 hex digits) for about a minute, unless another slice does."""
    app = flask.current_app._get_current_object()  # type: ignore[attr-defined]
    with (
        bound(line=line),
        young_rubbish(),
        short_turns(),
        Bridge(app) as bridge,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(Slice(bridge, uuid.UUID(line)).run())


def rest_key(campaign_id: uuid.UUID) -> str:
    """The mark of a campaign that has nothing due for a moment: the dispatcher passes it over."""
    return f"rest:{campaign_id.hex}"


class Slice:
    """One run. It stops at a sign of its watch, for trouble, or when the process ends."""

    def __init__(self, bridge: Bridge, line_id: uuid.UUID, *, seconds: float = SECONDS) -> None:
        self._bridge = bridge
        self._line = line_id
        self._claim = uuid.uuid4()
        self._seconds = seconds
        with bridge.app.app_context():
            self._graph = context.graph_settings()
            self._redis = context.pace_redis()
            self._unknown_wait = punctuality.unknown_wait()
        self._watch = Watch(bridge, self._redis, line_id, self._claim)

    async def run(self) -> None:
        """Take the lease, work campaign after campaign, give the lease back."""
        started = time.monotonic()
        if not await self._bridge.run(leases.take, self._line, owner=self._claim):
            return
        self._end = started + self._seconds
        self._watch.leased(at=started)
        try:
            async with open_session(at_once=IN_FLIGHT) as session:
                await self._work(session)
        finally:
            await self._bridge.run(self._release)

    def _release(self) -> None:
        leases.release(self._line, owner=self._claim)
        notify("whatstr_sender")

    async def _work(self, session: aiohttp.ClientSession) -> None:
        seen: set[uuid.UUID] = set()
        while self._in_time():
            found = await self._bridge.run(progress.work_of_line, self._line, now=clock.now())
            item = next((one for one in found if one.id not in seen), None)
            if item is None:
                return
            seen.add(item.id)
            with bound(campaign=item.id):
                await self._campaign(item, session)

    def _in_time(self) -> bool:
        return time.monotonic() < self._end and not self._watch.must_end()

    # One campaign -----------------------------------------------------------------------------

    async def _campaign(self, item: WorkItem, session: aiohttp.ClientSession) -> None:
        try:
            told = await self._bridge.run(gate.look, item, now=clock.now())
            if isinstance(told, Hold):
                await self._hold(item.id, told.reason)
            elif isinstance(told, Pause):
                await self._rest(item.id, told)
            else:
                connection = await self._bridge.run(open_connection, self._line)
                job = await self._bridge.run(open_job, item, connection)
                await self._bridge.run(progress.move, [item.id], CampaignState.RUNNING)
                await self._send(job, told, session)
        except NoConnection:
            await self._hold(item.id, "no_connection")
        except PaceUnavailable as away:
            log.error("pace.away", campaign=item.id, reason=away.detail)
        except Held as held:
            log.warning("campaign.held", campaign=item.id, reason=held.reason)
            await self._hold(item.id, held.reason)
        except Refusal as refused:
            expired = refused.reason == "expired"
            after = CampaignState.EXPIRED if expired else CampaignState.REFUSED
            log.warning("campaign.refused", campaign=item.id, reason=refused.reason)
            await self._bridge.run(progress.move, [item.id], after, reason=refused.reason)

    async def _hold(self, campaign_id: uuid.UUID, reason: str) -> None:
        await self._bridge.run(progress.move, [campaign_id], CampaignState.HELD, reason=reason)

    async def _send(self, job: Job, go: Go, session: aiohttp.ClientSession) -> None:
        stop = self._watch.new_stop()
        batches = await self._bridge.run(Batches, job)
        lane: Lane | None = None
        if await self._bridge.run(batches.any_due, now=clock.now()):
            api = self._api(session, job.connection)
            pace = Pace(self._redis, self._line, rate=job.item.rate)
            watching = asyncio.create_task(self._watch.run(job, stop, closes=go.closes))
            try:
                lane = await self._lane(job, batches, api, pace, stop)
                if lane is not None:
                    lane = await self._post_all(lane, api, pace, stop)
            finally:
                stop.now()
                await watching
        if stop.trouble is not None:
            await self._bridge.run(
                holds.apply, stop.trouble, campaign_id=job.id, line_id=self._line
            )
            return
        any_due = await self._bridge.run(batches.any_due, now=clock.now())
        pause = lane.admission.waits(any_due=any_due) if lane is not None else None
        if pause is not None:
            await self._rest(job.id, pause)
            return
        done = await self._bridge.run(
            progress.finish_if_done, job.id, unknown_wait=self._unknown_wait
        )
        if not done and not any_due:
            await self._retry_later(job.id)

    def _api(self, session: aiohttp.ClientSession, connection: Connection) -> CloudApi:
        return CloudApi(
            session,
            base_url=self._graph.base_url,
            version=self._graph.version,
            token=connection.token,
        )

    async def _lane(
        self, job: Job, batches: Batches, api: CloudApi, pace: Pace, stop: Stop
    ) -> Lane | None:
        if not await line_may_send(job, api, pace, self._bridge, stop):
            return None
        template = await fetch_template(job, api, pace, self._bridge, stop)
        if template is None:
            return None
        media = await media_ids_of(job, template, api, pace, self._bridge, self._redis, stop)
        if media is None:
            return None
        if not await portfolio.learn(job.connection, api, self._bridge, stop):
            return None
        admission = await self._bridge.run(self._admission, job)
        return Lane(job, batches, Forms(template), admission, time.monotonic(), media)

    def _admission(self, job: Job) -> Admission:
        """How many may go now: a canary is begun where one is due, counts are built anew."""
        now = clock.now()
        canary.begin(job, now=now)
        first = canary.look(job.id, now=now)
        gate.note(job.id, None)
        quota = quota_of(
            self._redis, line_id=self._line, organization_id=job.item.organization_id, now=now
        )
        quota.build(now=now)
        talking = partial(open_for, self._line)
        return Admission(quota, talking, first.left if first else None)

    async def _post_all(self, lane: Lane, api: CloudApi, pace: Pace, stop: Stop) -> Lane:
        """Post what is due; returns the lane as it was at the end."""
        job = lane.job
        writer = Writer(
            self._bridge,
            campaign_id=job.id,
            organization_id=job.item.organization_id,
            claim=self._claim,
        )
        claims = Claims(self._bridge, lane, claim=self._claim, stop=stop, in_time=self._in_time)
        poster = Poster(
            campaign_id=job.id,
            line_id=self._line,
            phone_number_id=job.connection.phone_number_id,
            api=api,
            pace=pace,
            bridge=self._bridge,
            outcomes=Outcomes(writer, until=datetime.fromtimestamp(job.header.exp, UTC)),
            stop=stop,
            welcome=claims.welcome,
        )
        poster.files_renewed = await media_renewed(job, self._bridge, self._redis)
        renew = partial(self._lane, job, lane.batches, api, pace, stop)
        writing = asyncio.create_task(writer.run())
        try:
            await self._post_batches(claims, poster, renew)
        finally:
            try:
                poster.give_back(await claims.rest())
            finally:
                await poster.land()
                writer.close()
                await writing
        return claims.lane

    async def _post_batches(
        self, claims: Claims, poster: Poster, renew: Callable[[], Awaitable[Lane | None]]
    ) -> None:
        going = True
        while going:
            handed = await claims.next()
            if handed is not None:
                await poster.post(handed)
            if handed is None or poster.files_died:
                await poster.land()  # what is on its way may still tell of a dead file
            old = time.monotonic() - claims.lane.fetched > TEMPLATE_SECONDS
            if poster.files_died or (old and handed is not None):
                poster.give_back(await claims.rest())
                if poster.files_died:
                    await forget_media(claims.lane.job, self._bridge, self._redis)
                    poster.files_died, poster.files_renewed = False, True
                fresh = await renew()
                if fresh is None:
                    return
                claims.lane = fresh
            going = handed is not None

    # Waiting ----------------------------------------------------------------------------------

    async def _retry_later(self, campaign_id: uuid.UUID) -> None:
        """Nothing is due: say so when it takes longer than a moment."""
        due = await self._bridge.run(rows.next_due, campaign_id)
        await self._rest(campaign_id, Pause(Wait.RETRY, due))

    async def _rest(self, campaign_id: uuid.UUID, pause: Pause) -> None:
        """Pass the campaign over for a moment, and write down what it waits for."""
        now = clock.now()
        moment = pause.wait is Wait.RETRY and (
            pause.until is None or pause.until < now + timedelta(seconds=REST_SECONDS)
        )
        await self._bridge.run(gate.note, campaign_id, None if moment else pause)
        try:
            self._redis.set(rest_key(campaign_id), 1, px=round(pause.seconds(now) * 1000))
        except RedisError:
            log.error("rest.unset", campaign=campaign_id)
