"""How Meta sees a line and its account: webhooks that tell of it, and asking again.

A webhook of this kind is a hint that may be late or doubled: what it says about numbers is stored,
and the line is asked anew; only what stops sending is acted on at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import sqlalchemy as sa

from whatstr.audit.services import SYSTEM, record
from whatstr.core import clock
from whatstr.core.db import notify, session, transaction
from whatstr.core.logs import get_logger
from whatstr.lines.cloud_api import CloudApi, CloudApiError
from whatstr.lines.models import Line, LineEventKind, LineState
from whatstr.lines.reasons import HEALTH_UNEXPLAINED, meta_reason
from whatstr.sending import connections, context, progress
from whatstr.sending.connections import Connection
from whatstr.sending.line_changes import add_event, change_line
from whatstr.sending.seen import first_time
from whatstr.sending.webhook_values import FRESH, instant, text_of
from whatstr.vault import wire

log = get_logger(__name__)

STANDARD, HIGH, SHARED = 80, 1_000, 20
"""Messages a second: an ordinary line, a raised one, one shared with the WhatsApp Business app
(facts, section 4)."""

SECONDS = 15.0
"""A drain that asks must not keep customers' requests waiting."""

_TIERS = {
    "50": "TIER_50",
    "250": "TIER_250",
    "1000": "TIER_1K",
    "2000": "TIER_2K",
    "10000": "TIER_10K",
    "100000": "TIER_100K",
}
_RESTRICTED, _REMOVED, _DELETED = 368, 200, 33
_GONE = frozenset({"PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED", "ACCOUNT_OFFBOARDED"})
_WIDE = frozenset({"WABA", "BUSINESS", "APP"})
_NOTED = {
    "account_update": (LineEventKind.ACCOUNT, "event"),
    "account_alerts": (LineEventKind.ALERT, "alert_type"),
    "account_review_update": (LineEventKind.REVIEW, "decision"),
    "phone_number_name_update": (LineEventKind.NAME, "decision"),
}
FIELDS = frozenset({*_NOTED, "phone_number_quality_update", "business_capability_update"})


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What Meta says stands in the way of sending: its code, and whether it is the whole account's
    or only the line's."""

    number: int
    wide: bool


