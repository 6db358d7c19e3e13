"""The API over HTTP: keys, idempotency, faults on demand, Stripe's headers."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import BasicAuth, web

from whatstr.simulator.stripe.endpoints import ENDPOINTS, Endpoint
from whatstr.simulator.stripe.errors import StripeFault
from whatstr.simulator.stripe.forms import read_form
from whatstr.simulator.stripe.reading import expanded, read_one, read_page
from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import Request, World, as_json

_KEEP_SECONDS: Final = 24 * 3600  # "at least 24 hours": Stripe, Idempotent requests
_RawHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Dropped(Exception):
    """The connection ends without an answer."""


def routes(world: World, api_keys: frozenset[str]) -> list[web.RouteDef]:
    """A route for each endpoint."""
    made = [web.route(e.method, e.path, _handler(world, api_keys, e)) for e in ENDPOINTS]
    return [*made, web.route("*", "/v1/{rest:.*}", _unknown)]


def _handler(world: World, api_keys: frozenset[str], endpoint: Endpoint) -> _RawHandler:
    async def answer(request: web.Request) -> web.StreamResponse:
        raw = await request.text()
        world.request = Request(id=world.new_id("req", 14))  # after the last await
        try:
            status, body, headers = _execute(world, api_keys, endpoint, request, raw)
        except Dropped:
            if request.transport is not None:
                request.transport.abort()
            raise asyncio.CancelledError from None
        finally:
            world.store.flush()
        return web.Response(
            status=status,
            body=as_json(body),
            content_type="application/json",
            headers={
                "Request-Id": str(world.request.id),
                "Stripe-Version": world.settings["api_version"],
                **headers,
            },
        )

    return answer


async def _unknown(request: web.Request) -> web.StreamResponse:
    fault = StripeFault(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)
    return web.Response(status=404, body=as_json(fault.body()), content_type="application/json")


def _execute(
    world: World, api_keys: frozenset[str], endpoint: Endpoint, request: web.Request, raw: str
) -> tuple[int, Json, dict[str, str]]:
    """One request from its key to its answer, without a pause in between."""
    try:
        api_key = _api_key(request, api_keys)
        fault = _fault(world, endpoint.path, request.path)
        if fault == {"kind": "drop_before"}:
            raise Dropped
        if fault is not None and fault["kind"] == "status":
            raise StripeFault(
                "A fault was asked for.", status=fault["status"], type_="api_error", begun=False
            )
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        pairs = parse_qsl(
            raw if request.method == "POST" else request.query_string, keep_blank_values=True
        )
        params = read_form(pairs, {**endpoint.takes, "expand": [str]})
        headers: dict[str, str] = {}
        if key is None:
            status, body = _answer(world, endpoint, request, params, fault)
        else:
            status, body, headers = _once(world, endpoint, request, params, fault, api_key, key)
        if fault == {"kind": "drop_after"}:
            raise Dropped
        return status, body, headers
    except StripeFault as refusal:
        return refusal.status, refusal.body(), {}


def _once(
    world: World,
    endpoint: Endpoint,
    request: web.Request,
    params: Json,
    fault: Json | None,
    api_key: str,
    key: str,
) -> tuple[int, Json, dict[str, str]]:
    """Stripe's idempotency: the first answer of a key is every later answer, errors too."""
    if not 1 <= len(key) <= 255:
        raise StripeFault(
            "Idempotency keys are between 1 and 255 characters long.",
            type_="idempotency_error",
            begun=False,
        )
    world.request.idempotency_key = key
    owner = hashlib.sha256(api_key.encode()).hexdigest()[:16]
    record_id = f"{owner}:{key}"
    kept = world.store.get("_idempotency", record_id)
    if kept is not None and world.now() - kept["at"] <= _KEEP_SECONDS:
        _same_request(kept, request.path, params, key)
        return (
            kept["status"],
            kept["body"],
            {
                "Idempotency-Key": key,
                "Idempotent-Replayed": "true",
                "Original-Request": kept["request"],
            },
        )
    try:
        status, body = _answer(world, endpoint, request, params, fault)
    except StripeFault as refusal:
        if not refusal.begun:
            raise
        status, body = refusal.status, refusal.body()
    world.store.put(
        "_idempotency",
        record_id,
        {
            "at": world.now(),
            "path": request.path,
            "params": params,
            "status": status,
            # A copy: the objects behind it go on changing, the kept answer does not.
            "body": json.loads(json.dumps(body)),
            "request": world.request.id,
        },
    )
    return (
        status,
        body,
        {"Idempotency-Key": key, "Original-Request": str(world.request.id)},
    )


def _same_request(kept: Json, path: str, params: Json, key: str) -> None:
    if kept["path"] != path:
        raise StripeFault(
            "Keys for idempotent requests can only be used for the same endpoint they were first"
            f" used for ('{kept['path']}' vs '{path}'). Try using a key other than '{key}' if you"
            " meant to execute a different request.",
            type_="idempotency_error",
        )
    if kept["params"] != params:
        raise StripeFault(
            "Keys for idempotent requests can only be used with the same parameters they were"
            f" first used with. Try using a key other than '{key}' if you meant to execute a"
            " different request.",
            type_="idempotency_error",
        )


def _answer(
    world: World, endpoint: Endpoint, request: web.Request, params: Json, fault: Json | None
) -> tuple[int, Json]:
    expand = params.get("expand", [])
    asked = {name: value for name, value in params.items() if name != "expand"}
    if fault is not None and fault["kind"] == "crash":
        raise StripeFault("An unknown error occurred.", status=500, type_="api_error")
    record_id = request.match_info.get("id", "")
    if endpoint.answer is not None:
        body = endpoint.answer(world, record_id, asked)
    elif endpoint.is_list:
        body = read_page(world, endpoint, asked)
    else:
        body = read_one(world, endpoint.kind, record_id)
    return 200, expanded(world, body, expand)


def _api_key(request: web.Request, api_keys: frozenset[str]) -> str:
    header = request.headers.get("Authorization", "")
    key = header.removeprefix("Bearer ")
    if header.startswith("Basic "):
        try:
            key = BasicAuth.decode(header).login
        except ValueError:
            key = ""
    if not key:
        raise StripeFault("You did not provide an API key.", status=401, begun=False)
    if key not in api_keys:
        shown = f"{key[:8]}{'*' * 8}{key[-4:]}" if len(key) > 16 else "****"
        raise StripeFault(f"Invalid API Key provided: {shown}", status=401, begun=False)
    return key


def _fault(world: World, pattern: str, path: str) -> Json | None:
    """The first fault that is asked for this path and not used up."""
    faults = world.settings["faults"]
    for fault in faults:
        if fault["path"] not in (pattern, path, "*"):
            continue
        fault["times"] = int(fault.get("times", 1)) - 1
        world.change_settings({"faults": [f for f in faults if f.get("times", 1) > 0]})
        kind = fault["kind"]
        if kind == "status":
            return {"kind": kind, "status": int(fault.get("status", 503))}
        return {"kind": kind}
    return None
