"""The browser's phone numbers agree with the server's, through one table."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contacts.conftest import HERE, Reader
from whatstr.core.phone import PhoneError, PhoneProblem, PhoneWarning, normalise

pytestmark = pytest.mark.browser

TABLE: list[dict[str, Any]] = json.loads((HERE / "phones.json").read_text("utf-8"))


def verdict(answer: dict[str, Any]) -> tuple[str | None, str | None, str | None]:
    return answer.get("digits"), answer.get("warning"), answer.get("reason")


def test_shared_table(reader: Reader) -> None:
    calls = [[case["raw"], {"region": case.get("region", "TR")}] for case in TABLE]
    answers = reader.map("phone", "normalise", calls)
    wrong = {
        case["note"]: answer
        for case, answer in zip(TABLE, answers, strict=True)
        if verdict(answer) != (case["digits"], case["warning"], case["reason"])
    }
    assert wrong == {}


def test_values_that_are_not_text(reader: Reader) -> None:
    answers = reader.map("phone", "normalise", [[None], [5321234567], [905321234567.0], [True]])
    assert [verdict(a) for a in answers] == [
        (None, None, "empty"),
        ("905321234567", None, None),
        ("905321234567", None, None),
        (None, None, "not_a_number"),
    ]


def test_the_codes_are_the_same_on_both_sides(reader: Reader) -> None:
    assert set(reader.call("constant", module="phone", name="REASONS")) == set(PhoneProblem)
    assert set(reader.call("constant", module="phone", name="WARNINGS")) == set(PhoneWarning)


def test_both_sides_agree_on_generated_numbers(reader: Reader) -> None:
    """Prefixes of every kind before bodies of every length and separator."""
    starts = ["", "0", "+90", "90", "0090", "090", "+90 0", "+49", "0044 ", "+1", "+7", "+998", "+"]
    bodies = ["5321234567", "599 123 45 67", "2125551234", "8501234567", "4440532", "800.123.45.67"]
    bodies += ["17612345678", "7911 123456", "4155552671", "9161234567", "12", "123456789012345"]
    raws = [start + body for start in starts for body in bodies]
    browser = [verdict(a) for a in reader.map("phone", "normalise", [[raw] for raw in raws])]
    server: list[tuple[str | None, str | None, str | None]] = []
    for raw in raws:
        try:
            phone = normalise(raw)
            server.append((phone.digits, phone.warning, None))
        except PhoneError as error:
            server.append((None, None, error.problem))
    assert dict(zip(raws, browser, strict=True)) == dict(zip(raws, server, strict=True))
