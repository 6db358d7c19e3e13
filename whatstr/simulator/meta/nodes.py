"""How Meta shows a line, an account, a template or a file, and `fields` and cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any

from whatstr.simulator.meta.errors import GraphError
from whatstr.simulator.meta.model import Line, Template, Waba
from whatstr.simulator.meta.world import World

_LINE_DEFAULT = (
    "id,display_phone_number,verified_name,quality_rating,code_verification_status,"
    "platform_type,throughput,status"
)
_WABA_DEFAULT = "id,name,timezone_id,message_template_namespace"
_TEMPLATE_DEFAULT = "id,name,language,category,status,components,parameter_format"
_REFUSED = {
    368: (141006, "The account is restricted for breaking policy."),
    131042: (141006, "The account has a payment problem."),
}


def chosen(full: dict[str, Any], fields: str | None, default: str) -> dict[str, Any]:
    """The asked fields of a node; code 100 for one that does not exist; `id` is always there."""
    shown = {}
    for name in (fields or default).split(","):
        name = name.strip().split("{")[0].split(".")[0]
        if not name:
            continue
        if name not in full:
            raise GraphError(
                100, message=f"(#100) Tried accessing nonexisting field ({name}) on node"
            )
        if full[name] is not None:
            shown[name] = full[name]
    shown["id"] = full["id"]
    return shown


def line_node(world: World, line: Line, fields: str | None) -> dict[str, Any]:
    """A line (facts §6)."""
    tier = world.portfolio_of(line.waba_id).tier
    full: dict[str, Any] = {
        "id": line.id,
        "display_phone_number": line.display,
        "verified_name": line.verified_name,
        "status": line.status,
        "quality_rating": line.quality,
        "quality_score": {"score": line.quality},
        "code_verification_status": "VERIFIED",
        "name_status": "APPROVED",
        "platform_type": "CLOUD_API" if line.registered else "NOT_APPLICABLE",
        "host_platform": "CLOUD_API" if line.registered else "NOT_APPLICABLE",
        "account_mode": line.account_mode,
        "throughput": {"level": line.throughput},
        "whatsapp_business_manager_messaging_limit": tier,
        "messaging_limit_tier": tier,
        "is_on_biz_app": line.is_on_biz_app,
        "is_official_business_account": False,
        "is_pin_enabled": bool(line.pin),
        "is_preverified_number": False,
        "search_visibility": "NON_VISIBLE",
        "country_code": "TR" if line.country_code == "90" else None,
        "country_dial_code": line.country_code,
        "unified_cert_status": "APPROVED",
        "certificate": None,
        "new_certificate": None,
        "new_name_status": None,
        "last_onboarded_time": None,
        "username": None,
        "eligibility_for_api_business_global_search": None,
        "conversational_automation": None,
        "health_status": None,
        "webhook_configuration": None,
    }
    wanted = fields or ""
    if "health_status" in wanted:
        full["health_status"] = health(world, line=line)
    if "webhook_configuration" in wanted:
        waba = world.wabas[line.waba_id]
        found = {"whatsapp_business_account": waba.override_url, "phone_number": line.override_url}
        full["webhook_configuration"] = {k: v for k, v in found.items() if v}
    return chosen(full, fields, _LINE_DEFAULT)


def waba_node(world: World, waba: Waba, fields: str | None) -> dict[str, Any]:
    """An account."""
    portfolio = world.portfolios[waba.business_id]
    full: dict[str, Any] = {
        "id": waba.id,
        "name": waba.name,
        "timezone_id": "140",
        "message_template_namespace": f"{int(waba.id):032x}",
        "account_review_status": "APPROVED",
        "business_verification_status": "VERIFIED" if portfolio.verified else "UNVERIFIED",
        "country": waba.country,
        "currency": "TRY",
        "ownership_type": "CLIENT_OWNED",
        "primary_business_location": waba.country,
        "owner_business_info": {"id": portfolio.id, "name": portfolio.name},
        "on_behalf_of_business_info": {"id": portfolio.id, "name": portfolio.name},
        "marketing_messages_lite_api_status": "ONBOARDED",
        "marketing_messages_onboarding_status": "ONBOARDED",
        "status": "ACTIVE",
        "is_enabled_for_insights": False,
        "disable_marketing_messages_on_cloud_api": False,
        "subscribed_apps": None,
        "whatsapp_business_manager_messaging_limit": portfolio.tier,
        "health_status": None,
    }
    if "health_status" in (fields or ""):
        full["health_status"] = health(world, waba=waba)
    return chosen(full, fields, _WABA_DEFAULT)


def template_node(world: World, template: Template, fields: str | None) -> dict[str, Any]:
    """A template."""
    full: dict[str, Any] = {
        "id": template.id,
        "name": template.name,
        "language": template.language,
        "category": template.category,
        "previous_category": None,
        "correct_category": None,
        "status": template.status,
        "components": template.components,
        "parameter_format": template.parameter_format,
        "rejected_reason": template.rejected_reason,
        "quality_score": {"score": template.quality, "date": int(template.quality_at)},
        "message_send_ttl_seconds": None,
        "sub_category": None,
        "cta_url_link_tracking_opted_out": None,
        "library_template_name": None,
        "degrees_of_freedom_spec": None,
        "last_updated_time": None,
        "health_status": None,
    }
    if "health_status" in (fields or ""):
        full["health_status"] = health(world, template=template)
    return chosen(full, fields, _TEMPLATE_DEFAULT)


def health(
    world: World,
    *,
    line: Line | None = None,
    waba: Waba | None = None,
    template: Template | None = None,
) -> dict[str, Any]:
    """health_status: can it send, and what stands in the way, level by level."""
    entities: list[dict[str, Any]] = []

    def add(kind: str, item: str, error: int = 0, text: str = "", mend: str = "") -> None:
        entity: dict[str, Any] = {
            "entity_type": kind,
            "id": item,
            "can_send_message": "BLOCKED" if error else "AVAILABLE",
        }
        if error:
            told = {"error_code": error, "error_description": text, "possible_solution": mend}
            entity["errors"] = [told]
        entities.append(entity)

    if template is not None:
        waba = world.wabas[template.waba_id]
        bad = template.status != "APPROVED"
        text = f"The template is {template.status}." if bad else ""
        add("MESSAGE_TEMPLATE", template.id, 141010 if bad else 0, text, "Use another template.")
    if line is not None:
        waba = world.wabas[line.waba_id]
        bad = not line.registered or line.status != "CONNECTED"
        text = f"The line is {line.status if line.registered else 'not registered'}."
        add("PHONE_NUMBER", line.id, 141000 if bad else 0, text, "Look at the line's status.")
    if waba is None:
        raise ValueError("one of line, waba and template is needed")
    code, text = _REFUSED.get(waba.blocked_code, (141002, "The account may not send."))
    add("WABA", waba.id, code if waba.blocked_code else 0, text, "Open the account's quality page.")
    add("BUSINESS", waba.business_id)
    add("APP", world.app_id)
    blocked = any(entity["can_send_message"] == "BLOCKED" for entity in entities)
    return {"can_send_message": "BLOCKED" if blocked else "AVAILABLE", "entities": entities}


def whole_account(world: World, waba_id: str) -> dict[str, Any]:
    """An account with its lines, templates and tokens, for the operator."""
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
            template_node(world, template, None)
            for template in reversed(world.templates_of(waba_id))
        ],
    }


def cursor(item: str) -> str:
    """An opaque mark for a place in a list."""
    return base64.urlsafe_b64encode(f"c:{item}".encode()).decode().rstrip("=")


def _place(ids: Sequence[str], mark: str) -> int:
    try:
        item = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode()[2:]
    except (binascii.Error, ValueError):
        raise GraphError(100, message="(#100) Invalid cursor") from None
    if item not in ids:
        raise GraphError(100, message="(#100) Invalid cursor")
    return ids.index(item)


def page(
    ids: Sequence[str],
    show: Callable[[str], dict[str, Any]],
    *,
    limit: str | None,
    after: str | None,
    before: str | None,
    url: str,
    most: int = 100,
) -> dict[str, Any]:
    """One page of a list with cursors; `next` is there only if more follows."""
    try:
        size = int(limit or 25)
    except ValueError:
        raise GraphError(100, message="(#100) Param limit must be an integer") from None
    if not 1 <= size <= most:
        raise GraphError(100, message=f"(#100) Param limit must be between 1 and {most}")
    start = _place(ids, after) + 1 if after else 0
    if before:
        end = _place(ids, before)
        start = max(0, end - size)
        part = list(ids[start:end])
    else:
        part = list(ids[start : start + size])
    found: dict[str, Any] = {"data": [show(item) for item in part]}
    if part:
        first, last = cursor(part[0]), cursor(part[-1])
        found["paging"] = {"cursors": {"before": first, "after": last}}
        if ids.index(part[-1]) + 1 < len(ids):
            found["paging"]["next"] = f"{url}?limit={size}&after={last}"
        if ids.index(part[0]) > 0:
            found["paging"]["previous"] = f"{url}?limit={size}&before={first}"
    return found
