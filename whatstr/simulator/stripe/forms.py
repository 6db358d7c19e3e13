"""Stripe's request bodies: bracketed form fields, checked against what an endpoint takes.

A spec is a mapping of names to one of: `str`, `int`, `bool`, a tuple of allowed words, `METADATA`,
`RANGE` (a moment, or `gte`/`gt`/`lte`/`lt` of one), a one-element list of a spec, or a mapping.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from whatstr.simulator.stripe.errors import StripeFault, refuse_parameter

METADATA: Final = "metadata"
RANGE: Final = "range"
Spec = dict[str, Any]

_BOUNDS: Final[Spec] = {"gt": int, "gte": int, "lt": int, "lte": int}


def read_form(pairs: Iterable[tuple[str, str]], spec: Spec) -> dict[str, Any]:
    """Nest, check and convert. Raises StripeFault (not begun) for what Stripe would refuse."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        path = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)
        _plant(tree, path, value, name)
    return _mapping(tree, spec, "")


def require(params: dict[str, Any], *names: str) -> None:
    """Every name (dotted for nested ones) must be there."""
    for name in names:
        at: Any = params
        for part in name.split("."):
            at = at.get(part) if isinstance(at, dict) else None
        if at is None:
            shown = re.sub(r"\.(\w+)", r"[\1]", name)
            raise refuse_parameter(
                f"Missing required param: {shown}.", param=shown, code="parameter_missing"
            )


def merged_metadata(old: dict[str, str], new: dict[str, str] | None) -> dict[str, str]:
    """Stripe's update: an empty value takes the key away, an empty whole takes all away."""
    if new is None:
        return old
    if not new:
        return {}
    return {key: value for key, value in {**old, **new}.items() if value != ""}


def _plant(tree: dict[str, Any], path: list[str], value: str, name: str) -> None:
    at = tree
    for part in path[:-1]:
        key = part or str(len(at))
        at = at.setdefault(key, {})
        if not isinstance(at, dict):
            raise refuse_parameter(f"Invalid parameter: {name}", param=name)
    at[path[-1] or str(len(at))] = value


def _mapping(tree: dict[str, Any], spec: Spec, prefix: str) -> dict[str, Any]:
    read = {}
    for key, value in tree.items():
        name = f"{prefix}[{key}]" if prefix else key
        if key not in spec:
            raise refuse_parameter(
                f"Received unknown parameter: {name}", param=name, code="parameter_unknown"
            )
        read[key] = _value(value, spec[key], name)
    return read


def _value(value: Any, spec: Any, name: str) -> Any:
    if spec is METADATA:
        return _metadata(value, name)
    if spec is RANGE:
        if isinstance(value, dict):
            return _mapping(value, _BOUNDS, name)
        return {"gte": _integer(value, name), "lte": _integer(value, name)}
    if isinstance(spec, list):
        if not isinstance(value, dict):
            raise refuse_parameter("Invalid array", param=name)
        return [
            _value(value[key], spec[0], f"{name}[{key}]") for key in sorted(value, key=_position)
        ]
    if isinstance(spec, dict):
        if not isinstance(value, dict):
            raise refuse_parameter("Invalid object", param=name)
        return _mapping(value, spec, name)
    if isinstance(value, dict):
        raise refuse_parameter(f"Invalid {_word(spec)}: {name}", param=name)
    return _scalar(value, spec, name)


def _scalar(value: str, spec: Any, name: str) -> Any:
    if value == "":
        raise refuse_parameter(
            f"You passed an empty string for '{name}'.", param=name, code="parameter_invalid_empty"
        )
    if spec is int:
        return _integer(value, name)
    if spec is bool:
        if value not in ("true", "false"):
            raise refuse_parameter(f"Invalid boolean: {value}", param=name)
        return value == "true"
    if isinstance(spec, tuple) and value not in spec:
        raise refuse_parameter(f"Invalid {name}: must be one of {', '.join(spec)}", param=name)
    return value


def _integer(value: str, name: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", value):
        raise refuse_parameter(
            f"Invalid integer: {value}", param=name, code="parameter_invalid_integer"
        )
    return int(value)


def _metadata(value: Any, name: str) -> dict[str, str]:
    """Stripe's limits: 50 keys, 40 characters a key, 500 a value."""
    if value == "":
        return {}
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise refuse_parameter("Invalid metadata: must be a flat hash", param=name)
    long_key = next((key for key in value if len(key) > 40), None)
    long_value = next((key for key, text in value.items() if len(text) > 500), None)
    if len(value) > 50 or long_key is not None:
        raise refuse_parameter("Metadata takes 50 keys of up to 40 characters.", param=name)
    if long_value is not None:
        raise refuse_parameter("Metadata values take up to 500 characters.", param=name)
    return dict(value)


def _position(key: str) -> int:
    if not key.isdigit():
        raise StripeFault("Invalid array", begun=False)
    return int(key)


def _word(spec: Any) -> str:
    return {int: "integer", bool: "boolean"}.get(spec, "string")
