"""Batches of one campaign, taken in hand while the batch before is still being posted.

What is claimed ahead is counted in `batches.batch_size`: both together are two seconds of the line.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from whatstr.core import clock
from whatstr.core.logs import get_logger
from whatstr.sending import context, optouts, rows, unread
from whatstr.sending.admission import Admission
from whatstr.sending.batches import Batches
from whatstr.sending.bridge import Bridge
from whatstr.sending.forms import Forms
from whatstr.sending.opening import Job
from whatstr.sending.pace import PaceUnavailable
from whatstr.sending.rows import Batch, Candidate, Halted
from whatstr.sending.stop import Stop
from whatstr.sending.watch import WATCH_SECONDS

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Handed:
    """Rows in hand; `looked`: when (monotonic) it was seen that their people may be written to."""

    rows: list[Candidate]
    looked: float


class _Unread(Exception):
    """What people told us has not been read yet."""


@dataclass
class Lane:
    """What is open while one campaign is worked."""

    job: Job
    batches: Batches
    forms: Forms
    admission: Admission
    fetched: float
    media_ids: dict[int, str]


class Claims:
    """The claims of one slice for one campaign."""

    def __init__(
        self,
        bridge: Bridge,
        lane: Lane,
        *,
        claim: uuid.UUID,
        stop: Stop,
        in_time: Callable[[], bool],
    ) -> None:
        self.lane = lane
        self._bridge = bridge
        self._claim = claim
        self._stop = stop
        self._in_time = in_time
        self._ahead: asyncio.Task[Handed | None] | None = None

    async def next(self) -> Handed | None:
        """The next rows in hand, committed, and the claim of those after them begun; None when
        there is nothing to do or nothing may be done. Raises Refusal."""
        ahead, self._ahead = self._ahead, None
        if ahead is None and self.lane.admission.ended:
            return None
        handed = await (ahead or self._take())
        if handed is not None and not self.lane.admission.ended and self._goes_on():
            self._ahead = asyncio.create_task(self._take())
        return handed

    async def rest(self) -> list[Candidate]:
        """What was claimed ahead and was not asked for: to be given back. Raises Refusal."""
        ahead, self._ahead = self._ahead, None
        handed = await ahead if ahead else None
        return handed.rows if handed else []

    def _goes_on(self) -> bool:
        return self._in_time() and not self._stop.is_set

    async def _take(self) -> Handed | None:
        while self._goes_on():
            try:
                return await self._bridge.run(self._take_rows)
            except _Unread:
                await self._stop.wait(WATCH_SECONDS)
            except Halted as halted:
                log.info("slice.halted", reason=halted.detail)
                break
            except PaceUnavailable as away:
                log.error("pace.away", reason=away.detail)
                break
        return None

    def _take_rows(self) -> Handed | None:
        if not unread.is_current():
            raise _Unread
        now, lane = clock.now(), self.lane
        job = lane.job
        found = lane.batches.next(lane.forms, media_ids=lane.media_ids, now=now)
        found = lane.admission.admit(found, now=now)
        if not found:
            return None
        batch = Batch(
            campaign_id=job.id,
            organization_id=job.item.organization_id,
            line_id=job.item.line_id,
            claim=self._claim,
            kid=context.keyring().franking_key(now)[0],
            now=now,
            free_text=job.header.template is None,
        )
        looked = time.monotonic()
        return Handed(rows.claim(batch, found), looked)

    def welcome(self, handed: Sequence[Candidate]) -> list[Candidate]:
        """Those among rows in hand who may still be written to; nobody while what people told us
        lies unread."""
        if not unread.is_current():
            return []
        organization = self.lane.job.item.organization_id
        refused = optouts.refused(organization, [one.recipient_ix for one in handed])
        return [one for one in handed if one.recipient_ix not in refused]
