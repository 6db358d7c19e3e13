"""Every public page, in both languages, under the strict policy."""

from __future__ import annotations

import re

import flask
import pytest

from tests.public.conftest import Visitor
from whatstr.core.security import PUBLIC_CSP

PAGES = [
    "/",
    "/guvenlik",
    "/kosullar",
    "/gizlilik",
    "/islemciler",
    "/cerezler",
    "/tercihler",
    "/bildir",
    "/bildir/AAAAAAAAAAAAAAAAAAAAAA",
    "/dur/AAAAAAAAAAAAAAAAAAAAAA",
]


def test_no_public_page_is_forgotten(web: flask.Flask) -> None:
    known = {re.sub("A{22}", "<code>", path) for path in PAGES} | {"/health"}
    rules = {
        re.sub("<[^>]+>", "<code>", rule.rule)
        for rule in web.url_map.iter_rules()
        if rule.endpoint.startswith("public.") and "GET" in (rule.methods or ())
    }
    assert rules == known


@pytest.mark.parametrize("language", ["tr", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_there_in_both_languages(visitor: Visitor, path: str, language: str) -> None:
    response = visitor.get(f"{path}?lang={language}")
    assert response.status_code == 200
    assert response.headers["Content-Security-Policy"] == PUBLIC_CSP
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    text = response.get_data(as_text=True)
    assert f'<html lang="{language}"' in text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text)
    outside = re.findall(r"""(?:src|action)=["'](?:https?:)?//[^"']+""", text)
    assert outside == []


@pytest.mark.parametrize("path", ["/kosullar", "/gizlilik"])
def test_an_older_version_of_a_document(visitor: Visitor, path: str) -> None:
    current = visitor.get(path).get_data()
    assert "Sürüm 1 Kas 2026" in visitor.get(f"{path}?v=2026-11-01").get_data(as_text=True)
    for wrong in ("1999-01-01", "../../../etc/passwd", "2026-11-01.tr"):
        response = visitor.get(path, query_string={"v": wrong})
        assert response.status_code == 200 and len(response.get_data()) == len(current)
    assert "Version 1 Nov 2026" in visitor.get(f"{path}?lang=en").get_data(as_text=True)


def test_the_health_page_asks_the_database(visitor: Visitor) -> None:
    assert visitor.get("/health").get_data() == b"ok"


@pytest.mark.parametrize("path", ["/bildir", "/dur/AAAA", "/bildir/AAAA"])
def test_a_form_needs_its_token(visitor: Visitor, path: str) -> None:
    response = visitor.browser.post(path, data={"text": "x"})
    assert response.status_code == 400
    assert "<h1>" in response.get_data(as_text=True)
