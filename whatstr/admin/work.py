"""The queues of "my work": what waits for a person's next step, oldest first, with its clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import flask
from flask_babel import gettext as _
from flask_babel import ngettext
from redis.exceptions import RedisError

from whatstr.abuse import queries as abuse
from whatstr.abuse.models import CaseState
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.accounts.staff_sessions import SignedInStaff
from whatstr.admin import code_words, labels
from whatstr.admin.registers.exports import NAMES as EXPORT_NAMES
from whatstr.billing import queries as billing
from whatstr.billing.models import ExceptionState
from whatstr.core import clock, queue_state
from whatstr.core.database import redis
from whatstr.core.i18n import money, number
from whatstr.exports import services as exports
from whatstr.privacy import disclosures
from whatstr.privacy.models import DisclosureState
from whatstr.support import queries as support
from whatstr.vault import policies as vault_policies
from whatstr.vault import queries as vault


@dataclass(frozen=True)
class Item:
    """One thing to do. `late` is the hours after which its clock turns red; `idle` says that the
    next step is somebody else's."""

    url: str
    title: str
    about: str
    step: str
    since: datetime
    late: int
    state: Any = None
    mine: bool = False
    idle: bool = False

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
            idle=not mine and one.case.state is not CaseState.OPEN,
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
            idle=one.request.requester_id == person.staff_id
            or one.request.state is ExceptionState.NEEDS_INFO,
        )
        for one in found
    ]
    empty = _("Requests of customers appear here.")
    return Queue("exceptions", _("Requests for exceptions"), "refresh", items, empty)


def _refunds(person: SignedInStaff) -> Queue:
    items = [
        Item(
            url=flask.url_for("desk.show", request_id=one.exception_id),
            title=_("Refund of %(amount)s", amount=money(one.amount_kurus)),
            about=code_words.refund_failure(one.failure_code),
            step=_("Try again, or settle it elsewhere"),
            since=one.settled_at or one.created_at,
            late=24,
            state=one.state,
        )
        for one in billing.failed_refunds()
    ]
    empty = _("Every refund that was ordered went through or is under way.")
    return Queue("refunds", _("Refunds that failed"), "reply", items, empty)


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
            idle=one.assigned_to not in (None, person.staff_id),
        )
        for one in found
    ]
    empty = _("Nobody waits for an answer.")
    return Queue("support", _("Support requests"), "mail", _mine_first(items), empty)


def _exports(person: SignedInStaff) -> Queue:
    items = [
        Item(
            url=flask.url_for("exports.details_view", id=one.id),
            title=str(EXPORT_NAMES.get(one.kind, one.kind)),
            about=ngettext("%(count)s row", "%(count)s rows", one.rows, count=number(one.rows)),
            step=_("Read the reason, then approve or refuse"),
            since=one.requested_at,
            late=24,
            state=one.state,
        )
        for one in exports.waiting_approval()
        if one.requested_by != person.staff_id
    ]
    empty = _("No large export waits for a second person.")
    return Queue("exports", _("Exports to approve"), "download", items, empty)


def _disclosures(person: SignedInStaff) -> Queue:
    items = [
        Item(
            url=flask.url_for("disclosures.details_view", id=one.id),
            title=_("Demand %(number)s", number=one.number),
            about=labels.word(one.ground),
            step=_("Hand over")
            if one.state is DisclosureState.APPROVED
            else _("Check it, then approve or refuse"),
            since=one.recorded_at,
            late=24,
            state=one.state,
        )
        for one in disclosures.under_way()
        if one.state is DisclosureState.APPROVED or one.recorded_by != person.staff_id
    ]
    empty = _("No authority waits for an answer.")
    return Queue("disclosures", _("Demands of authorities"), "upload", items, empty)


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
    (P.EXCEPTIONS_DECIDE, _refunds),
    (P.SUPPORT_WRITE, _support),
    (P.EXPORTS_APPROVE, _exports),
    (P.DISCLOSURES_WRITE, _disclosures),
    (P.SETTINGS_WRITE, _jobs),
)
"""Whose a queue is: of who may do its next step. Who may only read has no work in it, but hears of
what stops every customer."""
