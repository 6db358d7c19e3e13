"""The Graph API: doors, tokens, and which call goes where."""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from whatstr.simulator.meta.errors import GraphError, no_such_object
from whatstr.simulator.meta.model import Line, Media, Portfolio, Template, Token, Waba
from whatstr.simulator.meta.outcomes import Outcomes
from whatstr.simulator.meta.sending import Sending
from whatstr.simulator.meta.settings import Fault, FaultKind
from whatstr.simulator.meta.webhooks import Webhooks
from whatstr.simulator.meta.world import World

_TRACE = secrets.token_hex(4)
_COUNT = itertools.count(1)


@dataclass(frozen=True, slots=True)
class App:
    """The app as a node."""

    id: str


@dataclass(slots=True)
class Call:
    """One Graph call on its way."""

    request: web.Request
    version: str
    token: Token

    async def json(self) -> dict[str, Any]:
        """The body as an object: JSON, or form fields, or nothing."""
        raw = await self.request.read()
        if not raw:
            return {}
        if self.request.content_type in {
            "application/x-www-form-urlencoded",
            "multipart/form-data",
        }:
            return {k: v for k, v in (await self.request.post()).items() if isinstance(v, str)}
        try:
            found = json.loads(raw)
        except ValueError:
            raise GraphError(100, message="(#100) The body is not valid JSON") from None
        if not isinstance(found, dict):
            raise GraphError(100, message="(#100) The body must be a JSON object")
        return found

    def query(self, name: str) -> str | None:
        """A parameter of the address."""
        return self.request.query.get(name)

    @property
    def url(self) -> str:
        """The address without its query."""
        return str(self.request.url.with_query(None))


Handler = Callable[[Call, Any], Awaitable[dict[str, Any]]]


def answer(body: dict[str, Any], *, version: str, status: int = 200, usage: str = "") -> Any:
    """A JSON answer with the headers that Meta sends."""
    number = f"{_TRACE}{next(_COUNT):08x}"
    headers = {
        "facebook-api-version": version,
        "x-fb-request-id": "r" + number,
        "x-fb-trace-id": "t" + number,
    }
    if usage:
        headers["x-business-use-case-usage"] = usage
    return web.Response(
        body=json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(),
        status=status,
        content_type="application/json",
        headers=headers,
    )


