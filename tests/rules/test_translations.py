"""Every text of the service has its Turkish twin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from tests.rules.source import ROOT

CATALOGS = ROOT / "whatstr" / "translations" / "tr" / "LC_MESSAGES"
METHODS = [
    ("whatstr/**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("templates/**.txt", "jinja2"),
]


def words_in_use() -> set[str]:
    found = extract_from_dir(
        str(ROOT),
        method_map=METHODS,
        options_map={"templates/**": {"newstyle_gettext": "true"}},
        keywords={"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)},
        directory_filter=lambda path: not Path(path).name.startswith("."),
    )
    words: set[str] = set()
    for _file, _line, message, _comments, _context in found:
        words.add(message[0] if isinstance(message, tuple) else message)
    return words


def catalogs() -> Iterator[tuple[str, dict[str, str | tuple[str, ...]]]]:
    for path in sorted(CATALOGS.glob("*.po")):
        with path.open("rb") as file:
            catalog = read_po(file, locale="tr")
        rows = {}
        for message in catalog:
            if message.id and not message.context:  # a twin in a context is another text
                key = message.id[0] if isinstance(message.id, tuple) else message.id
                rows[key] = message.string
        yield path.stem, rows


@pytest.fixture(scope="module")
def used() -> set[str]:
    return words_in_use()


def test_every_text_is_translated(used: set[str]) -> None:
    known = {key for _, rows in catalogs() for key, text in rows.items() if text}
    assert sorted(used - known) == []


def test_placeholders_are_the_same() -> None:
    for name, rows in catalogs():
        for key, text in rows.items():
            for one in [text] if isinstance(text, str) else text:
                wanted = sorted(set(re.findall(r"%\((\w+)\)", key)) - {"num"})
                given = sorted(set(re.findall(r"%\((\w+)\)", one)) - {"num"})
                assert wanted == given, f"{name}: {key}"


def test_each_text_stands_in_one_catalogue() -> None:
    """The domains are searched in order: a second twin would be read by nobody, or by chance."""
    found: dict[str, list[str]] = {}
    for name, rows in catalogs():
        for key in rows:
            found.setdefault(key, []).append(name)
    assert {key: names for key, names in found.items() if len(names) > 1} == {}
