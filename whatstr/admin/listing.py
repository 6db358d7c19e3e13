"""What every list of the panel can do: removable chips, a bound on its time, a timeline per row."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

import flask
import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from psycopg import errors
from sqlalchemy.exc import OperationalError

from whatstr.accounts.models import Organization
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, labels, trail_words
from whatstr.admin.keyset import Order, Page, page_of
from whatstr.audit.models import AuditEvent
from whatstr.core.db import session

LIST_TIMEOUT_MS = 3000
EVENTS_SHOWN = 50
# What an address says of the place within a list: it goes when the list is made anew.
PLACES = ("page", "after", "before")


def whole_id(text: str) -> uuid.UUID | None:
    """The id that a text is, if it is one."""
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None


def of_customer(column: Any, text: str) -> Any:
    """The condition for rows of the customer with this number; None where a text is no number."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        return None
    wanted = sa.select(Organization.id).where(Organization.customer_no == int(text))
    return column.in_(wanted)


def customer_links(model: Any) -> list[tuple[str, str]]:
    """The page of the customer whose row it is, where the person may open it."""
    if not access.may(P.ORGANIZATIONS_READ):
        return []
    page = flask.url_for("organization.show", organization_id=model.organization_id)
    return [(_("The customer's page"), page)]


def too_slow() -> bool:
    """Whether a list of this request was cut off."""
    return bool(flask.g.get("list_too_slow"))


def page_links() -> PageLinks:
    """Where the list of this request goes on: its filters and its order stay as they are."""
    page: Page | None = flask.g.get("page")
    if page is None:
        return PageLinks()
    kept = {k: v for k, v in flask.request.args.items() if k not in ("lang", *PLACES)}

    def to(name: str, cursor: str | None) -> str | None:
        return f"?{urlencode({**kept, name: cursor})}" if cursor else None

    start = f"?{urlencode(kept)}" if page.begun else None
    return PageLinks(start, to("before", page.before), to("after", page.after))


@dataclass(frozen=True)
class PageLinks:
    """Addresses of the first page and of those beside the one that is shown."""

    start: str | None = None
    before: str | None = None
    after: str | None = None


class Listing:
    """Mixed into `Register`, before Flask-Admin's own view."""

    model: Any
    page_size: int
    column_default_sort: Any
    _sortable_columns: Any

    empty_title: ClassVar[Any] = lazy_gettext("Nothing here yet")
    empty_text: ClassVar[Any] = lazy_gettext("Rows appear as they come about.")
    # How audit events name a row of this register; None: no timeline.
    subject_kind: ClassVar[str | None] = None

    def get_list(
        self, page: Any, sort_column: Any, sort_desc: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """A page of rows within three seconds: a search that would walk a whole table is cut off
        with a word instead of holding a connection."""
        _count, query = super().get_list(  # type: ignore[misc]
            0, sort_column, sort_desc, *args, **{**kwargs, "execute": False}
        )
        asked = flask.request.args
        session().execute(sa.text(f"SET LOCAL statement_timeout = {LIST_TIMEOUT_MS:d}"))
        try:
            flask.g.page = found = page_of(
                query,
                self.order(sort_column, bool(sort_desc)),
                self.page_size,
                run=lambda part: part.all(),
                after=asked.get("after", ""),
                before=asked.get("before", ""),
            )
        except OperationalError as error:
            if not isinstance(error.orig, errors.QueryCanceled):
                raise
            session().rollback()
            flask.g.list_too_slow = True
            return None, []
        self.remember(found.rows)
        return None, found.rows

    def remember(self, rows: Sequence[Any]) -> None:
        """Look up at once what the cells of these rows name."""
        labels.remember_customers(rows)

    def order(self, sort_column: str | None, descending: bool) -> Order:
        """How the list is sorted: as asked for by a column that may be sorted, or as usual; rows
        that are equal in it by their key."""
        if sort_column in self._sortable_columns:
            name = str(sort_column)
        else:
            usual = self.column_default_sort
            name, descending = usual if isinstance(usual, tuple) else (usual, False)
        mapper = self.model.__mapper__
        key = mapper.get_property_by_column(mapper.primary_key[0]).class_attribute
        column = getattr(self.model, name)
        both = (column,) if column is key else (column, key)
        nullable = bool(mapper.columns[name].nullable)
        return Order(both, descending, nullable)

    # The order is put on the query together with the place in it, above.
    def _apply_sorting(self, query: Any, joins: Any, *args: Any) -> Any:
        return query, joins

    def _apply_pagination(self, query: Any, *args: Any) -> Any:
        return query

    def chips(self) -> list[dict[str, str]]:
        """The filters in use, each with the address of the list without it."""
        args = flask.request.args
        found = []
        for index, chosen in enumerate(getattr(self, "_filters", None) or []):
            key = f"flt{index}_{index}"
            value = args.get(key, "")
            if not value:
                continue
            words = dict(chosen.get_options(self) or [])
            found.append(self._chip(str(chosen.name), words.get(value, value), key))
        return found

    def _chip(self, label: str, value: str, key: str) -> dict[str, str]:
        rest = {
            k: v
            for k, v in flask.request.args.items()
            if k not in (key, "lang", *PLACES) and (v or k == "sort")
        }
        return {"label": label, "value": value, "remove_href": f"?{urlencode(rest)}"}

    def more_parts(self, model: Any) -> Sequence[str]:
        """Templates that a row's page shows below its facts."""
        return ()

    def timeline(self, model: Any) -> Sequence[AuditEvent] | None:
        """The row's audit events, newest first: all of them for owner and auditor, a person's own
        acts for everybody else. None where the register has no timeline."""
        if self.subject_kind is None or not access.may(P.AUDIT_OWN):
            return None
        key = getattr(model, "id", None)
        subject = key.hex if isinstance(key, uuid.UUID) else str(key)
        return events_of(self.subject_kind, subject)


def events_of(kind: str, subject: str) -> Sequence[AuditEvent]:
    """Audit events about one record, as far as the person may see them."""
    wanted = sa.select(AuditEvent).where(
        AuditEvent.subject_id == subject, AuditEvent.subject_kind == kind
    )
    return visible_events(wanted)


def visible_events(wanted: sa.Select[tuple[AuditEvent]]) -> Sequence[AuditEvent]:
    """The newest of these events, a person's own ones only without the right to all."""
    if not access.may(P.AUDIT_READ):
        wanted = wanted.where(AuditEvent.actor_id == access.current_staff().staff_id)
    query = wanted.order_by(AuditEvent.seq.desc()).limit(EVENTS_SHOWN)
    found = session().scalars(query).all()
    trail_words.remember_colleagues(found)
    return found
