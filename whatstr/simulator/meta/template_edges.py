"""The edges of templates (facts §1 and §5): list, create, edit, unpause, delete."""

from __future__ import annotations

import time
from typing import Any

from whatstr.simulator.meta import nodes, templates
from whatstr.simulator.meta.errors import GraphError
from whatstr.simulator.meta.graph import Call, Graph
from whatstr.simulator.meta.model import Template, Waba

_OK = {"success": True}


def register(graph: Graph) -> None:
    """Give the graph all these edges."""
    _templates_of_account(graph)
    _template(graph)


def _templates_of_account(graph: Graph) -> None:
    world = graph.world

    @graph.edge(Waba, "GET", "message_templates")
    async def listed(call: Call, waba: Waba) -> dict[str, Any]:
        found = world.templates_of(waba.id)
        for name in ("name", "language", "category", "status"):
            wanted = call.query(name)
            if wanted:
                found = [t for t in found if getattr(t, name).lower() == wanted.lower()]
        shown = nodes.page(
            [template.id for template in found],
            lambda item: nodes.template_node(world, world.templates[item], call.query("fields")),
            limit=call.query("limit"),
            after=call.query("after"),
            before=call.query("before"),
            url=call.url,
            most=1000,
        )
        if call.query("summary"):
            shown["summary"] = {
                "total_count": len(found),
                "message_template_count": len(world.templates_of(waba.id)),
                "message_template_limit": _limit(graph, waba),
                "are_translations_complete": True,
            }
        return shown

    @graph.edge(Waba, "POST", "message_templates")
    async def create(call: Call, waba: Waba) -> dict[str, Any]:
        body = await call.json()
        templates.check_new(body)
        key = (waba.id, str(body["name"]), str(body["language"]))
        if key in world.template_index:
            raise GraphError(
                100,
                "a template of this name exists in this language",
                subcode=2388024,
                user_message="Change the name or the language.",
            )
        if len(world.templates_of(waba.id)) >= _limit(graph, waba):
            raise GraphError(100, "the account has as many templates as it may", subcode=2388019)
        template = Template(
            id=world.new_id("75"),
            waba_id=waba.id,
            name=key[1],
            language=key[2],
            category=str(body["category"]),
            components=body["components"],
            parameter_format=str(body.get("parameter_format", "POSITIONAL")).upper(),
            review_at=time.time() + world.settings.review_ms / 1000,
        )
        world.add(template)
        return {"id": template.id, "status": template.status, "category": template.category}

    @graph.edge(Waba, "DELETE", "message_templates")
    async def delete(call: Call, waba: Waba) -> dict[str, Any]:
        name, item = call.query("name"), call.query("hsm_id")
        if not name:
            raise GraphError(100, message="(#100) The parameter name is required.")
        found = [t for t in world.templates_of(waba.id) if t.name == name]
        found = [t for t in found if not item or t.id == item]
        if not found:
            raise GraphError(100, "no such template", subcode=2593002)
        for template in found:
            world.remove_template(template)
        return _OK


def _limit(graph: Graph, waba: Waba) -> int:
    """How many templates the account may have (facts §4)."""
    return 6000 if graph.world.portfolio_of(waba.id).verified else 250


def _template(graph: Graph) -> None:
    world = graph.world

    @graph.edge(Template, "GET", "")
    async def show(call: Call, template: Template) -> dict[str, Any]:
        return nodes.template_node(world, template, call.query("fields"))

    @graph.edge(Template, "POST", "")
    async def edit(call: Call, template: Template) -> dict[str, Any]:
        body = await call.json()
        if template.status not in {"APPROVED", "REJECTED", "PAUSED"}:
            raise GraphError(100, "only approved, rejected or paused templates can be changed")
        merged = {"category": template.category, "components": template.components} | body
        templates.check_new(merged, editing=True)
        template.category = str(merged["category"])
        template.components = merged["components"]
        template.status, template.paused_until = "PENDING", 0.0
        template.review_at = time.time() + world.settings.review_ms / 1000
        world.save(template)
        return _OK

    @graph.edge(Template, "POST", "unpause")
    async def unpause(call: Call, template: Template) -> dict[str, Any]:
        if template.status != "PAUSED":
            return {"success": False, "reason": "The template is not paused."}
        graph.outcomes.set_template(template, "APPROVED", title="UNPAUSE")
        return _OK
