"""From a file to contacts and rejects: counts, progress, cancelling, a hundred thousand rows."""

from __future__ import annotations

import csv
import io

import pytest

from tests.contacts.conftest import Reader
from tests.contacts.workbooks import long_workbook

pytestmark = pytest.mark.browser

HUNDRED_THOUSAND = 100_000


def many(count: int) -> bytes:
    """Contacts with every hundredth row wrong and every fiftieth a duplicate of the first."""
    lines = ["Ad Soyad;Telefon;Şehir"]
    for n in range(count):
        phone = f"0{5300000000 + n}"
        if n % 100 == 99:
            phone = "5,3E+09"
        elif n % 50 == 49:
            phone = "+90 530 000 00 00"
        lines.append(f"Müşteri {n};{phone};İzmir")
    return "\r\n".join(lines).encode("cp1254")


def test_a_hundred_thousand_rows_and_the_page_stays_awake(reader: Reader) -> None:
    args = {"url": reader.put(many(HUNDRED_THOUSAND)), "keep": 1}
    answer = reader.page.evaluate("(args) => window.callWithClock('import', args)", args)
    read, progress = answer["value"], answer["progress"]
    assert read["seen"]["encoding"] == "windows-1254"
    assert (read["seen"]["totalRows"], read["seen"]["exact"]) == (HUNDRED_THOUSAND, True)
    assert read["counts"] == {
        "total": HUNDRED_THOUSAND,
        "valid": 98_000,
        "duplicateInFile": 1_000,
        "alreadyInList": 0,
        "invalid": 1_000,
        "warnings": 0,
    }
    assert read["unique"] == 98_000
    assert read["reasons"] == {"scientific": 1_000, "duplicate_in_file": 1_000}
    assert answer["longest"] < answer["took"] / 2, "the page stood still"
    assert answer["ticks"] > 10
    assert answer["took"] < 30_000
    assert len(progress) >= 3
    assert [p["total"] for p in progress] == sorted(p["total"] for p in progress)
    assert all(0 < p["share"] <= 1 for p in progress)
    assert progress[0]["share"] < 0.9
    assert progress[-1] == {
        "share": 1,
        "total": HUNDRED_THOUSAND,
        "valid": 98_000,
        "invalid": 1_000,
        "duplicates": 1_000,
    }


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_cancelling_ends_it_soon(reader: Reader, kind: str) -> None:
    data = many(HUNDRED_THOUSAND) if kind == "csv" else long_workbook(30_000)
    answer = reader.answer("import", {"url": reader.put(data)}, cancel_after=1)
    assert answer["error"]["code"] == "cancelled"
    assert answer["progress"][-1]["share"] < 1


def test_duplicates_within_the_file_and_against_the_list(reader: Reader) -> None:
    data = b"Ad;Tel\nA;05321234567\nB;+90 532 123 45 67\nC;5339876543\nD;0533 987 65 43\n"
    read = reader.read(data, existing=["905339876543"])
    assert read["rows"] == [["905321234567", "A", []]]
    assert read["rejects"] == [
        {"line": 3, "raw": "+90 532 123 45 67", "reason": "duplicate_in_file"},
        {"line": 4, "raw": "5339876543", "reason": "already_in_list"},
        {"line": 5, "raw": "0533 987 65 43", "reason": "duplicate_in_file"},
    ]
    assert (read["counts"]["duplicateInFile"], read["counts"]["alreadyInList"]) == (2, 1)


def test_a_user_id_stands_in_place_of_a_number(reader: Reader) -> None:
    read = reader.read(b"Ad;WhatsApp\nA;TR.1A2b3C\nB;TR.1A2b3C\nC;0532 123 45 67\nD;TR.\n")
    assert read["rows"] == [["TR.1A2b3C", "A", []], ["905321234567", "C", []]]
    assert read["reasons"] == {"duplicate_in_file": 1, "not_a_number": 1}


def test_warnings_are_named_with_their_rows(reader: Reader) -> None:
    read = reader.read(b"Tel\n0212 555 12 34\n0599 123 45 67\n0532 123 45 67\n")
    assert read["counts"]["valid"] == 3
    assert read["warnings"] == {"fixed_line": 1, "unknown_range": 1}
    assert read["warned"][0] == {
        "line": 2,
        "raw": "0212 555 12 34",
        "digits": "902125551234",
        "warning": "fixed_line",
    }


