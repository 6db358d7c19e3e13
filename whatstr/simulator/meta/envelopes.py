"""What a webhook POST looks like: the envelope around the updates, and the signature (facts §7)."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Update:
    """One change to be told; `note` says what its acknowledgement means to the simulator."""

    key: str
    waba_id: str
    line_id: str
    change: str
    value: dict[str, Any]
    made: float
    note: dict[str, Any] = field(default_factory=dict)

    def doc(self) -> dict[str, Any]:
        """As JSON."""
        names = ("key", "waba_id", "line_id", "change", "value", "made", "note")
        return {name: getattr(self, name) for name in names}


def envelope(updates: Sequence[Update], *, merge: bool) -> bytes:
    """The body of one POST; `merge` puts the statuses of one line into one value."""
    entries: dict[str, dict[str, Any]] = {}
    merged: dict[tuple[str, str], dict[str, Any]] = {}
    for update in updates:
        value = update.value
        entry = entries.setdefault(update.waba_id, {"id": update.waba_id, "changes": []})
        if merge and "statuses" in value:
            first = merged.get((update.waba_id, update.line_id))
            if first is not None:
                first["statuses"].extend(value["statuses"])
                if "contacts" in value:
                    first.setdefault("contacts", []).extend(value["contacts"])
                continue
            value = {k: list(v) if isinstance(v, list) else v for k, v in value.items()}
            merged[update.waba_id, update.line_id] = value
        elif update.change != "messages":
            entry["time"] = int(time.time())
        entry["changes"].append({"value": value, "field": update.change})
    body = {"object": "whatsapp_business_account", "entry": list(entries.values())}
    return json.dumps(body, separators=(",", ":")).encode()


def signature(secret: bytes, body: bytes) -> str:
    """X-Hub-Signature-256 of a body."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
