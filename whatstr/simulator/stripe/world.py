"""The state of one simulated Stripe account, and the moment it believes it is."""

import copy
import json
import secrets
import string
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from whatstr.simulator.stripe.store import Json, Store
from whatstr.simulator.stripe.version import API_VERSION

_ALPHABET: Final = string.ascii_letters + string.digits

DEFAULT_SETTINGS: Final[Json] = {
    "api_version": API_VERSION,
    "business_name": "WhatsTR",
    # Webhooks: seconds of delay, how often each is delivered, the order within one request
    # ("in_order", "reverse", "random"), held back until /_sim/webhooks/flush, and the waits
    # before each repetition after an answer that is not 2xx.
    "webhook_delay": 0.0,
    "webhook_copies": 1,
    "webhook_order": "in_order",
    "webhook_hold": False,
    "webhook_timeout": 10.0,
    "webhook_retry_delays": [1.0, 5.0, 30.0, 300.0],
    # Refunds: None follows the card (cards.py); seconds of the simulated clock until it settles.
    "refund_course": None,
    "refund_settle_after": 60,
    "refund_failure_reason": "expired_or_canceled_card",
    # Faults: [{"path": "/v1/refunds", "kind": "status"|"crash"|"drop_before"|"drop_after",
    #           "status": 500, "times": 1}]
    "faults": [],
}


@dataclass
class Request:
    """What is being answered or done: an API request, named in its events, or something else.

    `batch` joins the events of one request, which may then come out of order.
    """

    id: str | None = None
    idempotency_key: str | None = None
    batch: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass
class World:
    """Everything the handlers share. One thread, one event loop; no handler awaits midway."""

    store: Store
    public_url: str = ""
    request: Request = field(default_factory=Request)
    changed: Callable[[], None] = lambda: None

    @classmethod
    def open(cls, folder: Path | None) -> "World":
        """A new account, or the one that a folder holds."""
        return cls(store=Store(folder))

    @property
    def settings(self) -> Json:
        """The settings in force; change them through `change_settings`."""
        return {**DEFAULT_SETTINGS, **(self.store.get("_settings", "all") or {})}

    def change_settings(self, changes: Json) -> Json:
        """Set some settings. Raises KeyError for an unknown name."""
        unknown = sorted(set(changes) - set(DEFAULT_SETTINGS))
        if unknown:
            raise KeyError(", ".join(unknown))
        self.store.put(
            "_settings", "all", {**(self.store.get("_settings", "all") or {}), **changes}
        )
        return self.settings

    def now(self) -> int:
        """Seconds since 1970 on the simulated clock."""
        at = self.store.get("_clock", "now") or {"offset": 0.0, "frozen": None}
        if at["frozen"] is not None:
            return int(at["frozen"])
        return int(time.time() + at["offset"])

    @property
    def frozen(self) -> bool:
        """Whether the simulated clock stands still."""
        return (self.store.get("_clock", "now") or {}).get("frozen") is not None

    def set_clock(self, *, now: int | None = None, advance: int = 0, frozen: bool = False) -> int:
        """Move the clock to `now` and then on by `advance`; frozen, it stands still there."""
        target = (self.now() if now is None else now) + advance
        self.store.put(
            "_clock",
            "now",
            {"offset": target - time.time(), "frozen": target if frozen else None},
        )
        self.changed()
        return target

    def new_id(self, prefix: str, length: int = 24) -> str:
        """An id as Stripe shapes them."""
        return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(length))}"

    def at(self, moment: int, action: str, subject: str) -> None:
        """Run an action (see `due.py`) on a subject once the simulated clock reaches a moment."""
        key = f"{action}:{subject}"
        self.store.put("_due", key, {"at": moment, "action": action, "subject": subject})
        self.changed()

    def emit(self, type_: str, record: Json, *, previous: Json | None = None) -> Json:
        """Record an event with a copy of its object, and one delivery for each endpoint."""
        data: Json = {"object": copy.deepcopy(record)}
        if previous is not None:
            data["previous_attributes"] = previous
        endpoints = [point for point in self.store.all("webhook_endpoint") if _wants(point, type_)]
        event = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": self.settings["api_version"],
            "created": self.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": len(endpoints),
            "request": {"id": self.request.id, "idempotency_key": self.request.idempotency_key},
            "type": type_,
        }
        self.store.put("event", event["id"], event)
        for point in endpoints:
            self.queue_delivery(event["id"], point["id"])
        return event

    def queue_delivery(self, event_id: str, endpoint_id: str) -> None:
        """Ask for one delivery of an event (as many copies as the settings say)."""
        settings = self.settings
        for _ in range(max(1, int(settings["webhook_copies"]))):
            key = self.new_id("whd")
            self.store.put(
                "_delivery",
                key,
                {
                    "id": key,
                    "event": event_id,
                    "endpoint": endpoint_id,
                    "batch": self.request.batch,
                    "attempts": 0,
                    "held": bool(settings["webhook_hold"]),
                    # Deliveries run on the real clock: the receiver checks the signature's age.
                    "due": time.time() + float(settings["webhook_delay"]),
                    "status": "waiting",
                    "answers": [],
                },
            )
        self.changed()


def _wants(endpoint: Json, type_: str) -> bool:
    events = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in events or type_ in events)


def as_json(value: Any) -> bytes:
    """The body as Stripe writes it: indented, UTF-8."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode()
