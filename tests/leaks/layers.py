"""What may hide inside bytes: compressed, base64 and hexadecimal parts."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator

_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}")
_HEX = re.compile(rb"[0-9A-Fa-f]{32,}")
_ONLY_HEX = re.compile(rb"[0-9A-Fa-f]*")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_STEP = 512
_LONGEST = 32 * 1024 * 1024
"""Bytes that are taken out of one compressed part."""


def layers(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every part of `data` that can be unpacked."""
    yield from _inflated(data)
    yield from _decoded_base64(data)
    yield from _decoded_hex(data)


def _inflated(data: bytes) -> Iterator[tuple[str, bytes]]:
    """zlib and gzip streams, also those that break off or are damaged further on."""
    view, end = memoryview(data), 0
    for match in _ZLIB.finditer(data):
        if match.start() < end:
            continue  # within a stream that was unpacked already
        content, whole_steps = _inflate(view[match.start() :])
        if content:
            end = match.start() + whole_steps
            yield "zlib", content


def _inflate(view: memoryview) -> tuple[bytes, int]:
    """(what comes out, bytes of steps that surely belong to it) of the stream at the start."""
    packed = zlib.decompressobj(wbits=47)  # 32 + 15: zlib or gzip, by the header
    out: list[bytes] = []
    at = size = 0
    while at < len(view) and not packed.eof and size < _LONGEST:
        before = packed.copy()
        try:
            piece = packed.decompress(view[at : at + _STEP], _LONGEST)
        except zlib.error:
            # An error takes along what was good before it in the same step: a wrong checksum would
            # hide a short text. So the step is taken again byte by byte.
            return b"".join((*out, *_last_bytes(before, view[at : at + _STEP]))), 0
        out.append(piece)
        size += len(piece)
        at += _STEP
    return b"".join(out), at - _STEP if packed.eof else 0


def _last_bytes(packed: zlib._Decompress, view: memoryview) -> Iterator[bytes]:
    for place in range(len(view)):
        try:
            yield packed.decompress(view[place : place + 1], _LONGEST)
        except zlib.error:
            return


def _decoded_base64(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Runs of its letters, read at all four offsets: what stands before may belong to it or not."""
    for match in _BASE64.finditer(data):
        run = match[0]
        if _ONLY_HEX.fullmatch(run):
            continue
        letters = run.translate(_TO_STANDARD)
        for offset in range(4):
            whole = letters[offset : offset + (len(letters) - offset) // 4 * 4]
            yield "base64", binascii.a2b_base64(whole)
        tail = len(letters) % 4
        if tail > 1:  # without padding, the last two or three letters hold bytes too
            yield "base64", base64.b64decode(letters[-16 - tail :] + b"=" * (4 - tail))


def _decoded_hex(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Runs of hexadecimal digits (PostgreSQL's bytea among them), from the first and second."""
    for match in _HEX.finditer(data):
        run = match[0]
        for offset in range(2):
            even = run[offset : offset + (len(run) - offset) // 2 * 2]
            yield "hex", bytes.fromhex(even.decode())
