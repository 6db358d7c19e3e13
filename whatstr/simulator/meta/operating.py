"""How `/_sim` calls are read and answered."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from whatstr.simulator.meta.world import World

Handler = Callable[[web.Request], Awaitable[Any]]
Route = tuple[str, str, Handler]


class Wrong(Exception):
    """The request of the operator makes no sense; answered with 400 and the sentence."""


def digits_of(number: Any) -> str:
    found = re.sub(r"\D", "", str(number))
    if not found:
        raise Wrong("a phone number is wanted")
    return found


async def body_of(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    try:
        found = json.loads(raw or b"{}")
    except ValueError:
        raise Wrong("the body is not JSON") from None
    if not isinstance(found, dict):
        raise Wrong("the body must be an object")
    return found


def answered(
    world: World, handler: Handler
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler whose result is answered as JSON, after it is kept; 400 for what is wrong."""

    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            found = await handler(request)
        except Wrong as wrong:
            return web.json_response({"error": str(wrong)}, status=400)
        await world.store.settled()
        return web.json_response(found)

    return serve
