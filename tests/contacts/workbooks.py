"""Workbooks for the tests: by openpyxl, and by hand where openpyxl is too well-behaved."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(
    rows: Iterable[Iterable[Any]],
    also: Callable[[openpyxl.Workbook, Worksheet], None] | None = None,
) -> bytes:
    """One sheet of rows; `also` may change it before it is saved."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(list(row))
    if also:
        also(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def long_workbook(count: int) -> bytes:
    """Many contacts, written as a stream: without `dimension`, with inline strings."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Kişiler")
    sheet.append(["Ad Soyad", "Cep", "Şehir"])
    for n in range(count):
        sheet.append([f"Müşteri {n}", 5300000000 + n, "İzmir"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def handmade(
    sheet_xml: str,
    *,
    strings_xml: str = "",
    parts: dict[str, bytes] | None = None,
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """A minimal workbook around one sheet's XML; `parts` adds or replaces entries."""
    entries = {
        "[Content_Types].xml": _TYPES.encode(),
        "_rels/.rels": (
            f'<Relationships xmlns="{_RELS}"><Relationship Id="r1" '
            f'Type="{_OFFICE}/officeDocument" Target="/xl/workbook.xml"/></Relationships>'
        ).encode(),
        "xl/workbook.xml": (
            f'<x:workbook xmlns:x="{_MAIN}" xmlns:r="{_OFFICE}"><x:sheets>'
            '<x:sheet name="A &amp;amp; B" sheetId="1" r:id="r7"/></x:sheets></x:workbook>'
        ).encode(),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{_RELS}">'
            f'<Relationship Id="r7" Type="{_OFFICE}/worksheet" Target="worksheets/one.xml"/>'
            f'<Relationship Id="r8" Type="{_OFFICE}/sharedStrings" Target="strings.xml"/>'
            "</Relationships>"
        ).encode(),
        "xl/worksheets/one.xml": sheet_xml.encode(),
    }
    if strings_xml:
        entries["xl/strings.xml"] = strings_xml.encode()
    entries |= parts or {}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, body in entries.items():
            archive.writestr(name, body)
    return out.getvalue()


def zip_of(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries.items():
            archive.writestr(name, body)
    return out.getvalue()


def zip64_of(entries: dict[str, bytes]) -> bytes:
    """A container whose directory gives every size and place in 64 bits (APPNOTE 4.3.14, 4.5.3)."""
    body, directory = b"", b""
    for name, data in entries.items():
        raw = name.encode()
        packer = zlib.compressobj(wbits=-15)
        packed = packer.compress(data) + packer.flush()
        wide = struct.pack("<HHQQQ", 1, 24, len(data), len(packed), len(body))
        head = struct.pack("<HHHHHIII", 45, 0, 8, 0, 0, zlib.crc32(data), 2**32 - 1, 2**32 - 1)
        directory += b"PK\x01\x02" + struct.pack("<H", 45) + head
        directory += (
            struct.pack("<HHHHHII", len(raw), len(wide), 0, 0, 0, 0, 2**32 - 1) + raw + wide
        )
        local = struct.pack("<HHQQ", 1, 16, len(data), len(packed))
        body += (
            b"PK\x03\x04" + head + struct.pack("<HH", len(raw), len(local)) + raw + local + packed
        )
    count, size, place = len(entries), len(directory), len(body)
    end = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, place)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, place + size, 1)
    last = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    return body + directory + end + locator + last
