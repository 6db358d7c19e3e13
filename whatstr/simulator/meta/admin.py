"""`/_sim/…`: what a demo, a test or an auditor asks of the simulator itself."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import web

from whatstr.simulator.meta import behaviours, ledger, nodes
from whatstr.simulator.meta.graph import Graph
from whatstr.simulator.meta.operating import Route, Wrong, answered, body_of, digits_of


class Admin:
    """The operator looks and sets. No token is needed: the server listens on this machine only."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.world = graph.world

    def add_routes(self, app: web.Application) -> None:
        """The addresses."""
        routes: list[Route] = [
            ("GET", "/_sim/health", self.health),
            ("GET", "/_sim/seed", self.seed),
            ("GET", "/_sim/behaviours", self.behaviours),
            ("GET", "/_sim/settings", self.settings),
            ("POST", "/_sim/settings", self.set_settings),
            ("POST", "/_sim/faults", self.add_fault),
            ("GET", "/_sim/ledger", self.ledger),
            ("GET", "/_sim/ledger/summary", self.summary),
            ("GET", "/_sim/messages", self.messages),
            ("GET", "/_sim/people", self.person),
            ("POST", "/_sim/people", self.set_person),
            ("GET", "/_sim/webhooks", self.webhooks),
            ("POST", "/_sim/reset", self.reset),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, answered(self.world, handler))

    # Looking --------------------------------------------------------------------------------

    async def health(self, request: web.Request) -> Any:
        """Is it there?"""
        return {"ok": True, "app_id": self.world.app_id}

    async def seed(self, request: web.Request) -> Any:
        """Everything a newcomer needs: accounts, lines, templates, tokens."""
        world = self.world
        return {
            "app_id": world.app_id,
            "businesses": [
                {
                    "id": business.id,
                    "name": business.name,
                    "tier": business.tier,
                    "people_today": world.limits.people_of_day(business.id, time.time()),
                    "wabas": [
                        nodes.whole_account(world, waba.id)
                        for waba in world.wabas.values()
                        if waba.business_id == business.id
                    ],
                }
                for business in world.portfolios.values()
            ],
        }

    async def behaviours(self, request: web.Request) -> Any:
        """The table of endings."""
        return {"behaviours": list(behaviours.described())}

    async def settings(self, request: web.Request) -> Any:
        """All settings."""
        return self.world.settings.shown()

    async def ledger(self, request: web.Request) -> Any:
        """Per opaque id: how many messages reached the person."""
        query = request.query
        found = ledger.rows(
            self.world, prefix=query.get("prefix", ""), business=query.get("business", "")
        )
        return {"rows": found, "count": len(found)}

    async def summary(self, request: web.Request) -> Any:
        """The ledger in numbers."""
        query = request.query
        refused = [n for n in query.get("opted_out", "").replace("+", " ").split(",") if n.strip()]
        return ledger.summary(
            self.world,
            prefix=query.get("prefix", ""),
            business=query.get("business", ""),
            opted_out=refused,
        )

    async def messages(self, request: web.Request) -> Any:
        """Messages as the people see them, oldest first: of one person, or of one prefix."""
        world, query = self.world, request.query
        if "to" in query:
            found = list(world.by_person.get(digits_of(query["to"]), []))
        else:
            prefix = query.get("prefix", "")
            found = [m for m in world.messages.values() if m.opaque.startswith(prefix)]
        limit = int(query.get("limit", "1000"))
        return {"messages": [ledger.message(world, m) for m in found[-limit:]]}

    async def person(self, request: web.Request) -> Any:
        """One person: behaviour, messages, refusals."""
        return ledger.person(self.world, digits_of(request.query.get("to", "")))

    async def webhooks(self, request: web.Request) -> Any:
        """What waits; with `?wait=seconds` the answer comes when nothing does, or then."""
        hooks, outcomes = self.graph.webhooks, self.graph.outcomes
        until = time.monotonic() + float(request.query.get("wait", "0"))
        # Both counts change in many places; a poll of 10 ms is the simplest honest wait.
        while (hooks.pending or outcomes.planned) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        tally = hooks.tally
        return {
            "taken": len(self.world.messages),
            "pending": hooks.pending,
            "planned": outcomes.planned,
            "retrying": hooks.retrying,
            "posts": tally.posts,
            "refused": tally.refused,
            "updates_acknowledged": tally.updates,
            "copies": tally.copies,
            "given_up": tally.given_up,
            "not_subscribed": tally.dropped_unsubscribed,
            "url": hooks.app_url,
            "verified": (hooks.app_url, hooks.app_verify) in hooks.verified,
        }

    # Changing -------------------------------------------------------------------------------

    async def set_settings(self, request: web.Request) -> Any:
        """Change settings; unknown names are refused. `webhook_url` and `verify_token` too."""
        values_given = await body_of(request)
        hooks = self.graph.webhooks
        url = values_given.pop("webhook_url", None)
        verify = values_given.pop("verify_token", hooks.app_verify)
        try:
            self.world.settings.change(values_given)
        except ValueError as wrong:
            raise Wrong(str(wrong)) from None
        if "seed" in values_given:
            self.world.dice.seed(values_given["seed"])
        if url is not None:
            hooks.change_app(str(url), str(verify))
        hooks.wake()
        return self.world.settings.shown()

    async def add_fault(self, request: web.Request) -> Any:
        """Add one fault to those there are."""
        settings = self.world.settings
        there = settings.faults
        try:
            settings.change({"faults": [await body_of(request)]})
        except ValueError as wrong:
            raise Wrong(str(wrong)) from None
        settings.faults = [*there, *settings.faults]
        return {"faults": settings.shown()["faults"]}

    async def set_person(self, request: web.Request) -> Any:
        """Let a person behave as named, whatever the number."""
        body = await body_of(request)
        person = digits_of(body.get("to"))
        try:
            self.world.set_behaviour(person, str(body.get("behaviour", "")))
        except KeyError:
            raise Wrong("no such behaviour; see GET /_sim/behaviours") from None
        return ledger.person(self.world, person)

    async def reset(self, request: web.Request) -> Any:
        """Empty the ledger and the queues; lines, templates and tokens stay."""
        self.graph.outcomes.forget()
        self.graph.webhooks.forget()
        self.world.forget_messages()
        return {"ok": True}
