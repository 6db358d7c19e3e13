"""What people write: refusals, complaints, and everything else for the customer alone.

Replies are sealed to the customer as notices and kept nowhere else (vault design, 10).
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from whatstr import settings_of
from whatstr.audiences.models import OptOutSource
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.sending import connections, context, notices, optouts, reach, reports, windows
from whatstr.sending.answers import Answer, Wording
from whatstr.sending.bodies import OPT_OUT_PAYLOAD
from whatstr.sending.connections import Connection
from whatstr.sending.receipts import instant, text_of
from whatstr.vault.franking import canon
from whatstr.vault.indexes import Purpose, ix

log = get_logger(__name__)

OPT_OUT_WORDS = frozenset(
    map(canon, ("DUR", "STOP", "İPTAL", "IPTAL", "RET", "ÇIK", "CIK", "ABONELİKTEN ÇIK"))
)
"""The whole message, not a part of it: a question about a stop is no stop."""
REPORT_WORDS = frozenset(map(canon, ("ŞİKAYET", "ŞİKÂYET", "SIKAYET", "REPORT")))
_ENDS = " .,!;:…"
_DIGITS = re.compile(r"[1-9][0-9]{6,14}")
_PROOF = re.compile(r"\bBILDIRIM\s+([0-9A-Z]{5}-?[0-9A-Z]{5})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message of a person, read from Meta's JSON. Holds personal data: never logged."""

    id: str = field(repr=False)
    at: datetime
    digits: str = field(repr=False)
    user_id: str = field(repr=False)
    name: str = field(repr=False)
    kind: str
    text: str = field(repr=False)
    payload: str = field(repr=False)
    context: str = field(repr=False)
    moved_to: str = field(default="", repr=False)

    @property
    def refuses(self) -> OptOutSource | None:
        """Whether it says stop, and how."""
        if canon(self.payload).strip(_ENDS) == OPT_OUT_PAYLOAD:
            return OptOutSource.BUTTON
        if self._word in OPT_OUT_WORDS:
            return OptOutSource.BUTTON if self.payload else OptOutSource.WORD
        return None

    @property
    def reports(self) -> bool:
        """Whether it is a complaint about a message of the line."""
        return self._word in REPORT_WORDS

    @property
    def names(self) -> dict[str, str]:
        """What Meta calls the person, as notices carry it."""
        return _names(self.digits, self.user_id)

    @property
    def _word(self) -> str:
        return canon(self.text).strip(_ENDS)


def _names(digits: str, user_id: str) -> dict[str, str]:
    return ({"from": digits} if digits else {}) | ({"user": user_id} if user_id else {})


def read_value(value: Any) -> tuple[str, list[Incoming]]:
    """Meta's phone number id and the messages of a `messages` value; what is malformed is left
    out."""
    metadata = value.get("metadata")
    number_id = text_of(metadata.get("phone_number_id")) if isinstance(metadata, dict) else ""
    people = _people(value.get("contacts"))
    entries = value.get("messages")
    found = [_read(entry, people) for entry in entries] if isinstance(entries, list) else []
    return number_id, [one for one in found if one is not None]


def _people(contacts: Any) -> dict[str, str]:
    """wa_id or user id -> the name that the person shows."""
    names: dict[str, str] = {}
    for contact in contacts if isinstance(contacts, list) else ():
        if isinstance(contact, dict):
            profile = contact.get("profile")
            name = text_of(profile.get("name"), 128) if isinstance(profile, dict) else ""
            for key in ("wa_id", "user_id"):
                if text_of(contact.get(key)):
                    names[text_of(contact[key])] = name
    return names


