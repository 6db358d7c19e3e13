"""The scanner finds a value however it was written down, and nothing else."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import random
import zlib
from pathlib import Path

import pytest

from tests.leaks.controls import controls_of, prove
from tests.leaks.patterns import Kind, Planted, Tier, patterns_of, spellings
from tests.leaks.scanner import Scanner

PHONE = Planted("phone", "905321239876", kind=Kind.PHONE)
NAME = Planted("name", "Şükran Çağlıoğlu")
CODE = Planted("code", "M2GT-58X4-MPKA", kind=Kind.CODE)
IP = Planted("address", "203.0.113.77", Tier.STAFF)
PLANTED = [PHONE, NAME, CODE, IP]
RAW = NAME.value.encode()
NOISE = random.Random(7).randbytes(200_000)

WRITTEN = {
    "plain": (NAME, RAW),
    "capitals": (NAME, NAME.value.upper().encode()),
    "small": (NAME, NAME.value.lower().encode()),
    "UTF-16 big": (NAME, NAME.value.encode("utf-16-be")),
    "hex": (NAME, RAW.hex().encode()),
    "hex in capitals": (NAME, RAW.hex().upper().encode()),
    "base64 after one byte": (NAME, base64.b64encode(b"x" + RAW + b"y")),
    "base64 after two bytes": (NAME, base64.b64encode(b"xx" + RAW + b"yy")),
    "URL": (NAME, b"q=%C5%9E%C3%BCkran+%C3%87a%C4%9Fl%C4%B1o%C4%9Flu&x=1"),
    "MD5 in base64": (NAME, base64.b64encode(hashlib.md5(RAW).digest())),
    "raw SHA-512": (NAME, hashlib.sha512(RAW).digest()),
    "national": (PHONE, b"05321239876"),
    "brackets": (PHONE, b"0 (532) 123 98 76".replace(b"0 (", b"0(")),
    "plus and blanks": (PHONE, b"+90 532 123 98 76"),
    "hash of the national number": (PHONE, hashlib.sha1(b"5321239876").hexdigest().encode()),
    "code without hyphens": (CODE, b"m2gt58x4mpka"),
    "address": (IP, b'"203.0.113.77"'),
    "zlib": (NAME, zlib.compress(b"a" * 999 + RAW)),
    "gzip with a wrong checksum": (NAME, gzip.compress(RAW)[:-6] + b"wrong!"),
    "gzip in base64 without its end": (NAME, base64.b64encode(gzip.compress(RAW * 2))[:-3]),
    "cut gzip": (NAME, gzip.compress(os.urandom(9000) + RAW + os.urandom(9000))[:12_000]),
    "gzip in hex in zlib": (NAME, zlib.compress(gzip.compress(RAW).hex().encode())),
}


@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.parametrize("place", [0, 1, 2, 3, 65_517, 65_530, 65_535, 65_536, 131_069])
def test_finds_a_value_in_every_form_and_place(way: str, place: int) -> None:
    value, body = WRITTEN[way]
    hits = Scanner(PLANTED).search(NOISE[:place] + b"\x00" + body + b"\x00" + NOISE[place:], "x")
    assert {hit.planted for hit in hits} == {value.name}


def test_finds_nothing_where_nothing_is() -> None:
    other = ["905321239877", "Şükran Çağlıoğlan", "203.0.113.78", "M2GT-58X4-MRKA"]
    text = " ".join(other).encode() + b"".join(hashlib.sha256(o.encode()).digest() for o in other)
    scanner = Scanner(PLANTED)
    assert scanner.search(NOISE + text + zlib.compress(text) + base64.b64encode(text), "x") == []


def test_reads_files_and_their_names(tmp_path: Path) -> None:
    (tmp_path / "log-905321239876.txt").write_bytes(bytes(100_000))
    (tmp_path / "other").write_bytes(bytes(100_000) + RAW)
    scanner = Scanner(PLANTED)
    scanner.scan_files(sorted(tmp_path.iterdir()), root=tmp_path)
    found = {(hit.planted, hit.source) for hit in scanner.result.hits}
    assert found == {("phone", "the name of log-905321239876.txt"), ("name", "other")}
    assert scanner.result.bytes_scanned > 200_000
    assert not scanner.result.clean


def test_every_control_is_found_in_a_copy() -> None:
    scanner = Scanner(PLANTED)
    scanner.scan(NOISE, "noise")
    assert prove(scanner, PLANTED, [("noise", NOISE), ("zeros", bytes(1_000_000))]) == []
    assert scanner.result.controls_found == len(list(controls_of(PLANTED))) >= 6
    assert scanner.result.clean


def test_a_scan_that_misses_a_control_is_not_clean() -> None:
    blind = Scanner([IP])
    blind.scan(NOISE, "noise")
    assert "wamid" in prove(blind, PLANTED, [("noise", NOISE)])
    assert not blind.result.hits
    assert not blind.result.clean


def test_short_values_are_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        Planted("discount", "%20")
    assert all(len(body) >= 9 for body in patterns_of(PLANTED))
    assert "0532 123 98 76" in spellings(PHONE)
