"""The simulator as a server: in a process of its own, in a test's loop, or in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from whatstr.simulator.meta import app_edges, edges, files, template_edges
from whatstr.simulator.meta.admin import Admin
from whatstr.simulator.meta.graph import Graph
from whatstr.simulator.meta.outcomes import Outcomes
from whatstr.simulator.meta.settings import Settings
from whatstr.simulator.meta.signup import Signup
from whatstr.simulator.meta.staging import Staging
from whatstr.simulator.meta.store import Store
from whatstr.simulator.meta.webhooks import Webhooks
from whatstr.simulator.meta.world import World


@dataclass(frozen=True, slots=True)
class MetaConfig:
    """How to start. Without `data` nothing outlives the process."""

    app_id: str = "770000000000001"
    app_secret: str = "sim-app-secret"  # noqa: S105  (a default for tests on this machine)
    verify_token: str = "sim-verify-token"  # noqa: S105
    webhook_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 0
    data: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


class MetaSimulator:
    """`async with MetaSimulator(config) as meta:` and then `meta.url`."""

    def __init__(self, config: MetaConfig | None = None) -> None:
        self.config = config or MetaConfig()
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> Self:
        """Open the store, listen, begin. ValueError if a setting is wrong; OSError if the port
        is taken."""
        config = self.config
        settings = Settings()
        settings.change(config.settings)
        self.store = Store(config.data)
        self.world = World(self.store, settings, config.app_id)
        self.webhooks = Webhooks(
            self.world,
            secret=config.app_secret,
            verify_token=config.verify_token,
            url=config.webhook_url,
        )
        self.outcomes = Outcomes(self.world, self.webhooks)
        self.graph = Graph(self.world, self.outcomes, self.webhooks, app_secret=config.app_secret)
        self._runner = web.AppRunner(
            self._app(), access_log=None, handle_signals=False, shutdown_timeout=1.0
        )
        await self._runner.setup()
        try:
            # Whoever knocks while we are busy is let in later: a full line of waiting connections
            # would make them try again after 1, 3 and 7 s.
            site = web.TCPSite(self._runner, config.host, config.port, backlog=4_096)
            await site.start()
        except OSError:
            await self._runner.cleanup()
            self.store.close()
            raise
        port = self._runner.addresses[0][1]
        self.url = f"http://{config.host}:{port}"
        await self.webhooks.start()
        await self.outcomes.start()
        return self

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=files.MOST + 65_536)
        signup = Signup(self.graph)
        admin = Admin(self.graph)
        app_edges.register(self.graph)
        edges.register(self.graph)
        template_edges.register(self.graph)
        files.register(self.graph)
        edges.add_routes(app, self.graph)  # first: addresses are tried in this order
        admin.add_routes(app)
        Staging(self.graph, signup).add_routes(app)
        signup.add_routes(app)
        files.add_routes(app, self.graph)
        return app

    async def stop(self) -> None:
        """Stop listening and sending; what is owed stays in the store."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
            await self.outcomes.stop()
            await self.webhooks.stop()
            self.store.close()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


class MetaThread:
    """A simulator in a thread of its own, for tests that are not asynchronous."""

    def __init__(self, config: MetaConfig | None = None) -> None:
        self.simulator = MetaSimulator(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self._do(self.simulator.start())
        except BaseException:
            self._end()
            raise

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.simulator.url

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def close(self) -> None:
        """Stop it; safe to call twice."""
        if self._thread.is_alive():
            self._do(self.simulator.stop())
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def run_in_thread(config: MetaConfig | None = None) -> MetaThread:
    """Start a simulator in a thread; the handle has `url` and `close()`."""
    return MetaThread(config)
