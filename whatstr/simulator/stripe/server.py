"""Running it: in a process of its own, or in a thread for tests."""

import asyncio
import contextlib
import json
import threading
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiohttp import web

from whatstr.simulator.stripe import api, control, page
from whatstr.simulator.stripe.catalogue import create_endpoint
from whatstr.simulator.stripe.checkout import move_pages
from whatstr.simulator.stripe.delivery import Deliverer
from whatstr.simulator.stripe.due import run_due
from whatstr.simulator.stripe.world import World

_FROM_COMMAND = {"made_by": "command line"}


class Server:
    """One simulated account listening on one port."""

    def __init__(
        self,
        *,
        api_keys: Iterable[str],
        folder: Path | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        self.world = World.open(folder)
        self._api_keys = frozenset(api_keys)
        if settings:
            self.world.change_settings(settings)
        if webhook_url is not None:
            _register(self.world, webhook_url, webhook_secret)
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, *, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen; the address. Raises OSError when the port is taken."""
        deliverer = Deliverer(self.world)
        ticking = asyncio.Event()

        def changed() -> None:
            deliverer.wake()
            ticking.set()

        self.world.changed = changed
        app = web.Application()
        app.add_routes(api.routes(self.world, self._api_keys))
        app.add_routes(control.routes(self.world, deliverer))
        app.add_routes(page.routes(self.world))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0][1]
        self.world.public_url = f"http://{host}:{bound}"
        move_pages(self.world)
        self._tasks = [
            asyncio.create_task(deliverer.run()),
            asyncio.create_task(_tick(self.world, ticking)),
        ]
        return self.world.public_url

    async def stop(self) -> None:
        """Stop listening and delivering; what is undelivered stays in the store."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._runner is not None:
            await self._runner.cleanup()
        self.world.store.close()


class Handle:
    """A simulator in a thread: `url`, `control()`, `close()`. A context manager."""

    def __init__(self, server: Server, *, api_key: str, webhook_secret: str, port: int) -> None:
        self.api_key = api_key
        self.webhook_secret = webhook_secret
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="stripe-simulator", daemon=True
        )
        self._thread.start()
        starting = asyncio.run_coroutine_threadsafe(server.start(port=port), self._loop)
        try:
            self.url = starting.result(10)
        except BaseException:
            self.close()
            raise

    def control(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """POST to `/_sim/<path>`, or GET without a body. Raises HTTPError on a refusal."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/_sim/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            read: dict[str, Any] = json.load(answer)
        return read

    def close(self) -> None:
        """Stop the server, its loop and its thread. Calling it twice is quiet."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def __enter__(self) -> "Handle":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def run_in_thread(
    *,
    api_key: str = "sk_test_simulator",
    webhook_secret: str = "whsec_simulator",  # noqa: S107
    webhook_url: str | None = None,
    data: Path | None = None,
    port: int = 0,
    settings: dict[str, Any] | None = None,
) -> Handle:
    """Start a simulator beside the caller, on a free port, without any state unless `data`."""
    server = Server(
        api_keys=[api_key],
        folder=data,
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        settings=settings,
    )
    return Handle(server, api_key=api_key, webhook_secret=webhook_secret, port=port)


def _register(world: World, url: str, secret: str | None) -> None:
    """The endpoint named at the start: one, moved along when the address or secret changes."""
    for endpoint in world.store.all("webhook_endpoint"):
        if endpoint["metadata"] == _FROM_COMMAND:
            endpoint["url"] = url
            world.store.put("webhook_endpoint", endpoint["id"], endpoint)
            if secret is not None:
                world.store.put("_secret", endpoint["id"], {"secret": secret})
            return
    create_endpoint(
        world,
        "",
        {"url": url, "enabled_events": ["*"], "metadata": dict(_FROM_COMMAND)},
        secret=secret,
    )


async def _tick(world: World, ticking: asyncio.Event) -> None:
    while True:
        ticking.clear()
        next_at = run_due(world)
        # A frozen clock reaches nothing by waiting: look again when something changes.
        wait = None if next_at is None or world.frozen else max(0.2, next_at - world.now())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ticking.wait(), wait)
