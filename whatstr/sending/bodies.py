"""From Meta's template and a row of the campaign to the request body and the lines a person sees.

The template is always the one fetched from Meta, never what a header or a customer says it is:
otherwise a dishonest customer could have tags made of a text that was not sent (vault design, 9).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whatstr.sending.mref import code_of, opaque_of
from whatstr.vault.franking import canon, frank_lines
from whatstr.vault.identity import is_user_id
from whatstr.vault.rows import JobRow

CODE_VALUE = "{kod}"
OPT_OUT_PAYLOAD = "optout"

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_MEDIA = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})
_OPT_OUT_LABELS = frozenset(
    map(
        canon,
        (
            "Dur",
            "Durdur",
            "Stop",
            "İptal",
            "Ret",
            "Reddet",
            "Çık",
            "Cik",
            "Listeden çık",
            "Abonelikten çık",
            "Mesajları durdur",
            "Mesaj almak istemiyorum",
            "İleti almak istemiyorum",
            "Unsubscribe",
            "Stop promotions",
        ),
    )
)


@dataclass(frozen=True)
class Template:
    """An approved template as Meta gave it."""

    id: str
    name: str
    language: str
    named: bool
    components: tuple[Mapping[str, Any], ...]

    @classmethod
    def from_meta(cls, data: Mapping[str, Any]) -> Template:
        """Read one entry of `GET /{WABA}/message_templates`."""
        components = data.get("components") or ()
        return cls(
            id=str(data.get("id", "")),
            name=str(data.get("name", "")),
            language=str(data.get("language", "")),
            named=str(data.get("parameter_format", "")).upper() == "NAMED",
            components=tuple(part for part in components if isinstance(part, dict)),
        )

    @property
    def wants_place(self) -> bool:
        """Whether the header is a place on the map."""
        return any(_format(part) == "LOCATION" for part in self.components if _is_header(part))

    @property
    def wants_media(self) -> bool:
        """Whether the header is a file that each message has to bring."""
        return any(_format(part) in _MEDIA for part in self.components if _is_header(part))


FREE_TEXT = Template(id="", name="", language="", named=False, components=())
"""Stands for no template at all: each row brings its whole text."""
MOST_TEXT = 4_096
PLACE = ("latitude", "longitude", "name", "address")
"""What a header with a place is made of, in the order of the row's header values."""


@dataclass(frozen=True)
class Filled:
    """One message: the body of the request, and every line its recipient reads."""

    body: dict[str, Any]
    lines: list[str]


def is_usable(template: Template, row: JobRow) -> bool:
    """No value is blank: Meta refuses the whole request for one, and the row alone is at fault. Of
    free text there is one, of at most 4,096 characters."""
    if template is FREE_TEXT and (len(row.params) != 1 or len(row.params[0]) > MOST_TEXT):
        return False
    if template.wants_place and not _is_place(row.header):
        return False
    return all(value.strip() for value in (*row.params, *row.header, *row.buttons))


def _is_place(values: Sequence[str]) -> bool:
    if len(values) != len(PLACE):
        return False
    try:
        latitude, longitude = float(values[0]), float(values[1])
    except ValueError:
        return False
    return -90 <= latitude <= 90 and -180 <= longitude <= 180


def fill(template: Template, row: JobRow, *, mref: bytes, media_id: str | None = None) -> Filled:
    """Build the message of one row. `{kod}` becomes the code that names it."""
    code = code_of(mref)
    if template is FREE_TEXT:
        return _free(row, "".join(row.params).replace(CODE_VALUE, code), mref)
    params, header, buttons = (
        [code if value == CODE_VALUE else value for value in values]
        for values in (row.params, row.header, row.buttons)
    )
    components: list[dict[str, Any]] = []
    links: list[str] = []
    for part in template.components:
        kind = _kind(part)
        if kind == "HEADER":
            values = _header(template, part, header, media_id)
            if values:
                components.append({"type": "header", "parameters": values})
        elif kind == "BODY" and params:
            values = _texts(template, str(part.get("text", "")), params)
            components.append({"type": "body", "parameters": values})
        elif kind == "BUTTONS":
            components += _buttons(part.get("buttons") or (), buttons, links)
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **address(row.to),
        "type": "template",
        "template": {
            "name": template.name,
            "language": {"code": template.language},
            "components": components,
        },
        "biz_opaque_callback_data": opaque_of(mref),
    }
    lines = frank_lines(template.components, params, header=header, buttons=links)
    return Filled(body, lines + (header[2:] if template.wants_place else []))


def _free(row: JobRow, text: str, mref: bytes) -> Filled:
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **address(row.to),
        "type": "text",
        "text": {"body": text, "preview_url": False},
        "biz_opaque_callback_data": opaque_of(mref),
    }
    return Filled(body, text.split("\n"))


def address(to: str) -> dict[str, str]:
    """The member that names the recipient: a number, or a user id (facts 2)."""
    return {"recipient": to} if is_user_id(to) else {"to": f"+{to}"}


def _header(
    template: Template, part: Mapping[str, Any], values: Sequence[str], media_id: str | None
) -> list[dict[str, Any]]:
    form = _format(part)
    if form in _MEDIA:
        kind = form.lower()
        return [{"type": kind, kind: {"id": media_id}}] if media_id else []
    if form == "LOCATION" and len(values) == len(PLACE):
        return [{"type": "location", "location": dict(zip(PLACE, values, strict=True))}]
    if form == "TEXT" and values:
        return _texts(template, str(part.get("text", "")), values)
    return []


def _texts(template: Template, text: str, values: Sequence[str]) -> list[dict[str, Any]]:
    if not template.named:
        return [{"type": "text", "text": value} for value in values]
    names = list(dict.fromkeys(_PLACEHOLDER.findall(text)))
    return [
        {"type": "text", "parameter_name": name, "text": value}
        for name, value in zip(names, values, strict=False)
    ]


def _buttons(
    buttons: Sequence[Mapping[str, Any]], values: Sequence[str], links: list[str]
) -> list[dict[str, Any]]:
    """Parameters of the buttons that need one, in the template's order; `links` collects the
    values that went into addresses."""
    spare = list(values)
    made: list[dict[str, Any]] = []

    def add(index: int, kind: str, parameter: dict[str, Any]) -> None:
        made.append(
            {"type": "button", "sub_type": kind, "index": str(index), "parameters": [parameter]}
        )

    for index, button in enumerate(buttons):
        kind = _kind(button)
        if kind == "QUICK_REPLY" and canon(str(button.get("text", ""))) in _OPT_OUT_LABELS:
            add(index, "quick_reply", {"type": "payload", "payload": OPT_OUT_PAYLOAD})
        elif kind == "URL" and _PLACEHOLDER.search(str(button.get("url", ""))) and spare:
            links.append(spare[0])
            add(index, "url", {"type": "text", "text": spare.pop(0)})
        elif kind == "COPY_CODE" and spare:
            add(index, "copy_code", {"type": "coupon_code", "coupon_code": spare.pop(0)})
    return made


def _kind(part: Mapping[str, Any]) -> str:
    return str(part.get("type", "")).upper()


def _is_header(part: Mapping[str, Any]) -> bool:
    """Whether a component of a template is its header."""
    return _kind(part) == "HEADER"


def _format(part: Mapping[str, Any]) -> str:
    return str(part.get("format", "TEXT")).upper()
