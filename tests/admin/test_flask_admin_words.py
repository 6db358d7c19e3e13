"""What Flask-Admin says by itself is right Turkish: each of its texts has a twin of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import flask_admin
import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from flask_admin import babel
from flask_babel import force_locale

from tests.admin.office import hire
from whatstr.accounts.models import StaffRole
from whatstr.admin.flask_admin_words import CATALOG

SOURCE = Path(flask_admin.__file__).parent
# Extensions that the panel does not have: files, and other databases than SQLAlchemy's.
ELSEWHERE = {"fileadmin", "mongoengine", "peewee", "pymongo", "geoa", "rediscli.py", "file"}
KEYWORDS: dict[str, Any] = {
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "_gettext": None,
    "_ngettext": (1, 2),
}
Text = str | tuple[str, ...]


def _sources() -> Iterator[Path]:
    for path in sorted(SOURCE.rglob("*")):
        parts = set(path.relative_to(SOURCE).parts)
        if path.suffix in (".py", ".html") and not parts & (ELSEWHERE | {"tests"}):
            yield path


def _texts_of(path: Path) -> Iterator[Text]:
    method = "python" if path.suffix == ".py" else "jinja2"
    with path.open("rb") as file:
        for found in extract(method, file, KEYWORDS):
            message = found[1]
            if isinstance(message, str):
                yield message
            elif words := tuple(one for one in message if one):
                yield words


def _catalog() -> dict[Text, Text]:
    with (CATALOG / "tr" / "LC_MESSAGES" / "admin.po").open("rb") as file:
        return {
            tuple(one.id) if isinstance(one.id, (list, tuple)) else one.id: one.string
            for one in read_po(file, locale="tr")
            if one.id
        }


@pytest.fixture(scope="module")
def texts() -> set[Text]:
    found = {text for path in _sources() for text in _texts_of(path)}
    assert len(found) > 70
    return found


def test_each_text_has_a_twin_and_no_twin_is_left_over(texts: set[Text]) -> None:
    catalog = _catalog()
    assert texts - set(catalog) == set()
    assert set(catalog) - texts == set()
    for text, twin in catalog.items():
        said = [twin] if isinstance(twin, str) else list(twin)
        assert all(said), text
        last = text if isinstance(text, str) else text[-1]
        assert re.findall(r"%\(\w+\)\w", said[-1]) == re.findall(r"%\(\w+\)\w", last), text


def test_flask_admin_reads_that_catalogue(panel: flask.Flask, texts: set[Text]) -> None:
    """In every module, whoever imported the function first; English stays as it is written."""
    from flask_admin.contrib.sqla import filters
    from flask_admin.model import base

    catalog = _catalog()
    with panel.test_request_context("/"):
        for text in texts:
            with force_locale("tr"):
                if isinstance(text, str):
                    assert base.gettext(text) == catalog[text]
                    assert str(filters.lazy_gettext(text)) == catalog[text]
                else:
                    one, many = text
                    twins = catalog[text]
                    assert babel.domain.get_translations().ungettext(one, many, 1) == twins[0]
                    assert babel.domain.get_translations().ungettext(one, many, 7) == twins[1]
            with force_locale("en"):
                shown = text if isinstance(text, str) else text[0]
                assert base.gettext(shown) == shown


def test_a_refused_filter_speaks_turkish(panel: flask.Flask) -> None:
    owner = hire(panel, StaffRole.OWNER)
    assert "Geçersiz süzgeç değeri: yok" in owner.get("/paketler/?flt0_0=yok&lang=tr").text
    assert "Invalid Filter Value: yok" in owner.get("/paketler/?flt0_0=yok&lang=en").text
