"""What can be changed while the simulator runs: pace, limits, delays, faults, webhook habits.

Settings are not kept over a restart: a fault of yesterday must not surprise today's demo.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """What goes wrong when a fault applies."""

    ERROR = "error"
    """Meta's error `code`: in the answer, or (`where` = webhook) accepted and failed later."""
    HTTP = "http"
    """HTTP `status` without a word of ours (`taken`: the message was taken all the same)."""
    SLOW = "slow"
    """The answer comes `ms` late."""
    DROP_BEFORE = "drop_before"
    """The connection is cut; the message was not taken."""
    DROP_AFTER = "drop_after"
    """The connection is cut after the message was taken: the sender cannot know."""


@dataclass(slots=True)
class Fault:
    """One fault by setting. None means "any"; `count` and `seconds` end it by themselves."""

    kind: FaultKind = FaultKind.ERROR
    code: int = 0
    status: int = 0
    """HTTP status; 0: 503 for `http`, by the table for `error`."""
    ms: int = 0
    where: str = "response"
    taken: bool = False
    scope: str = "messages"
    """`messages`: sending only; `all`: every Graph call."""
    phone_number_id: str | None = None
    to_ending: str | None = None
    template: str | None = None
    probability: float = 1.0
    count: int | None = None
    seconds: float | None = None
    started: float = field(default_factory=time.time)

    def status_given(self) -> int | None:
        """The HTTP status it asks for, if it does."""
        return self.status or None

    def over(self, now: float) -> bool:
        """Whether it has done its work and can be forgotten."""
        spent = self.count is not None and self.count <= 0
        return spent or (self.seconds is not None and now > self.started + self.seconds)

    def meets(self, *, line: str, digits: str, template: str) -> bool:
        """Whether it is meant for this call."""
        return (
            (self.phone_number_id is None or self.phone_number_id == line)
            and (self.to_ending is None or digits.endswith(self.to_ending))
            and (self.template is None or self.template == template)
        )


@dataclass(slots=True)
class Settings:
    """All settings with their defaults: a healthy Meta on an ordinary day, in a hurry."""

    seed: int = 1
    versions: list[str] = field(default_factory=lambda: ["v23.0", "v24.0", "v25.0"])
    # Pace and limits (facts §4)
    line_burst_seconds: float = 2.0
    line_limit: bool = True
    pair_interval: float = 6.0
    pair_burst: int = 45
    portfolio_limit: int | None = None
    """None: by the portfolio's tier."""
    portfolio_over_code: int = 131049
    """Undocumented what Meta says beyond the limit; accepted, then failed with this."""
    marketing_cap: int = 0
    """Marketing messages one person gets from all businesses in 24 h; 0: no cap."""
    management_per_hour: int = 5000
    # Answers
    message_status: str = "always"
    """Meta's pages differ: `always`, or `paced` (only when a message is held)."""
    to_without_plus: str = "prefix"
    """`prefix`: the line's country code is put in front, as documented; `wa_id`: taken whole."""
    window_error: str = "webhook"
    """Where 131047 is told: `webhook` or `response`."""
    http_status: dict[str, int] = field(default_factory=dict)
    slow_ms: int = 0
    error_rate_5xx: float = 0.0
    drop_after_probability: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    # Templates
    review_ms: int = 200
    pacing_after: int = 0
    """Marketing messages of one template before the rest is held; 0: no pacing."""
    pacing_hold_ms: int = 500
    pacing_outcome: str = "release"
    clock_speed: float = 1.0
    """How much faster pauses of templates pass (3 h, 6 h)."""
    # Life of a message, milliseconds after the step before; each varies by +-50 %
    sent_ms: int = 20
    delivered_ms: int = 60
    read_ms: int = 120
    failed_ms: int = 50
    reply_ms: int = 150
    # Webhooks (facts §7)
    webhook_batch: int = 100
    webhook_wait_ms: int = 20
    webhook_parallel: int = 4
    webhook_timeout_ms: int = 10_000
    webhook_duplicate: float = 0.01
    webhook_late: float = 0.02
    webhook_late_ms: int = 400
    webhook_shuffle: float = 0.05
    webhook_merge: float = 0.5
    """Share of batches in which statuses of one line stand in one value."""
    webhook_lose_delivered: float = 0.0
    webhook_retry_ms: list[int] = field(
        default_factory=lambda: [0, 100, 300, 1_000, 3_000, 10_000, 60_000, 600_000, 3_600_000]
    )
    webhook_give_up_s: float = 7 * 86_400.0
    webhook_hold: bool = False
    """Nothing is posted while true; everything waits."""
    bsuid_in_webhooks: bool = True
    withhold_numbers: bool = False
    """Everybody hides behind a user name: webhooks name people by their user id alone."""
    # Sign-up and people
    code_seconds: float = 30.0
    opt_out_grace_s: float = 10.0
    keep_payloads: int = 50_000

    def change(self, values: Mapping[str, Any]) -> None:
        """Set some of them; ValueError names what is unknown or of the wrong kind."""
        known = {f.name for f in fields(self)}
        checked: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"unknown setting: {name}")
            checked[name] = self._checked(name, value)
        for name, value in checked.items():
            setattr(self, name, value)

    def _checked(self, name: str, value: Any) -> Any:
        if name == "faults":
            if not isinstance(value, list):
                raise ValueError("faults: a list is wanted")
            return [fault_from(entry) for entry in value]
        if name == "portfolio_limit":
            wanted: type | tuple[type, ...] = (int, type(None))
        else:
            now = getattr(self, name)
            wanted = (int, float) if isinstance(now, float) else type(now)
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise ValueError(f"{name}: {value!r} is not of the right kind")
        return value

    def shown(self) -> dict[str, Any]:
        """All of them as JSON."""
        return asdict(self)

    def faults_for(
        self, *, scope: str, line: str, digits: str, template: str, dice: random.Random
    ) -> list[Fault]:
        """The faults that strike this call; each counts down."""
        if not self.faults:
            return []
        now = time.time()
        self.faults = [fault for fault in self.faults if not fault.over(now)]
        struck = []
        for fault in self.faults:
            if fault.scope != scope or not fault.meets(line=line, digits=digits, template=template):
                continue
            if fault.probability < 1.0 and dice.random() >= fault.probability:
                continue
            if fault.count is not None:
                fault.count -= 1
            struck.append(fault)
        return struck


def fault_from(entry: Any) -> Fault:
    """One fault from JSON; ValueError if it makes no sense."""
    if not isinstance(entry, dict):
        raise ValueError("faults: each is an object")
    try:
        fault = Fault(**entry)
        fault.kind = FaultKind(fault.kind)
    except TypeError as wrong:
        raise ValueError(f"faults: {wrong}") from None
    if fault.kind is FaultKind.ERROR and not fault.code:
        raise ValueError("faults: an error needs a code")
    if fault.where not in {"response", "webhook"} or fault.scope not in {"messages", "all"}:
        raise ValueError("faults: where is response or webhook, scope is messages or all")
    return fault
