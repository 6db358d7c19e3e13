"""Pure decisions about money: periods, who used what, and how much an exception can defend."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from whatstr.billing.models import Ground, PlanInterval
from whatstr.core.errors import Conflict, DomainError

SECOND_SIGNATURE_KURUS = 500_000
"""From this amount on an exception needs two members of staff."""
MONTHLY_BUDGET_KURUS: Mapping[Ground, int] = {
    Ground.DUPLICATE_CHARGE: 10_000_000,
    Ground.NEVER_DELIVERED: 5_000_000,
    Ground.OUR_OUTAGE: 5_000_000,
    Ground.PRICE_ERROR: 2_500_000,
    Ground.LEGAL_ORDER: 10_000_000,
    Ground.HARDSHIP: 1_000_000,
}
"""What may go out in a calendar month (UTC) on one signature; beyond it two are needed."""
APPROVAL_LIFE = timedelta(days=7)
ANSWER_LIFE = timedelta(days=30)
TWIN_WINDOW = timedelta(hours=24)
_OVER_DELIVERY = frozenset({Ground.NEVER_DELIVERED, Ground.OUR_OUTAGE})


class PlanChanged(Conflict):
    """The edition that the customer saw is not on sale any more."""

    code = "plan_changed"


class PurchaseSuspended(DomainError):
    """The organization may not send at present, so nothing is sold to it."""

    code = "purchase_suspended"


class PaymentNotPaid(DomainError):
    """Nothing was taken, so nothing can be given back."""

    code = "payment_not_paid"


class PaymentDisputed(DomainError):
    """The bank has the payment under dispute, or took it back: refunds wait or are pointless."""

    code = "payment_disputed"


class NothingLeft(DomainError):
    """The whole payment was given back already."""

    code = "nothing_left"


class ExceptionOpen(Conflict):
    """The payment has a request that is being worked on."""

    code = "exception_open"


class AmountNotDefensible(DomainError):
    """More than the facts bear; `maximum` kuruş are the most."""

    code = "amount_not_defensible"


class OwnRequest(DomainError):
    """Who asked for an exception cannot approve it."""

    code = "own_request"
    status = 403


class ApprovalExpired(DomainError):
    """The approvals are older than seven days: the request has to be approved again."""

    code = "approval_expired"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of an organization's messages since a payment: taken by Meta, delivered."""

    accepted: int
    delivered: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the machine knows about a payment. Credits are used oldest purchase first."""

    paid_kurus: int
    refunded_kurus: int
    price_now_kurus: int
    credits: int
    used: int
    remaining: int
    accepted: int
    delivered: int
    twin: bool
    earlier_exceptions: int
    earlier_refunded_kurus: int
    open_disputes: int
    lost_disputes: int

    @property
    def left_kurus(self) -> int:
        return max(0, self.paid_kurus - self.refunded_kurus)

    @property
    def undelivered(self) -> int:
        """Credits of this payment that were used without a delivery, at most."""
        return max(0, self.used - self.delivered)


def maximum_kurus(ground: Ground, facts: Facts) -> int:
    """The most that can be defended on a ground, from facts alone: nobody types it.

    Unused credits are worth their share of the price. A delivery ground adds what was used without
    arriving; a price error is the difference to today's price; a legal order knows no share.
    """
    if facts.open_disputes or facts.lost_disputes:
        return 0
    if ground is Ground.LEGAL_ORDER:
        return facts.left_kurus
    if ground is Ground.PRICE_ERROR:
        return min(facts.left_kurus, max(0, facts.paid_kurus - facts.price_now_kurus))
    if ground is Ground.DUPLICATE_CHARGE and not facts.twin:
        return 0
    worth = facts.remaining + (facts.undelivered if ground in _OVER_DELIVERY else 0)
    return min(facts.left_kurus, facts.paid_kurus * worth // facts.credits)


def credits_to_take(ground: Ground, facts: Facts, amount_kurus: int) -> int:
    """Unspent credits of the payment that go back with `amount_kurus`: never another payment's,
    and none for messages that did not arrive or for a wrong price."""
    if ground is Ground.PRICE_ERROR:
        return 0
    share = -(-facts.credits * amount_kurus // facts.paid_kurus)
    if ground in _OVER_DELIVERY:
        share -= facts.undelivered
    return max(0, min(share, facts.remaining))


def signatures_needed(*, amount_kurus: int, budget_left_kurus: int) -> int:
    """Two above the limit, and two once the ground's budget of the month would be overdrawn."""
    return 2 if amount_kurus >= SECOND_SIGNATURE_KURUS or amount_kurus > budget_left_kurus else 1


def consumed_by(granted: Sequence[int], consumed: int) -> list[int]:
    """How many credits of each purchase are used up when the oldest go first."""
    used: list[int] = []
    for size in granted:
        taken = max(0, min(size, consumed))
        used.append(taken)
        consumed -= taken
    return used


def period_end(start: datetime, interval: PlanInterval) -> datetime | None:
    """The same day of the next month or year, or that month's last day; None: without end."""
    if interval is PlanInterval.ONCE:
        return None
    months = 1 if interval is PlanInterval.MONTH else 12
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