def cut(request: web.Request) -> web.Response:
    """Cut the connection: the client sees no answer at all."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


class Graph:
    """The front door: version, token, owner; then the edge's handler."""

    def __init__(
        self,
        world: World,
        outcomes: Outcomes,
        webhooks: Webhooks,
        *,
        app_secret: str,
    ) -> None:
        self.world = world
        self.outcomes = outcomes
        self.webhooks = webhooks
        self.app_secret = app_secret
        self.sending = Sending(world, outcomes)
        self.edges: dict[tuple[type, str, str], Handler] = {}
        """(kind of node, method, edge) -> handler."""

    def edge(self, kind: type, method: str, name: str) -> Callable[[Handler], Handler]:
        """Register a handler for an edge of a kind of node ("" is the node itself)."""

        def register(handler: Handler) -> Handler:
            self.edges[kind, method, name] = handler
            return handler

        return register

    # Doors ----------------------------------------------------------------------------------

    def version(self, request: web.Request) -> str:
        """The version of the address; code 2500 if there is no such version."""
        found = request.match_info.get("version", "")
        if found not in self.world.settings.versions:
            path = request.path
            raise GraphError(2500, message=f"Unknown path components: {path}", status=400)
        return found

    def token(self, request: web.Request) -> Token:
        """The bearer's token; 104 without one, 190 if it is not good."""
        header = request.headers.get("Authorization", "")
        value = header[7:].strip() if header[:7].lower() == "bearer " else ""
        value = value or request.query.get("access_token", "")
        if not value:
            raise GraphError(
                104, message="An access token is required to request this resource.", status=401
            )
        if value == f"{self.world.app_id}|{self.app_secret}":
            return Token(value, [], kind="APP")
        token = self.world.healthy_token(value)
        if token is None:
            known = value in self.world.tokens
            raise GraphError(
                190,
                subcode=463 if known else None,
                message="Error validating access token: the session is no longer valid."
                if known
                else "Invalid OAuth access token - Cannot parse access token",
            )
        return token

    def error(self, fault: GraphError, version: str) -> web.Response:
        """A refusal as an answer."""
        body = fault.body(f"A{_TRACE}{next(_COUNT):08x}")
        status = fault.status(self.world.settings.http_status)
        found: web.Response = answer(body, version=version, status=status)
        return found

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Any Graph call but the hot ones."""
        version = request.match_info.get("version", "")
        try:
            version = self.version(request)
            token = self.token(request)
            call = Call(request, version, token)
            struck = self._struck(request)
            cutting = await self._before(struck)
            if cutting is not None:
                return cut(request) if cutting == 0 else web.Response(status=cutting)
            return await self._dispatch(call)
        except GraphError as fault:
            return self.error(fault, version)

    def _struck(self, request: web.Request) -> list[Fault]:
        node = request.match_info.get("node", "")
        return self.world.settings.faults_for(
            scope="all", line=node, digits="", template="", dice=self.world.dice
        )

    async def _before(self, struck: list[Fault]) -> int | None:
        """Faults that strike before the call is looked at: None to go on, 0 to cut, or a status."""
        for fault in struck:
            if fault.kind is FaultKind.SLOW:
                await asyncio.sleep(fault.ms / 1000)
            elif fault.kind is FaultKind.DROP_BEFORE:
                return 0
            elif fault.kind is FaultKind.HTTP and not fault.taken:
                return fault.status or 503
            elif fault.kind is FaultKind.ERROR:
                raise GraphError(fault.code, "fault by setting", status=fault.status_given())
        return None

    def node(self, item: str, token: Token, *, method: str = "get") -> Any:
        """The node with this id if the token may see it; else what Meta says then."""
        world = self.world
        if item == world.app_id and token.kind == "APP":
            return App(item)
        found: Line | Waba | Template | Media | Portfolio | None = (
            world.lines.get(item)
            or world.wabas.get(item)
            or world.templates.get(item)
            or world.media.get(item)
            or world.portfolios.get(item)
        )
        if found is None or not self._owners(found).intersection(token.waba_ids):
            raise no_such_object(item, method)
        return found

    def _owners(self, node: Any) -> set[str]:
        """The accounts through which a token may see a node."""
        if isinstance(node, Portfolio):
            return {w.id for w in self.world.wabas.values() if w.business_id == node.id}
        return {node.id if isinstance(node, Waba) else node.waba_id}

    async def _dispatch(self, call: Call) -> web.StreamResponse:
        request = call.request
        item, edge = request.match_info["node"], request.match_info.get("edge", "").strip("/")
        node = self.node(item, call.token, method=request.method.lower())
        handler = self.edges.get((type(node), request.method, edge))
        if handler is None:
            raise no_such_object(item, request.method.lower())
        usage = "" if isinstance(node, App) else self._count(min(self._owners(node)))
        body = await handler(call, node)
        await self.world.store.settled()
        found: web.StreamResponse = answer(body, version=call.version, usage=usage)
        return found

    def _count(self, waba_id: str) -> str:
        per_hour = self.world.settings.management_per_hour
        now = self.outcomes.now()
        allowed, percent = self.world.limits.management(waba_id, per_hour=per_hour, now=now)
        if not allowed:
            raise GraphError(80007, "too many calls for this account within an hour")
        told = {
            "type": "whatsapp",
            "call_count": percent,
            "total_cputime": 1,
            "total_time": 1,
            "estimated_time_to_regain_access": 0,
        }
        return json.dumps({waba_id: [told]})

    # The hot path ---------------------------------------------------------------------------

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """POST /{line}/messages and /{line}/marketing_messages."""
        version = request.match_info["version"]
        try:
            version = self.version(request)
            token = self.token(request)
            call = Call(request, version, token)
            cutting = await self._before(self._struck(request))
            if cutting is not None:
                return cut(request) if cutting == 0 else web.Response(status=cutting)
            line = self.node(request.match_info["node"], token, method="post")
            if not isinstance(line, Line):
                raise no_such_object(request.match_info["node"], "post")
            if "whatsapp_business_messaging" not in token.scopes:
                raise GraphError(10, "whatsapp_business_messaging is missing")
            body = await call.json()
            if body.get("status") == "read" or "typing_indicator" in body:
                return self._mark_read(body, version)
            return await self._send(call, line, body)
        except GraphError as fault:
            return self.error(fault, version)

    def _mark_read(self, body: dict[str, Any], version: str) -> web.StreamResponse:
        if not str(body.get("message_id", "")).startswith("wamid."):
            raise GraphError(131009, "message_id is not a message id")
        found: web.StreamResponse = answer({"success": True}, version=version)
        return found

    async def _send(self, call: Call, line: Line, body: dict[str, Any]) -> web.StreamResponse:
        settings, dice = self.world.settings, self.world.dice
        struck = self.sending.faults(line, body)
        if settings.slow_ms:
            await asyncio.sleep(settings.slow_ms / 1000)
        for fault in struck:
            if fault.kind is FaultKind.SLOW:
                await asyncio.sleep(fault.ms / 1000)
            elif fault.kind is FaultKind.DROP_BEFORE:
                return cut(call.request)
            elif fault.kind is FaultKind.HTTP and not fault.taken:
                return web.Response(status=fault.status or 503)
        if settings.error_rate_5xx and dice.random() < settings.error_rate_5xx:
            raise GraphError(131000, "a fault on Meta's side, by setting", status=500)
        marketing = call.request.path.endswith("/marketing_messages")
        taken = self.sending.accept(
            line, body, version=call.version, marketing_api=marketing, faults=struck
        )
        await self.world.store.settled()
        for fault in struck:
            if fault.kind is FaultKind.DROP_AFTER:
                return cut(call.request)
            if fault.kind is FaultKind.HTTP:
                return web.Response(status=fault.status or 503)
        if settings.drop_after_probability and dice.random() < settings.drop_after_probability:
            return cut(call.request)
        found: web.StreamResponse = answer(taken, version=call.version)
        return found
