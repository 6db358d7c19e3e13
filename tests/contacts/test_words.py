"""Every code has a sentence in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.contacts.conftest import STATIC, Reader

pytestmark = pytest.mark.browser

SOURCES = sorted((STATIC / "js" / "contacts").glob("*.mjs"))


@pytest.fixture
def texts(reader: Reader) -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = reader.call("constant", module="texts", name="default")
    return made


def test_twins(texts: dict[str, dict[str, str]]) -> None:
    assert set(texts) == {"tr", "en"}
    assert list(texts["tr"]) == list(texts["en"])
    for key, turkish in texts["tr"].items():
        marks = [sorted(re.findall(r"\{\w+\}", t)) for t in (turkish, texts["en"][key])]
        assert marks[0] == marks[1], key


def test_every_code_has_a_sentence(reader: Reader, texts: dict[str, dict[str, str]]) -> None:
    wanted = {"reason.duplicate_in_file", "reason.already_in_list", "reason.cell_too_long"}
    wanted |= {f"reason.{c}" for c in reader.call("constant", module="phone", name="REASONS")}
    wanted |= {f"warning.{c}" for c in reader.call("constant", module="phone", name="WARNINGS")}
    for source in SOURCES:
        text = source.read_text("utf-8")
        found = re.findall(r'ImportProblem\((?:[^"()]|\([^()]*\))*"(\w+)"(?: : "(\w+)")?', text)
        wanted |= {f"problem.{code}" for pair in found for code in pair if code}
    # The importer reads such a file without minding quotes, and says so in its answer.
    wanted -= {"problem.broken_quotes"}
    encodings = reader.call("constant", module="encoding", name="ENCODINGS")
    delimiters = reader.call("constant", module="csv", name="DELIMITERS")
    wanted |= {f"encoding.{e}" for e in encodings} | {f"delimiter.{d}" for d in delimiters}
    assert wanted <= set(texts["en"])
    known = ("notice.", "csv.", "column.")
    unused = {k for k in texts["en"] if not k.startswith(known)} - wanted
    assert unused == set()


def test_values_are_put_into_sentences(reader: Reader) -> None:
    said: list[Any] = reader.map(
        "words",
        "word",
        [["tr", "problem.too_many_rows", {"rows": "500.000"}], ["en", "no.such.key"]],
    )
    assert said == ["Bir listede en çok 500.000 kişi olabilir. Dosyayı bölün.", "no.such.key"]
