"""Message templates: what Meta checks when one is made, and when one is sent."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from whatstr.simulator.meta.errors import GraphError
from whatstr.simulator.meta.model import Media, Template

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_CATEGORIES = {"MARKETING", "UTILITY", "AUTHENTICATION"}
_HEADERS = {"TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION"}
_BAD_TEXT = re.compile(r"[\n\t]| {5,}")
_MAX_BODY = 1024


@lru_cache(maxsize=1_024)
def variables(text: str) -> tuple[str, ...]:
    """The names or numbers of the variables of a text, in order, each once."""
    return tuple(dict.fromkeys(_VARIABLE.findall(text)))


def _refuse(subcode: int, details: str) -> GraphError:
    return GraphError(100, details, subcode=subcode, user_message=details)


def check_new(body: Mapping[str, Any], *, editing: bool = False) -> None:
    """Raise Meta's refusal if the template cannot be created (facts §4, "Templates")."""
    if not editing:
        for name in ("name", "language", "category"):
            if not body.get(name):
                raise GraphError(100, message=f"(#100) The parameter {name} is required.")
        if not _NAME.fullmatch(str(body["name"])):
            raise _refuse(2388042, "The name may hold small letters, digits and underscores only")
    if "category" in body and body["category"] not in _CATEGORIES:
        raise GraphError(100, message="(#100) Param category must be one of MARKETING, UTILITY …")
    parts = body.get("components")
    if not isinstance(parts, list) or not parts:
        raise GraphError(100, message="(#100) The parameter components is required.")
    kinds = [str(part.get("type", "")).upper() for part in parts if isinstance(part, dict)]
    if kinds.count("BODY") != 1 and "CAROUSEL" not in kinds:
        raise _refuse(2388043, "A template has exactly one body")
    for part, kind in zip(parts, kinds, strict=False):
        if kind == "BODY":
            _check_body(str(part.get("text", "")), body.get("category"))
        elif kind == "HEADER":
            _check_header(part)
        elif kind == "FOOTER" and not 1 <= len(str(part.get("text", ""))) <= 60:
            raise _refuse(2388040, "A footer has 1 to 60 characters")
        elif kind == "BUTTONS":
            _check_buttons(part.get("buttons"))


def _check_body(text: str, category: Any) -> None:
    if category != "AUTHENTICATION" and not text:
        raise GraphError(100, message="(#100) The body needs a text.")
    if len(text) > _MAX_BODY:
        raise _refuse(2388040, "The body has more than 1024 characters")
    bare = text.strip()
    if re.match(r"\{\{", bare) or bare.endswith("}}"):
        raise _refuse(2388299, "A variable may not open or close the body")
    names = variables(text)
    if re.search(r"\}\}\s*\{\{", text) or len(names) * 3 > max(len(bare.split()), 1) * 2:
        raise _refuse(2388293, "Too many variables for the length of the text")
    numbers = [int(name) for name in names if name.isdigit()]
    if numbers and sorted(numbers) != list(range(1, len(numbers) + 1)):
        raise _refuse(2388019, "Numbered variables start at 1 and leave none out")


def _check_header(part: Mapping[str, Any]) -> None:
    form = str(part.get("format", "")).upper()
    if form not in _HEADERS:
        raise GraphError(100, message="(#100) Param format must be one of TEXT, IMAGE …")
    text = str(part.get("text", ""))
    if form == "TEXT" and (not 1 <= len(text) <= 60 or len(variables(text)) > 1):
        raise _refuse(2388047, "A text header has up to 60 characters and one variable")


def _check_buttons(buttons: Any) -> None:
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 10:
        raise _refuse(2388055, "A template has up to 10 buttons")
    kinds = [str(button.get("type", "")).upper() for button in buttons]
    if kinds.count("URL") > 2 or kinds.count("PHONE_NUMBER") > 1:
        raise _refuse(2388055, "Up to 2 URL buttons and 1 phone button")
    quick = [kind == "QUICK_REPLY" for kind in kinds]
    if sum(a != b for a, b in itertools.pairwise(quick)) > 1:
        raise _refuse(2388062, "Quick replies have to stand together")
    if any(len(str(button.get("text", ""))) > 25 for button in buttons):
        raise _refuse(2388055, "A button has up to 25 characters")


def usable(template: Template | None, name: str, language: str) -> Template:
    """The template if it can be sent now; else 132001, 132015 or 132016."""
    if template is None:
        raise GraphError(132001, f"template name ({name}) does not exist in {language}")
    if template.status == "PAUSED":
        raise GraphError(132015, f"template ({name}) is paused for low quality")
    if template.status == "DISABLED":
        raise GraphError(132016, f"template ({name}) was paused too often and is disabled")
    if template.status != "APPROVED":
        raise GraphError(132001, f"template ({name}) is not approved: {template.status}")
    return template


