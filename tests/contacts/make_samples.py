"""Writes the messy sample files of samples/: `python -m tests.contacts.make_samples`.

They are what a person tries the import page with, and what test_samples.py reads. All names are
made up; the numbers are made up too.
"""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

FOLDER = Path(__file__).resolve().parent / "samples"

PEOPLE = [
    ("Ayşe Yılmaz", "0532 100 00 01", "İstanbul"),
    ("Şükrü Çağlayan", "532 100 00 02", "Iğdır"),
    ("Gülşen Öğüt", "+90 (532) 100-00-03", "Muğla"),
    ("İpek Işık", "00905321000004", "Eskişehir"),
    ("Ömer Üçer", "905321000005", "Çankırı"),
]


def every_way_to_write_a_phone() -> bytes:
    """Semicolons, Windows-1254, Excel's habits: right, odd and wrong numbers under each other."""
    rows = [
        "Müşteri Adı;Cep Telefonu;Şehir;Bakiye",
        *(f"{name};{phone};{city};1.250,00" for name, phone, city in PEOPLE),
        "Yinelenen Kişi;0532.100.00.01;Ankara;0",
        'Excel Kısaltmış;"5,32E+09";Ankara;0',
        "Eksik Rakam;0532 100 00;Ankara;0",
        "Fazla Rakam;0532 100 00 0678;Ankara;0",
        "Sabit Hat;0212 555 12 34;İstanbul;0",
        "Santral;444 0 532;İstanbul;0",
        "İki Numara;0532 100 00 06 / 0533 100 00 07;Bolu;0",
        "Boş Numara;;Bolu;0",
        "Harfli;O532 100 00 08;Bolu;0",
        ";;;",
        "Yurt Dışı;+49 176 12345678;Köln;0",
        "Artısı Unutulmuş;4917612345679;Köln;0",
        "=2+5;0532 100 00 09;Formül;0",
    ]
    return ("\r\n".join(rows) + "\r\n").encode("cp1254")


def utf16_tabs() -> bytes:
    """Excel's “Unicode Text”: UTF-16 with a mark, tabs."""
    rows = ["Ad\tSoyad\tGSM", *("\t".join([*n.split(), p]) for n, p, _ in PEOPLE)]
    return b"\xff\xfe" + ("\r\n".join(rows) + "\r\n").encode("utf-16-le")


def sep_line_with_quotes() -> bytes:
    """UTF-8 with a mark, a `sep=` line, commas and line breaks inside quotes."""
    rows = ['"Ad Soyad","Adres","Telefon"']
    rows += [f'"{name}","{city}, Merkez\nNo: 5","{phone}"' for name, phone, city in PEOPLE]
    return "sep=,\r\n".encode("utf-8-sig") + "\r\n".join(rows).encode()


def numbers_only() -> bytes:
    """One column, no heading, lost zeros."""
    return "".join(f"53210000{n:02}\n" for n in range(1, 6)).encode()


def messy_workbook() -> bytes:
    """A title, an empty row, headings in row 3, a hidden sheet, dates, identity numbers."""
    book = openpyxl.Workbook()
    hidden = book.active
    assert isinstance(hidden, Worksheet)
    hidden.title, hidden.sheet_state = "Ayarlar", "hidden"
    hidden.append(["gizli", "0599 000 00 00"])
    sheet = book.create_sheet("Müşteriler")
    sheet.append(["Kasım 2026 müşteri listesi"])
    sheet.append([])
    sheet.append(["Adı", "Soyadı", "T.C. Kimlik No", "Ev Tel", "Cep Tel", "Randevu"])
    for n, (name, _, _) in enumerate(PEOPLE):
        first, last = name.split()
        when = dt.datetime(2026, 11, 23 + n, 14, 30)
        sheet.append([first, last, 10000000146, "0212 555 12 34", 5321000001 + n, when])
    sheet.append(["Tekrar", "Eden", None, None, "0532 100 00 01", None])
    sheet.append(["Numarası", "Yok", None, "0312 555 12 34", None, None])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SAMPLES = {
    "musteriler-karisik.csv": every_way_to_write_a_phone,
    "excel-unicode.csv": utf16_tabs,
    "adresli-sep.csv": sep_line_with_quotes,
    "sadece-numara.csv": numbers_only,
    "musteriler.xlsx": messy_workbook,
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, make in SAMPLES.items():
        (FOLDER / name).write_bytes(make())


if __name__ == "__main__":
    main()
