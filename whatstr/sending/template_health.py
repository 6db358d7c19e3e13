"""What Meta says of message templates: their state under a keyed index, and whom it stops.

Name and text of a template stay with the customer's browser (decision 0007). Which campaigns use
one is not stored either: the sealed headers of what waits or runs are opened to see it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from whatstr.audit.services import SYSTEM, record
from whatstr.campaigns.models import (
    ACTIVE_STATES,
    Campaign,
    CampaignKind,
    CampaignSeal,
    CampaignState,
)
from whatstr.core import clock
from whatstr.core.db import notify, session
from whatstr.core.logs import get_logger
from whatstr.lines.models import MessageTemplate
from whatstr.lines.reasons import TEMPLATE_MARKETING, meta_reason
from whatstr.sending import connections, context, progress
from whatstr.sending.connections import Connection
from whatstr.sending.health import change_hash
from whatstr.sending.seen import first_time
from whatstr.sending.webhook_values import FRESH, instant, text_of
from whatstr.vault.box import VaultFormatError
from whatstr.vault.indexes import Purpose, ix
from whatstr.vault.job_header import parse_header
from whatstr.vault.seals import open_sender_seal
from whatstr.vault.signed import Label, verify

log = get_logger(__name__)

STATUS, QUALITY, CATEGORY = (
    "message_template_status_update",
    "message_template_quality_update",
    "template_category_update",
)
FIELDS = frozenset({STATUS, QUALITY, CATEGORY})
PAUSES = {"FIRST_PAUSE": timedelta(hours=3), "SECOND_PAUSE": timedelta(hours=6)}
"""How long Meta pauses a template; after a third time it is disabled (facts, section 5)."""

_SENDABLE = {"REINSTATED": "APPROVED", "UNARCHIVED": "APPROVED"}
_STOPS = {"PAUSED": 132_015, "DISABLED": 132_016}
_GONE = 132_001
_OVER_BEFORE_START = frozenset({"DISABLED", "REJECTED", "DELETED", "PENDING_DELETION"})
_STOPPING = frozenset({*_STOPS, *_OVER_BEFORE_START})
_NO_REASON = frozenset({"", "NONE"})
_WAITING = ACTIVE_STATES | {CampaignState.SCHEDULED}


def reason_of(status: str) -> str:
    """Why nothing is sent with a template of this status."""
    if status in _STOPS:
        return meta_reason(_STOPS[status])
    if status == "REJECTED":
        return "template_rejected"
    return meta_reason(_GONE) if "DELET" in status else "template_not_approved"


def is_marketing(category: object) -> bool:
    """Whether Meta calls it marketing, which needs the consent of the recipients."""
    return category == "MARKETING"


def template_key(organization_id: uuid.UUID, template_id: object) -> bytes:
    """The keyed index of a template: what the browser is told, so that it can find the state."""
    return ix(context.keyring().ik, Purpose.TEMPLATE, organization_id.bytes, str(template_id))


def with_keys(
    organization_id: uuid.UUID, templates: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Templates as Meta gives them, each with its `key`."""
    return [{**one, "key": template_key(organization_id, one.get("id")).hex()} for one in templates]


def keep_all(connection: Connection, templates: Iterable[Mapping[str, Any]]) -> None:
    """Store the states of all templates of an account, as Meta listed them just now; those that
    are not in the list were deleted."""
    now, account = clock.now(), _account_ix(connection.waba_id)
    seen: list[bytes] = []
    for one in templates:
        key = template_key(connection.organization_id, one.get("id"))
        seen.append(key)
        score = one.get("quality_score")
        values = {
            "status": text_of(one.get("status"), 32) or "UNKNOWN",
            "quality": text_of(score.get("score"), 16) if isinstance(score, dict) else "UNKNOWN",
            "category": text_of(one.get("category"), 32),
            "checked_at": now,
        }
        _store(connection.organization_id, key, account, values, at=now)
    session().execute(
        sa.update(MessageTemplate)
        .where(
            MessageTemplate.organization_id == connection.organization_id,
            MessageTemplate.account_ix == account,
            MessageTemplate.template_ix.not_in(seen),
            MessageTemplate.status != "DELETED",
        )
        .values(status="DELETED", changed_at=now, checked_at=now, paused_until=None)
        .execution_options(synchronize_session=False)
    )


def _account_ix(waba_id: str) -> bytes:
    return ix(context.keyring().ik, Purpose.WABA, b"", waba_id)


def _store(
    organization_id: uuid.UUID,
    key: bytes,
    account: bytes,
    values: Mapping[str, Any],
    *,
    at: datetime,
) -> uuid.UUID:
    """Insert or change one state; gives the row's id. A status that changes ends what was said
    about the last one."""
    table = MessageTemplate
    made = insert(table).values(
        organization_id=organization_id,
        template_ix=key,
        account_ix=account,
        **{"status": "UNKNOWN", "quality": "UNKNOWN", "category": "", "checked_at": at, **values},
        changed_at=at,
    )
    changes: dict[str, Any] = dict(values)
    if "status" in values:
        same = table.status == made.excluded.status
        changes["changed_at"] = sa.case((same, table.changed_at), else_=at)
        if "paused_until" not in values:
            changes["paused_until"] = sa.case((same, table.paused_until), else_=None)
        if "reason" not in values:
            changes["reason"] = sa.case((same, table.reason), else_=None)
    kept = made.on_conflict_do_update(
        index_elements=["organization_id", "template_ix"], set_=changes
    )
    found: uuid.UUID = session().execute(kept.returning(table.id)).scalar_one()
    return found


