"""The watch over a slice: four times a second it asks whether this may go on.

What it cannot see counts as no. So the last message leaves within half a second of a pause, a
cancellation, a suspension, a lost lease or the end of the send window.
"""

from __future__ import annotations

import time
import uuid
from datetime import datetime

from redis import Redis
from redis.exceptions import RedisError
from rq import get_current_job
from sqlalchemy.exc import SQLAlchemyError

from whatstr.core import clock
from whatstr.core.logs import get_logger
from whatstr.sending import leases, progress
from whatstr.sending.bridge import Bridge
from whatstr.sending.gate import CLOSING
from whatstr.sending.opening import Job
from whatstr.sending.stop import Stop

log = get_logger(__name__)

WATCH_SECONDS = 0.25


class Watch:
    """Of one slice: its lease, and whether its process was asked to end."""

    def __init__(self, bridge: Bridge, redis: Redis, line_id: uuid.UUID, owner: uuid.UUID) -> None:
        self._bridge = bridge
        self._redis = redis
        self._line = line_id
        self._owner = owner
        self._worker = _worker_name()
        with bridge.app.app_context():
            self._lease = leases.seconds()
        self._valid_until = 0.0

    def leased(self, *, at: float) -> None:
        """The lease was had at this moment (monotonic)."""
        self._valid_until = at + self._lease

    def new_stop(self) -> Stop:
        """A signal for one campaign; it is also given when the lease runs out unseen."""
        stop = Stop()
        stop.valid_until = self._valid_until
        return stop

    async def run(self, job: Job, stop: Stop, *, closes: datetime | None) -> None:
        """Watch one campaign until the signal is given. `closes`: the end of its window."""
        while not stop.is_set:
            try:
                await self._keep_lease(stop)
                if not await self._bridge.run(progress.may_send, job.id):
                    stop.now()
            except SQLAlchemyError as error:
                log.error("watch.blind", error=type(error).__name__)
                stop.now()
            now = clock.now()
            if closes is not None and now + CLOSING >= closes:
                stop.now()
            # The sealed end counts as well: the clear one could be changed in the database.
            if self.must_end() or now.timestamp() >= job.header.exp:
                stop.now()
            await stop.wait(WATCH_SECONDS)

    async def _keep_lease(self, stop: Stop) -> None:
        asked = time.monotonic()
        if self._valid_until - asked < self._lease * (1 - 1 / leases.RENEWALS):
            if not await self._bridge.run(leases.renew, self._line, owner=self._owner):
                stop.now()
            self.leased(at=asked)
            stop.valid_until = self._valid_until

    def must_end(self) -> bool:
        """Whether this process was asked to end (SIGTERM reaches the worker, not its job)."""
        if self._worker is None:
            return False
        try:
            flag = self._redis.hget(f"rq:worker:{self._worker}", "shutdown_requested_date")
        except RedisError:
            return True
        return bool(flag)


def _worker_name() -> str | None:
    job = get_current_job()
    return job.worker_name if job is not None else None