def _read(entry: Any, people: dict[str, str]) -> Incoming | None:
    if not isinstance(entry, dict):
        return None
    digits, user_id = text_of(entry.get("from")), text_of(entry.get("from_user_id"))
    at, id_ = instant(entry.get("timestamp")), text_of(entry.get("id"))
    if digits and not _DIGITS.fullmatch(digits):
        digits = ""
    if not id_ or at is None or not (digits or user_id):
        log.warning("reply.malformed")
        return None
    kind = text_of(entry.get("type"), 32)
    text, payload = _content(entry, kind)
    replied = entry.get("context")
    system = entry.get("system")
    moved = text_of(system.get("wa_id")) if isinstance(system, dict) else ""
    return Incoming(
        id=id_,
        at=min(at, clock.now()),
        digits=digits,
        user_id=user_id,
        name=people.get(digits) or people.get(user_id, ""),
        kind=kind,
        text=text,
        payload=payload,
        context=text_of(replied.get("id")) if isinstance(replied, dict) else "",
        moved_to=moved if _DIGITS.fullmatch(moved) else "",
    )


def _content(entry: dict[str, Any], kind: str) -> tuple[str, str]:
    """(what it says, the payload of a tapped button)."""
    body = entry.get(kind)
    if not isinstance(body, dict):
        return "", ""
    if kind == "text":
        return text_of(body.get("body"), 4_096), ""
    if kind == "button":
        return text_of(body.get("text"), 256), text_of(body.get("payload"), 256)
    if kind == "interactive":
        chosen = body.get("button_reply") or body.get("list_reply")
        if isinstance(chosen, dict):
            return text_of(chosen.get("title"), 256), text_of(chosen.get("id"), 256)
    if kind == "reaction":
        return text_of(body.get("emoji"), 16), ""
    return text_of(body.get("caption"), 4_096), ""


def take(waba_id: str, number_id: str, messages: list[Incoming], answers: list[Answer]) -> None:
    """Act on messages to one line of an account, within the current transaction; what is to be
    answered once it is committed goes to `answers`."""
    connection = connections.find_by_phone_number_id(number_id)
    if number_id and number_id == settings_of()["WHATSTR_ABUSE_LINE_ID"]:
        for message in messages:
            if first_time(message.id):
                _at_abuse_line(message, connection, answers)
        return
    if connection is None:
        log.warning("reply.unknown_line", n=len(messages))
        _at_former_line(waba_id, messages)
        return
    for message in messages:
        if first_time(message.id):
            _at_line(message, connection, answers)


def first_time(update: str) -> bool:
    """Whether this update was not acted on yet: webhooks come twice."""
    made = session().execute(
        sa.text(
            "INSERT INTO s_seen (update_ix, at) VALUES (:ix, :at)"
            " ON CONFLICT DO NOTHING RETURNING 1"
        ),
        {"ix": ix(context.keyring().ik, Purpose.WAMID, b"", update), "at": clock.now()},
    )
    return made.first() is not None


def _at_line(message: Incoming, connection: Connection, answers: list[Answer]) -> None:
    organization = connection.organization_id
    replied = optouts.sent_message_by_wamid(message.context) if message.context else None
    _tie(organization, message, replied)
    known = optouts.pseudonyms(
        organization, digits=message.digits, user_id=message.user_id, replied=replied
    )
    _there(message, connection, known)
    if message.moved_to:
        _moved(message, connection, known)
        return
    windows.opened(connection.line_id, known, at=message.at)
    source = message.refuses
    if source is not None:
        if optouts.add(organization, known, via=source, at=message.at):
            answers.append(_answer(message, connection, Wording.OPTED_OUT))
            _tell_opt_out(message, connection, source, replied)
        return
    if message.reports:
        new = reports.replied(
            organization_id=organization,
            line_id=connection.line_id,
            message=replied,
            known=known,
            digits=message.digits,
            at=message.at,
        )
        if new:
            answers.append(_answer(message, connection, Wording.REPORTED))
        return
    fields = {
        "from": message.digits,
        "user": message.user_id,
        "name": message.name,
        "type": message.kind,
        "text": message.text,
        "line": connection.line_id.hex,
    }
    notices.leave(organization, "reply", message.at, fields, pins=connection.pins)


