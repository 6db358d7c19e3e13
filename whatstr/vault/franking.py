"""Franking: a reported message can be checked word for word, and nothing else can be read.

When the sender hands a message over, it keeps a keyed tag of each line. On a report it
computes the tags of the reported lines again. Only the holder of that month's FK can make
or check tags; neither the customer nor the recipient can fake a match.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from whatstr.core.prf import prf16, prf16_after

MIN_LINE = 8
MIN_MATCHED = 20
TAG_SIZE = 16
_LINE = "wtr1/frank/line"

# What copying may change or drop, and the letters i of Turkish, which fold to one.
_CANON: dict[int, str | None] = {
    **dict.fromkeys(
        [
            *(0x00AD, 0x034F, 0x061C, 0x180E, 0xFEFF),
            *range(0x200B, 0x2010),
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2070),
            *range(0xFE00, 0xFE10),
            *map(ord, "*_~`"),
        ]
    ),
    **dict.fromkeys(map(ord, "İIı"), "i"),
}
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


class LineVerdict(StrEnum):
    """What one reported line turned out to be."""

    TRUE = "true"
    FALSE = "false"
    SHORT = "short"  # too short to say anything


class Verdict(StrEnum):
    """What a whole report turned out to be (vault.md section 11)."""

    VERIFIED = "verified"
    PARTLY = "partly"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Match:
    """The verdict, one mark for each reported line, and how many characters agreed."""

    verdict: Verdict
    lines: tuple[LineVerdict, ...]
    matched: int


@lru_cache(maxsize=64)
def canon(line: str) -> str:
    """The form in which lines are compared (vault.md 14.9): what copying may change is gone.

    Invisible characters, WhatsApp's formatting marks, spacing, case and the Turkish i. The last few
    are remembered: most lines of a template are the same in every message.
    """
    shown = unicodedata.normalize("NFKC", line).translate(_CANON)
    return unicodedata.normalize("NFC", " ".join(shown.split()).casefold())


def fill_text(text: str, params: Sequence[str]) -> str:
    """A template text with its values: `{{1}}` by number, `{{name}}` by order of appearance."""
    names: list[str] = []
    for name in _PLACEHOLDER.findall(text):
        if name not in names:
            names.append(name)

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        place = int(name) - 1 if name.isdigit() else names.index(name)
        return params[place] if 0 <= place < len(params) else match.group(0)

    return _PLACEHOLDER.sub(value, text)


def frank_lines(
    components: Iterable[Mapping[str, Any]],
    params: Sequence[str],
    *,
    header: Sequence[str] = (),
    buttons: Sequence[str] = (),
) -> list[str]:
    """Every line a recipient saw: header, body, footer and buttons of Meta's template components.

    `components` is the template as Meta has it, never as the customer says it is. A button
    gives its label and, for a link, its address with the parameter filled in.
    """
    lines: list[str] = []
    spare = list(buttons)
    for component in components:
        kind = str(component.get("type", "")).upper()
        if kind == "HEADER" and str(component.get("format", "TEXT")).upper() == "TEXT":
            lines += fill_text(str(component.get("text", "")), header).split("\n")
        elif kind == "BODY":
            lines += fill_text(str(component.get("text", "")), params).split("\n")
        elif kind == "FOOTER":
            lines += str(component.get("text", "")).split("\n")
        elif kind == "BUTTONS":
            lines += _button_lines(component.get("buttons", ()), spare)
    return lines


def frank_tags(fk: bytes, mref: bytes, lines: Iterable[str], media: Iterable[bytes] = ()) -> bytes:
    """16-byte tags of each line of at least 8 canonical characters, then of each media hash."""
    tag = prf16_after(fk, _LINE, mref)
    tags = [tag(line) for line in map(canon, lines) if len(line) >= MIN_LINE]
    tags += [prf16(fk, "wtr1/frank/media", mref, digest) for digest in media]
    return b"".join(tags)


def match(fk: bytes, mref: bytes, tags: bytes, reported_lines: Iterable[str]) -> Match:
    """Compare reported lines with the tags kept for message `mref`.

    Verified: every long line true and at least 20 canonical characters matched. Partly: some
    line true. Blank lines are passed over. Each line that matches is true by itself, so a
    report of one line of a longer message can be verified.
    """
    kept = [tags[i : i + TAG_SIZE] for i in range(0, len(tags), TAG_SIZE)]
    marks: list[LineVerdict] = []
    matched = 0
    for line in map(canon, reported_lines):
        if len(line) < MIN_LINE:
            marks.append(LineVerdict.SHORT)
            continue
        tag = _line_tag(fk, mref, line)
        hit = any(hmac.compare_digest(tag, known) for known in kept)
        marks.append(LineVerdict.TRUE if hit else LineVerdict.FALSE)
        matched += len(line) if hit else 0
    if LineVerdict.TRUE not in marks:
        verdict = Verdict.UNVERIFIED
    elif LineVerdict.FALSE in marks or matched < MIN_MATCHED:
        verdict = Verdict.PARTLY
    else:
        verdict = Verdict.VERIFIED
    return Match(verdict, tuple(marks), matched)


def media_matches(fk: bytes, mref: bytes, tags: bytes, sha256: bytes) -> bool:
    """Whether a reported file is one that message `mref` carried."""
    tag = prf16(fk, "wtr1/frank/media", mref, sha256)
    kept = (tags[i : i + TAG_SIZE] for i in range(0, len(tags), TAG_SIZE))
    return any(hmac.compare_digest(tag, known) for known in kept)


def _line_tag(fk: bytes, mref: bytes, canonical: str) -> bytes:
    return prf16(fk, _LINE, mref, canonical)


def _button_lines(buttons: Iterable[Mapping[str, Any]], spare: list[str]) -> list[str]:
    lines: list[str] = []
    for button in buttons:
        lines.append(str(button.get("text", "")))
        url = str(button.get("url", ""))
        if _PLACEHOLDER.search(url):
            lines.append(fill_text(url, [spare.pop(0)] if spare else []))
        elif url:
            lines.append(url)
    return lines
