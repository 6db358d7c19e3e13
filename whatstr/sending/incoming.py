"""Messages of people, read from Meta's JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from whatstr.audiences.models import OptOutSource
from whatstr.core import clock
from whatstr.core.logs import get_logger
from whatstr.sending.bodies import OPT_OUT_PAYLOAD
from whatstr.sending.webhook_values import instant, text_of
from whatstr.vault.franking import canon

log = get_logger(__name__)

OPT_OUT_WORDS = frozenset(
    map(canon, ("DUR", "STOP", "İPTAL", "IPTAL", "RET", "ÇIK", "CIK", "ABONELİKTEN ÇIK"))
)
"""The whole message, not a part of it: a question about a stop is no stop."""
REPORT_WORDS = frozenset(map(canon, ("ŞİKAYET", "ŞİKÂYET", "SIKAYET", "REPORT")))
_ENDS = " .,!;:…"
_DIGITS = re.compile(r"[1-9][0-9]{6,14}")


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
        return names_of(self.digits, self.user_id)

    @property
    def _word(self) -> str:
        return canon(self.text).strip(_ENDS)


def names_of(digits: str, user_id: str) -> dict[str, str]:
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
