"""Addresses of static files, and which modules a page names so that it has them at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from whatstr.core import static_files

NAMED = re.compile(r'(?:from|import\() ?"(\.{1,2}/[^"]+)"')
PAGES = sorted((static_files.STATIC / "js" / "portal").glob("*.mjs"))


def test_the_address_changes_with_every_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(static_files, "STATIC", tmp_path)
    made = static_files.address.__wrapped__
    (tmp_path / "a.css").write_text("a")
    first = made()
    assert made() == first
    (tmp_path / "a.css").write_text("b")
    second = made()
    (tmp_path / "a.css").rename(tmp_path / "b.css")
    assert len({first, second, made()}) == 3


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.stem)
def test_what_a_module_needs_is_closed(entry: Path) -> None:
    """Whatever one of them names, however it is written, is among them, and nothing else is."""
    found = static_files.modules(entry.relative_to(static_files.STATIC).as_posix())
    named = {entry}
    for path in found:
        at = static_files.STATIC / path
        named |= {(at.parent / one).resolve() for one in NAMED.findall(at.read_text())}
        if path == "js/vault/client.mjs":
            named.add(at.parent / "worker.mjs")
    assert {static_files.STATIC / path for path in found} == named


def test_a_page_that_opens_the_vault_names_its_worker() -> None:
    assert "js/vault/keys.mjs" in static_files.modules("js/portal/overview.mjs")
    assert "js/portal/overview.mjs" not in static_files.modules("js/vault/worker.mjs")
