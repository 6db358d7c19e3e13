"""A slice: one line's work for about a minute (sending design, "A slice").

RQ task `sending.slice`. What it needs to know is in PostgreSQL, so a killed slice loses nothing:
its lease runs out, what it had in hand becomes unknown, and webhooks settle that.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import flask
import uvloop
from redis.exceptions import RedisError
from rq import get_current_job
from sqlalchemy.exc import SQLAlchemyError

from whatstr import settings_of
from whatstr.campaigns.models import CampaignState
from whatstr.core import clock
from whatstr.core.db import notify
from whatstr.core.logs import bound, get_logger
from whatstr.core.queues import task
from whatstr.lines.cloud_api import CloudApi
from whatstr.sending import context, holds, leases, progress, rows, unread
from whatstr.sending.batches import Batches
from whatstr.sending.bodies import Template
from whatstr.sending.bridge import Bridge
from whatstr.sending.connections import Connection, NoConnection, open_connection
from whatstr.sending.health_gate import line_may_send
from whatstr.sending.opening import Job, Refusal, open_job
from whatstr.sending.pace import Pace
from whatstr.sending.posting import IN_FLIGHT, Poster, Stop
from whatstr.sending.progress import WorkItem
from whatstr.sending.rows import Batch, Candidate, Halted
from whatstr.sending.templates import TEMPLATE_SECONDS, fetch_template, media_ids_of
from whatstr.sending.writer import Writer

log = get_logger(__name__)

SECONDS = 60.0
WATCH_SECONDS = 0.25
REST_SECONDS = 5.0


@task("sending.slice")
def run_slice(line: str) -> None:
    """Work the line with this id (32 hex digits) for about a minute, unless another slice does."""
    app = flask.current_app._get_current_object()  # type: ignore[attr-defined]
    with (
        bound(line=line),
        Bridge(app) as bridge,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(Slice(bridge, uuid.UUID(line)).run())


def rest_key(campaign_id: uuid.UUID) -> str:
    """The mark of a campaign that has nothing due for a moment: the dispatcher passes it over."""
    return f"rest:{campaign_id.hex}"


@dataclass
class _Lane:
    """What is open while one campaign is worked."""

    job: Job
    batches: Batches
    template: Template
    fetched: float
    media_ids: dict[int, str]


class Slice:
    """One run. `stop` is set by the watch, by trouble, or by the process ending."""

    def __init__(self, bridge: Bridge, line_id: uuid.UUID, *, seconds: float = SECONDS) -> None:
        self._bridge = bridge
        self._line = line_id
        self._claim = uuid.uuid4()
        self._seconds = seconds
        with bridge.app.app_context():
            self._graph = context.graph_settings()
            self._redis = context.pace_redis()
            self._unknown_wait = timedelta(seconds=int(settings_of()["WHATSTR_UNKNOWN_WAIT"]))
        self._worker = _worker_name()

    async def run(self) -> None:
        """Take the lease, work campaign after campaign, give the lease back."""
        started = time.monotonic()
        if not await self._bridge.run(leases.take, self._line, owner=self._claim):
            return
        self._end = started + self._seconds
        self._valid_until = started + leases.SECONDS
        try:
            connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
            async with aiohttp.ClientSession(connector=connector) as session:
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
        return time.monotonic() < self._end and not self._must_end()

    # One campaign -----------------------------------------------------------------------------

    async def _campaign(self, item: WorkItem, session: aiohttp.ClientSession) -> None:
        try:
            connection = await self._bridge.run(open_connection, self._line)
            job = await self._bridge.run(open_job, item, connection)
            await self._bridge.run(progress.move, [item.id], CampaignState.RUNNING)
            await self._send(job, session)
        except NoConnection:
            held = CampaignState.HELD
            await self._bridge.run(progress.move, [item.id], held, reason="no_connection")
        except Refusal as refused:
            expired = refused.reason == "expired"
            after = CampaignState.EXPIRED if expired else CampaignState.REFUSED
            log.warning("campaign.refused", campaign=item.id, reason=refused.reason)
            await self._bridge.run(progress.move, [item.id], after, reason=refused.reason)

    async def _send(self, job: Job, session: aiohttp.ClientSession) -> None:
        stop = Stop()
        stop.valid_until = self._valid_until
        batches = await self._bridge.run(Batches, job)
        if await self._bridge.run(batches.any_due, now=clock.now()):
            api = self._api(session, job.connection)
            pace = Pace(self._redis, self._line, rate=job.item.rate)
            watch = asyncio.create_task(self._watch(job, stop))
            try:
                lane = await self._lane(job, batches, api, pace, stop)
                if lane is not None:
                    await self._post_all(lane, api, pace, stop)
            finally:
                stop.now()
                await watch
        if stop.trouble is not None:
            await self._bridge.run(
                holds.apply, stop.trouble, campaign_id=job.id, line_id=self._line
            )
            return
        done = await self._bridge.run(
            progress.finish_if_done, job.id, unknown_wait=self._unknown_wait
        )
        if not done and not await self._bridge.run(batches.any_due, now=clock.now()):
            await self._rest(job.id)

    def _api(self, session: aiohttp.ClientSession, connection: Connection) -> CloudApi:
        return CloudApi(
            session,
            base_url=self._graph.base_url,
            version=self._graph.version,
            token=connection.token,
        )

    async def _lane(
        self, job: Job, batches: Batches, api: CloudApi, pace: Pace, stop: Stop
    ) -> _Lane | None:
        if not await line_may_send(job, api, pace, self._bridge, stop):
            return None
        template = await fetch_template(job, api, pace, self._bridge, stop)
        if template is None:
            return None
        media = await media_ids_of(job, template, api, pace, self._bridge, self._redis, stop)
        if media is None:
            return None
        return _Lane(job, batches, template, time.monotonic(), media)

    async def _post_all(self, lane: _Lane, api: CloudApi, pace: Pace, stop: Stop) -> None:
        job = lane.job
        writer = Writer(
            self._bridge,
            campaign_id=job.id,
            organization_id=job.item.organization_id,
            claim=self._claim,
        )
        poster = Poster(
            campaign_id=job.id,
            line_id=self._line,
            until=datetime.fromtimestamp(job.header.exp, UTC),
            phone_number_id=job.connection.phone_number_id,
            api=api,
            pace=pace,
            bridge=self._bridge,
            writer=writer,
            stop=stop,
        )
        writing = asyncio.create_task(writer.run())
        try:
            while self._in_time() and not stop.is_set:
                if time.monotonic() - lane.fetched > TEMPLATE_SECONDS:
                    fresh = await self._lane(job, lane.batches, api, pace, stop)
                    if fresh is None:
                        break
                    lane = fresh
                if not await self._bridge.run(unread.is_current):
                    await stop.wait(WATCH_SECONDS)
                    continue
                handed = await self._claim_next(lane)
                if handed is None:
                    break
                await poster.post(handed)
        finally:
            writer.close()
            await writing

    async def _claim_next(self, lane: _Lane) -> list[Candidate] | None:
        """Rows in hand, committed; None when there is nothing to do or nothing may be done."""
        try:
            return await self._bridge.run(self._claim_rows, lane)
        except Halted as halted:
            log.info("slice.halted", reason=halted.detail)
            return None

    def _claim_rows(self, lane: _Lane) -> list[Candidate] | None:
        now, job = clock.now(), lane.job
        found = lane.batches.next(lane.template, media_ids=lane.media_ids, now=now)
        if not found:
            return None
        batch = Batch(
            campaign_id=job.id,
            organization_id=job.item.organization_id,
            line_id=self._line,
            claim=self._claim,
            kid=context.keyring().franking_key(now)[0],
            now=now,
        )
        return rows.claim(batch, found)

    # Watch ------------------------------------------------------------------------------------

    async def _watch(self, job: Job, stop: Stop) -> None:
        """Four times a second: may this go on? What cannot be seen counts as no."""
        while not stop.is_set:
            asked = time.monotonic()
            try:
                if self._valid_until - asked < leases.SECONDS - leases.RENEW_SECONDS:
                    kept = await self._bridge.run(leases.renew, self._line, owner=self._claim)
                    if not kept:
                        stop.now()
                    self._valid_until = stop.valid_until = asked + leases.SECONDS
                if not await self._bridge.run(progress.may_send, job.id):
                    stop.now()
            except SQLAlchemyError as error:
                log.error("watch.blind", error=type(error).__name__)
                stop.now()
            # The sealed end counts as well: the clear one could be changed in the database.
            if self._must_end() or clock.unix() >= job.header.exp:
                stop.now()
            await stop.wait(WATCH_SECONDS)

    def _must_end(self) -> bool:
        """Whether this process was asked to end (SIGTERM reaches the worker, not its job)."""
        if self._worker is None:
            return False
        try:
            flag = self._redis.hget(f"rq:worker:{self._worker}", "shutdown_requested_date")
        except RedisError:
            return True
        return bool(flag)

    async def _rest(self, campaign_id: uuid.UUID) -> None:
        due = await self._bridge.run(rows.next_due, campaign_id)
        seconds = REST_SECONDS
        if due is not None:
            seconds = min(max((due - clock.now()).total_seconds(), 0.05), REST_SECONDS)
        try:
            self._redis.set(rest_key(campaign_id), 1, px=round(seconds * 1000))
        except RedisError:
            log.error("rest.unset", campaign=campaign_id)


def _worker_name() -> str | None:
    job = get_current_job()
    return job.worker_name if job is not None else None
