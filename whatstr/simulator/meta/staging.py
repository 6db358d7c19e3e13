"""`/_sim/…`: what happens in Meta's world by the operator's hand: people, lines, templates."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from whatstr.simulator.meta import nodes, values
from whatstr.simulator.meta.graph import Graph
from whatstr.simulator.meta.model import Line, Template
from whatstr.simulator.meta.operating import Route, Wrong, answered, body_of, digits_of
from whatstr.simulator.meta.seed import business_token, templates_of
from whatstr.simulator.meta.signup import Signup

_TOKENS = {"STANDARD": 80.0, "HIGH": 1000.0}


class Staging:
    """Everything that happens without a call of the business."""

    def __init__(self, graph: Graph, signup: Signup) -> None:
        self.graph = graph
        self.signup = signup
        self.world = graph.world

    def add_routes(self, app: web.Application) -> None:
        """The addresses."""
        routes: list[Route] = [
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
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, answered(self.world, handler))

    def _line(self, item: Any) -> Line:
        line = self.world.lines.get(str(item))
        if line is None:
            raise Wrong("no such line (phone_number_id)")
        return line

    async def inbound(self, request: web.Request) -> Any:
        """A person writes: `text`, or taps: `button_payload`; or any `content` with its type."""
        body = await body_of(request)
        line, person = self._line(body.get("phone_number_id")), digits_of(body.get("from"))
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
        body = await body_of(request)
        line, person = self._line(body.get("phone_number_id")), digits_of(body.get("from"))
        if body.get("value") not in {"stop", "resume"}:
            raise Wrong("value is stop or resume")
        self.graph.outcomes.switch(line, person, stop=body["value"] == "stop")
        return {"ok": True}

    async def lines(self, request: web.Request) -> Any:
        """A further line in `waba_id`, or, without one, a new business with `lines` lines."""
        body = await body_of(request)
        world = self.world
        number = digits_of(body["number"]) if "number" in body else ""
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
        return nodes.whole_account(self.world, waba.id)

    async def line(self, request: web.Request) -> Any:
        """Change members of a line: status, mps, throughput, quality, account_mode, allowed …"""
        line = self._line(request.match_info["item"])
        for name, value in (await body_of(request)).items():
            if name in {"id", "waba_id"} or not hasattr(line, name) or name == "display":
                raise Wrong(f"a line has no {name} to change")
            setattr(line, name, set(value) if isinstance(getattr(line, name), set) else value)
        self.world.save(line)
        return line.doc()

    async def templates(self, request: web.Request) -> Any:
        """Put a template in without review; without `name` the seeded four are put in."""
        body = await body_of(request)
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
        body, hooks = await body_of(request), self.graph.webhooks
        if "quality" in body:
            before, template.quality = template.quality, str(body["quality"])
            template.quality_at = self.graph.outcomes.now()
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
        body = await body_of(request)
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
        body = await body_of(request)
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
        body = await body_of(request)
        value = body.get("value")
        if str(body.get("waba_id")) not in self.world.wabas or not isinstance(value, dict):
            raise Wrong("waba_id, field and value are wanted")
        self.graph.webhooks.tell(str(body["waba_id"]), str(body.get("field")), value)
        return {"ok": True}

    async def codes(self, request: web.Request) -> Any:
        """An Embedded Signup code without the page: for `phone_number_id`."""
        body = await body_of(request)
        line = self._line(body.get("phone_number_id"))
        code = self.signup.new_code(line, str(body.get("redirect_uri", ""))).value
        return {"code": code, "waba_id": line.waba_id, "phone_number_id": line.id}

    async def tokens(self, request: web.Request) -> Any:
        """Change a token: `value`, with `valid` or `expires`; it is refused from then on (190)."""
        body = await body_of(request)
        token = self.world.tokens.get(str(body.get("value", "")))
        if token is None:
            raise Wrong("no such token")
        token.valid = bool(body.get("valid", token.valid))
        token.expires = float(body.get("expires", token.expires))
        self.world.save(token)
        return token.doc()
