"""My work: the queues of whoever is signed in, oldest first, each with its clock and next step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import flask
from flask_admin import AdminIndexView, expose
from flask_babel import gettext as _
from flask_babel import ngettext
from redis.exceptions import RedisError

from whatstr.abuse import queries as abuse
from whatstr.abuse.models import CaseState
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.accounts.staff_sessions import SignedInStaff
from whatstr.admin import access, labels
from whatstr.admin.charts import backlog, charts
from whatstr.admin.views import Gated, Page
from whatstr.billing import queries as billing
from whatstr.billing.models import ExceptionState
from whatstr.core import clock, queue_state
from whatstr.core.database import redis
from whatstr.core.i18n import money
from whatstr.support import queries as support
from whatstr.vault import policies as vault_policies
from whatstr.vault import queries as vault


@dataclass(frozen=True)
class Item:
    """One thing to do. `late` is the hours after which its clock turns red."""

    url: str
    title: str
    about: str
    step: str
    since: datetime
    late: int
    state: Any = None
    mine: bool = False

    @property
    def hours(self) -> int:
        return int((clock.now() - self.since).total_seconds() // 3600)


@dataclass(frozen=True)
class Queue:
    """`empty` says what it means that nothing waits."""

    key: str
    title: str
    icon: str
    items: Sequence[Item]
    empty: str


class Home(Gated, AdminIndexView):  # type: ignore[misc]
    """Where everybody lands after signing in."""

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        person = access.current_staff()
        queues = [make(person) for permission, make in QUEUES if person.may(permission)]
        waiting = [item for queue in queues for item in queue.items]
        first = min(waiting, key=lambda item: (not item.mine, item.since), default=None)
        return self.render(
            "admin/home.html",
            queues=queues,
            first=first,
            chart=backlog() if queues else None,
        )


class Figures(Page):
    """Endpoint `figures`: the charts."""

    read = P.AUDIT_OWN  # which everybody of staff has; each chart asks for its own permission

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        return self.render("admin/figures.html", charts=charts())


def _suspensions(person: SignedInStaff) -> Queue:
    return Queue(
        "signatures",
        _("Suspensions that need a second person"),
        "shield",
        [
            Item(
                url=flask.url_for("case.show", case_id=one.case_id),
                title=labels.word(one.kind),
                about="",
                step=_("Read, then sign or refuse"),
                since=one.proposed_at,
                late=4,
                state=one.state,
            )
            for one in abuse.proposed_actions()
            if one.proposed_by != person.staff_id
        ],
        _("Nobody waits for your signature."),
    )


def _cases(person: SignedInStaff) -> Queue:
    found = abuse.case_queue(states=(CaseState.OPEN, CaseState.CLAIMED, CaseState.WAITING))
    steps = {
        CaseState.OPEN: _("Take it"),
        CaseState.CLAIMED: _("A colleague works on it"),
        CaseState.WAITING: _("Waits for a second person"),
    }
    items = [
        Item(
            url=flask.url_for("case.show", case_id=one.case.id),
            title=_("Case %(number)s", number=one.case.number),
            about=" · ".join(
                (
                    _("customer %(number)s", number=one.customer_no),
                    ngettext("%(num)s report", "%(num)s reports", one.reports),
                    _("%(count)s verified", count=one.verified),
                )
            ),
            step=_("Decide") if (mine := _held(one.case, person)) else steps[one.case.state],
            since=one.case.opened_at,
            late=24,
            state=one.case.state,
            mine=mine,
        )
        for one in found
    ]
    empty = _("Reports of recipients appear here within seconds.")
    return Queue("cases", _("Cases"), "scale", _mine_first(items), empty)


def _held(case: Any, person: SignedInStaff) -> bool:
    return bool(case.state is CaseState.CLAIMED and case.claimed_by == person.staff_id)


def _exceptions(person: SignedInStaff) -> Queue:
    found = billing.open_requests()
    steps = {
        ExceptionState.SUBMITTED: _("Check the facts, then sign or turn down"),
        ExceptionState.NEEDS_INFO: _("Wait for the customer's answer"),
        ExceptionState.APPROVED: _("Order the refund"),
    }
    items = [
        Item(
            url=flask.url_for("desk.show", request_id=one.request.id),
            title=labels.word(one.request.ground),
            about=f"{money(one.request.amount_kurus)} / {money(one.payment.amount_kurus)}",
            step=_("Others have to sign")
            if one.request.requester_id == person.staff_id
            else steps[one.request.state],
            since=one.request.created_at,
            late=48,
            state=one.request.state,
        )
        for one in found
    ]
    empty = _("Requests of customers appear here.")
    return Queue("exceptions", _("Requests for exceptions"), "refresh", items, empty)


def _support(person: SignedInStaff) -> Queue:
    found = support.waiting()
    labels.remember_organizations({one.organization_id for one in found})
    items = [
        Item(
            url=flask.url_for("support.show", request_id=one.id),
            title=_("Request %(number)s", number=one.number),
            about=" · ".join(
                (
                    labels.word(one.topic),
                    _("customer %(number)s", number=labels.customer_no(one.organization_id)),
                )
            ),
            step=_("A colleague works on it")
            if one.assigned_to not in (None, person.staff_id)
            else _("Answer it"),
            since=one.waiting_since or one.opened_at,
            late=8,
            state=one.state,
            mine=one.assigned_to == person.staff_id,
        )
        for one in found
    ]
    empty = _("Nobody waits for an answer.")
    return Queue("support", _("Support requests"), "mail", _mine_first(items), empty)


def _alarms(person: SignedInStaff) -> Queue:
    """What stops every customer (vault design, 22): the sender's key, an inbox nobody reads."""
    now, items = clock.now(), []
    mend = _("On the sender's machine “flask whatstr doctor” says what it lacks")
    alarm = vault_policies.key_alarm(vault.certificate_dates(), now)
    if alarm is not None:
        title, about = (
            (
                _("The sender's key has run out"),
                _("no campaign can be launched and nothing from Meta is stored"),
            )
            if alarm.run_out
            else (
                _("The sender's next key is late"),
                _("its change of keys did not happen; soon nothing can be launched"),
            )
        )
        url = flask.url_for("certificates.index_view")
        items.append(Item(url, title, about, mend, alarm.since or now, late=0))
    oldest = vault.oldest_in_inbox()
    if oldest is not None and now - oldest >= vault_policies.INBOX_LATE:
        title = _("The sender does not read its inbox")
        about = _("replies, refusals and receipts are not worked on")
        items.append(Item(flask.url_for("inbox.index"), title, about, mend, oldest, late=0))
    empty = _("The sender changes its keys and reads its inbox.")
    return Queue("alarms", _("Alarms"), "danger", items, empty)


def _jobs(person: SignedInStaff) -> Queue:
    try:
        broken = [one for one in queue_state.queue_states(redis()) if one.failed]
    except RedisError:
        broken = []
    items = [
        Item(
            url=flask.url_for("queues.show", queue=one.name),
            title=one.name,
            about=ngettext("%(num)s failed job", "%(num)s failed jobs", one.failed),
            step=_("See why, then try again"),
            since=clock.now(),
            late=1,
        )
        for one in broken
    ]
    return Queue("jobs", _("Failed jobs"), "server", items, _("Every job went well."))


def _mine_first(items: list[Item]) -> list[Item]:
    """One's own first; within each part the order stays: oldest first."""
    return sorted(items, key=lambda item: not item.mine)


QUEUES = (
    (P.SETTINGS_READ, _alarms),
    (P.SUSPEND, _suspensions),
    (P.CASES_WRITE, _cases),
    (P.EXCEPTIONS_DECIDE, _exceptions),
    (P.SUPPORT_READ, _support),
    (P.SETTINGS_WRITE, _jobs),
)