def test_rejects_as_csv_in_both_languages(reader: Reader) -> None:
    text = 'Ad;Tel;Not\nAli;112;=HYPERLINK("x")\nVeli;05321234567;\nCan;05321234567;a;fazla\n'
    read = reader.read(text.encode())
    for language, head, reason in (
        ("tr", ["Satır", "Telefon (dosyadaki)", "Neden"], "Eksik rakam var."),
        ("en", ["Row", "Phone (as in the file)", "Reason"], "Digits are missing."),
    ):
        written = read["rejectsCsv"][language]
        assert written.startswith("\ufeff")
        rows = list(csv.reader(io.StringIO(written[1:], newline=""), delimiter=";"))
        assert rows[0] == [*head, "Ad", "Tel", "Not", ""]
        assert rows[1] == ["2", "112", reason, "Ali", "112", '\'=HYPERLINK("x")']
        assert rows[2][0] == "4"
        assert "3" in rows[2][2]
        assert rows[2][3:] == ["Can", "05321234567", "a", "fazla"]


def test_the_person_may_map_columns_otherwise(reader: Reader) -> None:
    data = "Ad;Tel;Tel 2;Şehir\nAli;05321234567;05331234567;İzmir\n".encode()
    mapping = {"phone": 2, "name": [3, 0], "fields": [1, 0], "titles": ["Eski numara", ""]}
    read = reader.read(data, mapping=mapping)
    assert read["rows"] == [["905331234567", "İzmir Ali", ["05321234567", "Ali"]]]
    assert read["titles"] == ["Eski numara", "Ad"]


def test_the_person_may_say_that_there_are_no_headings(reader: Reader) -> None:
    read = reader.read(b"Ad;05321234567\nAli;05331234567\n", mapping={"headerLine": None})
    assert read["counts"]["valid"] == 2
    other = reader.read(b"Ad;Tel\nAli;05331234567\nx;0532 1\n", mapping={"headerLine": 2})
    assert other["counts"] == {**other["counts"], "total": 1, "valid": 0, "invalid": 1}


def test_titles_are_never_empty_nor_alike(reader: Reader) -> None:
    read = reader.read(b"Tel;Not;Not;;Not\n05321234567;a;b;c;d\n")
    assert read["titles"] == ["Not", "Not (2)", "D", "Not (3)"]


def test_cells_become_what_a_message_may_hold(reader: Reader) -> None:
    text = 'Tel;Ad;A;B;C\n05321234567;"  Ayşe\n  Öz ";"a\tb";#YOK;"=""007"""\n'
    read = reader.read(text.encode())
    assert read["rows"] == [["905321234567", "Ayşe Öz", ["a b", "", "007"]]]


def test_a_cell_that_no_parameter_can_hold_is_a_reject(reader: Reader) -> None:
    text = f"Tel;Not\n05321234567;{'x' * 1025}\n05331234567;{'x' * 1024}\n"
    read = reader.read(text.encode())
    assert [row[0] for row in read["rows"]] == ["905331234567"]
    assert read["reasons"] == {"cell_too_long": 1}


def test_a_bad_row_does_not_take_its_number(reader: Reader) -> None:
    text = f"Tel;Not\n05321234567;{'x' * 1025}\n05321234567;kısa\n"
    assert reader.read(text.encode())["rows"] == [["905321234567", "", ["kısa"]]]


def test_blank_rows_do_not_count(reader: Reader) -> None:
    read = reader.read(b"Tel;Ad\n\n;;\n05321234567;Ali\n \n0532;x\n")
    assert read["counts"]["total"] == 2
    assert read["rejects"][0]["line"] == 6


def test_short_rows(reader: Reader) -> None:
    read = reader.read("Ad;Tel;Şehir\nAli;05321234567\nVeli\n".encode())
    assert read["rows"] == [["905321234567", "Ali", [""]]]
    assert read["rejects"] == [{"line": 3, "raw": "", "reason": "empty"}]


def test_too_many_rows(reader: Reader) -> None:
    answer = reader.answer("import", {"url": reader.put(many(11)), "limits": {"rows": 10}})
    assert answer["error"] == {"code": "too_many_rows", "detail": {"rows": 10}}
    assert reader.read(many(10), limits={"rows": 10})["counts"]["total"] == 10


def test_no_phone_column(reader: Reader) -> None:
    url = reader.put(b"Not;E-posta\nx;a@example.com\n")
    assert reader.refusal("import", url=url) == "no_phone_column"


def test_broken_quotes_are_read_and_told(reader: Reader) -> None:
    read = reader.read(b'Ad;Tel\n"Ali;05321234567\nVeli;05331234567\n')
    assert read["seen"]["brokenQuotes"]
    assert [row[:2] for row in read["rows"]] == [["905321234567", "Ali"], ["905331234567", "Veli"]]


def test_wrong_guess_of_encoding_and_delimiter_can_be_mended(reader: Reader) -> None:
    data = "Ad|Tel\nIşık|05321234567\n".encode("cp857")
    read = reader.read(data, choices={"encoding": "ibm857", "delimiter": "|"})
    assert read["rows"] == [["905321234567", "Işık", []]]


def test_a_heading_may_begin_like_a_zip(reader: Reader) -> None:
    assert reader.read(b"PK;Tel\n1;05321234567\n")["seen"]["kind"] == "csv"