def fill(
    template: Template,
    components: Any,
    media: Mapping[str, Media],
    *,
    marketing_api: bool = False,
) -> dict[str, Any]:
    """Check what is sent against the template; the message as the person will see it.

    Raises 132000 (count), 132012 (format), 131008 (a value is missing), 132005 (too long),
    131053 (media), 132018 (line breaks in a value, in the Marketing Messages API).
    """
    sent = components if components is not None else []
    if not isinstance(sent, list) or not all(isinstance(part, dict) for part in sent):
        raise GraphError(131009, "template.components must be a list of objects")
    given: dict[str, list[Any]] = {}
    buttons: dict[int, dict[str, Any]] = {}
    for part in sent:
        kind = str(part.get("type", "")).lower()
        if kind == "button":
            buttons[_index_of(part)] = part
        elif kind in {"header", "body"}:
            given[kind] = part.get("parameters") or []
        else:
            raise GraphError(131009, f"template.components: unknown type {kind!r}")
    seen: dict[str, Any] = {}
    for part in template.components:
        kind = str(part["type"]).upper()
        if kind == "HEADER":
            seen["header"] = _fill_header(template, part, given.get("header", []), media)
        elif kind == "BODY":
            seen["body"] = _fill_text(
                template, "body", str(part.get("text", "")), given.get("body", []), marketing_api
            )
            if len(seen["body"]) > _MAX_BODY:
                raise GraphError(132005, "body: longer than 1024 characters after filling")
        elif kind == "FOOTER":
            seen["footer"] = part.get("text", "")
        elif kind == "BUTTONS":
            seen["buttons"] = [
                _fill_button(button, place, buttons.pop(place, None))
                for place, button in enumerate(part["buttons"])
            ]
    if buttons:
        raise GraphError(132018, f"buttons: index {min(buttons)} is not in the template")
    if "header" in given and given["header"] and "header" not in seen:
        raise GraphError(132000, "header: the template has none")
    return seen


def _index_of(part: Mapping[str, Any]) -> int:
    try:
        return int(part["index"])
    except (KeyError, TypeError, ValueError):
        raise GraphError(131008, "template.components: a button needs its index") from None


def _fill_text(
    template: Template, where: str, text: str, parameters: list[Any], marketing_api: bool
) -> str:
    names = variables(text)
    if len(parameters) != len(names):
        raise GraphError(
            132000,
            f"{where}: number of localizable_params ({len(parameters)}) does not match "
            f"the expected number of params ({len(names)})",
        )
    values: dict[str, str] = {}
    for place, parameter in enumerate(parameters):
        if not isinstance(parameter, dict) or parameter.get("type") not in {
            "text",
            "currency",
            "date_time",
        }:
            raise GraphError(132012, f"{where}: expected a text parameter")
        value = parameter.get(str(parameter["type"]))
        if isinstance(value, dict):
            value = value.get("fallback_value")
        if not isinstance(value, str) or not value.strip():
            raise GraphError(131008, f"{where}: parameter {place + 1} is missing its text value")
        if _BAD_TEXT.search(value):
            raise GraphError(
                132018 if marketing_api else 132012,
                f"{where}: a value may not hold line breaks, tabs or five spaces in a row",
            )
        name = parameter.get("parameter_name") if template.parameter_format == "NAMED" else None
        if template.parameter_format == "NAMED" and name not in names:
            raise GraphError(132012, f"{where}: parameter name is missing or unknown")
        values[name or names[place]] = value
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)


def _fill_header(
    template: Template, part: Mapping[str, Any], parameters: list[Any], media: Mapping[str, Media]
) -> Any:
    form = str(part.get("format", "TEXT")).upper()
    if form == "TEXT":
        return _fill_text(template, "header", str(part.get("text", "")), parameters, False)
    wanted = form.lower()
    if len(parameters) != 1:
        raise GraphError(
            132012, f"header: Format mismatch, expected {form}, received {len(parameters)} params"
        )
    kind = parameters[0].get("type") if isinstance(parameters[0], dict) else None
    if kind != wanted:
        raise GraphError(
            132012, f"header: Format mismatch, expected {form}, received {str(kind).upper()}"
        )
    found = parameters[0].get(wanted)
    check_media(wanted, found, media)
    return {wanted: found}


def _fill_button(
    button: Mapping[str, Any], place: int, sent: Mapping[str, Any] | None
) -> dict[str, Any]:
    kind = str(button.get("type", "")).upper()
    shown: dict[str, Any] = {"type": kind, "text": button.get("text", "")}
    parameters = (sent or {}).get("parameters") or []
    first = parameters[0] if parameters and isinstance(parameters[0], dict) else {}
    if sent is not None and str(sent.get("sub_type", "")).upper() != kind:
        raise GraphError(132012, f"button {place}: expected sub_type {kind.lower()}")
    if kind == "QUICK_REPLY":
        shown["payload"] = first.get("payload") or button.get("text", "")
    elif kind == "URL":
        url = str(button.get("url", ""))
        if variables(url):
            if not first.get("text"):
                raise GraphError(131008, f"button {place}: the address needs its parameter")
            url = _VARIABLE.sub(lambda _: str(first["text"]), url)
        shown["url"] = url
    elif kind == "COPY_CODE":
        shown["code"] = first.get("coupon_code") or first.get("text")
        if not shown["code"]:
            raise GraphError(131008, f"button {place}: the code is missing")
    return shown


def check_media(kind: str, found: Any, media: Mapping[str, Media]) -> None:
    """Raise if a media object names neither a link nor an upload of the right kind."""
    if kind == "location":
        if not isinstance(found, dict) or not {"latitude", "longitude"} <= found.keys():
            raise GraphError(131008, "location: latitude and longitude are needed")
        return
    if not isinstance(found, dict) or not (found.get("id") or found.get("link")):
        raise GraphError(131008, f"{kind}: id or link is needed")
    if found.get("id"):
        upload = media.get(str(found["id"]))
        if upload is None:
            raise GraphError(131053, f"{kind}: no media with this id")
        family = upload.mime.split("/")[0]
        fits = {"document": True, "sticker": upload.mime == "image/webp"}
        if not fits.get(kind, family == kind):
            raise GraphError(131053, f"{kind}: the upload is {upload.mime}")
    elif not str(found["link"]).startswith(("http://", "https://")):
        raise GraphError(131009, f"{kind}: link is not a web address")
