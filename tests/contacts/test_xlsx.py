"""Workbooks: what cells mean, which sheet is read, and what is refused by name."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from tests.contacts.conftest import Reader
from tests.contacts.workbooks import handmade, long_workbook, workbook, zip64_of, zip_of

pytestmark = pytest.mark.browser


def cells(reader: Reader, data: bytes, **args: Any) -> list[list[str]]:
    return [row["cells"] for row in reader.inspect(data, **args)["rows"]]


def test_what_cells_mean(reader: Reader) -> None:
    data = workbook(
        [
            ["Ad", "Tel", "Tarih", "An", "Saat", "Tutar", "Aktif", "Boş", "Metin"],
            [
                "Ayşe & Öz <b> 😀",
                5321234567,
                dt.date(2026, 11, 23),
                dt.datetime(2026, 11, 23, 14, 5),
                dt.time(9, 30),
                1250.1 + 0.2,
                True,
                None,
                "iki\nsatır",
            ],
            ["Ali", 5331234567.0, dt.date(1900, 1, 15), None, None, -3, False, None, "_x0041_"],
        ]
    )
    first, second = cells(reader, data)[1:]
    assert first == [
        "Ayşe & Öz <b> 😀",
        "5321234567",
        "2026-11-23",
        "2026-11-23 14:05",
        "09:30",
        "1250.3",
        "TRUE",
        "",
        "iki\nsatır",
    ]
    assert second[1:3] == ["5331234567", "1900-01-15"]
    assert second[5:7] == ["-3", "FALSE"]


def test_dates_since_1904(reader: Reader) -> None:
    def mac(book: openpyxl.Workbook, sheet: Worksheet) -> None:
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
        sheet.append(["Ali", dt.datetime(2026, 11, 23, 14, 5, 7)])

    assert cells(reader, workbook([], mac)) == [["Ali", "2026-11-23 14:05:07"]]


def test_number_formats_that_are_not_dates(reader: Reader) -> None:
    def formats(_: openpyxl.Workbook, sheet: Worksheet) -> None:
        for code in ('#,##0.00 "dosya"', "[Red]0", "0.00E+00", "0%", "General", "yyyy-mm-dd"):
            sheet.append([44000])
            sheet.cell(row=sheet.max_row, column=1).number_format = code

    assert cells(reader, workbook([], formats)) == [["44000"]] * 5 + [["2020-06-18"]]


def test_numbers_as_other_programs_store_them(reader: Reader) -> None:
    sheet = (
        '<x:worksheet xmlns:x="m"><x:sheetData><x:row>'
        "<x:c><x:v>5.321234567E9</x:v></x:c><x:c><x:v>905321234567</x:v></x:c>"
        '<x:c t="str"><x:v>a&amp;b &#128512;</x:v></x:c><x:c t="e"><x:v>#N/A</x:v></x:c>'
        '<x:c t="d"><x:v>2026-11-23T00:00:00</x:v></x:c>'
        '<x:c t="inlineStr"><x:is><x:r><x:t>Ay</x:t></x:r><x:r><x:t xml:space="preserve">şe </x:t>'
        "</x:r><x:rPh><x:t>okunuş</x:t></x:rPh></x:is></x:c></x:row></x:sheetData></x:worksheet>"
    )
    seen = reader.inspect(handmade(sheet))
    assert seen["rows"] == [
        {
            "line": 1,
            "cells": ["5321234567", "905321234567", "a&b 😀", "#N/A", "2026-11-23", "Ayşe "],
        }
    ]
    assert seen["sheets"] == [{"name": "A &amp; B", "hidden": False}]


def test_shared_strings_with_runs(reader: Reader) -> None:
    strings = (
        "<sst><si><t>Bir</t></si><si><r><t>İ</t></r><r><t>ki</t></r><rPh><t>x</t></rPh></si>"
        "<si><t>_x0041_&lt;</t></si></sst>"
    )
    sheet = (
        '<worksheet><sheetData><row r="3"><c r="B3" t="s"><v>1</v></c><c r="D3" t="s"><v>2</v></c>'
        '<c r="E3" t="s"><v>99</v></c></row></sheetData></worksheet>'
    )
    seen = reader.inspect(handmade(sheet, strings_xml=strings))
    assert seen["rows"] == [{"line": 3, "cells": ["", "İki", "", "A<", ""]}]


def test_first_visible_sheet_and_the_choice_of_another(reader: Reader) -> None:
    def sheets(book: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet.title, sheet.sheet_state = "Gizli", "hidden"
        for name, phone in (("Kişiler", "05321234567"), ("Eski & Yeni", "05331234567")):
            book.create_sheet(name).append([phone])

    data = workbook([["gizli"]], sheets)
    seen = reader.inspect(data)
    assert seen["sheets"] == [
        {"name": "Gizli", "hidden": True},
        {"name": "Kişiler", "hidden": False},
        {"name": "Eski & Yeni", "hidden": False},
    ]
    assert seen["sheet"] == 1
    assert seen["rows"][0]["cells"] == ["05321234567"]
    read = reader.read(data, choices={"sheet": 2})
    assert read["rows"] == [["905331234567", "", []]]
    assert reader.refusal("inspect", url=reader.put(data), choices={"sheet": 9}) == "no_sheet"


def test_lines_are_the_numbers_that_excel_shows(reader: Reader) -> None:
    def gaps(_: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet["A4"], sheet["B4"] = "Ad", "Tel"
        sheet["A7"], sheet["B7"] = "Ali", "yok"
        sheet["A9"].number_format = "0"

    read = reader.read(workbook([], gaps))
    assert read["seen"]["mapping"]["headerLine"] == 4
    assert read["rejects"] == [{"line": 7, "raw": "yok", "reason": "not_a_number"}]
    assert read["counts"]["total"] == 1


def test_stored_without_compression(reader: Reader) -> None:
    sheet = "<worksheet><sheetData><row><c><v>5321234567</v></c></row></sheetData></worksheet>"
    data = handmade(sheet, compression=zipfile.ZIP_STORED)
    assert cells(reader, data) == [["5321234567"]]


def test_written_as_a_stream(reader: Reader) -> None:
    """Data descriptors, as programs write that do not know the length ahead."""

    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, chunk: Any) -> int:
            self.data += bytes(chunk)
            return len(chunk)

    source = zipfile.ZipFile(io.BytesIO(workbook([["Ali", 5321234567]])))
    out = Stream()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            with archive.open(name, "w", force_zip64=True) as entry:
                entry.write(source.read(name))
    assert cells(reader, bytes(out.data)) == [["Ali", "5321234567"]]


def test_sizes_in_64_bits(reader: Reader) -> None:
    source = zipfile.ZipFile(io.BytesIO(workbook([["Ali", 5321234567]])))
    data = zip64_of({name: source.read(name) for name in source.namelist()})
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    assert cells(reader, data) == [["Ali", "5321234567"]]


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
ODS = {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\n\n ;;\n", "no_rows"),
        (OLE, "xls"),
        (OLE + "EncryptedPackage".encode("utf-16-le") + bytes(96), "encrypted"),
        (zip_of({"[Content_Types].xml": b"<Types/>", "xl/workbook.bin": b"1"}), "xlsb"),
        (zip_of(ODS), "ods"),
        (zip_of({"Index/Document.iwa": b"1"}), "numbers"),
        (zip_of({"notes.txt": b"1"}), "not_a_workbook"),
        (
            zip_of({"[Content_Types].xml": b"<Types/>", "word/a.xml": b"<x/>"}),
            "not_a_workbook",
        ),
        (b"PK\x03\x04 this is no zip at all", "damaged"),
        (workbook([["Ali", 5321234567]])[:-200], "damaged"),
        (handmade("<worksheet><sheetData><row><c></row>"), "damaged"),
        (b"%PDF-1.7\n", "pdf"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"\x1f\x8b\x08", "archive"),
        (b"{\\rtf1 }", "rtf"),
        (b"\r\n<HTML><table><tr><td>0532", "html"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "xml"),
        (bytes(range(1, 32)) * 20, "binary"),
    ],
)
def test_what_we_do_not_read_is_refused_by_name(reader: Reader, data: bytes, code: str) -> None:
    assert reader.refusal("inspect", url=reader.put(data)) == code


def test_an_encrypted_entry_is_named(reader: Reader) -> None:
    data = bytearray(handmade("<worksheet/>"))
    at = data.find(b"PK\x01\x02")
    while at != -1:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    assert reader.refusal("inspect", url=reader.put(bytes(data))) == "encrypted"


def test_a_zip_bomb_stops_at_the_limit(reader: Reader) -> None:
    """80 MB of blanks in 80 kB; the size that the container states is not believed."""
    sheet = "<worksheet><sheetData><row><c><v>1</v></c></row>" + " " * 80_000_000
    data = bytearray(handmade(sheet))
    at = data.find(b"PK\x01\x02")
    while at != -1:
        data[at + 24 : at + 28] = (10).to_bytes(4, "little")
        at = data.find(b"PK\x01\x02", at + 4)
    url = reader.put(bytes(data))
    limits = {"unpackedBytes": 20_000_000}
    assert reader.refusal("inspect", url=url, limits=limits) == "too_large"


def test_too_much_shared_text_and_too_many_entries(reader: Reader) -> None:
    strings = "<sst>" + "<si><t>0123456789</t></si>" * 1000 + "</sst>"
    url = reader.put(handmade("<worksheet/>", strings_xml=strings))
    assert reader.refusal("inspect", url=url, limits={"sharedTextChars": 9_999}) == "too_large"
    assert reader.refusal("inspect", url=url, limits={"zipEntries": 3}) == "too_large"
    assert reader.refusal("inspect", url=url, limits={"fileBytes": 100}) == "too_large"


def test_entities_of_a_document_type_are_not_expanded(reader: Reader) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    sheet = (
        f'{bomb}<worksheet><sheetData><row><c t="str"><v>&b;</v></c></row></sheetData></worksheet>'
    )
    assert cells(reader, handmade(sheet)) == [["&b;"]]


def test_columns_are_bounded(reader: Reader) -> None:
    sheet = (
        '<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>2</v></c></row>'
        "</sheetData></worksheet>"
    )
    assert cells(reader, handmade(sheet)) == [["1"]]


def test_a_long_workbook(reader: Reader) -> None:
    read = reader.read(long_workbook(20_000), keep=1)
    assert read["seen"]["totalRows"] == 20_000
    assert read["counts"]["valid"] == 20_000
    assert read["rows"] == [["905300000000", "Müşteri 0", ["İzmir"]]]
