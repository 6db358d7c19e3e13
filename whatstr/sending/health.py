"""How Meta sees a line and its account: webhooks that tell of it, and asking again.

A webhook of this kind is a hint that may be late or doubled: what it says about numbers is stored,
and the line is asked anew; only what stops sending is acted on at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Iterable
from typing import Any

import aiohttp
import sqlalchemy as sa

from whatstr.core import clock
from whatstr.core.db import notify, session, transaction
from whatstr.core.logs import get_logger
from whatstr.lines.cloud_api import CloudApi, CloudApiError
from whatstr.lines.models import Line
from whatstr.lines.reasons import meta_reason
from whatstr.sending import connections, context, progress
from whatstr.sending.connections import Connection
from whatstr.sending.receipts import FRESH, instant, text_of
from whatstr.sending.replies import first_time
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
FIELDS = frozenset(
    {
        "account_update",
        "account_review_update",
        "account_alerts",
        "phone_number_quality_update",
        "phone_number_name_update",
        "business_capability_update",
    }
)


def line_values(data: dict[str, Any]) -> dict[str, Any]:
    """The columns of a line from Meta's `GET /{PHONE_ID}`; ids of Meta are left out."""
    level = data.get("throughput")
    speed = level.get("level") if isinstance(level, dict) else None
    rate = HIGH if speed == "HIGH" else STANDARD
    return {
        "quality": text_of(data.get("quality_rating"), 32) or "UNKNOWN",
        "limit_tier": text_of(data.get("whatsapp_business_manager_messaging_limit"), 32) or None,
        "throughput": SHARED if data.get("is_on_biz_app") is True else rate,
        "meta_status": text_of(data.get("status"), 32) or None,
        "health": _health(data.get("health_status")),
        "checked_at": clock.now(),
    }


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


def update_line(line_id: uuid.UUID, values: dict[str, Any]) -> None:
    """Write health columns of a line."""
    session().execute(
        sa.update(Line)
        .where(Line.id == line_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def take(waba_id: str, field: str, value: Any, when: Any, ask_again: set[str]) -> None:
    """Act on one update about an account, within the current transaction. `ask_again` collects
    the accounts whose lines are to be asked after the commit (`refresh`)."""
    lines = [one.line_id for one in connections.connections_of_account(waba_id)]
    if not lines:
        log.info("health.unknown_account", field=field)
        return
    body = hashlib.sha256(wire.dump([waba_id, field, value, when])).hexdigest()
    if not first_time(f"change:{body}"):
        return
    if field == "account_update":
        _account(lines, value, when)
    tier = _tier(value.get("current_limit") or value.get("max_daily_conversations_per_business"))
    if tier is not None:
        # The limit belongs to the portfolio: every line of the account shares it.
        for line_id in lines:
            update_line(line_id, {"limit_tier": tier})
    ask_again.add(waba_id)


def template_changed(waba_id: str) -> None:
    """A template's fate changed: running work looks at it at its next fetch; wake the lines."""
    for one in connections.connections_of_account(waba_id):
        notify("whatstr_sender", one.line_id.hex)


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


def refresh(waba_ids: Iterable[str]) -> None:
    """Ask Meta about every line of these accounts. Call it outside a transaction; what cannot be
    asked now is asked when the customer next looks."""
    for waba_id in sorted(set(waba_ids)):
        with transaction():
            found = connections.connections_of_account(waba_id)
        for connection, data in asyncio.run(_ask(found)):
            with transaction():
                update_line(connection.line_id, line_values(data))


async def _ask(found: list[Connection]) -> list[tuple[Connection, dict[str, Any]]]:
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
