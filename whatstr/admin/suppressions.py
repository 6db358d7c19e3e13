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
from whatstr.admin.listing import LAST_PAGE
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


class Suppressions(Page):
    """Endpoint `suppressions`."""

    name = lazy_gettext("Blocks on sending")
    column = lazy_gettext("Way of refusing")
    read = P.ORGANIZATIONS_READ

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        via = flask.request.args.get("via", "")
        page = min(max(flask.request.args.get("page", 0, int), 0), LAST_PAGE)
        query = sa.select(SEEN.organization_id, SEEN.via, SEEN.at)
        if via in set(OptOutSource):
            query = query.where(SEEN.via == via)
        rows = (
            session()
            .execute(query.order_by(SEEN.at.desc()).offset(page * PAGE_SIZE).limit(PAGE_SIZE + 1))
            .all()
        )
        labels.remember_organizations({row.organization_id for row in rows})
        chosen = []
        if via in set(OptOutSource):
            word = labels.word(OptOutSource(via))
            chosen = [{"label": str(self.column), "value": word, "remove_href": "?"}]
        return self.render(
            "admin/suppressions.html",
            rows=[(row.at, OptOutSource(row.via), row.organization_id) for row in rows[:PAGE_SIZE]],
            more=len(rows) > PAGE_SIZE and page < LAST_PAGE,
            page=page,
            via=via,
            in_use=chosen,
            sources=labels.options(OptOutSource),
        )
