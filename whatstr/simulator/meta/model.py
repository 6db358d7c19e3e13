"""The things of Meta's world: portfolios, accounts, lines, templates, tokens, media, messages."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

TIERS = {
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
    "TIER_UNLIMITED": None,
}


_NAMES: dict[type, tuple[str, ...]] = {}


class Record:
    """A dataclass that can be kept as JSON."""

    def doc(self) -> dict[str, Any]:
        """As JSON; sets become lists."""
        found = {name: getattr(self, name) for name in self.names()}
        return {k: sorted(v) if isinstance(v, set) else v for k, v in found.items()}

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the members; kept, since each message asks several times."""
        known = _NAMES.get(cls)
        if known is None:
            known = _NAMES[cls] = tuple(f.name for f in fields(cls))  # type: ignore[arg-type]
        return known

    @classmethod
    def of(cls, doc: Mapping[str, Any]) -> Self:
        """Back from JSON; members of an older version are left out."""
        known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
        values = {
            name: set(value) if str(known[name].type).startswith("set") else value
            for name, value in doc.items()
            if name in known
        }
        return cls(**values)


@dataclass
class Portfolio(Record):
    """A business; the messaging limit is its, shared by all its lines."""

    id: str
    name: str
    tier: str = "TIER_100K"
    verified: bool = True


@dataclass
class Waba(Record):
    """A WhatsApp Business Account."""

    id: str
    name: str
    business_id: str
    subscribed: bool = False
    override_url: str = ""
    override_token: str = ""
    blocked_code: int = 0
    """Code that every message of the account gets (368, 131031, 131042 …); 0: healthy."""
    blocked_details: str = ""
    country: str = "TR"
    created: float = 0.0


@dataclass
class Line(Record):
    """A business phone number."""

    id: str
    waba_id: str
    number: str
    """Digits with country code."""
    verified_name: str
    country_code: str = "90"
    status: str = "CONNECTED"
    registered: bool = True
    quality: str = "GREEN"
    throughput: str = "STANDARD"
    mps: float = 80.0
    account_mode: str = "LIVE"
    allowed: set[str] = field(default_factory=set)
    """Digits of the people a test line (SANDBOX) may write to."""
    is_on_biz_app: bool = False
    pin: str = ""
    profile: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    override_url: str = ""
    override_token: str = ""

    @property
    def display(self) -> str:
        """The number as Meta shows it."""
        n = self.number
        if n.startswith("90") and len(n) == 12:
            return f"+90 {n[2:5]} {n[5:8]} {n[8:10]} {n[10:]}"
        return f"+{n}"


@dataclass
class Template(Record):
    """A message template in one language."""

    id: str
    waba_id: str
    name: str
    language: str
    category: str
    components: list[dict[str, Any]]
    status: str = "PENDING"
    parameter_format: str = "POSITIONAL"
    quality: str = "UNKNOWN"
    quality_at: float = field(default_factory=time.time)
    rejected_reason: str = "NONE"
    pauses: int = 0
    paused_until: float = 0.0
    """0 while not paused; a pause by pacing has no end (`inf` is not JSON: -1)."""
    review_at: float = 0.0
    sent: int = 0
    paced: bool = False
    """Pacing has been decided: nothing is held any more."""
    hold_until: float = 0.0


@dataclass
class Token(Record):
    """A bearer token and what it opens."""

    value: str
    waba_ids: list[str]
    kind: str = "SYSTEM_USER"
    user_id: str = ""
    scopes: list[str] = field(
        default_factory=lambda: ["whatsapp_business_management", "whatsapp_business_messaging"]
    )
    issued: float = 0.0
    expires: float = 0.0
    """0: never."""
    valid: bool = True


@dataclass
class Media(Record):
    """An uploaded file; the bytes are kept apart."""

    id: str
    line_id: str
    waba_id: str
    mime: str
    sha256: str
    size: int
    created: float
    filename: str = ""


@dataclass
class Code(Record):
    """What Embedded Signup gives back: good for one token, for a short time."""

    value: str
    waba_id: str
    line_id: str
    redirect_uri: str
    made: float
    used: bool = False


@dataclass(slots=True)
class Message(Record):
    """One message that Meta took, and what became of it."""

    seq: int
    wamid: str
    line_id: str
    waba_id: str
    business_id: str
    person: str
    """Digits; or the business-scoped id if no number is known."""
    opaque: str
    type: str
    category: str
    template_id: str
    version: str
    accepted: float
    status: str = "accepted"
    times: dict[str, float] = field(default_factory=dict)
    reached: bool = False
    code: int = 0
    details: str = ""
    in_window: bool = False
    by_bsuid: bool = False
    after_opt_out: bool = False
    payload: dict[str, Any] | None = None
    plan: list[list[Any]] = field(default_factory=list)
    """Steps to come: [time, action, argument]."""
    acknowledged: list[str] = field(default_factory=list)
    """Statuses whose webhook was answered with 200."""

    @property
    def key(self) -> str:
        """The id under which it is kept: sorts by time."""
        return f"{self.seq:012d}"


def wamid_for(digits: str, *, inbound: bool = False) -> str:
    """A message id. As with Meta's, base64 that holds the person's number in plain digits."""
    serial = os.urandom(10).hex().upper() if inbound else os.urandom(9).hex().upper()
    number = digits.encode()
    raw = b"\x1c\x18" + bytes([len(number)]) + number + b"\x15\x02\x00"
    raw += (b"\x12\x18\x14" if inbound else b"\x11\x18\x12") + serial.encode() + b"\x00"
    return "wamid." + base64.b64encode(raw).decode()


def stamp(at: float | None = None) -> str:
    """A time as webhooks give it for messages and statuses: unix seconds in a string."""
    return str(int(time.time() if at is None else at))
