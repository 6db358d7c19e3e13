"""Charts of the panel: each is a small table first, and a picture of it where script runs.

A chart reads figures by day, open work or a bounded slice of an index; none counts messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from babel.dates import format_date
from flask_babel import gettext as _
from redis.exceptions import RedisError

from whatstr.abuse.models import AbuseReport, Case, CaseState
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, labels
from whatstr.billing.models import (
    ExceptionRequest,
    ExceptionState,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)
from whatstr.campaigns import daily
from whatstr.core import clock, queue_state
from whatstr.core.database import redis
from whatstr.core.db import session
from whatstr.core.i18n import ZONE, language
from whatstr.lines.error_policy import rule_for
from whatstr.support.models import SupportRequest, SupportState

DAYS = 30
RATED = 10
# Reports looked at for the rate by line: the newest ones of the time that is shown.
REPORTS = 20_000
# Hours that open work waits, as columns of "backlog by age".
AGES = (4, 24, 72)


@dataclass(frozen=True)
class Series:
    """One row of numbers; `tone` is a colour of the tokens."""

    label: str
    values: Sequence[float]
    tone: str
    money: bool = False


@dataclass(frozen=True)
class Chart:
    """`kind` is line or bar. `labels` name the columns; every series has as many values."""

    key: str
    title: str
    axis: str
    kind: str
    labels: Sequence[str]
    series: Sequence[Series]
    note: str = ""

    @property
    def empty(self) -> bool:
        return not any(any(one.values) for one in self.series)

    def data(self) -> dict[str, Any]:
        """What the script draws; the table beside it holds the same."""
        return {
            "kind": self.kind,
            "labels": list(self.labels),
            "series": [
                {"label": one.label, "values": list(one.values), "tone": one.tone}
                for one in self.series
            ],
        }


def deliveries() -> Chart:
    rows = daily.message_days(DAYS)
    return Chart(
        key="deliveries",
        title=_("Messages per day"),
        axis=_("Day"),
        kind="line",
        labels=[_day(row.day) for row in rows],
        series=[
            Series(_("Handed to Meta"), [row.handed for row in rows], "brand"),
            Series(_("Reached the phone"), [row.delivered for row in rows], "ok"),
            Series(_("Did not get there"), [row.failed for row in rows], "danger"),
        ],
        note=_("Counted every ten minutes."),
    )


def failures() -> Chart:
    rows = daily.failure_codes(DAYS)
    return Chart(
        key="failures",
        title=_("Why messages failed"),
        axis=_("Meta's code"),
        kind="bar",
        labels=[str(code) if code else _("no code") for code, _number in rows],
        series=[Series(_("Messages"), [number for _code, number in rows], "danger")],
        note=_reason(rows[0][0]) if rows and rows[0][0] else "",
    )


def _reason(code: int) -> str:
    words = rule_for(code).sentence(language())
    return str(_("Most often %(code)s: %(words)s", code=code, words=words))


def complaints() -> Chart:
    """Lines with the most reports, per thousand accepted messages of the same days."""
    newest = (
        sa.select(AbuseReport.line_id)
        .where(AbuseReport.received_at > clock.now() - timedelta(days=DAYS))
        .order_by(AbuseReport.received_at.desc())
        .limit(REPORTS)
        .subquery()
    )
    number = sa.func.count()
    rows = (
        session()
        .execute(
            sa.select(newest.c.line_id, number)
            .where(newest.c.line_id.is_not(None))
            .group_by(newest.c.line_id)
            .order_by(number.desc())
            .limit(RATED)
        )
        .all()
    )
    rates = daily.line_rates([row[0] for row in rows], DAYS)
    labels.remember_organizations({one.organization_id for one in rates.values()})
    found = []
    for line_id, reports in rows:
        rate = rates.get(line_id)
        if rate and rate.accepted:
            name = f"{labels.customer_no(rate.organization_id)} · {line_id.hex[:6]}"
            found.append((name, round(1000 * reports / rate.accepted, 2)))
    found.sort(key=lambda pair: -pair[1])
    return Chart(
        key="complaints",
        title=_("Reports in a thousand messages, by line"),
        axis=_("Customer and line"),
        kind="bar",
        labels=[name for name, _rate in found],
        series=[Series(_("Reports in a thousand"), [rate for _name, rate in found], "warn")],
        note=_("The ten lines with the most reports in 30 days."),
    )


def queue_depth() -> Chart:
    try:
        rows = queue_state.queue_states(redis())
    except RedisError:
        rows = []
    return Chart(
        key="queues",
        title=_("Queues now"),
        axis=_("Queue"),
        kind="bar",
        labels=[row.name for row in rows],
        series=[
            Series(_("In line"), [row.waiting for row in rows], "brand"),
            Series(_("Went wrong"), [row.failed for row in rows], "danger"),
            Series(
                _("Age of the first, in minutes"),
                [round((row.oldest_seconds or 0) / 60, 1) for row in rows],
                "warn",
            ),
        ],
    )


def revenue() -> Chart:
    first = daily.today() - timedelta(days=DAYS - 1)
    wanted = [first + timedelta(days=n) for n in range(DAYS)]
    paid = _by_day(Payment.paid_at, Payment.amount_kurus, Payment.state == PaymentState.PAID)
    back = _by_day(Refund.created_at, Refund.amount_kurus, Refund.state == RefundState.SUCCEEDED)
    return Chart(
        key="revenue",
        title=_("Paid and given back, in lira"),
        axis=_("Day"),
        kind="bar",
        labels=[_day(day) for day in wanted],
        series=[
            Series(_("Paid"), [paid.get(day, 0) / 100 for day in wanted], "ok", money=True),
            Series(
                _("Given back"), [back.get(day, 0) / 100 for day in wanted], "danger", money=True
            ),
        ],
    )


def _by_day(at: Any, amount: Any, condition: Any) -> dict[Any, int]:
    start = daily.midnight(daily.today() - timedelta(days=DAYS - 1))
    day = sa.cast(sa.func.timezone(ZONE, at), sa.Date)
    rows = session().execute(
        sa.select(day, sa.func.sum(amount)).where(at >= start, condition).group_by(day)
    )
    return {row[0]: int(row[1]) for row in rows}


def exceptions() -> Chart:
    """What was given back against the term, by ground, in 90 days."""
    rows = (
        session()
        .execute(
            sa.select(
                ExceptionRequest.ground,
                sa.func.count(),
                sa.func.count().filter(ExceptionRequest.state == ExceptionState.EXECUTED),
            )
            .where(ExceptionRequest.created_at > clock.now() - timedelta(days=90))
            .group_by(ExceptionRequest.ground)
            .order_by(ExceptionRequest.ground)
        )
        .all()
    )
    return Chart(
        key="exceptions",
        title=_("Exceptions by ground, in 90 days"),
        axis=_("Ground"),
        kind="bar",
        labels=[labels.word(row[0]) for row in rows],
        series=[
            Series(_("Asked for"), [row[1] for row in rows], "brand"),
            Series(_("Agreed to"), [row[2] for row in rows], "ok"),
        ],
    )


def backlog() -> Chart:
    """Open work by how long it waits."""
    kinds: list[tuple[str, Any, Any]] = []
    if access.may(P.CASES_READ):
        states = (CaseState.OPEN, CaseState.CLAIMED, CaseState.WAITING)
        kinds.append((_("Cases"), Case.opened_at, Case.state.in_(states)))
    if access.may(P.EXCEPTIONS_READ):
        state = ExceptionRequest.state == ExceptionState.SUBMITTED
        kinds.append((_("Exceptions"), ExceptionRequest.created_at, state))
    if access.may(P.SUPPORT_READ):
        open_ones = SupportRequest.state == SupportState.OPEN
        kinds.append((_("Support requests"), SupportRequest.waiting_since, open_ones))
    return Chart(
        key="backlog",
        title=_("Open work by age"),
        axis=_("Waits"),
        kind="bar",
        labels=[
            _("under %(hours)s hours", hours=AGES[0]),
            _("under a day"),
            _("under 3 days"),
            _("longer"),
        ],
        series=[
            Series(name, _ages(at, condition), tone)
            for (name, at, condition), tone in zip(kinds, ("brand", "warn", "ok"), strict=False)
        ],
    )


def _ages(at: Any, condition: Any) -> list[int]:
    now = clock.now()
    edges = [now - timedelta(hours=hours) for hours in AGES]
    bounds = [at > edges[0], at.between(edges[1], edges[0]), at.between(edges[2], edges[1])]
    counts = [sa.func.count().filter(one) for one in (*bounds, at < edges[2])]
    return [int(n) for n in session().execute(sa.select(*counts).where(condition)).one()]


def _day(day: Any) -> str:
    return format_date(
        day, "d\N{NO-BREAK SPACE}MMM", locale="tr_TR" if language() == "tr" else "en"
    )


# Which chart is for whom.
CHARTS: Sequence[tuple[P, Callable[[], Chart]]] = (
    (P.ORGANIZATIONS_READ, deliveries),
    (P.ORGANIZATIONS_READ, failures),
    (P.CASES_READ, complaints),
    (P.PAYMENTS_READ, revenue),
    (P.EXCEPTIONS_READ, exceptions),
    (P.SETTINGS_READ, queue_depth),
    (P.AUDIT_OWN, backlog),
)


def charts() -> list[Chart]:
    """Those that the person may see."""
    return [make() for permission, make in CHARTS if access.may(permission)]
