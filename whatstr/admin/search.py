"""The search console: one field for everything that has a number, an address or a name.

What is typed is sent as a form, never as part of an address: addresses stay in the browser's
history and in the logs of whatever stands between.
"""

from __future__ import annotations

import uuid
from typing import Any

import flask
from flask_admin import expose
from flask_babel import gettext as _

from whatstr import settings_of
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, forms, labels
from whatstr.admin.finders import FINDERS
from whatstr.admin.finding import Finder, Hit
from whatstr.admin.views import Page, Register
from whatstr.audit.services import record
from whatstr.core.database import redis
from whatstr.core.db import transaction
from whatstr.core.security import RateLimit

LONGEST = 254
SEARCHES, SECONDS = 300, 600
IN_REGISTER = 50


class Search(Page):
    """Endpoint `search`."""

    read = P.AUDIT_OWN  # which everybody of staff has; each finder asks for its own permission

    @expose("/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.AUDIT_OWN)
    def index(self) -> Any:
        text = forms.text("q")[:LONGEST].replace("\0", "")
        if flask.request.method == "GET" or not text:
            return self._show(text, [])
        access_key = settings_of()["WHATSTR_SECRET_KEY"].encode()
        who = access.current_staff().staff_id.hex
        RateLimit(redis(), access_key).check("staff_search", who, limit=SEARCHES, seconds=SECONDS)
        register = _register(forms.text("in"))
        if register is not None:
            return self._in_register(register, text)
        hits = _find(text)
        if len(hits) == 1:
            return flask.redirect(hits[0].url)
        labels.remember_organizations({hit.customer for hit in hits})
        return self._show(text, hits)

    def _show(self, text: str, hits: list[Hit]) -> str:
        page: str = self.render("admin/search.html", text=text, hits=hits, asked=bool(text))
        return page

    def _in_register(self, view: Register, text: str) -> Any:
        """An exact search within one register."""
        condition = view.exact(text)
        if view.exact_is_personal:
            _note(view.endpoint)
        found = []
        if condition is not None:
            found = view.get_query().filter(condition).limit(IN_REGISTER).all()
        if len(found) == 1:
            return flask.redirect(view.row_url(found[0]))
        labels.remember_customers(found)
        return self.render(
            "admin/search_register.html",
            register=view,
            rows=found,
            text=text,
            admin_active=view.endpoint,
        )


def _register(endpoint: str) -> Register | None:
    """The register of this name, if it is one that the person may read."""
    for view in flask.current_app.extensions["admin"][0]._views:
        if isinstance(view, Register) and view.endpoint == endpoint and view.is_accessible():
            return view
    return None


def _find(text: str) -> list[Hit]:
    hits: dict[tuple[str, str], Hit] = {}
    for finder in FINDERS:
        if access.may(finder.permission):
            found = list(finder.find(text))
            for hit in found:
                hits.setdefault((hit.url, hit.title), hit)
            if found and finder.personal:
                _note_hits(finder, found)
    return list(hits.values())


def _note_hits(finder: Finder, found: list[Hit]) -> None:
    """That somebody was looked up by a personal value, and who was found; never the value."""
    of: set[uuid.UUID | None] = {hit.customer for hit in found}
    _note(finder.name, next(iter(of)) if len(of) == 1 else None, len(found))


def _note(name: str, organization_id: uuid.UUID | None = None, found: int | None = None) -> None:
    with transaction():
        record(
            actor=access.actor(),
            verb="staff.searched",
            subject_kind="search",
            subject_id=name,
            organization_id=organization_id,
            detail={} if found is None else {"found": found},
        )


def nothing_found() -> str:
    """What to try next."""
    return str(
        _(
            "E-mail, phone, tax number and line number are found as a whole only; customer "
            "numbers, ids and names by how they begin."
        )
    )
