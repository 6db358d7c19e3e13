"""Searches bytes, and what is packed in them, for every form of every planted value at once.

Each pattern is searched as a plain substring. For the many forms of thousands of values that would
take hours one by one. So words of eight bytes of the data are looked up in a set of words of the
patterns first, and only what is found there is compared in full. Not every place needs a look: a
pattern of 11 bytes or more holds one of its own four words at every fourth place, wherever it
stands, and one of 9 or 10 bytes one of two at every second.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.leaks.layers import layers
from tests.leaks.patterns import Pattern, Planted, patterns_of

DEPTH = 3
"""Layers one within the other that are unpacked."""
_WORD = 8
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
        """Where something lies, and what for example, for a person to look into."""
        places: dict[tuple[str, str], dict[str, str]] = {}
        for hit in self.hits:
            places.setdefault((hit.source, hit.layers), {})[hit.planted] = hit.encoding
        return "\n".join(
            f"{len(found)} values in {source} {path}: "
            + ", ".join(f"{name} ({encoding})" for name, encoding in list(found.items())[:3])
            for (source, path), found in sorted(places.items())
        )


class Scanner:
    """Patterns of planted values, ready to search; `result` adds up what was scanned."""

    def __init__(self, planted: Collection[Planted]) -> None:
        self._patterns = patterns_of(planted)
        self._indexes = [
            _Index(2, (body for body in self._patterns if len(body) < _WORD + 3)),
            _Index(4, (body for body in self._patterns if len(body) >= _WORD + 3)),
        ]
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
        view = memoryview(data)
        for start in range(0, len(data), _WINDOW):
            window = view[start : start + _WINDOW + _WORD]
            if not any_bytes(window):
                continue
            bodies = {body for index in self._indexes for body in index.candidates(window)}
            for body in bodies:
                first = max(0, start - len(body))
                at = data.find(body, first, start + _WINDOW + len(body))
                if at >= 0:
                    yield at, body


class _Index:
    """Patterns by the words that stand at their first `step` places."""

    def __init__(self, step: int, bodies: Iterable[bytes]) -> None:
        self._step = step
        self._bodies: dict[int, list[bytes]] = {}
        for body in bodies:
            for place in range(step):
                word = memoryview(body[place : place + _WORD]).cast("Q")[0]
                self._bodies.setdefault(word, []).append(body)
        self._words = frozenset(self._bodies)

    def candidates(self, window: memoryview) -> Iterator[bytes]:
        """Patterns of which a word stands at a looked-up place of the window."""
        for shift in range(0, _WORD, self._step):
            words = window[shift : shift + (len(window) - shift) // _WORD * _WORD].cast("Q")
            if not self._words.isdisjoint(words):
                for word in self._words.intersection(words):
                    yield from self._bodies[word]


def any_bytes(window: memoryview) -> bool:
    """Whether anything but zeros is there: new pages and log segments are zeros for the most."""
    raw = bytes(window)
    return raw.count(0) != len(raw)


def _pieces(path: Path) -> Iterator[bytes]:
    """The file in pieces that overlap, so that nothing is cut in two."""
    with path.open("rb") as file:
        kept = b""
        while piece := file.read(_PIECE):
            yield kept + piece
            kept = piece[-_OVERLAP:]
