"""Searches bytes, and what is packed in them, for every form of every planted value at once.

Each pattern is searched as a plain substring. For the many forms of thousands of values that would
take hours one by one, so their first eight bytes are looked up first, for every place of the data,
in one set; only what is found there is compared in full. No place is skipped except runs of zeros.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.leaks.layers import layers
from tests.leaks.patterns import SHORTEST, Pattern, Planted, patterns_of

DEPTH = 3
"""Layers one within the other that are unpacked."""
_WINDOW = 64 * 1024
_PIECE = 64 * 1024 * 1024
_OVERLAP = 64 * 1024
_SHORT = 4096


@dataclass(frozen=True, order=True)
class Hit:
    """Where a value lies. Never the value itself: reports are read by people."""

    planted: str
    encoding: str
    source: str
    layers: str
    place: int


@dataclass
class Result:
    """What a scan covered and found."""

    planted: int
    patterns: int
    encodings: int
    bytes_scanned: int = 0
    sources: int = 0
    hits: list[Hit] = field(default_factory=list)
    controls_planted: int = 0
    controls_found: int = 0

    @property
    def clean(self) -> bool:
        """Nothing found, and the scan proved in the same run that it can find."""
        return (
            not self.hits
            and self.bytes_scanned > 0
            and self.controls_found == self.controls_planted > 0
        )

    def as_json(self) -> str:
        """One line for programs."""
        return json.dumps(
            {
                "planted": self.planted,
                "encodings": self.encodings,
                "patterns": self.patterns,
                "sources": self.sources,
                "bytes_scanned": self.bytes_scanned,
                "hits": len(self.hits),
                "controls_planted": self.controls_planted,
                "controls_found": self.controls_found,
            }
        )

    def in_words(self) -> str:
        """Which values lie where, most often first, for a person to look into."""
        found = Counter((hit.planted, hit.encoding, hit.source, hit.layers) for hit in self.hits)
        return "\n".join(
            f"{number:5} × {planted} as {encoding} in {source} {layer}".rstrip()
            for (planted, encoding, source, layer), number in found.most_common(40)
        )


class Scanner:
    """Patterns of planted values, ready to search; `result` adds up what was scanned."""

    def __init__(self, planted: Collection[Planted]) -> None:
        self._patterns = patterns_of(planted)
        self._by_anchor: dict[int, list[bytes]] = {}
        for body in self._patterns:
            self._by_anchor.setdefault(_anchor(body), []).append(body)
        self._anchors = frozenset(self._by_anchor)
        encodings = {pattern.encoding for pattern in self._patterns.values()}
        self.result = Result(len(planted), len(self._patterns), len(encodings))
        self._bytes = 0

    def scan_files(self, files: Iterable[Path], *, root: Path) -> None:
        """Search files, and their names, since a name can hold a value too."""
        for path in files:
            name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
            self.scan(name.encode(), f"the name of {name}")
            for piece in _pieces(path):
                self.scan(piece, name)

    def scan(self, data: bytes, source: str) -> None:
        """Search `data` and add what was found, and how much was searched, to the result."""
        before = self._bytes
        hits = self.search(data, source)
        result = self.result
        result.sources += 1
        result.bytes_scanned += self._bytes - before
        result.hits += hits

    def search(self, data: bytes, source: str) -> list[Hit]:
        """Every value found in `data` and in three layers of what is packed in it."""
        return list(self._search(data, source, ()))

    def _search(self, data: bytes, source: str, path: tuple[str, ...]) -> Iterator[Hit]:
        self._bytes += len(data)
        for place, body in self._matches(data):
            pattern: Pattern = self._patterns[body]
            yield Hit(pattern.planted, pattern.encoding, source, "/".join(path), place)
        if len(path) == DEPTH:
            return
        short: dict[str, list[bytes]] = {}
        for name, part in layers(data):
            # Short parts are searched together: each search has a price of its own.
            if len(part) < _SHORT:
                short.setdefault(name, []).append(part)
            else:
                yield from self._search(part, source, (*path, name))
        for name, parts in short.items():
            yield from self._search(b"\0".join(parts), source, (*path, name))

    def _matches(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """(place, pattern) of the first place of each pattern in each window."""
        view, reach = memoryview(data), SHORTEST - 1
        for start in range(0, len(data), _WINDOW):
            window = view[start : start + _WINDOW + reach]
            if not any_bytes(window):
                continue
            for anchor in self._anchors_in(window):
                for body in self._by_anchor[anchor]:
                    at = data.find(body, start, start + _WINDOW + len(body) - 1)
                    if at >= 0:
                        yield at, body

    def _anchors_in(self, window: memoryview) -> Iterator[int]:
        for shift in range(SHORTEST):
            words = window[shift : shift + (len(window) - shift) // SHORTEST * SHORTEST].cast("Q")
            if not self._anchors.isdisjoint(words):
                yield from self._anchors.intersection(words)


def any_bytes(window: memoryview) -> bool:
    """Whether anything but zeros is there: new pages and log segments are zeros for the most."""
    raw = bytes(window)
    return raw.count(0) != len(raw)


def _anchor(body: bytes) -> int:
    return memoryview(body[:SHORTEST]).cast("Q")[0]


def _pieces(path: Path) -> Iterator[bytes]:
    """The file in pieces that overlap, so that nothing is cut in two."""
    with path.open("rb") as file:
        kept = b""
        while piece := file.read(_PIECE):
            yield kept + piece
            kept = piece[-_OVERLAP:]
