"""What people write: refusals, complaints, and everything else for the customer alone.

Replies are sealed to the customer as notices and kept nowhere else (vault design, 10).
"""

from __future__ import annotations

import re
import uuid

import sqlalchemy as sa

from whatstr import settings_of
from whatstr.audiences.models import OptOutSource
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.sending import connections, notices, optouts, reach, reports, windows
from whatstr.sending.answers import Answer, Wording
from whatstr.sending.connections import Connection
from whatstr.sending.incoming import Incoming
from whatstr.sending.seen import first_time

log = get_logger(__name__)

_PROOF = re.compile(r"\bBILDIRIM\s+([0-9A-Z]{5}-?[0-9A-Z]{5})\b", re.IGNORECASE)


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
