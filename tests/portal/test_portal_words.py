"""Every word that a page of the panel asks for exists, in both languages, and is asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "whatstr" / "static" / "js"
FILES = sorted((SCRIPTS / "i18n").glob("portal-*.mjs"))
PAGES = sorted((SCRIPTS / "portal").glob("*.mjs"))
_KEY = re.compile(r'^    (?:"([^"]+)"|(\w+)):', re.M)
_MARK = re.compile(r"\{(\w+)\}")


def words(path: Path) -> dict[str, dict[str, str]]:
    """{language: {key: the source after it}} of one file of words."""
    turkish, english = path.read_text("utf-8").split("\n  tr: {", 1)[1].split("\n  en: {", 1)
    found = {}
    for language, body in (("tr", turkish), ("en", english)):
        parts = _KEY.split(body)[1:]
        found[language] = {
            (quoted or plain): text
            for quoted, plain, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
        }
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_both_languages_have_the_same_keys_and_marks(path: Path) -> None:
    found = words(path)
    assert list(found["tr"]) == list(found["en"])
    for key, text in found["tr"].items():
        assert set(_MARK.findall(text)) == set(_MARK.findall(found["en"][key])), key


def translators(source: str) -> dict[str, Path]:
    """`{t: file of words}` of one module."""
    files = dict(re.findall(r'import (\w+) from "\.\./(i18n/[\w-]+\.mjs)"', source))
    made = re.findall(r"const (\w+) = translator\((\w+)\)", source)
    return {name: SCRIPTS / files[given] for name, given in made if "portal-" in files[given]}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_word_that_is_asked_for_exists(path: Path) -> None:
    source = path.read_text("utf-8")
    for name, file in translators(source).items():
        known = set(words(file)["tr"])
        asked = set(re.findall(rf'(?<![\w.]){name}\("([\w-]+)"', source))
        assert asked <= known, f"{file.name} lacks {sorted(asked - known)}"
        for start in re.findall(rf"(?<![\w.]){name}\(`([\w-]+)\$\{{", source):
            assert any(key.startswith(start) for key in known), f"{file.name} lacks {start}…"


def test_no_word_is_left_over() -> None:
    source = "\n".join(path.read_text("utf-8") for path in PAGES)
    starts = tuple(set(re.findall(r"`([\w-]+)\$\{", source)))
    plain = set(re.findall(r'"([\w-]+)"', source))
    for path in FILES:
        if path.stem == "portal-statements":
            continue
        left = {key for key in words(path)["tr"] if key not in plain and not key.startswith(starts)}
        # The overview asks by the name of the task: t(`${name}Title`).
        left = {key for key in left if not re.search(r"(Title|Text|Go)$", key)}
        assert left == set(), path.name
