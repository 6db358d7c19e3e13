"""WhatsApp's own switch for marketing messages of a business (`user_preferences`)."""

from __future__ import annotations

from typing import Any

from whatstr.audiences.models import OptOutSource
from whatstr.core.logs import get_logger
from whatstr.sending import connections, notices, optouts
from whatstr.sending.connections import Connection
from whatstr.sending.incoming import names_of, read_value
from whatstr.sending.seen import first_time
from whatstr.sending.webhook_values import instant, text_of

log = get_logger(__name__)


def take_preferences(value: Any) -> None:
    """`user_preferences`: stop is a refusal; resume lifts only what the switch itself said."""
    number_id, _ = read_value(value)
    entries = value.get("user_preferences")
    connection = connections.find_by_phone_number_id(number_id)
    if connection is None or not isinstance(entries, list):
        log.warning("preference.unknown_line")
        return
    for entry in entries:
        if isinstance(entry, dict) and entry.get("category") == "marketing_messages":
            _preference(entry, connection)


def _preference(entry: dict[str, Any], connection: Connection) -> None:
    digits, user_id = text_of(entry.get("wa_id")), text_of(entry.get("user_id"))
    at, wanted = instant(entry.get("timestamp")), entry.get("value")
    organization, via = connection.organization_id, OptOutSource.META_SWITCH
    if at is None or not (digits or user_id) or wanted not in ("stop", "resume"):
        log.warning("preference.malformed")
        return
    if not first_time(f"preference:{connection.line_id}:{digits or user_id}:{wanted}:{at}"):
        return
    if digits and user_id:
        person = optouts.recipient(organization, digits)
        optouts.tie(organization, user_id=user_id, person=person)
    known = optouts.pseudonyms(organization, digits=digits, user_id=user_id)
    fields = {"via": str(via), "line": connection.line_id.hex, **names_of(digits, user_id)}
    if wanted == "resume":
        if optouts.lift(organization, known, via=via, until=at):
            notices.leave(organization, "optout_lifted", at, fields, pins=connection.pins)
    elif optouts.add(organization, known, via=via, at=at):
        notices.leave(organization, "optout", at, fields, pins=connection.pins)
