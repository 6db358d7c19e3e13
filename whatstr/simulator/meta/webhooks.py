"""The webhook sender: signed, in batches, in parallel, again and again until 200 (facts §7).

Every update is kept in the store until its webhook was answered with 200, so that a restart of
the simulator loses none (it may send some twice, as Meta does).
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp

from whatstr.simulator.meta.envelopes import Update, envelope, signature
from whatstr.simulator.meta.world import World

_HANDSHAKE_GAPS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


@dataclass(slots=True)
class Batch:
    """What goes out in one POST; a retry repeats it byte for byte."""

    target: tuple[str, str]
    updates: list[Update]
    body: bytes
    tries: int = 0
    copy: bool = False
    """A duplicate on purpose: not retried, its answer means nothing."""


@dataclass(slots=True)
class Tally:
    """What has happened so far."""

    posts: int = 0
    refused: int = 0
    updates: int = 0
    copies: int = 0
    given_up: int = 0
    dropped_unsubscribed: int = 0


class Webhooks:
    """Queue and sender. `on_ack` is called with each update that was answered with 200."""

    def __init__(self, world: World, *, secret: str, verify_token: str, url: str | None) -> None:
        self._world = world
        self._secret = secret.encode()
        self.app_url = url or ""
        self.app_verify = verify_token
        self.on_ack: Callable[[Update, float], None] = lambda update, at: None
        self.tally = Tally()
        self.verified: set[tuple[str, str]] = set()
        self._ready: dict[tuple[str, str], list[Update]] = {}
        self._since: dict[tuple[str, str], float] = {}
        self._later: list[tuple[float, int, Update | Batch]] = []
        self._number = itertools.count()
        self._serial = 0
        self._wake = asyncio.Event()
        self._posting: set[asyncio.Task[None]] = set()
        self._verifying: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.Task[None] | None = None
        self.pending = 0
        self.retrying = 0

    async def start(self) -> None:
        """Take up what an earlier run left, and begin."""
        self._session = aiohttp.ClientSession(auto_decompress=False)
        for key, doc in self._world.store.load("outbox"):
            self._serial = max(self._serial, int(key))
            self.pending += 1
            self._enqueue(Update(**doc), 0.0)
        if self.app_url:
            self._verify_soon((self.app_url, self.app_verify))
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop at once; what is not acknowledged stays in the store."""
        tasks = [t for t in (self._loop, *self._posting, *self._verifying.values()) if t]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    # Taking updates -------------------------------------------------------------------------

    def tell(
        self,
        waba_id: str,
        change: str,
        value: dict[str, Any],
        *,
        line_id: str = "",
        note: dict[str, Any] | None = None,
    ) -> None:
        """Queue one update. Nothing is queued for an account without subscription."""
        waba = self._world.wabas[waba_id]
        if not waba.subscribed:
            self.tally.dropped_unsubscribed += 1
            return
        self._serial += 1
        key = f"{self._serial:012d}"
        update = Update(key, waba_id, line_id, change, value, time.time(), note or {})
        self.pending += 1
        self._world.store.put("outbox", key, update.doc)
        settings, dice = self._world.settings, self._world.dice
        delay = 0.0
        if settings.webhook_late and dice.random() < settings.webhook_late:
            delay = dice.random() * settings.webhook_late_ms / 1000
        self._enqueue(update, delay)

    def _enqueue(self, update: Update, delay: float) -> None:
        if delay > 0:
            self._push(time.time() + delay, update)
            return
        target = self._target(update)
        ready = self._ready.setdefault(target, [])
        if not ready:
            self._since[target] = time.time()
            self._wake.set()
        ready.append(update)
        if len(ready) >= self._world.settings.webhook_batch:
            self._wake.set()

    def _push(self, at: float, what: Update | Batch) -> None:
        heapq.heappush(self._later, (at, next(self._number), what))
        if self._later[0][2] is what:
            self._wake.set()

    def _target(self, update: Update) -> tuple[str, str]:
        """Where it goes: the line's own address, the account's, else the app's."""
        line = self._world.lines.get(update.line_id)
        if line is not None and line.override_url:
            return line.override_url, line.override_token
        waba = self._world.wabas[update.waba_id]
        if waba.override_url:
            return waba.override_url, waba.override_token
        return self.app_url, self.app_verify

    def forget(self) -> None:
        """Drop everything that waits (the world's ledger was emptied)."""
        self._ready.clear()
        self._since.clear()
        self._later.clear()
        self.pending = self.retrying = 0

    def change_app(self, url: str, verify_token: str) -> None:
        """The app has a new webhook address; what waits goes there."""
        self.app_url, self.app_verify = url, verify_token
        waiting = [update for ready in self._ready.values() for update in ready]
        self._ready.clear()
        for update in waiting:
            self._enqueue(update, 0.0)
        for at, number, what in list(self._later):
            if isinstance(what, Batch):
                self._later.remove((at, number, what))
                self._later.append((0.0, number, self._again(what)))
        heapq.heapify(self._later)
        self._wake.set()

    def _again(self, batch: Batch) -> Batch:
        return Batch(self._target(batch.updates[0]), batch.updates, batch.body, 0, batch.copy)

    def wake(self) -> None:
        """Look again now (a setting has changed)."""
        self._wake.set()

    # Sending --------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            wait = self._turn()
            with suppress(TimeoutError):
                # Not wait_for: in Python 3.11 it can swallow the cancellation of `stop`.
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    def _turn(self) -> float | None:
        """Send what can be sent; how long nothing will happen by itself (None: for ever)."""
        settings = self._world.settings
        if settings.webhook_hold:
            return None
        now = time.time()
        while self._later and self._later[0][0] <= now:
            what = heapq.heappop(self._later)[2]
            if isinstance(what, Update):
                self._enqueue(what, 0.0)
            else:
                self._post_soon(what)
        waits = [self._later[0][0] - now] if self._later else []
        for target in list(self._ready):
            ready = self._ready[target]
            if not target[0]:
                continue
            if target not in self.verified:
                self._verify_soon(target)
                continue
            due = self._since[target] + settings.webhook_wait_ms / 1000
            while ready and len(self._posting) < settings.webhook_parallel:
                if len(ready) < settings.webhook_batch and due > now:
                    waits.append(due - now)
                    break
                chosen = ready[: settings.webhook_batch]
                del ready[: settings.webhook_batch]
                self._since[target] = now
                self._post_soon(self._batch(target, chosen))
            if not ready:
                del self._ready[target]
        return max(0.001, min(waits)) if waits else None

    def _batch(self, target: tuple[str, str], updates: list[Update]) -> Batch:
        settings, dice = self._world.settings, self._world.dice
        if len(updates) > 1 and dice.random() < settings.webhook_shuffle:
            dice.shuffle(updates)
        merge = dice.random() < settings.webhook_merge
        return Batch(target, updates, envelope(updates, merge=merge))

    def _post_soon(self, batch: Batch) -> None:
        task = asyncio.create_task(self._post(batch))
        self._posting.add(task)
        task.add_done_callback(self._posted)

    def _posted(self, task: asyncio.Task[None]) -> None:
        self._posting.discard(task)
        self._wake.set()

    async def _post(self, batch: Batch) -> None:
        settings, dice = self._world.settings, self._world.dice
        if batch.tries:
            self.retrying -= 1
        status = 0
        self.tally.posts += 1
        try:
            async with self._http().post(
                batch.target[0],
                data=batch.body,
                headers={
                    "Content-Type": "application/json",
                    "User-Agent": "facebookexternalua",
                    "X-Hub-Signature-256": signature(self._secret, batch.body),
                },
                timeout=aiohttp.ClientTimeout(total=settings.webhook_timeout_ms / 1000),
                allow_redirects=False,
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            status = 0
        if batch.copy:
            return
        if status == 200:
            self._acknowledged(batch)
            if settings.webhook_duplicate and dice.random() < settings.webhook_duplicate:
                self.tally.copies += 1
                again = Batch(batch.target, batch.updates, batch.body, 0, copy=True)
                self._push(time.time() + dice.random() * 0.3, again)
            return
        self.tally.refused += 1
        gaps = settings.webhook_retry_ms or [0]
        gap = gaps[min(batch.tries, len(gaps) - 1)] / 1000
        if time.time() - batch.updates[0].made > settings.webhook_give_up_s:
            self.tally.given_up += len(batch.updates)
            self._done(batch)
            return
        batch.tries += 1
        self.retrying += 1
        self._push(time.time() + gap * (0.75 + 0.5 * dice.random()), batch)

    def _acknowledged(self, batch: Batch) -> None:
        now = time.time()
        self.tally.updates += len(batch.updates)
        self._done(batch)
        for update in batch.updates:
            self.on_ack(update, now)

    def _done(self, batch: Batch) -> None:
        self.pending = max(0, self.pending - len(batch.updates))
        for update in batch.updates:
            self._world.store.drop("outbox", update.key)

    # Handshake ------------------------------------------------------------------------------

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the webhook sender is not started")
        return self._session

    async def handshake(self, url: str, verify_token: str) -> bool:
        """Ask the address whether it is ours: it has to give the challenge back."""
        challenge = str(secrets.randbelow(10**9))
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": verify_token,
        }
        try:
            async with self._http().get(
                url, params=query, timeout=aiohttp.ClientTimeout(total=10), allow_redirects=False
            ) as answer:
                good = answer.status == 200 and (await answer.text()).strip() == challenge
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return False
        if good:
            self.verified.add((url, verify_token))
            self._wake.set()
        return good

    def _verify_soon(self, target: tuple[str, str]) -> None:
        if target not in self._verifying and target not in self.verified:
            task = asyncio.create_task(self._keep_verifying(target))
            self._verifying[target] = task
            task.add_done_callback(lambda _: self._verifying.pop(target, None))

    async def _keep_verifying(self, target: tuple[str, str]) -> None:
        """Meta asks once, when the address is entered; here the other side may still start."""
        for gap in itertools.chain(_HANDSHAKE_GAPS, itertools.repeat(_HANDSHAKE_GAPS[-1])):
            if await self.handshake(*target):
                return
            await asyncio.sleep(gap)
