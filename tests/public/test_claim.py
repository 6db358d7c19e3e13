"""The claim and the limits stand word for word as the design has them (vault design, 18)."""

from __future__ import annotations

import hashlib
import html
import re

import pytest

from tests.services import ROOT

CLAIM = "e3ffdc3e646a58ff773ded0d341dd38f3623953eb7d61c980d5125a02f50dba1"
TEXT = ROOT / "templates" / "public" / "text"


def claim(language: str) -> str:
    page = (TEXT / f"claim.{language}.html").read_text(encoding="utf-8")
    found = re.fullmatch(r'<div class="claim"><p>(.*)</p></div>\n?', page)
    assert found is not None
    return html.unescape(found[1])


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_claim_is_the_designs_byte_for_byte() -> None:
    """The design is not part of this repository; this is the SHA-256 of its sentence."""
    assert digest(claim("tr")) == CLAIM


def test_the_document_says_the_same() -> None:
    lines = (ROOT / "docs" / "security.md").read_text(encoding="utf-8").splitlines()
    quoted = next(line for line in lines if line.startswith("> "))
    assert quoted == f"> {claim('tr')}"


LIMITS = "bb9afda5d672b2e828dbc49f041780cca68009087a8f9123554e5f2c488537b3"


def test_the_limits_are_the_designs_byte_for_byte() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    section = text.split("## The honest limits\n")[1].split("\n## ")[0]
    assert digest(section.strip()) == LIMITS


@pytest.mark.parametrize("language", ["tr", "en"])
def test_the_page_tells_every_limit(language: str) -> None:
    page = (TEXT / f"security.{language}.html").read_text(encoding="utf-8")
    limits = re.search(r'<ol class="limits">(.*?)</ol>', page, re.S)
    assert limits is not None
    assert limits[1].count("<li>") == 7


@pytest.mark.parametrize("language", ["tr", "en"])
def test_the_page_says_how_to_check_a_release(language: str) -> None:
    page = (TEXT / f"security.{language}.html").read_text(encoding="utf-8")
    assert 'href="/surum"' in page
    assert "flask whatstr bundle-hash --check" in page
