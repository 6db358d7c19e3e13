"""Proof that the scan can find: values planted in copies of what was scanned must turn up."""

from __future__ import annotations

import base64
import gzip
import hashlib
import pickle
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from tests.leaks.patterns import Kind, Planted, Tier
from tests.leaks.scanner import Scanner

_TRACEBACK = (
    'Traceback (most recent call last):\n  File "whatstr/sending/slices.py", line 1, in work\n'
    "whatstr.core.errors.DomainError: {} has no WhatsApp\n"
)
_WAMID_HEAD = bytes.fromhex("1d180c")  # a field, its length, then the number in plain digits


@dataclass(frozen=True)
class Control:
    """Bytes that give `planted` away, as a careless line of code would leave them."""

    name: str
    planted: str
    body: bytes


def controls_of(planted: Collection[Planted]) -> Iterator[Control]:
    """One control for each way of leaking, over a phone number and a text of the vault tier."""
    phone = next(p for p in planted if p.kind is Kind.PHONE and p.tier is Tier.VAULT)
    text = next(p for p in planted if p.kind is Kind.TEXT and not p.value.isascii())
    digits, raw = phone.value, phone.value.encode()
    own = digits[2:]
    wamid = b"wamid." + base64.b64encode(_WAMID_HEAD + raw + b"\x15\x02\x00\x12\x18\x14")
    trace = _TRACEBACK.format(digits).encode()
    spaced = f"0{own[:3]} {own[3:6]} {own[6:8]} {own[8:]}"
    deep = base64.b64encode(gzip.compress(text.value.encode().hex().encode() * 3))
    ways: Sequence[tuple[str, Planted, bytes]] = (
        ("wamid", phone, wamid),
        ("unkeyed SHA-256", phone, hashlib.sha256(raw).hexdigest().encode()),
        ("shortened raw BLAKE2b", phone, hashlib.blake2b(raw, digest_size=32).digest()[:16]),
        ("compressed traceback", phone, zlib.compress(trace)),
        ("pickle", phone, pickle.dumps({"to": digits, "params": [text.value]})),
        ("compressed pickle", text, zlib.compress(pickle.dumps((text.value,)))),
        ("spaced number", phone, spaced.encode()),
        ("UTF-16 text", text, text.value.encode("utf-16")),
        ("escaped JSON", text, text.value.encode("unicode_escape")),
        ("bytea of a dump", text, b"\\\\x" + b"00ff" + text.value.encode().hex().encode()),
        ("hex in gzip in base64", text, deep),
    )
    for name, value, body in ways:
        yield Control(name, value.name, body)


def prove(
    scanner: Scanner, planted: Collection[Planted], copies: Sequence[tuple[str, bytes]]
) -> list[str]:
    """Put each control into the middle of a copy of something that was scanned, search that, and
    count. Gives the names of the controls that were missed."""
    missed = []
    for number, control in enumerate(controls_of(planted)):
        source, copy = copies[number % len(copies)]
        middle = len(copy) // 2
        data = copy[:middle] + b"\n" + control.body + b"\n" + copy[middle:]
        scanner.result.controls_planted += 1
        if any(hit.planted == control.planted for hit in scanner.search(data, source)):
            scanner.result.controls_found += 1
        else:
            missed.append(control.name)
    return missed