def _tie(organization: uuid.UUID, message: Incoming, replied: optouts.SentMessage | None) -> None:
    """What a message tells of who hides behind a user id: the number beside it, or whom we had
    written to what it answers."""
    if not message.user_id:
        return
    if message.digits:
        person = optouts.recipient(organization, message.digits)
        optouts.tie(organization, user_id=message.user_id, person=person)
    elif replied is not None and replied.organization_id == organization:
        optouts.tie(organization, user_id=message.user_id, person=replied.recipient_ix)


def _there(message: Incoming, connection: Connection, known: set[bytes]) -> None:
    """Who writes is there: what was concluded from failures is undone, and the customer told."""
    organization = connection.organization_id
    for ways in reach.reached({(organization, index) for index in known}).values():
        for via in ways:
            fields = {"via": str(via), "line": connection.line_id.hex, **message.names}
            notices.leave(organization, "optout_lifted", message.at, fields, pins=connection.pins)


def _at_former_line(waba_id: str, messages: list[Incoming]) -> None:
    """A stop said to a number that is not connected any more, while others of its account are,
    holds for whoever has those. Nothing else is kept, nobody is answered."""
    organizations = {one.organization_id for one in connections.connections_of_account(waba_id)}
    for message in messages:
        via = message.refuses
        if via is None or not organizations or not first_time(message.id):
            continue
        for organization in organizations:
            known = optouts.pseudonyms(organization, digits=message.digits, user_id=message.user_id)
            if optouts.add(organization, known, via=via, at=message.at):
                fields = {"via": str(via), **message.names}
                notices.leave(organization, "optout", message.at, fields)


def _at_abuse_line(message: Incoming, connection: Connection | None, answers: list[Answer]) -> None:
    """A forwarded message, or the code that proves the number of a web report."""
    if not message.digits:
        log.info("report.hidden_number")
    else:
        proof = _PROOF.search(message.text)
        if proof is None or not reports.proved(code=proof[1], digits=message.digits, at=message.at):
            reports.forwarded(digits=message.digits, text=message.text, at=message.at)
    if connection is not None:
        answers.append(_answer(message, connection, Wording.REPORTED))


def _moved(message: Incoming, connection: Connection, known: set[bytes]) -> None:
    """The person has a new number: a refusal holds for it too."""
    organization = connection.organization_id
    before = optouts.recipient(organization, message.digits)
    after = optouts.recipient(organization, message.moved_to)
    optouts.add_aliases(organization, [(optouts.alias(organization, message.moved_to), before)])
    session().execute(
        sa.text(
            "INSERT INTO s_optout (organization_id, recipient_ix, via, at)"
            " SELECT DISTINCT ON (via) organization_id, CAST(:after AS bytea), via, at"
            " FROM s_optout WHERE organization_id = :o AND recipient_ix = ANY(:known)"
            " ON CONFLICT DO NOTHING"
        ),
        {"o": organization, "after": after, "known": sorted(known)},
    )


def _tell_opt_out(
    message: Incoming,
    connection: Connection,
    source: OptOutSource,
    replied: optouts.SentMessage | None,
) -> None:
    fields: dict[str, object] = {"via": source, "line": connection.line_id.hex, **message.names}
    if replied is not None and replied.campaign_id is not None:
        fields |= {"job": replied.campaign_id.hex, "row": replied.row}
    notices.leave(connection.organization_id, "optout", message.at, fields, pins=connection.pins)


def _answer(message: Incoming, connection: Connection, wording: Wording) -> Answer:
    return Answer(connection, wording, message.at, message.digits, message.user_id)


# WhatsApp's own switch ------------------------------------------------------------------------


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
    fields = {"via": str(via), "line": connection.line_id.hex, **_names(digits, user_id)}
    if wanted == "resume":
        if optouts.lift(organization, known, via=via, until=at):
            notices.leave(organization, "optout_lifted", at, fields, pins=connection.pins)
    elif optouts.add(organization, known, via=via, at=at):
        notices.leave(organization, "optout", at, fields, pins=connection.pins)
