"""Language, numbers, money and time as people here read them (Flask-Babel)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import flask
from babel.numbers import format_decimal
from flask_babel import Babel, format_date, format_datetime, get_locale

from whatstr.core.money import lira

LANGUAGES = ("tr", "en")
ZONE = "Europe/Istanbul"
COOKIE = "wtr_lang"
TRANSLATIONS = Path(__file__).resolve().parents[1] / "translations"


def choose_language() -> str:
    """`?lang=`, the signed-in person's own language (`flask.g.language`, set by the shell), the
    cookie, what the browser asks for, then Turkish."""
    if not flask.has_request_context():
        return str(getattr(flask.g, "language", "tr")) if flask.has_app_context() else "tr"
    request = flask.request
    own = getattr(flask.g, "language", None)
    for wanted in (request.args.get("lang"), own, request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return wanted
    return request.accept_languages.best_match(LANGUAGES) or "tr"


def language() -> str:
    """`tr` or `en` for the current request."""
    return str(get_locale() or "tr")[:2]


def money(kurus: int) -> str:
    """`1.250,00 ₺` in Turkish, `₺1,250.00` in English; the sign stays on the number's line."""
    amount: Decimal = lira(kurus)
    if language() == "tr":
        return format_decimal(amount, format="#,##0.00", locale="tr_TR") + "\N{NO-BREAK SPACE}₺"
    return format_decimal(amount, format="₺#,##0.00;-₺#,##0.00", locale="en")


def number(value: int | float | Decimal) -> str:
    return format_decimal(value, locale="tr_TR" if language() == "tr" else "en")


def moment(value: datetime | None) -> str:
    """`23 Kas 2026 14:05` in Istanbul's time; a dash for none. Broken before the time at most."""
    if value is None:
        return "–"
    return str(format_datetime(value, "d\N{NO-BREAK SPACE}MMM\N{NO-BREAK SPACE}y HH:mm"))


def day(value: date | None) -> str:
    """`23 Kas 2026`; a dash for none."""
    return "–" if value is None else str(format_date(value, "d MMM y"))


def version_day(version: str) -> str:
    """A legal text's version is the day it came into force: `1 Kas 2026` for "2026-11-01"."""
    return day(date.fromisoformat(version))


def domains() -> list[str]:
    """One gettext domain for each area of the product that has a Turkish catalogue."""
    return sorted(p.stem for p in (TRANSLATIONS / "tr" / "LC_MESSAGES").glob("*.po"))


def init_app(app: flask.Flask) -> None:
    names = domains() or ["core"]
    app.config["BABEL_DEFAULT_LOCALE"] = "tr"
    app.config["BABEL_DEFAULT_TIMEZONE"] = ZONE
    app.config["BABEL_DOMAIN"] = ";".join(names)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join([str(TRANSLATIONS)] * len(names))
    Babel(app, locale_selector=choose_language)
    app.jinja_env.filters.update(
        money=money, number=number, datetime=moment, version_day=version_day
    )
    app.context_processor(lambda: {"current_locale": language()})

    @app.after_request
    def remember_language(response: flask.Response) -> flask.Response:
        wanted = flask.request.args.get("lang")
        if wanted in LANGUAGES:
            response.set_cookie(
                COOKIE, wanted, max_age=31_536_000, samesite="Lax", secure=flask.request.is_secure
            )
        return response
