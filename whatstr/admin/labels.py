"""How values are written in the panel: labels of enums, badges, masks, links to organizations."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import flask
import sqlalchemy as sa
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup

from whatstr.accounts.documents import DocumentName
from whatstr.accounts.models import Organization
from whatstr.admin.enum_words import WORDS
from whatstr.billing.models import Plan
from whatstr.core.db import session
from whatstr.core.i18n import day, language, moment, money, number

_TONES: Mapping[str, tuple[str, ...]] = {
    "ok": (
        *("active", "connected", "paid", "succeeded", "verified", "running", "done"),
        *("attached", "approved", "executed", "upheld", "won"),
    ),
    "warn": (
        *("paused", "held", "suspended", "pending", "partly", "waiting", "needs_info"),
        *("submitted", "proposed", "locked", "appealed", "received", "uploading"),
    ),
    "danger": ("failed", "refused", "disconnected", "lost"),
    "info": (*("open", "claimed", "queued", "scheduled", "created", "applied", "sender_only"),),
}


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A change that the person may ask for: a POST that is confirmed with its consequences."""

    url: str
    label: str
    title: str
    body: str
    confirm: str
    danger: bool = False
    retype: str = ""
    note: str = ""
    """The label of a reason to be written with it, where one is needed."""


def word(value: StrEnum | str | None) -> str:
    """The label of an enum's value in the reader's language."""
    if value is None:
        return "–"
    known = WORDS.get(type(value), {})
    return str(known.get(str(value), str(value)))


def options(kind: type[StrEnum]) -> list[tuple[str, str]]:
    """Values and labels of an enum, for a select."""
    return [(str(value), word(value)) for value in kind]


def tone(value: StrEnum | str) -> str:
    return next((name for name, states in _TONES.items() if str(value) in states), "neutral")


def badge(value: StrEnum | None) -> Markup | str:
    """A state as a coloured word."""
    if value is None:
        return "–"
    return toned(tone(value), str(value), word(value))


def toned(tone_: str, key: str, text: str) -> Markup:
    """A word in a tone; `key` is what it stands for."""
    made = Markup('<span class="status tone-{}" data-status="{}">{}</span>')
    return made.format(tone_, key, text)


def mask_words(text: str | None) -> str:
    """`Gülçiçek Butik` becomes `G*** B***`."""
    return " ".join(f"{part[:1]}***" for part in (text or "").split()) or "–"


def remember_customers(rows: Iterable[Any]) -> None:
    """Look up the customer numbers of a page of rows at once."""
    remember_organizations({getattr(row, "organization_id", None) for row in rows})


def remember_organizations(ids: set[uuid.UUID | None]) -> None:
    """Look up the customer numbers of these organizations at once."""
    ids = ids - {None}
    if ids:
        found = session().execute(
            sa.select(Organization.id, Organization.customer_no).where(Organization.id.in_(ids))
        )
        _known().update((row[0], row[1]) for row in found)


def _known() -> dict[uuid.UUID, int]:
    if "customer_numbers" not in flask.g:
        flask.g.customer_numbers = {}
    found: dict[uuid.UUID, int] = flask.g.customer_numbers
    return found


def customer_no(organization_id: uuid.UUID | None) -> int | None:
    """The customer number of an organization."""
    if organization_id is None:
        return None
    known = _known()
    if organization_id not in known:
        row = session().scalar(
            sa.select(Organization.customer_no).where(Organization.id == organization_id)
        )
        if row is None:
            return None
        known[organization_id] = row
    return known[organization_id]


def customer(organization_id: uuid.UUID | None) -> Markup | str:
    """The customer number as a link to the organization's page."""
    found = customer_no(organization_id)
    if found is None:
        return "–"
    url = flask.url_for("organization.show", organization_id=organization_id)
    return Markup('<a href="{}">{}</a>').format(url, found)


def columns(**makers: Any) -> dict[str, Any]:
    """Column formatters of Flask-Admin from functions of the row alone."""

    def formatter(maker: Any) -> Any:
        return lambda view, context, model, name: maker(model)

    return {name: formatter(maker) for name, maker in makers.items()}


def plan(plan_id: uuid.UUID | None) -> str | None:
    """A plan's title in the reader's language; the plans of a page are few, each read once."""
    if plan_id is None:
        return None
    known: dict[uuid.UUID, str] = flask.g.setdefault("plan_titles", {})
    if plan_id not in known:
        title = Plan.title_en if language() == "en" else Plan.title_tr
        known[plan_id] = session().scalar(sa.select(title).where(Plan.id == plan_id)) or ""
    return known[plan_id] or None


def language_name(code: str) -> str:
    return {"tr": "Türkçe", "en": "English"}.get(code, code)


def linked(endpoint: str, id_: uuid.UUID | None, text: str | None = None) -> Markup | str:
    """A record of a register as a link, where the person may open it."""
    if id_ is None:
        return "–"
    shown = text or id_.hex[:8]
    if endpoint not in _readable():
        return shown
    url = flask.url_for(f"{endpoint}.details_view", id=id_)
    return Markup('<a href="{}">{}</a>').format(url, shown)


def _readable() -> set[str]:
    """Views that the person may read, looked up once for each request."""
    if "readable_views" not in flask.g:
        views = flask.current_app.extensions["admin"][0]._views
        flask.g.readable_views = {one.endpoint for one in views if one.is_accessible()}
    found: set[str] = flask.g.readable_views
    return found


def event_words() -> dict[str, str]:
    """Words for what a customer did: sign-up, sign-in, purchase, launch."""
    return {
        "sign_up": gettext("Signed up"),
        "sign_in": gettext("Signed in to the panel"),
        "purchase": gettext("Bought"),
        "launch": gettext("Launched a campaign"),
        "recovery": gettext("Used the recovery code"),
        "password": gettext("Changed the password"),
    }


def document_words() -> dict[str, str]:
    """Words for what was accepted."""
    return dict(options(DocumentName))


def yes_no(value: bool) -> str:
    return str(gettext("Yes") if value else gettext("No"))


def words_of(values: Sequence[str], kind: type[StrEnum]) -> str:
    """Several values of an enum in one cell."""
    return ", ".join(word(kind(value)) for value in values)


# Called by Flask-Admin as formatter(view, value, name); the first type that fits wins.
FORMATTERS: dict[type[Any], Any] = {
    StrEnum: lambda view, value, name: badge(value),
    bool: lambda view, value, name: yes_no(value),
    datetime: lambda view, value, name: moment(value),
    date: lambda view, value, name: day(value),
    int: lambda view, value, name: number(value),
    str: lambda view, value, name: value or "–",
    type(None): lambda view, value, name: "–",
}
CUSTOMER = lazy_gettext("Customer")
__all__ = ["moment", "money", "number"]
