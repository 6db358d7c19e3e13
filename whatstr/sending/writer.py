"""Writes outcomes while the next rows are already being posted."""

from __future__ import annotations

import asyncio
import contextlib
import uuid

from sqlalchemy.exc import SQLAlchemyError

from whatstr.core.logs import get_logger
from whatstr.sending import results
from whatstr.sending.bridge import Bridge
from whatstr.sending.results import Outcome

log = get_logger(__name__)

FLUSH_SECONDS = 0.3
FLUSH_ROWS = 500
TRIES = 20


class Writer:
    """Collects the outcomes of one campaign and writes them in batches, in order."""

    def __init__(
        self,
        bridge: Bridge,
        *,
        campaign_id: uuid.UUID,
        organization_id: uuid.UUID,
        claim: uuid.UUID,
    ) -> None:
        self._bridge = bridge
        self._campaign = campaign_id
        self._organization = organization_id
        self._claim = claim
        self._waiting: list[Outcome] = []
        self._full = asyncio.Event()
        self._closing = False

    def add(self, outcome: Outcome) -> None:
        """Take one outcome; returns at once."""
        self._waiting.append(outcome)
        if len(self._waiting) >= FLUSH_ROWS:
            self._full.set()

    async def run(self) -> None:
        """Write until `close`; then write the rest and return."""
        while not (self._closing and not self._waiting):
            if not self._closing and len(self._waiting) < FLUSH_ROWS:
                self._full.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._full.wait(), FLUSH_SECONDS)
            await self.flush()

    def close(self) -> None:
        """Nothing more will be added."""
        self._closing = True
        self._full.set()

    async def flush(self) -> None:
        """Write what waits. While the database is away it is tried again; what is never written
        stays `handing`, becomes unknown, and its webhook settles it."""
        batch, self._waiting = self._waiting[:FLUSH_ROWS], self._waiting[FLUSH_ROWS:]
        if not batch:
            return
        for left in range(TRIES, 0, -1):
            try:
                await self._bridge.run(
                    results.write,
                    batch,
                    campaign_id=self._campaign,
                    organization_id=self._organization,
                    claim=self._claim,
                )
                return
            except SQLAlchemyError as error:
                log.error("results.unwritten", rows=len(batch), error=type(error).__name__)
                if left == 1:
                    raise
                await asyncio.sleep(1)
