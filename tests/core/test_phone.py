"""Phone numbers on the server: the table shared with the browser, and what is shown of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatstr.core.phone import (
    PhoneError,
    PhoneProblem,
    PhoneWarning,
    mask,
    normalise,
    readable,
    to_e164,
)

TABLE: list[dict[str, Any]] = json.loads(
    (Path(__file__).resolve().parents[1] / "contacts" / "phones.json").read_text("utf-8")
)


@pytest.mark.parametrize("case", TABLE, ids=[case["note"] for case in TABLE])
def test_shared_table(case: dict[str, Any]) -> None:
    region = case.get("region", "TR")
    if case["reason"]:
        with pytest.raises(PhoneError) as caught:
            normalise(case["raw"], region)
        assert caught.value.problem == case["reason"]
    else:
        phone = normalise(case["raw"], region)
        assert (phone.digits, phone.warning) == (case["digits"], case["warning"])


def test_the_table_names_every_problem_and_warning() -> None:
    assert {c["reason"] for c in TABLE} - {None} == {p.value for p in PhoneProblem}
    assert {c["warning"] for c in TABLE} - {None} == {w.value for w in PhoneWarning}


def test_the_error_never_carries_the_value() -> None:
    with pytest.raises(PhoneError) as caught:
        normalise("0532 123 45 6")
    said = f"{caught.value} {caught.value.detail} {caught.value.context} {caught.value.args}"
    assert "532" not in said
    assert caught.value.code == "invalid_phone"
    assert caught.value.context["reason"] == "too_short"


@given(st.text(max_size=40))
def test_any_text_is_a_phone_or_a_phone_error(raw: str) -> None:
    try:
        phone = normalise(raw)
    except PhoneError:
        return
    assert phone.digits.isascii()
    assert phone.digits.isdigit()
    assert 7 <= len(phone.digits) <= 15


@given(st.from_regex(r"5[0345][0-9]{8}", fullmatch=True))
def test_a_normalised_number_stays_as_it_is(national: str) -> None:
    digits = normalise("0" + national).digits
    assert digits == "90" + national
    assert normalise(digits).digits == digits
    assert normalise(to_e164(digits)).digits == digits


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("905321234567", "+90 5** *** ** 67"),
        ("902125551234", "+90 2** *** ** 34"),
        ("4917612345678", "+49 *********78"),
        ("14155552671", "+1 ********71"),
        ("99912345678", "+*********78"),
        ("5", "+5"),
    ],
)
def test_mask(digits: str, shown: str) -> None:
    assert mask(digits) == shown


def test_e164() -> None:
    assert to_e164("905321234567") == "+905321234567"


def test_readable_keeps_a_number_on_one_line() -> None:
    assert readable("908505559999") == "+90\u00a0850\u00a0555\u00a09999"
    assert readable("") == ""
