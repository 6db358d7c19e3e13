"""What every list of the panel can do: removable chips, a bound on its time, a timeline per row."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

import flask
import sqlalchemy as sa
from flask_babel import lazy_gettext
from psycopg import errors
from sqlalchemy.exc import OperationalError

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, labels
from whatstr.audit.models import AuditEvent
from whatstr.core.db import session

LIST_TIMEOUT_MS = 3000
EVENTS_SHOWN = 50
LAST_PAGE = 200


def whole_id(text: str) -> uuid.UUID | None:
    """The id that a text is, if it is one."""
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None


def too_slow() -> bool:
    """Whether a list of this request was cut off."""
    return bool(flask.g.get("list_too_slow"))


class Listing:
    """Mixed into `Register`, before Flask-Admin's own view."""

    empty_title: ClassVar[Any] = lazy_gettext("Nothing here yet")
    empty_text: ClassVar[Any] = lazy_gettext("Rows appear as they come about.")
    # How audit events name a row of this register; None: no timeline.
    subject_kind: ClassVar[str | None] = None

    def get_list(self, *args: Any, **kwargs: Any) -> Any:
        """A page of rows within three seconds: a search that would walk a whole table is cut off
        with a word instead of holding a connection."""
        session().execute(sa.text(f"SET LOCAL statement_timeout = {LIST_TIMEOUT_MS:d}"))
        try:
            count, rows = super().get_list(*args, **kwargs)  # type: ignore[misc]
        except OperationalError as error:
            if not isinstance(error.orig, errors.QueryCanceled):
                raise
            session().rollback()
            flask.g.list_too_slow = True
            return None, []
        labels.remember_customers(row for row in rows)
        return count, rows

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
            if k not in (key, "page", "lang") and (v or k == "sort")
        }
        return {"label": label, "value": value, "remove_href": f"?{urlencode(rest)}"}

    def last_page(self) -> int:
        """The farthest page: a list is for looking around, not for reading a table to its end."""
        return LAST_PAGE

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
    return session().scalars(query).all()
