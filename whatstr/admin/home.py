"""My work: the queues of whoever is signed in, or where to look for who only looks."""

from __future__ import annotations

from typing import Any

from flask_admin import AdminIndexView, expose
from flask_babel import lazy_gettext

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access
from whatstr.admin.charts import backlog, charts
from whatstr.admin.views import Gated, Page
from whatstr.admin.work import QUEUES

LOOK = {
    "trail": lazy_gettext("What everybody did, in a chain that can be proved."),
    "cases": lazy_gettext("What was decided about whom, and why."),
    "exceptions": lazy_gettext("Money that was given back, with both signatures."),
    "requests": lazy_gettext("Who answered whom and when; what was written stays closed."),
    "exports": lazy_gettext("Which registers left the house, and with which reason."),
    "disclosures": lazy_gettext("What authorities asked for and what they got."),
    "people": lazy_gettext("Who works here, with which roles and second factors."),
    "matrix": lazy_gettext("Which role may do what."),
}
"""Places of the menu for who has no queue, with what is found there."""


class Home(Gated, AdminIndexView):  # type: ignore[misc]
    """Where everybody lands after signing in."""

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        person = access.current_staff()
        queues = [make(person) for permission, make in QUEUES if person.may(permission)]
        waiting = [item for queue in queues for item in queue.items]
        own = [item for item in waiting if not item.idle]
        first = min(own, key=lambda item: (not item.mine, item.since), default=None)
        return self.render(
            "admin/home.html",
            queues=queues,
            first=first,
            chart=backlog() if queues else None,
            look={} if any(queue.key != "alarms" for queue in queues) else LOOK,
        )


class Figures(Page):
    """Endpoint `figures`: the charts."""

    read = P.AUDIT_OWN  # which everybody of staff has; each chart asks for its own permission

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        return self.render("admin/figures.html", charts=charts())
