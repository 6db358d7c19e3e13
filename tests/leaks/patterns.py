"""Every form in which a planted value could lie somewhere (vault design, section 20.1)."""

from __future__ import annotations

import base64
import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, quote_plus

from whatstr.vault.franking import canon

SHORTEST = 9
"""Bytes of a pattern. Shorter ones turn up by chance in 100 MB of ciphertext."""
_HASH_PREFIX = 16
"""Bytes of a hash that are searched for, so that a shortened hash is found too."""


class Tier(StrEnum):
    """Who may read a value: the customer alone, or staff with a reason."""

    VAULT = "vault"
    STAFF = "staff"


class Kind(StrEnum):
    """How a value is written down."""

    TEXT = "text"
    PHONE = "phone"  # digits with country code
    CODE = "code"  # letters in groups, for people to type
    ID = "id"  # for programs, written in one way only
    KEY = "key"  # bytes, given as base64
    TOKEN = "token"  # of 256 random bits: the service may keep a plain hash, which nobody inverts


@dataclass(frozen=True)
class Planted:
    """One value that must not be found. `name` says what it is without telling it."""

    name: str
    value: str
    tier: Tier = Tier.VAULT
    kind: Kind = Kind.TEXT

    def __post_init__(self) -> None:
        if len(self.value.encode()) < SHORTEST:
            raise ValueError(f"{self.name} is too short to be told from chance")


@dataclass(frozen=True)
class Pattern:
    """Bytes to look for, and what they would be."""

    planted: str
    encoding: str


def patterns_of(planted: Iterable[Planted]) -> dict[bytes, Pattern]:
    """Every byte string that gives one of the values away. The first name for one wins."""
    found: dict[bytes, Pattern] = {}
    for value in planted:
        for encoding, body in _encoded(value):
            if len(body) >= SHORTEST:
                found.setdefault(body, Pattern(value.name, encoding))
    return found


def spellings(value: Planted) -> dict[str, None]:
    """The ways people and programs write the value, in a fixed order."""
    text = value.value
    match value.kind:
        case Kind.PHONE:
            return dict.fromkeys(_phone_spellings(text))
        case Kind.ID | Kind.KEY | Kind.TOKEN:
            return {text: None}
        case Kind.CODE:
            bare = "".join(ch for ch in text if ch.isalnum())
            return dict.fromkeys((text, text.lower(), bare, bare.lower()))
        case _:
            forms = (text, text.lower(), text.upper(), text.casefold(), canon(text))
            decomposed = (unicodedata.normalize("NFD", form) for form in (text, text.lower()))
            return dict.fromkeys((*forms, *decomposed, _turkish_lower(text)))


def _turkish_lower(text: str) -> str:
    return text.replace("I", "ı").replace("İ", "i").lower()


def _phone_spellings(digits: str) -> Iterator[str]:
    """`digits` with country code. Turkish numbers also as they are written in Turkey."""
    yield digits
    yield f"+{digits}"
    yield f"00{digits}"
    if not (digits.startswith("90") and len(digits) == 12):
        return
    own = digits[2:]
    area, a, b, c = own[:3], own[3:6], own[6:8], own[8:]
    yield own
    yield f"0{own}"
    for gap in (" ", "-", "."):
        written = gap.join((area, a, b, c))
        yield written
        yield f"0{written}"
        yield f"+90{gap}{written}"
    yield f"({area}) {a} {b} {c}"
    yield f"0({area}) {a} {b} {c}"
    yield f"(0{area}) {a} {b} {c}"
    yield f"+90 ({area}) {a} {b} {c}"


_TEXT_ENCODINGS: Mapping[str, Callable[[str], bytes]] = {
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "json": lambda text: json.dumps(text)[1:-1].encode(),
    "python": lambda text: text.encode("unicode_escape"),
    "python-bytes": lambda text: repr(text.encode())[2:-1].encode(),
    "url": lambda text: quote(text, safe="").encode(),
    "url-lower": lambda text: _lower_escapes(quote(text, safe="")),
    "url-form": lambda text: quote_plus(text).encode(),
}
_HASHES: Mapping[str, Callable[[bytes], bytes]] = {
    "md5": lambda raw: hashlib.md5(raw, usedforsecurity=False).digest(),
    "sha1": lambda raw: hashlib.sha1(raw, usedforsecurity=False).digest(),
    "sha256": lambda raw: hashlib.sha256(raw).digest(),
    "sha512": lambda raw: hashlib.sha512(raw).digest(),
    # The length is part of what BLAKE2b hashes: each is a hash of its own.
    "blake2b-16": lambda raw: hashlib.blake2b(raw, digest_size=16).digest(),
    "blake2b-32": lambda raw: hashlib.blake2b(raw, digest_size=32).digest(),
    "blake2b-64": lambda raw: hashlib.blake2b(raw).digest(),
}


def _lower_escapes(quoted: str) -> bytes:
    parts = quoted.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])]).encode()


def _encoded(value: Planted) -> Iterator[tuple[str, bytes]]:
    if value.kind is Kind.KEY:
        key = base64.b64decode(value.value)
        yield "raw", key
        yield "hex", key.hex().encode()
        yield "hex-upper", key.hex().upper().encode()
        yield from _base64_forms(key)
        yield from _hash_forms(key)
        return
    written = spellings(value)
    for text in written:
        raw = text.encode()
        yield "utf-8", raw
        yield "hex", raw.hex().encode()
        yield "hex-upper", raw.hex().upper().encode()
        yield from _base64_forms(raw)
        for name, encode in _TEXT_ENCODINGS.items():
            yield name, encode(text)
    if value.kind is not Kind.TOKEN:
        for text in written:
            yield from _hash_forms(text.encode())


def _base64_forms(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The letters that depend on `raw` alone, when 0, 1 or 2 bytes stand before it."""
    for before in range(3):
        coded = base64.b64encode(bytes(before) + raw)
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        yield f"base64+{before}", coded[first:last]
        yield f"base64url+{before}", coded[first:last].translate(bytes.maketrans(b"+/", b"-_"))


def _hash_forms(raw: bytes) -> Iterator[tuple[str, bytes]]:
    for name, digest_of in _HASHES.items():
        digest = digest_of(raw)[:_HASH_PREFIX]
        coded = base64.b64encode(digest)[: _HASH_PREFIX * 8 // 6]
        yield name, digest
        yield f"{name}-hex", digest.hex().encode()
        yield f"{name}-hex-upper", digest.hex().upper().encode()
        yield f"{name}-base64", coded
        yield f"{name}-base64url", coded.translate(bytes.maketrans(b"+/", b"-_"))
