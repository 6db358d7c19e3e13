"""The sample files read as a person would expect, and are what their script makes."""

from __future__ import annotations

import io

import openpyxl
import pytest

from tests.contacts.conftest import Reader
from tests.contacts.make_samples import FOLDER, PEOPLE, SAMPLES

FIVE = [f"9053210000{n:02}" for n in range(1, 6)]


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_up_to_date(name: str) -> None:
    stored, made = (FOLDER / name).read_bytes(), SAMPLES[name]()
    if name.endswith(".csv"):
        assert stored == made
    else:
        assert sheet_values(stored) == sheet_values(made)


def sheet_values(data: bytes) -> list[list[tuple[object, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return [list(sheet.values) for sheet in book.worksheets]


@pytest.mark.browser
def test_every_way_to_write_a_phone(reader: Reader) -> None:
    read = reader.read((FOLDER / "musteriler-karisik.csv").read_bytes())
    assert read["seen"]["encoding"] == "windows-1254"
    assert read["titles"] == ["Şehir", "Bakiye"]
    assert [row[0] for row in read["rows"]] == [
        *FIVE,
        "902125551234",
        "905321000006",
        "4917612345678",
        "905321000009",
    ]
    assert [(r["line"], r["reason"]) for r in read["rejects"]] == [
        (7, "duplicate_in_file"),
        (8, "scientific"),
        (9, "too_short"),
        (10, "too_long"),
        (12, "special"),
        (14, "empty"),
        (15, "not_a_number"),
        (18, "missing_plus"),
    ]
    assert read["warnings"] == {"fixed_line": 1, "several_numbers": 1}
    assert read["counts"] == {
        "total": 17,
        "valid": 9,
        "duplicateInFile": 1,
        "alreadyInList": 0,
        "invalid": 7,
        "warnings": 2,
    }


@pytest.mark.browser
def test_excel_unicode_text(reader: Reader) -> None:
    read = reader.read((FOLDER / "excel-unicode.csv").read_bytes())
    assert (read["seen"]["encoding"], read["seen"]["delimiter"]) == ("utf-16le", "\t")
    assert [row[:2] for row in read["rows"]] == [
        [digits, name] for digits, (name, _, _) in zip(FIVE, PEOPLE, strict=True)
    ]


@pytest.mark.browser
def test_addresses_in_quotes(reader: Reader) -> None:
    read = reader.read((FOLDER / "adresli-sep.csv").read_bytes())
    assert read["seen"]["delimiter"] == ","
    assert read["rows"][0] == [FIVE[0], "Ayşe Yılmaz", ["İstanbul, Merkez No: 5"]]
    assert len(read["rows"]) == 5


@pytest.mark.browser
def test_numbers_only(reader: Reader) -> None:
    read = reader.read((FOLDER / "sadece-numara.csv").read_bytes())
    assert read["seen"]["mapping"]["headerLine"] is None
    assert read["rows"] == [[digits, "", []] for digits in FIVE]


@pytest.mark.browser
def test_messy_workbook(reader: Reader) -> None:
    read = reader.read((FOLDER / "musteriler.xlsx").read_bytes())
    assert read["seen"]["mapping"] == {
        "headerLine": 3,
        "phone": 4,
        "name": [0, 1],
        "fields": [3, 5],
    }
    assert read["titles"] == ["Ev Tel", "Randevu"]
    assert read["rows"][0] == [FIVE[0], "Ayşe Yılmaz", ["0212 555 12 34", "2026-11-23 14:30"]]
    assert [(r["line"], r["reason"]) for r in read["rejects"]] == [
        (9, "duplicate_in_file"),
        (10, "empty"),
    ]
