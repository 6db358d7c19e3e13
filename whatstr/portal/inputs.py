"""Reading a request of the API: every value is checked for kind and size where it enters."""

# ruff: noqa: A002 - a bound is called max or min

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import flask

from whatstr.core.errors import InvalidInput
from whatstr.vault.box import MIN_SIZE, VERSION, BoxKind

Data = Mapping[str, Any]
Kind = TypeVar("Kind", str, int, bool, dict[str, Any], list[Any])
Choice = TypeVar("Choice", bound=StrEnum)

_ID = re.compile("[0-9a-f]{32}")
JSON_LIMIT = 512 * 1024
INTEGER_LIMIT = 2**53 - 1


class BodyTooLarge(InvalidInput):
    """More bytes than this call takes."""

    code = "too_large"
    status = 413


def json_body(*, limit: int = JSON_LIMIT) -> Data:
    """The JSON object of the request."""
    _read_body("application/json", limit)
    data = flask.request.get_json(silent=True)
    if not isinstance(data, dict):
        raise InvalidInput("body", "not_json")
    return data


def binary_body(*, limit: int) -> bytes:
    """The octet-stream of the request: at least one byte, at most `limit`."""
    blob = _read_body("application/octet-stream", limit)
    if not blob:
        raise InvalidInput("body", "empty")
    return blob


def _read_body(mimetype: str, limit: int) -> bytes:
    """The bytes of the request; a length that is not announced is measured."""
    request = flask.request
    if request.mimetype != mimetype:
        raise InvalidInput("body", "content_type")
    if (request.content_length or 0) > limit:
        raise BodyTooLarge("body", "too_large", limit=limit)
    blob = request.get_data()
    if len(blob) > limit:
        raise BodyTooLarge("body", "too_large", limit=limit)
    return blob


def field(
    data: Data, name: str, kind: type[Kind], *, max: int | None = None, min: int | None = None
) -> Kind:
    """`data[name]`, of exactly this JSON type. `max` and `min` bound the length of text (without
    its outer blanks) and lists, and the value of integers."""
    value = data.get(name)
    if value is None:
        raise InvalidInput(name, "missing")
    if type(value) is not kind:
        raise InvalidInput(name, "wrong_type")
    if isinstance(value, str):
        value = value.strip()
        if "\0" in value:
            raise InvalidInput(name, "wrong_type")
    size = int(value) if isinstance(value, int) else len(value)
    top = INTEGER_LIMIT if max is None and isinstance(value, int) else max
    text = isinstance(value, str)
    if top is not None and size > top:
        raise InvalidInput(name, "too_long" if text else "too_large", max=top)
    if min is not None and size < min:
        raise InvalidInput(name, "too_short" if text else "too_small", min=min)
    return value


def optional(data: Data, name: str, kind: type[Kind], **bounds: int) -> Kind | None:
    """As `field`; None when it is absent, null or blank text."""
    value = data.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return field(data, name, kind, **bounds)


def choice(data: Data, name: str, options: type[Choice]) -> Choice:
    """A value of a StrEnum."""
    try:
        return options(field(data, name, str, max=64))
    except ValueError:
        raise InvalidInput(name, "not_a_choice") from None


def one_of(data: Data, name: str, options: Iterable[str]) -> str:
    """A text that is one of the options."""
    value = field(data, name, str, max=64)
    if value not in set(options):
        raise InvalidInput(name, "not_a_choice")
    return value


def identifier(text: object, name: str = "id") -> uuid.UUID:
    """An id as the API writes it: 32 lower-case hex digits."""
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise InvalidInput(name, "not_an_id")
    return uuid.UUID(hex=text)


def id_field(data: Data, name: str) -> uuid.UUID:
    return identifier(data.get(name), name)


def b64_field(
    data: Data, name: str, *, size: int | None = None, max: int | None = None, min: int = 1
) -> bytes:
    """Bytes in standard base64 with padding, of exactly `size`, or between `min` and `max`."""
    text = data.get(name)
    if not isinstance(text, str):
        raise InvalidInput(name, "missing" if text is None else "wrong_type")
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(name, "not_base64") from None
    wrong = len(value) != size if size is not None else len(value) < min
    if wrong or (max is not None and len(value) > max):
        raise InvalidInput(name, "wrong_size")
    return value


def box_field(
    data: Data, name: str, kind: BoxKind, *, size: int | None = None, max: int | None = None
) -> bytes:
    """A Box of this kind. What it holds stays the browser's: version, kind and size are all that
    the server can check."""
    blob = b64_field(data, name, size=size, max=max, min=MIN_SIZE)
    if blob[:2] != bytes([VERSION, kind]):
        raise InvalidInput(name, "wrong_kind")
    return blob


def instant_field(data: Data, name: str) -> datetime:
    """An ISO 8601 instant that names its zone, in UTC."""
    text = field(data, name, str, max=40)
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(name, "not_an_instant") from None
    if value.tzinfo is None:
        raise InvalidInput(name, "not_an_instant")
    return value.astimezone(UTC)


def query_integer(name: str, default: int, *, max: int, min: int = 0) -> int:
    """An integer of the query string within bounds."""
    text = flask.request.args.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?\d{1,18}", text):
        raise InvalidInput(name, "wrong_type")
    value = int(text)
    if not min <= value <= max:
        raise InvalidInput(name, "too_large" if value > max else "too_small")
    return value


def query_instant(name: str) -> datetime | None:
    """An ISO 8601 instant of the query string, or None when it is absent."""
    text = flask.request.args.get(name)
    return instant_field({name: text}, name) if text else None


def documents_field(data: Data, name: str = "documents") -> list[tuple[str, str]]:
    """Accepted documents: pairs of name and version."""
    rows = field(data, name, list, max=20)
    if any(not isinstance(row, dict) for row in rows):
        raise InvalidInput(name, "wrong_type")
    return [
        (field(row, "document", str, max=64), field(row, "version", str, max=32)) for row in rows
    ]


def show_id(value: uuid.UUID) -> str:
    """An id as the API writes it."""
    return value.hex


def show_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def show_instant(value: datetime | None) -> str | None:
    """`2026-11-23T11:05:00Z`, to the second."""
    if value is None:
        return None
    return value.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