def line_values(data: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a line from Meta's `GET /{PHONE_ID}`; ids of Meta are left out, and so is
    what Meta did not tell."""
    values: dict[str, Any] = {"checked_at": clock.now()}
    if "quality_rating" in data:
        values["quality"] = text_of(data["quality_rating"], 32) or "UNKNOWN"
    if "whatsapp_business_manager_messaging_limit" in data:
        tier = text_of(data["whatsapp_business_manager_messaging_limit"], 32)
        values["limit_tier"] = tier or None
    if "status" in data:
        values["meta_status"] = text_of(data["status"], 32) or None
    if "health_status" in data:
        values["health"] = _health(data["health_status"])
    level = data.get("throughput")
    if data.get("is_on_biz_app") is True:
        values["throughput"] = SHARED
    elif isinstance(level, dict):
        values["throughput"] = HIGH if level.get("level") == "HIGH" else STANDARD
    return values


def _health(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        return {}
    entities = found.get("entities")
    return {
        "can_send": text_of(found.get("can_send_message"), 16),
        "entities": [
            {
                "type": text_of(one.get("entity_type"), 32),
                "can_send": text_of(one.get("can_send_message"), 16),
                "codes": [
                    error["error_code"]
                    for error in one.get("errors") or ()
                    if isinstance(error, dict) and type(error.get("error_code")) is int
                ],
            }
            for one in (entities if isinstance(entities, list) else ())
            if isinstance(one, dict)
        ],
    }


def obstacle(values: Mapping[str, Any]) -> Obstacle | None:
    """What blocks a line, from `line_values`; None when Meta lets it send (LIMITED still sends)."""
    health = values.get("health") or {}
    if health.get("can_send") != "BLOCKED":
        return None
    blocked = [one for one in health["entities"] if one["can_send"] == "BLOCKED"]
    # The account's trouble explains the line's: it comes first.
    blocked.sort(key=lambda one: one["type"] not in _WIDE)
    codes = [code for one in blocked for code in one["codes"]]
    wide = bool(blocked) and blocked[0]["type"] in _WIDE
    return Obstacle(codes[0] if codes else HEALTH_UNEXPLAINED, wide)


def keep(connection: Connection, data: Mapping[str, Any]) -> dict[str, Any]:
    """Store what Meta answered about a line; the values."""
    values = line_values(data)
    change_line(connection.line_id, values)
    return values


def lift_hold(connection: Connection, values: Mapping[str, Any]) -> None:
    """A line that was held until somebody mends it goes on once Meta says it can send. A hold for
    a time runs out by itself, and what our staff paused stays paused."""
    if values.get("meta_status") != "CONNECTED" or obstacle(values):
        return
    lifted = session().scalar(
        sa.update(Line)
        .where(
            Line.id == connection.line_id,
            Line.state == LineState.HELD,
            Line.hold_until.is_(None),
        )
        .values(state=LineState.CONNECTED, state_reason=None, hold_code=None)
        .returning(Line.id)
        .execution_options(synchronize_session=False)
    )
    if lifted is not None:
        record(
            actor=SYSTEM,
            verb="line.released",
            subject_kind="line",
            subject_id=connection.line_id,
            organization_id=connection.organization_id,
        )
        notify("whatstr_sender", connection.line_id.hex)


def heed(connection: Connection, values: Mapping[str, Any]) -> None:
    """Hold a line that Meta blocks, and what it is sending."""
    found = obstacle(values)
    if found is None:
        return
    state = session().scalar(sa.select(Line.state).where(Line.id == connection.line_id))
    if state is not LineState.CONNECTED:
        return
    progress.hold_line(connection.line_id, number=found.number, seconds=0)
    progress.hold_campaigns_of([connection.line_id], reason=meta_reason(found.number))


# Webhooks -------------------------------------------------------------------------------------


def take(waba_id: str, field: str, value: Any, when: Any, ask_again: set[str]) -> None:
    """Act on one update about an account, within the current transaction. `ask_again` collects
    the accounts whose lines are to be asked after the commit (`refresh`)."""
    lines = [one.line_id for one in connections.connections_of_account(waba_id)]
    if not lines:
        log.info("health.unknown_account", field=field)
        return
    if not first_time(f"change:{change_hash(waba_id, field, value, when)}"):
        return
    if field in _NOTED:
        kind, member = _NOTED[field]
        add_event(lines, kind, after=text_of(value.get(member), 64))
    if field == "account_update":
        _account(lines, value, when)
    tier = _tier(value.get("current_limit") or value.get("max_daily_conversations_per_business"))
    if tier is not None:
        # The limit belongs to the portfolio: every line of the account shares it.
        for line_id in lines:
            change_line(line_id, {"limit_tier": tier})
    ask_again.add(waba_id)


def change_hash(waba_id: str, field: str, value: Any, when: Any) -> str:
    """What makes two deliveries of one change the same (facts, section 7)."""
    return hashlib.sha256(wire.dump([waba_id, field, value, when])).hexdigest()


def _tier(limit: Any) -> str | None:
    if type(limit) not in (int, str):
        return None
    text = str(limit)
    if text.startswith("TIER_"):
        return text[:32]
    return "TIER_UNLIMITED" if text == "-1" else _TIERS.get(text)


def _account(lines: list[uuid.UUID], value: Any, when: Any) -> None:
    event = text_of(value.get("event"), 64)
    log.warning("account.event", kind=event, n=len(lines))
    at = instant(when)
    if at is not None and at < clock.now() - FRESH:
        return
    number, seconds = _stops(event, value)
    if number is None:
        return
    for line_id in lines:
        progress.hold_line(line_id, number=number, seconds=seconds)
    progress.hold_campaigns_of(lines, reason=meta_reason(number))


def _stops(event: str, value: Any) -> tuple[int | None, int]:
    """Meta's number that fits an account event, and for how long it stops (0: until mended)."""
    if event == "ACCOUNT_DELETED":
        return _DELETED, 0
    if event in _GONE:
        return _REMOVED, 0
    if event == "DISABLED_UPDATE":
        ban = value.get("ban_info")
        state = ban.get("waba_ban_state") if isinstance(ban, dict) else None
        return (_RESTRICTED, 0) if state == "DISABLE" else (None, 0)
    if event == "ACCOUNT_RESTRICTION":
        ends = [
            instant(one.get("expiration"))
            for one in value.get("restriction_info") or ()
            if isinstance(one, dict)
            and "BIZ_INITIATED" in text_of(one.get("restriction_type"), 128)
        ]
        if ends:
            latest = max((end for end in ends if end is not None), default=None)
            left = (latest - clock.now()).total_seconds() if latest else 0
            return (_RESTRICTED, max(60, int(left))) if latest else (_RESTRICTED, 0)
    return None, 0


# Asking ---------------------------------------------------------------------------------------


def refresh(waba_ids: Iterable[str]) -> None:
    """Ask Meta about every line of these accounts; hold those that it blocks. Call it outside a
    transaction; what cannot be asked now is asked at night, or when the customer looks."""
    for waba_id in sorted(set(waba_ids)):
        with transaction():
            found = connections.connections_of_account(waba_id)
        for connection, data in asyncio.run(ask_lines(found)):
            with transaction():
                heed(connection, keep(connection, data))


async def ask_lines(found: Sequence[Connection]) -> list[tuple[Connection, dict[str, Any]]]:
    """What Meta says of each line; those that could not be asked are left out."""
    graph = context.graph_settings()
    told: list[tuple[Connection, dict[str, Any]]] = []
    async with aiohttp.ClientSession() as http:

        async def ask(one: Connection) -> None:
            api = CloudApi(http, base_url=graph.base_url, version=graph.version, token=one.token)
            try:
                told.append((one, await api.phone_number(one.phone_number_id)))
            except CloudApiError as error:
                log.warning("health.not_asked", line=one.line_id, reason=error.code)

        try:
            async with asyncio.timeout(SECONDS):
                await asyncio.gather(*map(ask, found))
        except TimeoutError:
            log.warning("health.too_slow", n=len(found))
    return told
