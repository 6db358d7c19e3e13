"""The app itself (its webhook address) and the accounts of a business."""

from __future__ import annotations

from typing import Any

from whatstr.simulator.meta import nodes
from whatstr.simulator.meta.errors import GraphError
from whatstr.simulator.meta.graph import App, Call, Graph
from whatstr.simulator.meta.model import Portfolio

_FIELDS = ("messages", "message_template_status_update", "account_update", "user_preferences")


def register(graph: Graph) -> None:
    """Give the graph all these edges."""
    world, hooks = graph.world, graph.webhooks

    @graph.edge(App, "GET", "subscriptions")
    async def shown(call: Call, app: App) -> dict[str, Any]:
        if not hooks.app_url:
            return {"data": []}
        entry = {
            "object": "whatsapp_business_account",
            "callback_url": hooks.app_url,
            "active": True,
            "fields": [{"name": name, "version": call.version} for name in _FIELDS],
        }
        return {"data": [entry]}

    @graph.edge(App, "POST", "subscriptions")
    async def subscribe(call: Call, app: App) -> dict[str, Any]:
        given = {**await call.json(), **call.request.query}
        url, token = str(given.get("callback_url", "")), str(given.get("verify_token", ""))
        if not url or not await hooks.handshake(url, token):
            raise GraphError(2200, status=400, message="(#2200) Callback verification failed")
        hooks.change_app(url, token)
        return {"success": True}

    async def accounts(call: Call, business: Portfolio) -> dict[str, Any]:
        owned = sorted(w.id for w in world.wabas.values() if w.business_id == business.id)
        return nodes.page(
            owned,
            lambda item: nodes.waba_node(world, world.wabas[item], call.query("fields")),
            limit=call.query("limit"),
            after=call.query("after"),
            before=call.query("before"),
            url=call.url,
        )

    graph.edge(Portfolio, "GET", "owned_whatsapp_business_accounts")(accounts)
    graph.edge(Portfolio, "GET", "client_whatsapp_business_accounts")(accounts)
