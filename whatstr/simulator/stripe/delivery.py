"""Webhooks: signed as Stripe signs them; late, twice, out of order or held when asked."""

import asyncio
import hashlib
import hmac
import random
import time
from typing import Any

import aiohttp

from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import World, as_json


def signature(payload: bytes, secret: str, moment: int) -> str:
    """The `Stripe-Signature` header: HMAC-SHA256 over `<moment>.<payload>`."""
    mac = hmac.new(secret.encode(), f"{moment}.".encode() + payload, hashlib.sha256)
    return f"t={moment},v1={mac.hexdigest()}"


class Deliverer:
    """Takes deliveries off the store, one after another, until it is stopped."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wake = asyncio.Event()
        self._progress = asyncio.Condition()

    def wake(self) -> None:
        """Something may be waiting."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver for ever; cancel to stop."""
        async with aiohttp.ClientSession() as http:
            while True:
                self._wake.clear()
                due, next_at = self._pick()
                if due is not None:
                    await self._deliver(http, due)
                    continue
                async with self._progress:
                    self._progress.notify_all()
                wait = None if next_at is None else max(0.0, next_at - time.time())
                try:
                    await asyncio.wait_for(self._wake.wait(), wait)
                except TimeoutError:
                    continue

    async def idle(self, timeout_seconds: float) -> bool:
        """Wait until nothing is left to deliver (held ones aside); False when time runs out."""

        async def watch() -> None:
            async with self._progress:
                self.wake()
                await self._progress.wait_for(lambda: not self._waiting())

        try:
            await asyncio.wait_for(watch(), timeout_seconds)
        except TimeoutError:
            return False
        return True

    def release(self, *, order: str = "in_order", copies: int = 1) -> int:
        """Let the held deliveries go, each so many times; how many there were."""
        store = self._world.store
        held = [item for item in store.all("_delivery") if item["held"]]
        if order == "reverse":
            held.reverse()
        elif order == "random":
            random.shuffle(held)
        for place, item in enumerate(held):
            item.update(held=False, due=time.time() + place * 1e-6, batch=None)
            store.put("_delivery", item["id"], item)
            for extra in range(copies - 1):
                again = {**item, "id": f"{item['id']}_{extra}", "answers": []}
                store.put("_delivery", again["id"], again)
        self.wake()
        return len(held)

    def _waiting(self) -> list[Json]:
        return [
            item
            for item in self._world.store.all("_delivery")
            if item["status"] == "waiting" and not item["held"]
        ]

    def _pick(self) -> tuple[Json | None, float | None]:
        waiting = sorted(self._waiting(), key=lambda item: item["due"])
        if not waiting:
            return None, None
        first = waiting[0]
        if first["due"] > time.time():
            return None, first["due"]
        batch = [
            item
            for item in waiting
            if item["batch"] is not None
            and item["batch"] == first["batch"]
            and not item["attempts"]
        ]
        order = self._world.settings["webhook_order"]
        if len(batch) > 1 and order == "reverse":
            return batch[-1], None
        if len(batch) > 1 and order == "random":
            return random.choice(batch), None
        return first, None

    async def _deliver(self, http: aiohttp.ClientSession, item: Json) -> None:
        store = self._world.store
        event = store.get("event", item["event"])
        endpoint = store.get("webhook_endpoint", item["endpoint"])
        secret = store.get("_secret", item["endpoint"])
        if event is None or endpoint is None or secret is None:
            store.drop("_delivery", item["id"])
            return
        version = endpoint["api_version"] or event["api_version"]
        payload = as_json({**event, "api_version": version})
        answer = await self._post(http, endpoint["url"], payload, secret["secret"])
        item["attempts"] += 1
        item["answers"].append(answer)
        delays = self._world.settings["webhook_retry_delays"]
        if isinstance(answer, int) and 200 <= answer < 300:
            item["status"] = "delivered"
            event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
            store.put("event", event["id"], event)
        elif item["attempts"] > len(delays):
            item["status"] = "given_up"
        else:
            item["due"] = time.time() + float(delays[item["attempts"] - 1])
        store.put("_delivery", item["id"], item)
        store.flush()

    async def _post(
        self, http: aiohttp.ClientSession, url: str, payload: bytes, secret: str
    ) -> Any:
        """The answer's status, or the name of what went wrong."""
        limit = aiohttp.ClientTimeout(total=float(self._world.settings["webhook_timeout"]))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(payload, secret, int(time.time())),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        try:
            async with http.post(
                url, data=payload, headers=headers, timeout=limit, allow_redirects=False
            ) as response:
                return response.status
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return type(error).__name__
