"""Encodings that Turkish files come in."""

from __future__ import annotations

import pytest

from tests.contacts.conftest import Reader

pytestmark = pytest.mark.browser

TEXT = "Ad Soyad;Telefon\nŞükrü Çağlayan;0532 123 45 67\nİpek Işık Öğüt;0533 765 43 21\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode("utf-8"), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "utf-16le"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16be"),
        (TEXT.encode("utf-16-le"), "utf-16le"),
        (TEXT.encode("utf-16-be"), "utf-16be"),
        (TEXT.encode("cp1254"), "windows-1254"),
        (TEXT.encode("iso8859-9"), "windows-1254"),
        (TEXT.encode("cp857"), "ibm857"),
    ],
)
def test_guess(reader: Reader, data: bytes, encoding: str) -> None:
    answer = reader.call("decode", url=reader.put(data))
    assert answer == {"text": TEXT, "encoding": encoding, "hadErrors": False}


@pytest.mark.parametrize(("codec", "encoding"), [("cp1254", "windows-1254"), ("cp857", "ibm857")])
def test_turkish_letters_that_come_late(reader: Reader, codec: str, encoding: str) -> None:
    text = "Ali;05321234567\n" * 30_000 + "Şükrü Çağlayan;05331234567\n"
    answer = reader.call("decode", url=reader.put(text.encode(codec)))
    assert answer["encoding"] == encoding
    assert answer["text"] == text


def test_utf8_with_a_damaged_place_stays_utf8(reader: Reader) -> None:
    data = TEXT.encode() + b"\xff;1\n" + "çğış\n".encode() * 3
    answer = reader.call("decode", url=reader.put(data))
    assert answer["encoding"] == "utf-8"
    assert answer["hadErrors"]
    assert "Şükrü Çağlayan" in answer["text"]


def test_plain_ascii_is_utf8(reader: Reader) -> None:
    answer = reader.call("decode", url=reader.put(b"Ali;05321234567\n"))
    assert answer["encoding"] == "utf-8"


def test_the_person_may_choose(reader: Reader) -> None:
    answer = reader.call("decode", url=reader.put("ışık".encode("cp857")), encoding="windows-1254")
    assert answer["encoding"] == "windows-1254"
    assert answer["text"] != "ışık"


def test_code_page_857_is_whole(reader: Reader) -> None:
    every = bytes(range(0x80, 0x100))
    answer = reader.call("decode", url=reader.put(every), encoding="ibm857")
    assert answer["text"] == every.decode("cp857", "replace")
