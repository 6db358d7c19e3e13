"""Message credits as a double-entry ledger: every movement has two sides and happens once.

issued -> available (grant) -> reserved (reserve, at launch) -> spent (settle, on accepted), or
reserved -> available (release, on failure or cancel), available -> issued (claw back, on refund),
issued -> available (restore, when a refund fails). Balances are sums; nothing is ever changed or
deleted.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from whatstr.billing.models import CreditAccount, CreditEntry, EntryKind
from whatstr.billing.policies import consumed_by
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import DomainError

_A = CreditAccount
_SIDES: dict[EntryKind, tuple[CreditAccount, CreditAccount]] = {
    EntryKind.GRANT: (_A.ISSUED, _A.AVAILABLE),
    EntryKind.RESERVE: (_A.AVAILABLE, _A.RESERVED),
    EntryKind.SETTLE: (_A.RESERVED, _A.SPENT),
    EntryKind.RELEASE: (_A.RESERVED, _A.AVAILABLE),
    EntryKind.CLAW_BACK: (_A.AVAILABLE, _A.ISSUED),
    EntryKind.RESTORE: (_A.ISSUED, _A.AVAILABLE),
}


class InsufficientCredits(DomainError):
    """Fewer credits are free than `needed`; `available` are."""

    code = "insufficient_credits"


@dataclass(frozen=True)
class Balance:
    """Message credits of an organization."""

    available: int
    reserved: int
    spent: int


def balance(organization_id: uuid.UUID) -> Balance:
    """The sums of both sides of every entry."""
    return _balance(CreditEntry.organization_id == organization_id)


def reserved_for(campaign_id: uuid.UUID) -> int:
    """Credits that a campaign still holds."""
    return _balance(CreditEntry.campaign_id == campaign_id).reserved


def spent_on(campaign_id: uuid.UUID) -> int:
    """Credits that a campaign has used up."""
    return _balance(CreditEntry.campaign_id == campaign_id).spent


def _balance(which: sa.ColumnElement[bool]) -> Balance:
    def total(account: CreditAccount) -> sa.ColumnElement[int]:
        came = sa.func.sum(CreditEntry.amount).filter(CreditEntry.target == account)
        went = sa.func.sum(CreditEntry.amount).filter(CreditEntry.source == account)
        return sa.func.coalesce(came, 0) - sa.func.coalesce(went, 0)

    row = (
        session()
        .execute(sa.select(total(_A.AVAILABLE), total(_A.RESERVED), total(_A.SPENT)).where(which))
        .one()
    )
    return Balance(*(int(number) for number in row))


def post(
    *,
    organization_id: uuid.UUID,
    kind: EntryKind,
    amount: int,
    key: str,
    payment_id: uuid.UUID | None = None,
    campaign_id: uuid.UUID | None = None,
) -> bool:
    """Write one movement. False when the key was used before: then nothing is written.

    The caller holds the lock on the organization where the source could run dry.
    """
    source, target = _SIDES[kind]
    made = session().execute(
        insert(CreditEntry)
        .values(
            organization_id=organization_id,
            key=key,
            kind=kind,
            source=source,
            target=target,
            amount=amount,
            payment_id=payment_id,
            campaign_id=campaign_id,
            at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(CreditEntry.id)
    )
    return made.first() is not None


def lock(organization_id: uuid.UUID) -> None:
    """One writer of an organization's ledger at a time, until the transaction ends.

    An advisory lock, because some roles that write the ledger may not lock the organization's row.
    """
    number = int.from_bytes(organization_id.bytes[:8], "big", signed=True)
    session().execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


def grant(*, organization_id: uuid.UUID, payment_id: uuid.UUID, amount: int) -> bool:
    """Credits of a paid purchase; once for each payment, however often it is asked for."""
    return post(
        organization_id=organization_id,
        kind=EntryKind.GRANT,
        amount=amount,
        key=f"grant:{payment_id.hex}",
        payment_id=payment_id,
    )


def reserve(*, organization_id: uuid.UUID, campaign_id: uuid.UUID, amount: int) -> None:
    """Hold credits for a launch. Raises InsufficientCredits; asking twice holds them once."""
    lock(organization_id)
    if reserved_for(campaign_id) or spent_on(campaign_id):
        return
    available = balance(organization_id).available
    if available < amount:
        raise InsufficientCredits(str(campaign_id), needed=amount, available=available)
    post(
        organization_id=organization_id,
        kind=EntryKind.RESERVE,
        amount=amount,
        key=f"reserve:{campaign_id.hex}",
        campaign_id=campaign_id,
    )


def settle(
    *,
    organization_id: uuid.UUID,
    campaign_id: uuid.UUID,
    accepted: int,
    over: bool,
    undecided: int = 0,
) -> None:
    """Bring a campaign's credits to `accepted` spent; once it is over, let go of the rest.

    `accepted` counts the rows that Meta took, and never falls (sending design, "Rows").
    `undecided` rows, whose outcome is not known yet, stay reserved. Safe to repeat: the keys name
    the level that is reached.
    """
    lock(organization_id)
    spent, held = spent_on(campaign_id), reserved_for(campaign_id)
    more = min(accepted - spent, held)
    if more > 0:
        post(
            organization_id=organization_id,
            kind=EntryKind.SETTLE,
            amount=more,
            key=f"settle:{campaign_id.hex}:{spent + more}",
            campaign_id=campaign_id,
        )
        held -= more
    rest = held - undecided
    if over and rest > 0:
        post(
            organization_id=organization_id,
            kind=EntryKind.RELEASE,
            amount=rest,
            key=f"release:{campaign_id.hex}:{_released(campaign_id) + rest}",
            campaign_id=campaign_id,
        )


def _released(campaign_id: uuid.UUID) -> int:
    found = session().scalar(
        sa.select(sa.func.sum(CreditEntry.amount)).where(
            CreditEntry.campaign_id == campaign_id, CreditEntry.kind == EntryKind.RELEASE
        )
    )
    return int(found or 0)


def claw_back(
    *,
    organization_id: uuid.UUID,
    refund_id: uuid.UUID,
    payment_id: uuid.UUID,
    amount: int,
    attempt: int = 1,
) -> int:
    """Take unspent credits back for a refund, as many as are free. Gives how many; asking twice
    for the same attempt takes them once."""
    lock(organization_id)
    key = f"claw_back:{refund_id.hex}:{attempt}"
    before = session().scalar(sa.select(CreditEntry.amount).where(CreditEntry.key == key))
    if before is not None:
        return before
    taken = min(amount, balance(organization_id).available)
    if taken > 0:
        post(
            organization_id=organization_id,
            kind=EntryKind.CLAW_BACK,
            amount=taken,
            key=key,
            payment_id=payment_id,
        )
    return max(taken, 0)


def restore(
    *, organization_id: uuid.UUID, refund_id: uuid.UUID, payment_id: uuid.UUID, attempt: int = 1
) -> int:
    """Give back what an attempt of a refund had taken, once: its money did not arrive."""
    lock(organization_id)
    key = f"claw_back:{refund_id.hex}:{attempt}"
    taken = session().scalar(sa.select(CreditEntry.amount).where(CreditEntry.key == key))
    if taken is None:
        return 0
    post(
        organization_id=organization_id,
        kind=EntryKind.RESTORE,
        amount=taken,
        key=f"restore:{refund_id.hex}:{attempt}",
        payment_id=payment_id,
    )
    return taken


def remaining_of(*, organization_id: uuid.UUID, payment_id: uuid.UUID) -> tuple[int, int]:
    """(used, remaining) credits of one purchase, when the oldest purchase is used up first."""
    signed = sa.case(
        (CreditEntry.target == _A.AVAILABLE, CreditEntry.amount), else_=-CreditEntry.amount
    )
    rows = session().execute(
        sa.select(CreditEntry.payment_id, sa.func.sum(signed))
        .where(CreditEntry.organization_id == organization_id, CreditEntry.payment_id.is_not(None))
        .group_by(CreditEntry.payment_id)
        .order_by(sa.func.min(CreditEntry.id))
    )
    purchases = [(row[0], int(row[1])) for row in rows]
    now = balance(organization_id)
    used = consumed_by([net for _, net in purchases], now.reserved + now.spent)
    for (bought, net), taken in zip(purchases, used, strict=True):
        if bought == payment_id:
            return taken, net - taken
    return 0, 0
