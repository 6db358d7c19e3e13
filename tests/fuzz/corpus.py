"""Well-formed input that the fuzzing starts from."""

from __future__ import annotations

import base64
from typing import Any

from tests.doors.stage import ABUSE_LINE, LINE, Doors, envelope, now
from whatstr.vault import rpc


def _messages(**more: Any) -> dict[str, Any]:
    entry = {"id": "wamid.HBgM", "timestamp": str(now()), "from": "905329998820", "type": "text"}
    return {
        "metadata": {"phone_number_id": LINE, "display_phone_number": "908501112233"},
        "contacts": [{"profile": {"name": "Elif"}, "wa_id": "905329998820", "user_id": "TR.1"}],
        "messages": [{**entry, **more}],
    }


def _status(**more: Any) -> dict[str, Any]:
    entry = {"id": "wamid.x", "status": "failed", "timestamp": str(now()), "recipient_id": "9053"}
    told = {"biz_opaque_callback_data": "m1:" + base64.b64encode(bytes(16)).decode()}
    error = {"errors": [{"code": 131026, "title": "x", "error_data": {"details": "y"}}]}
    return {"metadata": {"phone_number_id": LINE}, "statuses": [{**entry, **told, **error, **more}]}


def webhooks() -> list[Any]:
    """One of each kind that Meta sends."""
    button = {"type": "button", "button": {"payload": "optout", "text": "Dur"}}
    reply = {
        "type": "interactive",
        "interactive": {"type": "button_reply", "button_reply": {"id": "optout"}},
    }
    abuse = _messages(text={"body": "BILDIRIM ABCDE-12345"})
    abuse["metadata"]["phone_number_id"] = ABUSE_LINE
    system = {"type": "system", "system": {"type": "user_changed_number", "wa_id": "905329998821"}}
    preference = {"user_preferences": [{"wa_id": "905329998820", "category": "marketing_messages",
                                        "value": "stop", "timestamp": now()}]}  # fmt: skip
    template = {"event": "PAUSED", "message_template_id": 1, "message_template_name": "x",
                "message_template_language": "tr", "reason": "NONE"}  # fmt: skip
    quality = {
        "display_phone_number": "908501112233",
        "event": "FLAGGED",
        "current_limit": "TIER_1K",
    }
    return [
        envelope("messages", _messages(text={"body": "DUR"}, context={"id": "wamid.x"})),
        envelope("messages", _messages(text={"body": "ŞİKAYET"}, context={"id": "wamid.x"})),
        envelope("messages", _messages(**button)),
        envelope("messages", _messages(**reply)),
        envelope("messages", _messages(**system)),
        envelope("messages", abuse),
        envelope("messages", _status()),
        envelope(
            "messages", _status(status="read", conversation={"id": "c"}, pricing={"billable": True})
        ),
        envelope("messages", {"errors": [{"code": 131000}], "metadata": {"phone_number_id": LINE}}),
        envelope("user_preferences", preference),
        envelope("message_template_status_update", template),
        envelope("phone_number_quality_update", quality),
        envelope(
            "account_update", {"event": "ACCOUNT_RESTRICTION", "phone_number": "908501112233"}
        ),
        envelope("business_capability_update", {"max_daily_conversation_per_phone": 1000}),
    ]


def requests(doors: Doors) -> list[dict[str, Any]]:
    shared = {"v": 1, "account": doors.organization.hex, "iat": now(), "exp": now() + 500}
    line = doors.line.hex
    arguments: dict[str, Any] = {
        "connect": {"waba_id": "1", "phone_number_id": LINE, "token": "t", "line": line},
        "templates": {"line": line},
        "line_info": {"line": line},
        "test_send": {"line": line, "to": "905329998820", "params": ["a"],
                      "template": {"name": "x", "lang": "tr", "id": "1"}},
        "optout_add": {"numbers": ["905329998820"]},
        "optout_remove": {"numbers": ["905329998820"]},
        "template_create": {"line": line, "template": {
            "name": "x", "language": "tr", "category": "MARKETING",
            "components": [{"type": "BODY", "text": "x"}]}},
    }  # fmt: skip
    known = {str(op) for op in rpc.Op}
    return [{**shared, "op": op, "args": args} for op, args in arguments.items() if op in known]
