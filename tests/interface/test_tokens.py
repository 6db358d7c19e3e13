"""The tokens keep their promises: readable pairs, and one dark theme however it is chosen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "whatstr" / "static"
TOKENS = (STATIC / "css" / "tokens.css").read_text("utf-8")

TEXT = [
    (ink, ground)
    for ink in (
        "ink",
        "ink-2",
        "ink-3",
        "brand-ink",
        "seal-ink",
        "danger-ink",
        "ok-ink",
        "warn-ink",
        "info-ink",
    )
    for ground in ("paper", "surface", "sunken")
]
TEXT += [(f"{tone}-ink", f"{tone}-soft") for tone in ("neutral", "info", "ok", "warn", "danger")]
TEXT += [("ink", f"{tone}-soft") for tone in ("info", "ok", "warn", "danger", "brand", "seal")]
TEXT += [
    ("on-brand", "brand"),
    ("on-brand", "brand-hover"),
    ("on-danger", "danger"),
    ("on-danger", "danger-hover"),
    ("brand-ink", "brand-soft"),
    ("ink-2", "brand-soft"),
    ("ink-2", "seal-soft"),
    ("seal-ink", "seal-soft"),
    ("ink", "selection"),
]
EDGES = [
    (edge, ground) for edge in ("line-strong", "focus", "seal") for ground in ("paper", "surface")
]


def block(start: str) -> dict[str, str]:
    """The declarations of the first rule that begins with `start`."""
    body = TOKENS.split(start, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"(--[\w-]+|color-scheme): ([^;]+);", body))


LIGHT = block("\n:root {")
DARK_BY_SYSTEM = block(':root:not([data-theme="light"]) {')
DARK_BY_CHOICE = block(':root[data-theme="dark"] {')


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """WCAG 2.2, contrast ratio."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, {**LIGHT, **DARK_BY_CHOICE}], ids=["light", "dark"])
def test_every_pair_can_be_read(theme: dict[str, str]) -> None:
    weak = [
        (ink, ground, round(contrast(theme[f"--{ink}"], theme[f"--{ground}"]), 2))
        for pairs, least in ((TEXT, 4.5), (EDGES, 3.0))
        for ink, ground in pairs
        if contrast(theme[f"--{ink}"], theme[f"--{ground}"]) < least
    ]
    assert weak == []


def test_the_dark_theme_is_one_however_it_is_chosen() -> None:
    assert DARK_BY_SYSTEM == DARK_BY_CHOICE
    colours = {name for name, value in LIGHT.items() if value.startswith("#")}
    assert colours <= set(DARK_BY_CHOICE)


def test_style_sheets_load_nothing_from_elsewhere() -> None:
    for sheet in (STATIC / "css").glob("*.css"):
        addresses = re.findall(r"url\(([^)]*)\)", sheet.read_text("utf-8"))
        for address in addresses:
            path = address.strip("\"'")
            assert path.startswith("../"), (sheet.name, address)
            assert (sheet.parent / path).resolve().is_file(), (sheet.name, address)
