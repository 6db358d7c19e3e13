"""The edges of lines and accounts (facts §1), but for sending, templates and files."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from whatstr.simulator.meta import nodes
from whatstr.simulator.meta.errors import GraphError
from whatstr.simulator.meta.graph import Call, Graph
from whatstr.simulator.meta.model import Line, Message, Waba

_PROFILE = ("about", "address", "description", "email", "vertical", "websites")
_OK = {"success": True}


def register(graph: Graph) -> None:
    """Give the graph all these edges."""
    _lines(graph)
    _blocking(graph)
    _accounts(graph)


def _lines(graph: Graph) -> None:
    world = graph.world

    @graph.edge(Line, "GET", "")
    async def show(call: Call, line: Line) -> dict[str, Any]:
        return nodes.line_node(world, line, call.query("fields"))

    @graph.edge(Line, "POST", "")
    async def change(call: Call, line: Line) -> dict[str, Any]:
        body = await call.json()
        if "webhook_configuration" in body:
            asked = body["webhook_configuration"] or {}
            url = str(asked.get("override_callback_uri", ""))
            token = str(asked.get("verify_token", ""))
            if url and not await graph.webhooks.handshake(url, token):
                raise _callback_refused()
            line.override_url, line.override_token = url, token
        if "pin" in body:
            line.pin = _pin(body)
        world.save(line)
        return _OK

    @graph.edge(Line, "POST", "register")
    async def enrol(call: Call, line: Line) -> dict[str, Any]:
        body = await call.json()
        pin = _pin(body)
        if line.pin and line.pin != pin:
            raise GraphError(133005, "the two-step PIN is another one")
        line.pin, line.registered, line.status = pin, True, "CONNECTED"
        world.save(line)
        return _OK

    @graph.edge(Line, "POST", "deregister")
    async def remove(call: Call, line: Line) -> dict[str, Any]:
        line.registered, line.status = False, "DISCONNECTED"
        world.save(line)
        return _OK

    @graph.edge(Line, "GET", "whatsapp_business_profile")
    async def profile(call: Call, line: Line) -> dict[str, Any]:
        names = [name for name in (call.query("fields") or ",".join(_PROFILE)).split(",") if name]
        full = {"vertical": "OTHER", **line.profile}
        found = {name: full[name] for name in names if name in full}
        return {"data": [{**found, "messaging_product": "whatsapp"}]}

    @graph.edge(Line, "POST", "whatsapp_business_profile")
    async def set_profile(call: Call, line: Line) -> dict[str, Any]:
        body = await call.json()
        if body.pop("messaging_product", "") != "whatsapp":
            raise GraphError(100, message="(#100) The parameter messaging_product is required.")
        for name, value in body.items():
            if name not in (*_PROFILE, "profile_picture_handle"):
                raise GraphError(100, message=f'(#100) Unexpected key "{name}" on param "$"')
            line.profile[name] = value
        world.save(line)
        return _OK

    @graph.edge(Line, "GET", "settings")
    async def line_settings(call: Call, line: Line) -> dict[str, Any]:
        calling = {
            "status": "disabled",
            "call_icon_visibility": "hidden",
            "ip_addresses": {"default": []},
            "callback_permission_status": "disabled",
        }
        return {"calling": calling, "storage_configuration": {"status": "default"}, **line.settings}

    @graph.edge(Line, "POST", "settings")
    async def set_line_settings(call: Call, line: Line) -> dict[str, Any]:
        line.settings.update(await call.json())
        world.save(line)
        return _OK

    @graph.edge(Line, "GET", "message_history")
    async def history(call: Call, line: Line) -> dict[str, Any]:
        wanted = call.query("message_id")
        found = world.messages.get(wanted or "")
        if found is None or found.line_id != line.id:
            return {"data": []}
        return {"data": [_history(found)]}


def _history(message: Message) -> dict[str, Any]:
    events = [
        {
            "id": f"{message.seq}{place}",
            "delivery_status": name.upper(),
            "timestamp": int(at),
            "webhook_update_state": "SENT" if name in message.acknowledged else "FAILED",
        }
        for place, (name, at) in enumerate(message.times.items())
    ]
    return {"id": str(message.seq), "message_id": message.wamid, "events": {"data": events}}


def _pin(body: dict[str, Any]) -> str:
    pin = str(body.get("pin", ""))
    if not re.fullmatch(r"\d{6}", pin):
        raise GraphError(100, message="(#100) Param pin must be 6 digits.")
    return pin


def _callback_refused() -> GraphError:
    return GraphError(
        2200,
        status=400,
        message="(#2200) Callback verification failed: the address did not give the challenge back",
    )


def _blocking(graph: Graph) -> None:
    world = graph.world

    @graph.edge(Line, "GET", "block_users")
    async def blocked(call: Call, line: Line) -> dict[str, Any]:
        return nodes.page(
            sorted(line.blocked),
            lambda who: {"messaging_product": "whatsapp", "wa_id": who},
            limit=call.query("limit"),
            after=call.query("after"),
            before=call.query("before"),
            url=call.url,
        )

    async def change(call: Call, line: Line, *, block: bool) -> dict[str, Any]:
        body = await call.json()
        asked = body.get("block_users")
        if not isinstance(asked, list) or not asked:
            raise GraphError(100, message="(#100) The parameter block_users is required.")
        told = []
        for entry in asked:
            wanted = str(entry.get("user") or entry.get("user_id") or "")
            number = wanted if wanted.startswith("+") else f"+{wanted}"
            who = world.persons_by_bsuid.get(wanted) or graph.sending.digits(line, number)
            if block:
                line.blocked.add(who)
            else:
                line.blocked.discard(who)
            told.append({"input": wanted, "wa_id": who})
        world.save(line)
        name = "added_users" if block else "removed_users"
        return {"messaging_product": "whatsapp", "block_users": {name: told}}

    @graph.edge(Line, "POST", "block_users")
    async def block(call: Call, line: Line) -> dict[str, Any]:
        return await change(call, line, block=True)

    @graph.edge(Line, "DELETE", "block_users")
    async def unblock(call: Call, line: Line) -> dict[str, Any]:
        return await change(call, line, block=False)


def _accounts(graph: Graph) -> None:
    world = graph.world

    @graph.edge(Waba, "GET", "")
    async def show(call: Call, waba: Waba) -> dict[str, Any]:
        return nodes.waba_node(world, waba, call.query("fields"))

    @graph.edge(Waba, "GET", "phone_numbers")
    async def numbers(call: Call, waba: Waba) -> dict[str, Any]:
        return nodes.page(
            [line.id for line in world.lines_of(waba.id)],
            lambda item: nodes.line_node(world, world.lines[item], call.query("fields")),
            limit=call.query("limit"),
            after=call.query("after"),
            before=call.query("before"),
            url=call.url,
        )

    def app_entry(waba: Waba) -> dict[str, Any]:
        app = world.app_id
        entry: dict[str, Any] = {
            "whatsapp_business_api_data": {
                "id": app,
                "name": "WhatsTR",
                "link": f"https://www.facebook.com/games/?app_id={app}",
            }
        }
        if waba.override_url:
            entry["override_callback_uri"] = waba.override_url
        return entry

    @graph.edge(Waba, "GET", "subscribed_apps")
    async def apps(call: Call, waba: Waba) -> dict[str, Any]:
        return {"data": [app_entry(waba)] if waba.subscribed else []}

    @graph.edge(Waba, "POST", "subscribed_apps")
    async def subscribe(call: Call, waba: Waba) -> dict[str, Any]:
        body = await call.json()
        url = str(body.get("override_callback_uri", ""))
        token = str(body.get("verify_token", ""))
        if url and not await graph.webhooks.handshake(url, token):
            raise _callback_refused()
        waba.override_url, waba.override_token = url, token
        waba.subscribed = True
        world.save(waba)
        return {**_OK, "data": [app_entry(waba)]} if url else _OK

    @graph.edge(Waba, "DELETE", "subscribed_apps")
    async def unsubscribe(call: Call, waba: Waba) -> dict[str, Any]:
        waba.subscribed, waba.override_url, waba.override_token = False, "", ""
        world.save(waba)
        return _OK


def add_routes(app: web.Application, graph: Graph) -> None:
    """The addresses of the Graph API; the hot ones first."""
    version = r"/{version:v\d+\.\d+}"
    node = version + r"/{node:\d+}"
    app.router.add_post(node + "/messages", graph.messages)
    app.router.add_post(node + "/marketing_messages", graph.messages)
    app.router.add_route("*", node, graph.serve)
    app.router.add_route("*", node + "/{edge:.*}", graph.serve)
