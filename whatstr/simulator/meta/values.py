"""The `value` members of webhooks, as facts §7 describes them."""

from __future__ import annotations

import time
from typing import Any

from whatstr.simulator.meta.errors import webhook_error
from whatstr.simulator.meta.model import Line, Message, Template, stamp, wamid_for
from whatstr.simulator.meta.world import World


def _metadata(line: Line) -> dict[str, str]:
    return {"display_phone_number": line.number, "phone_number_id": line.id}


def _business(world: World, line: Line) -> str:
    return world.wabas[line.waba_id].business_id


def contact(world: World, line: Line, person: str, *, hidden: bool = False) -> dict[str, Any]:
    """One member of `contacts`; a hidden person shows a user name instead of a number."""
    found: dict[str, Any] = {"profile": {"name": world.name_of(person)}}
    hidden = hidden or world.settings.withhold_numbers
    if hidden:
        found["profile"]["username"] = "kisi_" + person[-4:]
    else:
        found["wa_id"] = world.wa_id(person)
    if hidden or world.settings.bsuid_in_webhooks:
        found["user_id"] = world.bsuid(_business(world, line), person)
    return found


def status(world: World, message: Message, name: str, at: float) -> dict[str, Any]:
    """The value of one status of a message (messages / statuses)."""
    line = world.lines[message.line_id]
    to_number = not message.by_bsuid
    named = to_number and not world.settings.withhold_numbers
    entry: dict[str, Any] = {"id": message.wamid, "status": name, "timestamp": stamp(at)}
    entry["recipient_id"] = world.wa_id(message.person) if named else ""
    value: dict[str, Any] = {"messaging_product": "whatsapp", "metadata": _metadata(line)}
    if name == "failed":
        entry["errors"] = [webhook_error(message.code, message.details)]
        if not to_number:
            entry["recipient_user_id"] = world.bsuid(message.business_id, message.person)
    else:
        hidden = not named
        value["contacts"] = [contact(world, line, message.person, hidden=hidden)]
        if hidden or world.settings.bsuid_in_webhooks:
            entry["recipient_user_id"] = world.bsuid(message.business_id, message.person)
    if message.opaque:
        entry["biz_opaque_callback_data"] = message.opaque
    if name == "sent" or (name == "delivered" and "read" not in message.times):
        category = message.category.lower() or "service"
        free = message.in_window and category in {"service", "utility"}
        entry["pricing"] = {
            "billable": not free,
            "pricing_model": "PMP",
            "type": "free_customer_service" if free else "regular",
            "category": category,
        }
        if message.version == "v23.0":
            entry["conversation"] = {
                "id": f"{int(message.person.removeprefix('TR.'), 36):032x}"[-32:],
                "origin": {"type": category},
            }
            if name == "sent":
                entry["conversation"]["expiration_timestamp"] = stamp(at + 86_400)
    value["statuses"] = [entry]
    return value


def inbound(
    world: World,
    line: Line,
    person: str,
    content: dict[str, Any],
    *,
    context: str = "",
    hidden: bool = False,
) -> dict[str, Any]:
    """A person writes: `content` is `type` with its object."""
    hidden = hidden or world.settings.withhold_numbers
    entry: dict[str, Any] = {
        "id": wamid_for(person if not hidden else "0", inbound=True),
        "timestamp": stamp(),
        **content,
    }
    if not hidden:
        entry["from"] = world.wa_id(person)
    if hidden or world.settings.bsuid_in_webhooks:
        entry["from_user_id"] = world.bsuid(_business(world, line), person)
    if context:
        entry["context"] = {"from": line.number, "id": context}
    return {
        "messaging_product": "whatsapp",
        "metadata": _metadata(line),
        "contacts": [contact(world, line, person, hidden=hidden)],
        "messages": [entry],
    }


def changed_number(world: World, line: Line, person: str) -> dict[str, Any]:
    """The system message of a person with a new number; it has no `contacts`."""
    new = person[:-1] + str((int(person[-1]) + 1) % 10)
    name = world.name_of(person)
    return {
        "messaging_product": "whatsapp",
        "metadata": _metadata(line),
        "messages": [
            {
                "from": person,
                "id": wamid_for(person, inbound=True),
                "timestamp": stamp(),
                "type": "system",
                "system": {
                    "body": f"User {name} changed from {person} to {new}",
                    "wa_id": new,
                    "type": "user_changed_number",
                },
            }
        ],
    }


def preference(world: World, line: Line, person: str, *, stop: bool) -> dict[str, Any]:
    """The person used WhatsApp's own switch (field user_preferences)."""
    named = {} if world.settings.withhold_numbers else {"wa_id": world.wa_id(person)}
    return {
        "messaging_product": "whatsapp",
        "metadata": _metadata(line),
        "contacts": [contact(world, line, person)],
        "user_preferences": [
            {
                **named,
                "user_id": world.bsuid(_business(world, line), person),
                "detail": f"User requested to {'stop' if stop else 'resume'} marketing messages",
                "category": "marketing_messages",
                "value": "stop" if stop else "resume",
                "timestamp": int(time.time()),
            }
        ],
    }


_PAUSES = {1: "FIRST_PAUSE", 2: "SECOND_PAUSE", 3: "DISABLED"}


def template_status(template: Template, event: str, title: str = "") -> dict[str, Any]:
    """A template has a new status (field message_template_status_update)."""
    value: dict[str, Any] = {
        "event": event,
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
        "reason": template.rejected_reason if event == "REJECTED" else "NONE",
        "message_template_category": template.category,
    }
    if event in {"PAUSED", "DISABLED"} or title:
        value["other_info"] = {
            "title": title or _PAUSES.get(template.pauses, "FIRST_PAUSE"),
            "description": "The template got too many negative reactions.",
        }
    if event == "DISABLED":
        value["disable_info"] = {"disable_date": stamp()}
    if event == "REJECTED":
        value["rejection_info"] = {
            "reason": template.rejected_reason,
            "recommendation": "Change the text and send it to review again.",
        }
    return value


def template_quality(template: Template, before: str) -> dict[str, Any]:
    """A template's quality changed (field message_template_quality_update)."""
    return {
        "previous_quality_score": before,
        "new_quality_score": template.quality,
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
    }


def template_category(template: Template, before: str, correct: str) -> dict[str, Any]:
    """Meta re-categorises (field template_category_update): told first, then done."""
    value: dict[str, Any] = {
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
        "new_category": template.category,
    }
    if before != template.category:
        value["previous_category"] = before
    else:
        value["correct_category"] = correct
        value["category_update_timestamp"] = int(time.time()) + 86_400
    return value
