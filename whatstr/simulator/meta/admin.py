"""`/_sim/…`: what a demo, a test or an auditor asks of the simulator itself."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from whatstr.simulator.meta import behaviours, ledger, nodes, values
from whatstr.simulator.meta.graph import Graph
from whatstr.simulator.meta.model import Line, Template
from whatstr.simulator.meta.seed import business_token, templates_of
from whatstr.simulator.meta.signup import Signup

_TOKENS = {"STANDARD": 80.0, "HIGH": 1000.0}


class Wrong(Exception):
    """The request of the operator makes no sense; answered with 400 and the sentence."""


def _digits(number: Any) -> str:
    found = re.sub(r"\D", "", str(number))
    if not found:
        raise Wrong("a phone number is wanted")
    return found


async def _body(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    try:
        found = json.loads(raw or b"{}")
    except ValueError:
        raise Wrong("the body is not JSON") from None
    if not isinstance(found, dict):
        raise Wrong("the body must be an object")
    return found


class Admin:
    """All operator calls; they need no token, and the server listens on this machine only."""

    def __init__(self, graph: Graph, signup: Signup) -> None:
        self.graph = graph
        self.signup = signup
        self.world = graph.world

    def add_routes(self, app: web.Application) -> None:
        """The addresses."""
        routes: list[tuple[str, str, Callable[[web.Request], Awaitable[Any]]]] = [
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
            ("POST", "/_sim/inbound", self.inbound),
            ("POST", "/_sim/preferences", self.preferences),
            ("POST", "/_sim/lines", self.lines),
            ("POST", "/_sim/lines/{item}", self.line),
            ("POST", "/_sim/templates", self.templates),
            ("POST", "/_sim/templates/{item}", self.template),
            ("POST", "/_sim/quality", self.quality),
            ("POST", "/_sim/account_update", self.account_update),
            ("POST", "/_sim/event", self.event),
            ("POST", "/_sim/codes", self.codes),
            ("POST", "/_sim/tokens", self.tokens),
            ("POST", "/_sim/reset", self.reset),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, self._safe(handler))

    def _safe(
        self, handler: Callable[[web.Request], Awaitable[Any]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            try:
                found = await handler(request)
            except Wrong as wrong:
                return web.json_response({"error": str(wrong)}, status=400)
            await self.world.store.settled()
            return web.json_response(found)

        return serve

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
                        self._waba(waba.id)
                        for waba in world.wabas.values()
                        if waba.business_id == business.id
                    ],
                }
                for business in world.portfolios.values()
            ],
        }

    def _waba(self, waba_id: str) -> dict[str, Any]:
        world = self.world
        waba = world.wabas[waba_id]
        return {
            "id": waba_id,
            "name": waba.name,
            "subscribed": waba.subscribed,
            "tokens": [t.value for t in world.tokens.values() if waba_id in t.waba_ids],
            "lines": [
                {"id": x.id, "number": f"+{x.number}", "name": x.verified_name, "mps": x.mps}
                for x in world.lines_of(waba_id)
            ],
            "templates": [
                nodes.template_node(world, template, None)
                for template in reversed(world.templates_of(waba_id))
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
            found = list(world.by_person.get(_digits(query["to"]), []))
        else:
            prefix = query.get("prefix", "")
            found = [m for m in world.messages.values() if m.opaque.startswith(prefix)]
        limit = int(query.get("limit", "1000"))
        return {"messages": [ledger.message(world, m) for m in found[-limit:]]}

    async def person(self, request: web.Request) -> Any:
        """One person: behaviour, messages, refusals."""
        return ledger.person(self.world, _digits(request.query.get("to", "")))

    async def webhooks(self, request: web.Request) -> Any:
        """What waits; with `?wait=seconds` the answer comes when nothing does, or then."""
        hooks, outcomes = self.graph.webhooks, self.graph.outcomes
        until = time.monotonic() + float(request.query.get("wait", "0"))
        # Both counts change in many places; a poll of 10 ms is the simplest honest wait.
        while (hooks.pending or outcomes.planned) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        tally = hooks.tally
        return {
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
        values_given = await _body(request)
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
            settings.change({"faults": [await _body(request)]})
        except ValueError as wrong:
            raise Wrong(str(wrong)) from None
        settings.faults = [*there, *settings.faults]
        return {"faults": settings.shown()["faults"]}

    async def set_person(self, request: web.Request) -> Any:
        """Let a person behave as named, whatever the number."""
        body = await _body(request)
        person = _digits(body.get("to"))
        try:
            self.world.set_behaviour(person, str(body.get("behaviour", "")))
        except KeyError:
            raise Wrong("no such behaviour; see GET /_sim/behaviours") from None
        return ledger.person(self.world, person)

    def _line(self, item: Any) -> Line:
        line = self.world.lines.get(str(item))
        if line is None:
            raise Wrong("no such line (phone_number_id)")
        return line

    async def inbound(self, request: web.Request) -> Any:
        """A person writes: `text`, or taps: `button_payload`; or any `content` with its type."""
        body = await _body(request)
        line, person = self._line(body.get("phone_number_id")), _digits(body.get("from"))
        context = str(body.get("context_message_id") or "")
        if "button_payload" in body:
            button = {"payload": body["button_payload"]}
            button["text"] = body.get("button_text", body["button_payload"])
            content: dict[str, Any] = {"type": "button", "button": button}
        elif "text" in body:
            content = {"type": "text", "text": {"body": str(body["text"])}}
        elif isinstance(body.get("content"), dict) and "type" in body["content"]:
            content = body["content"]
        else:
            raise Wrong("text, button_payload or content is wanted")
        hidden = bool(body.get("hidden", self.world.behaviour(person).hides_number))
        item = self.graph.outcomes.write(line, person, content, context=context, hidden=hidden)
        return {"id": item}

    async def preferences(self, request: web.Request) -> Any:
        """A person uses WhatsApp's own switch: `value` is stop or resume."""
        body = await _body(request)
        line, person = self._line(body.get("phone_number_id")), _digits(body.get("from"))
        if body.get("value") not in {"stop", "resume"}:
            raise Wrong("value is stop or resume")
        self.graph.outcomes.switch(line, person, stop=body["value"] == "stop")
        return {"ok": True}

    async def lines(self, request: web.Request) -> Any:
        """A further line in `waba_id`, or, without one, a new business with `lines` lines."""
        body = await _body(request)
        world = self.world
        number = _digits(body["number"]) if "number" in body else ""
        name = str(body.get("name", "Yeni İşletme"))
        if "waba_id" in body:
            waba = world.wabas.get(str(body["waba_id"]))
            if waba is None:
                raise Wrong("no such account (waba_id)")
            line_number = number or f"90850556{len(world.lines) + 1:04d}"
            world.add(Line(world.new_id("72"), waba.id, line_number, name))
        else:
            waba = world.new_business(name, lines=int(body.get("lines", 1)), digits=number)
            world.add(business_token(waba.id, "seed"))
        return self._waba(waba.id)

    async def line(self, request: web.Request) -> Any:
        """Change members of a line: status, mps, throughput, quality, account_mode, allowed …"""
        line = self._line(request.match_info["item"])
        for name, value in (await _body(request)).items():
            if name in {"id", "waba_id"} or not hasattr(line, name) or name == "display":
                raise Wrong(f"a line has no {name} to change")
            setattr(line, name, set(value) if isinstance(getattr(line, name), set) else value)
        self.world.save(line)
        return line.doc()

    async def templates(self, request: web.Request) -> Any:
        """Put a template in without review; without `name` the seeded four are put in."""
        body = await _body(request)
        world = self.world
        waba = world.wabas.get(str(body.get("waba_id", "")))
        if waba is None:
            raise Wrong("no such account (waba_id)")
        if "name" not in body:
            found = templates_of(waba.id, int(world.new_id("74")))
        else:
            known = {"name", "category", "components", "parameter_format", "status", "quality"}
            given = {k: v for k, v in body.items() if k in known}
            given = {"category": "MARKETING", "status": "APPROVED"} | given
            if not isinstance(given.get("components"), list):
                raise Wrong("components is wanted")
            language = str(body.get("language", "tr"))
            found = [Template(id=world.new_id("75"), waba_id=waba.id, language=language, **given)]
        world.add(*found)
        return {"templates": [nodes.template_node(world, template, None) for template in found]}

    async def template(self, request: web.Request) -> Any:
        """A template's fate: `status` (PAUSED, DISABLED, APPROVED …), `quality`, `category`."""
        template = self.world.templates.get(request.match_info["item"])
        if template is None:
            raise Wrong("no such template")
        body, hooks = await _body(request), self.graph.webhooks
        if "quality" in body:
            before, template.quality = template.quality, str(body["quality"])
            change = values.template_quality(template, before)
            hooks.tell(template.waba_id, "message_template_quality_update", change)
        if "correct_category" in body:
            change = values.template_category(
                template, template.category, str(body["correct_category"])
            )
            hooks.tell(template.waba_id, "template_category_update", change)
        if "category" in body:
            before, template.category = template.category, str(body["category"])
            change = values.template_category(template, before, "")
            hooks.tell(template.waba_id, "template_category_update", change)
        self.world.save(template)
        if "status" in body:
            title = str(body.get("title", ""))
            self.graph.outcomes.set_template(template, str(body["status"]), title=title)
        return nodes.template_node(self.world, template, None)

    async def quality(self, request: web.Request) -> Any:
        """A line's quality or throughput changed; phone_number_quality_update tells of limits."""
        body = await _body(request)
        line = self._line(body.get("phone_number_id"))
        portfolio = self.world.portfolio_of(line.waba_id)
        before = portfolio.tier
        if "quality_rating" in body:
            line.quality = str(body["quality_rating"])
        if "throughput" in body:
            line.throughput = str(body["throughput"])
            line.mps = _TOKENS.get(line.throughput, line.mps)
        portfolio.tier = str(body.get("current_limit", before))
        self.world.save(line, portfolio)
        if "event" in body:
            change = {
                "display_phone_number": line.number,
                "event": body["event"],
                "current_limit": portfolio.tier,
                "old_limit": before,
                "max_daily_conversations_per_business": portfolio.tier,
            }
            tell = self.graph.webhooks.tell
            tell(line.waba_id, "phone_number_quality_update", change, line_id=line.id)
        return line.doc()

    async def account_update(self, request: web.Request) -> Any:
        """account_update with the given members; `blocked_code` (368, 131031 …) bites at once."""
        body = await _body(request)
        waba = self.world.wabas.get(str(body.pop("waba_id", "")))
        if waba is None or not body.get("event"):
            raise Wrong("waba_id and event are wanted")
        if "blocked_code" in body:
            waba.blocked_code = int(body.pop("blocked_code"))
            waba.blocked_details = str(body.pop("blocked_details", "the account is restricted"))
            self.world.save(waba)
        self.graph.webhooks.tell(waba.id, "account_update", body)
        return {"ok": True}

    async def event(self, request: web.Request) -> Any:
        """Any update: `waba_id`, `field`, `value`, told as it is."""
        body = await _body(request)
        value = body.get("value")
        if str(body.get("waba_id")) not in self.world.wabas or not isinstance(value, dict):
            raise Wrong("waba_id, field and value are wanted")
        self.graph.webhooks.tell(str(body["waba_id"]), str(body.get("field")), value)
        return {"ok": True}

    async def codes(self, request: web.Request) -> Any:
        """An Embedded Signup code without the page: for `phone_number_id`."""
        body = await _body(request)
        line = self._line(body.get("phone_number_id"))
        code = self.signup.new_code(line, str(body.get("redirect_uri", ""))).value
        return {"code": code, "waba_id": line.waba_id, "phone_number_id": line.id}

    async def tokens(self, request: web.Request) -> Any:
        """Change a token: `value`, with `valid` or `expires`; it is refused from then on (190)."""
        body = await _body(request)
        token = self.world.tokens.get(str(body.get("value", "")))
        if token is None:
            raise Wrong("no such token")
        token.valid = bool(body.get("valid", token.valid))
        token.expires = float(body.get("expires", token.expires))
        self.world.save(token)
        return token.doc()

    async def reset(self, request: web.Request) -> Any:
        """Empty the ledger and the queues; lines, templates and tokens stay."""
        self.graph.outcomes.forget()
        self.graph.webhooks.forget()
        self.world.forget_messages()
        return {"ok": True}
