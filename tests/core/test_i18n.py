"""Numbers, money and time as people here read them, and which language they get."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import flask
import pytest

from whatstr.core import i18n
from whatstr.core.i18n import choose_language, language, moment, money, number


def unbroken(text: str) -> str:
    """The same on one line, whatever the width."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.fixture(scope="module")
def app() -> flask.Flask:
    made = flask.Flask("whatstr")
    i18n.init_app(made)

    @made.get("/")
    def page() -> str:
        flask.g.language = flask.request.headers.get("X-Member-Language")
        return language()

    return made


@pytest.fixture
def turkish(app: flask.Flask) -> Iterator[None]:
    with app.test_request_context("/?lang=tr"):
        yield


@pytest.fixture
def english(app: flask.Flask) -> Iterator[None]:
    with app.test_request_context("/?lang=en"):
        yield


@pytest.mark.parametrize(
    ("kurus", "shown"),
    [(125_000, "1.250,00 ₺"), (5, "0,05 ₺"), (0, "0,00 ₺"), (-1_250, "-12,50 ₺")],
)
def test_money_in_turkish(turkish: None, kurus: int, shown: str) -> None:
    assert money(kurus) == unbroken(shown)


@pytest.mark.parametrize(
    ("kurus", "shown"),
    [(125_000, "₺1,250.00"), (5, "₺0.05"), (0, "₺0.00"), (-1_250, "-₺12.50")],
)
def test_money_in_english(english: None, kurus: int, shown: str) -> None:
    assert money(kurus) == shown


def test_numbers_and_moments_in_turkish(turkish: None) -> None:
    assert number(12_480) == "12.480"
    assert number(0.5) == "0,5"
    assert moment(datetime(2026, 11, 23, 11, 5, tzinfo=UTC)) == unbroken("23 Kas 2026") + " 14:05"
    assert moment(datetime(2026, 12, 31, 21, 30, tzinfo=UTC)) == unbroken("1 Oca 2027") + " 00:30"
    assert moment(None) == "–"


def test_numbers_and_moments_in_english(english: None) -> None:
    assert number(12_480) == "12,480"
    assert moment(datetime(2026, 11, 23, 11, 5, tzinfo=UTC)) == unbroken("23 Nov 2026") + " 14:05"


@pytest.mark.parametrize(
    ("asked", "member", "cookie", "accepts", "given"),
    [
        (None, None, None, None, "tr"),
        (None, None, None, "de", "tr"),
        (None, None, None, "en-GB,en;q=0.9", "en"),
        (None, None, None, "tr;q=0.5,en;q=0.9", "en"),
        (None, None, "en", "tr", "en"),
        (None, None, "de", "tr", "tr"),
        (None, "tr", "en", "en", "tr"),
        ("en", "tr", "tr", "tr", "en"),
        ("../../etc", "en", "tr", "tr", "en"),
    ],
)
def test_who_decides_the_language(
    app: flask.Flask,
    asked: str | None,
    member: str | None,
    cookie: str | None,
    accepts: str | None,
    given: str,
) -> None:
    headers = {"Accept-Language": accepts, "Cookie": f"wtr_lang={cookie}" if cookie else None}
    with app.test_request_context(
        "/",
        query_string={"lang": asked} if asked else {},
        headers={k: v for k, v in headers.items() if v},
    ):
        flask.g.language = member
        assert choose_language() == given


def test_a_chosen_language_is_remembered(app: flask.Flask) -> None:
    client = app.test_client()
    assert client.get("/", headers={"Accept-Language": "tr"}).text == "tr"
    assert client.get("/?lang=en", headers={"Accept-Language": "tr"}).text == "en"
    assert client.get("/", headers={"Accept-Language": "tr"}).text == "en"
    assert "Set-Cookie" not in client.get("/?lang=de").headers


def test_outside_a_request_turkish_is_spoken(app: flask.Flask) -> None:
    assert choose_language() == "tr"
    with app.app_context():
        assert choose_language() == "tr"
        flask.g.language = "en"
        assert choose_language() == "en"
