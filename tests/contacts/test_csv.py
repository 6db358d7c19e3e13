"""Delimited text as programs and people write it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contacts.conftest import Reader

pytestmark = pytest.mark.browser


def rows(reader: Reader, text: str, **args: Any) -> tuple[str, list[list[str]]]:
    found = reader.call("records", url=reader.put(text.encode()), **args)
    return found["delimiter"], [row for row in found["rows"] if row != [""]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(reader: Reader, delimiter: str) -> None:
    text = "\n".join(delimiter.join(["Ali Kaya", f"053212345{n}", "İzmir"]) for n in range(10, 20))
    found, read = rows(reader, text)
    assert found == delimiter
    assert read[0] == ["Ali Kaya", "05321234510", "İzmir"]
    assert len(read) == 10


def test_decimal_commas_do_not_mislead(reader: Reader) -> None:
    found, read = rows(reader, "ad;borç;tel\nA;1.250,00;1\nB;3,50;2\nC, D;4;3\n")
    assert found == ";"
    assert read[3] == ["C, D", "4", "3"]


def test_one_column(reader: Reader) -> None:
    _, read = rows(reader, "05321234567\r\n05331234567\r\n")
    assert read == [["05321234567"], ["05331234567"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_line_breaks_in_quotes(reader: Reader, end: str) -> None:
    text = end.join(["ad,adres", '"Kaya, Ali","1. Sok.' + end + 'No 5"', '"x ""y""",z'])
    _, read = rows(reader, text)
    assert read == [["ad", "adres"], ["Kaya, Ali", "1. Sok.\nNo 5"], ['x "y"', "z"]]


def test_line_ends_may_be_mixed(reader: Reader) -> None:
    _, read = rows(reader, "a;1\r\nb;2\nc;3\rd;4")
    assert read == [["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"]]


def test_sep_line_of_excel(reader: Reader) -> None:
    found, read = rows(reader, "sep=|\r\nA, B; C|1\r\nD, E; F|2\r\n")
    assert found == "|"
    assert read == [["A, B; C", "1"], ["D, E; F", "2"]]


def test_chosen_delimiter(reader: Reader) -> None:
    assert rows(reader, "a,b;c\n", delimiter=",") == (",", [["a", "b;c"]])


def test_a_quote_that_never_closes_is_refused(reader: Reader) -> None:
    text = 'a;"b\n' + "x;y\n" * 10
    assert reader.refusal("records", url=reader.put(text.encode())) == "broken_quotes"


def test_a_quote_that_closes_a_megabyte_later_is_refused(reader: Reader) -> None:
    """Reading on would parse the same text again with every piece: hours for a large file."""
    text = 'a;"' + "Ali Kaya;05321234567\n" * 100_000 + '"\n'
    assert reader.refusal("records", url=reader.put(text.encode())) == "broken_quotes"


def test_a_quote_that_swallows_the_next_row_is_refused(reader: Reader) -> None:
    text = 'a;"b;c\n"d";e\n'
    assert reader.refusal("records", url=reader.put(text.encode())) == "broken_quotes"


def test_without_minding_quotes(reader: Reader) -> None:
    _, read = rows(reader, 'a;"b;c\n"d ""e""";f\n', delimiter=";", quotes=False)
    assert read == [["a", "b", "c"], ['d "e"', "f"]]


def test_records_across_chunk_borders(reader: Reader) -> None:
    """Quoted line breaks land on every border of the reading window."""
    text = "".join(f'"satır {n}\ndevam";{n}\n' for n in range(60_000))
    _, read = rows(reader, text)
    assert len(read) == 60_000
    assert [row[1] for row in read] == [str(n) for n in range(60_000)]
    assert read[-1][0] == "satır 59999\ndevam"
