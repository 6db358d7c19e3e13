"""Downloads open in Excel and run nothing there."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.contacts.conftest import Reader

pytestmark = pytest.mark.browser


def write(reader: Reader, table: list[list[Any]], **options: Any) -> str:
    text: str = reader.map("csvwrite", "toCsv", [[table, options]])[0]
    return text


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+90532",
        "-5",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "＝1",
        "\ufeff=1",
        "\u200b=1",
    ],
)
def test_formulas_are_disarmed(reader: Reader, cell: str) -> None:
    (row,) = csv.reader(io.StringIO(write(reader, [[cell]], bom=False), newline=""), delimiter=";")
    assert row == ["'" + cell]


def test_ordinary_cells_stay_as_they_are(reader: Reader) -> None:
    cells = ["Ayşe", "905321234567", "a;b", 'c"d', "e\nf", "", "5-3", " boşluklu "]
    text = write(reader, [cells, [5, -5, None, 1.5, True]])
    assert text.startswith("\ufeff")
    assert text.endswith("\r\n")
    read = list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=";"))
    assert read == [cells, ["5", "-5", "", "1.5", "true"]]


def test_other_delimiters(reader: Reader) -> None:
    assert write(reader, [["a\tb", "c"]], bom=False, delimiter="\t") == '"a\tb"\tc\r\n'
