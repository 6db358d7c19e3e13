"""Wrong input, from right input: bytes that are cut, swapped and spliced; JSON with odd members."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

ODD: Sequence[Any] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, -(2**63), 1e308, -0.0, 0.5, "", " ", "\0",
    "a" * 5000, "0", "-1", "1e999", "NaN", "\ud800", "İıŞşğĞ", "‮905321112233", "💥" * 50,
    "905321112233", "wamid.", "../../etc", "' OR 1=1 --", "{}", [], {}, [[]], [None], [{}],
    {"": None}, {"a": {"b": {"c": []}}}, [0] * 300,
)  # fmt: skip
_BYTES = (b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xfe\xff", b'"', b"\r\n", b";", b"PK\3\4", b"%")


def odd_bytes(rng: random.Random, corpus: Sequence[bytes]) -> bytes:
    """One to five changes of a corpus entry."""
    data = bytearray(rng.choice(corpus))
    for _ in range(rng.randint(1, 5)):
        rng.choice(_CHANGES)(rng, data, corpus)
    return bytes(data)


def _flip(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    for _n in range(rng.randint(1, 8)):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _cut(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    start = rng.randint(0, len(data))
    del data[start : start + rng.choice((1, 4, 16, 64, len(data)))]


def _insert(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    data[at:at] = rng.choice((rng.choice(_BYTES), rng.randbytes(rng.randint(1, 64))))


def _repeat(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    start, size = rng.randint(0, len(data)), rng.choice((1, 8, 64, 512))
    data[start:start] = data[start : start + size] * rng.randint(1, 40)


def _swap(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    size = rng.choice((1, 4, 32))
    if len(data) > 2 * size:
        a, b = rng.randrange(len(data) - size), rng.randrange(len(data) - size)
        data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]


def _splice(rng: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    other = rng.choice(corpus)
    data[rng.randint(0, len(data)) :] = other[rng.randint(0, len(other)) :]


_CHANGES: Sequence[Callable[[random.Random, bytearray, Sequence[bytes]], None]] = (
    _flip, _cut, _insert, _repeat, _swap, _splice,
)  # fmt: skip


def odd_document(rng: random.Random, corpus: Sequence[Any]) -> Any:
    """One to four members of a document replaced, removed, doubled or moved elsewhere."""
    document = copy.deepcopy(rng.choice(corpus))
    for _ in range(rng.randint(1, 4)):
        places = list(_places(document))
        if not places:
            return rng.choice(ODD)
        holder, key = rng.choice(places)
        _change(rng, holder, key, places)
    return document


def _change(rng: random.Random, holder: Any, key: Any, places: list[tuple[Any, Any]]) -> None:
    match rng.randrange(5):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        case 1:
            holder[str(rng.choice(ODD))[:20]] = holder[key]
        case 2:
            other, name = rng.choice(places)
            if other is not holder and not isinstance(holder[key], (dict, list)):
                other[name] = holder[key]
        case _:
            holder[key] = copy.deepcopy(rng.choice(ODD))


def _places(node: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    keys = (
        node.keys()
        if isinstance(node, dict)
        else range(len(node))
        if isinstance(node, list)
        else ()
    )
    for key in keys:
        found.append((node, key))
        found += _places(node[key])
    return found


def odd_json(rng: random.Random, corpus: Sequence[Any]) -> bytes:
    """Mostly well-formed JSON with odd members, now and then broken text."""
    if rng.random() < 0.15:
        return odd_bytes(rng, [json.dumps(one).encode() for one in corpus])
    return json.dumps(odd_document(rng, corpus)).encode()
