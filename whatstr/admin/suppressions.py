"""Who may not be written to, as far as staff can know: how many, how, since when.

The index of a recipient is the sender's: this role reads a view without it (migration 0006).
"""

from __future__ import annotations

from typing import Any

import flask
import sqlalchemy as sa
from flask_admin import expose
from flask_babel import lazy_gettext

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import labels
from whatstr.admin.keyset import Order, page_of
from whatstr.admin.views import Page
from whatstr.audiences.models import OptOutSource
from whatstr.core.db import session

PAGE_SIZE = 50
SEEN = sa.table(
    "refusal_seen",
    sa.column("organization_id", sa.Uuid()),
    sa.column("via", sa.Text()),
    sa.column("at", sa.DateTime(timezone=True)),
).c
# A customer who brings a list of refusals along brings them in one instant: they are one row.
SEEN_BY = (SEEN.at, SEEN.organization_id, SEEN.via)
ORDER = Order(SEEN_BY, descending=True)


class Suppressions(Page):
    """Endpoint `suppressions`."""

    name = lazy_gettext("Blocks on sending")
    column = lazy_gettext("Way of refusing")
    read = P.ORGANIZATIONS_READ

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        asked = flask.request.args
        via = asked.get("via", "")
        query = sa.select(*SEEN_BY, sa.func.count().label("people")).group_by(*SEEN_BY)
        chosen = []
        if via in set(OptOutSource):
            query = query.where(SEEN.via == via)
            word = labels.word(OptOutSource(via))
            chosen = [{"label": str(self.column), "value": word, "remove_href": "?"}]
        flask.g.page = found = page_of(
            query,
            ORDER,
            PAGE_SIZE,
            run=lambda part: session().execute(part).all(),
            after=asked.get("after", ""),
            before=asked.get("before", ""),
        )
        labels.remember_organizations({row.organization_id for row in found.rows})
        return self.render(
            "admin/suppressions.html",
            rows=[
                (row.at, OptOutSource(row.via), row.organization_id, row.people)
                for row in found.rows
            ],
            via=via,
            in_use=chosen,
            sources=labels.options(OptOutSource),
        )
