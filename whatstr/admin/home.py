"""My work: the queue of whoever is signed in, oldest first, with clocks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import flask
from flask_admin import AdminIndexView, expose

from whatstr.abuse import queries as abuse
from whatstr.abuse.models import CaseState
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, labels
from whatstr.admin.views import Gated
from whatstr.billing import queries as billing
from whatstr.core import clock


def age(at: datetime) -> int:
    """Whole hours since then."""
    return int((clock.now() - at).total_seconds() // 3600)


class Home(Gated, AdminIndexView):  # type: ignore[misc]
    """Where everybody lands after signing in."""

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        person = access.current_staff()
        cases = signatures = exceptions = None
        if person.may(P.CASES_READ):
            queue = abuse.case_queue(states=(CaseState.OPEN, CaseState.CLAIMED, CaseState.WAITING))
            mine = [one for one in queue if one.case.claimed_by == person.staff_id]
            rest = [one for one in queue if one.case.claimed_by != person.staff_id]
            cases = [*mine, *rest]
            signatures = [
                one for one in abuse.proposed_actions() if one.proposed_by != person.staff_id
            ]
        if person.may(P.EXCEPTIONS_READ):
            exceptions = billing.open_requests()
            labels.remember_customers(one.request for one in exceptions)
        return self.render(
            "admin/home.html",
            cases=cases,
            signatures=signatures if person.may(P.SUSPEND) else None,
            exceptions=exceptions,
            age=age,
            me=person.staff_id,
        )


def flash_done(text: str) -> None:
    """Say on the next page that something was done."""
    flask.flash(text, "ok")