# Webhooks -------------------------------------------------------------------------------------


def take(waba_id: str, field: str, value: Mapping[str, Any], when: Any) -> None:
    """Act on one update about a template, within the current transaction."""
    found = connections.connections_of_account(waba_id)
    template_id = str(value.get("message_template_id") or "")
    if not found or not template_id:
        log.info("template.unknown_account", field=field)
        return
    if not first_time(f"change:{change_hash(waba_id, field, value, when)}"):
        return
    at = instant(when) or clock.now()
    values = _told(field, value, at)
    account = _account_ix(waba_id)
    for organization_id in {one.organization_id for one in found}:
        key = template_key(organization_id, template_id)
        if values and not _overtaken(organization_id, key, at, values):
            stored = _store(organization_id, key, account, values, at=at)
            _record(organization_id, stored, values)
    for one in found:
        notify("whatstr_sender", one.line_id.hex)
    if at > clock.now() - FRESH:
        _stop(found, template_id, values)


def _record(organization_id: uuid.UUID, id_: uuid.UUID, values: Mapping[str, Any]) -> None:
    """What Meta told of a template, for its timeline at the staff panel."""
    told = {name: str(value) for name, value in values.items() if value is not None}
    record(
        actor=SYSTEM,
        verb="template.told",
        subject_kind="message_template",
        subject_id=id_,
        organization_id=organization_id,
        detail=told,
    )


def _told(field: str, value: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """The columns that an update changes."""
    if field == QUALITY:
        return {"quality": text_of(value.get("new_quality_score"), 16) or "UNKNOWN"}
    if field == CATEGORY:
        coming = text_of(value.get("correct_category"), 32) or None
        until = value.get("category_update_timestamp")
        values: dict[str, Any] = {
            "next_category": coming,
            "next_category_at": instant(until) if coming else None,
        }
        if not coming:
            values["category"] = text_of(value.get("new_category"), 32)
        return values
    event = text_of(value.get("event"), 32)
    if not event:
        return {}
    other = value.get("other_info")
    title = text_of(other.get("title"), 32) if isinstance(other, dict) else ""
    why = text_of(value.get("reason"), 64)
    pause = PAUSES.get(title) if event == "PAUSED" else None
    return {
        "status": _SENDABLE.get(event, event),
        "reason": title if event == "PAUSED" else (None if why in _NO_REASON else why),
        "paused_until": at + pause if pause else None,
    }


def _overtaken(
    organization_id: uuid.UUID, key: bytes, at: datetime, values: Mapping[str, Any]
) -> bool:
    """Whether a later status is known already: webhooks come in any order."""
    if "status" not in values:
        return False
    known = session().scalar(
        sa.select(MessageTemplate.changed_at).where(
            MessageTemplate.organization_id == organization_id, MessageTemplate.template_ix == key
        )
    )
    return known is not None and known.astimezone(UTC) > at + timedelta(seconds=1)


def _stop(found: Collection[Connection], template_id: str, values: Mapping[str, Any]) -> None:
    """Hold the campaigns that the news stops. A pause is over by itself after hours, so what is
    scheduled for later keeps its place; what will never be approved is told at once."""
    status = values.get("status", "")
    if status in _STOPPING:
        states = _WAITING if status in _OVER_BEFORE_START else ACTIVE_STATES
        wanted = _using(found, template_id, states)
        progress.move([one for one, _ in wanted], CampaignState.HELD, reason=reason_of(status))
    if is_marketing(values.get("category")):
        informational = [
            one
            for one, kind in _using(found, template_id, _WAITING)
            if kind is CampaignKind.INFORMATIONAL
        ]
        progress.move(informational, CampaignState.HELD, reason=TEMPLATE_MARKETING)


def _using(
    found: Collection[Connection], template_id: str, states: Collection[CampaignState]
) -> list[tuple[uuid.UUID, CampaignKind]]:
    """Campaigns of these lines, in these states, whose sealed header names the template."""
    by_line = {one.line_id: one for one in found}
    rows = session().execute(
        sa.select(Campaign.id, Campaign.kind, Campaign.line_id, CampaignSeal.header)
        .join(CampaignSeal, CampaignSeal.campaign_id == Campaign.id)
        .where(Campaign.line_id.in_(by_line), Campaign.state.in_(states))
    )
    return [
        (row.id, row.kind)
        for row in rows
        if _template_of(row.header, by_line[row.line_id]) == template_id
    ]


def _template_of(header: bytes, connection: Connection) -> str | None:
    """The template that a sealed header names; None for one that would be refused anyway."""
    try:
        _, plain = open_sender_seal(context.keyring().epoch_keys(), header)
        template = parse_header(verify(Label.JOB, plain, connection.sign_pk)).template
        return template.id if template else None
    except VaultFormatError:
        return None
