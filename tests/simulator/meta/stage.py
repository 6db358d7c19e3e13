"""A simulator, a webhook receiver and a client in one event loop, for one test."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiohttp import web

from whatstr.simulator.meta import MetaConfig, MetaSimulator, seed

CALM = {
    "line_limit": False,
    "webhook_duplicate": 0.0,
    "webhook_late": 0.0,
    "webhook_shuffle": 0.0,
    "sent_ms": 1,
    "delivered_ms": 2,
    "read_ms": 2,
    "failed_ms": 2,
    "reply_ms": 2,
    "webhook_wait_ms": 2,
    "webhook_retry_ms": [0, 5, 10],
    "review_ms": 1,
}
LINE, OTHER_LINE = seed.LINE_IDS
WABA = seed.WABA_ID


@dataclass
class Receiver:
    """The business's side: answers the handshake, keeps what comes."""

    verify_token: str = "sim-verify-token"
    secret: bytes = b"sim-app-secret"
    answers: list[int] = field(default_factory=list)
    """Statuses to answer with, one each; then 200."""
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""
    runner: web.AppRunner | None = None

    async def start(self) -> Self:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_get("/hook", self.handshake)
        app.router.add_post("/hook", self.take)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/hook"
        return self

    async def handshake(self, request: web.Request) -> web.Response:
        if request.query.get("hub.verify_token") != self.verify_token:
            return web.Response(status=403)
        return web.Response(text=request.query["hub.challenge"])

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        mark = "sha256=" + hmac.new(self.secret, body, hashlib.sha256).hexdigest()
        if request.headers["X-Hub-Signature-256"] != mark:
            return web.Response(status=403)
        self.bodies.append(body)
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    @property
    def changes(self) -> list[dict[str, Any]]:
        """Every change so far, in order."""
        return [
            change
            for body in self.bodies
            for entry in json.loads(body)["entry"]
            for change in entry["changes"]
        ]

    def values(self, name: str = "messages") -> list[dict[str, Any]]:
        """The values of one field."""
        return [change["value"] for change in self.changes if change["field"] == name]

    @property
    def statuses(self) -> list[dict[str, Any]]:
        """Every status so far."""
        return [status for value in self.values() for status in value.get("statuses", [])]

    @property
    def written(self) -> list[dict[str, Any]]:
        """Everything people wrote."""
        return [message for value in self.values() for message in value.get("messages", [])]


class Stage:
    """Everything together."""

    def __init__(self, settings: dict[str, Any], data: Path | None = None) -> None:
        self.receiver = Receiver()
        self.settings = {**CALM, **settings}
        self.data = data
        self.token = seed.TOKEN

    async def __aenter__(self) -> Self:
        await self.receiver.start()
        self.meta = await MetaSimulator(
            MetaConfig(webhook_url=self.receiver.url, settings=self.settings, data=self.data)
        ).start()
        self.http = aiohttp.ClientSession()
        status, _ = await self.post(f"{WABA}/subscribed_apps")
        assert status == 200
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()
        await self.meta.stop()
        assert self.receiver.runner is not None
        await self.receiver.runner.cleanup()

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{self.meta.url}/v25.0/{path}"
        async with self.http.request(method, url, headers=headers, **options) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str, **query: str) -> tuple[int, Any]:
        return await self.call("GET", path, params=query)

    async def post(self, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        return await self.call("POST", path, json=body or {}, **options)

    async def delete(self, path: str, **query: str) -> tuple[int, Any]:
        return await self.call("DELETE", path, params=query)

    async def sim(self, path: str, body: Any = None, **query: str) -> Any:
        """An operator's call: GET, or POST with a body."""
        url = f"{self.meta.url}/_sim/{path}"
        method = "GET" if body is None else "POST"
        async with self.http.request(method, url, json=body, params=query) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def send(
        self, to: str | None, opaque: str = "", *, line: str = LINE, **changes: Any
    ) -> tuple[int, Any]:
        """Send the seeded marketing template."""
        return await self.post(f"{line}/messages", message(to, opaque, **changes))

    async def sent(self, to: str | None, opaque: str = "", **changes: Any) -> str:
        """Send and see it taken; the message's id."""
        status, answer = await self.send(to, opaque, **changes)
        assert status == 200, answer
        return str(answer["messages"][0]["id"])

    async def quiet(self) -> dict[str, Any]:
        """Wait until nothing is owed any more."""
        found: dict[str, Any] = await self.sim("webhooks", wait="10")
        assert not found["pending"] and not found["planned"], found
        return found

    async def summary(self, **query: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.sim("ledger/summary", **query)
        return found


def message(
    to: str, opaque: str = "", *, values: tuple[str, ...] = ("Ali", "%10"), **changes: Any
) -> dict[str, Any]:
    """The body of a marketing template message; `changes` replace members (None takes away)."""
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "template",
        "template": {
            "name": "hafta_sonu_firsati",
            "language": {"code": "tr"},
            "components": [
                {"type": "body", "parameters": [{"type": "text", "text": v} for v in values]}
            ],
        },
    }
    if opaque:
        body["biz_opaque_callback_data"] = opaque
    body.update(changes)
    return {k: v for k, v in body.items() if v is not None}


async def until(check: Callable[[], bool]) -> None:
    """Return as soon as it is so; TimeoutError after ten seconds."""
    async with asyncio.timeout(10):
        while not check():  # noqa: ASYNC110  (the simulator has no event for each of these)
            await asyncio.sleep(0.002)


Scenario = Callable[[Stage], Awaitable[None]]


def staged(**settings: Any) -> Callable[[Scenario], Callable[[], None]]:
    """Make a test of a scenario: it gets a Stage whose simulator has these settings."""

    def make(scenario: Scenario) -> Callable[[], None]:
        def test() -> None:
            async def play() -> None:
                async with asyncio.timeout(30), Stage(settings) as stage:
                    await scenario(stage)

            asyncio.run(play())

        test.__name__ = test.__qualname__ = scenario.__name__  # type: ignore[attr-defined]
        test.__module__ = scenario.__module__
        return test

    return make
