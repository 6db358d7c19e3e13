"""The ledger: nothing below zero, everything sums, every movement once; campaigns settle to it."""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from tests.apps import as_owner
from tests.billing.desk import Desk, Shop
from whatstr.billing import ledger, queries
from whatstr.billing.ledger import Balance, InsufficientCredits
from whatstr.billing.models import CreditEntry, EntryKind
from whatstr.campaigns import settlement
from whatstr.campaigns.models import Campaign, CampaignKind, CampaignState, Message, MessageStatus
from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.lines.models import Line, LineState

NOW = datetime(2026, 11, 23, 11, tzinfo=UTC)
_S = MessageStatus


@pytest.fixture
def shop(desk: Desk) -> Shop:
    made = desk.shop()
    made.buy()
    return made


STEP = st.tuples(
    st.sampled_from(["reserve", "settle", "over", "claw_back", "restore"]),
    st.integers(0, 2),
    st.integers(1, 700),
)


def test_balances_never_fall_below_zero_and_always_sum(desk: Desk) -> None:
    shop = desk.shop()
    payment = shop.buy()

    @settings(max_examples=25, deadline=None, derandomize=True)
    @given(steps=st.lists(STEP, max_size=12))
    def follow(steps: list[tuple[str, int, int]]) -> None:
        try:
            walk(shop.id, payment, steps)
        finally:
            session().rollback()  # every example begins with the purchase alone

    with desk.worker.app_context():
        follow()


def walk(owner: uuid.UUID, payment: uuid.UUID, steps: list[tuple[str, int, int]]) -> None:
    campaigns = [uuid.uuid4() for _ in range(3)]
    back = [uuid.uuid4() for _ in range(3)]
    accepted = [0, 0, 0]
    for verb, which, amount in steps:
        campaign, refund = campaigns[which], back[which]
        if verb == "reserve":
            with contextlib.suppress(InsufficientCredits):
                ledger.reserve(organization_id=owner, campaign_id=campaign, amount=amount)
        elif verb in ("settle", "over"):
            accepted[which] = max(accepted[which], amount)
            ledger.settle(
                organization_id=owner,
                campaign_id=campaign,
                accepted=accepted[which],
                undecided=amount % 5,
                over=verb == "over",
            )
        elif verb == "claw_back":
            ledger.claw_back(
                organization_id=owner, refund_id=refund, payment_id=payment, amount=amount
            )
        else:
            ledger.restore(organization_id=owner, refund_id=refund, payment_id=payment)
        now = ledger.balance(owner)
        assert min(now.available, now.reserved, now.spent) >= 0
        assert ledger.reserved_for(campaign) >= 0
        assert queries.movements(owner)[0].balance_after == now.available
    total = dict.fromkeys(EntryKind, 0)
    for entry in session().scalars(sa.select(CreditEntry).filter_by(organization_id=owner)):
        total[entry.kind] += entry.amount
    now = ledger.balance(owner)
    assert now.available + now.reserved + now.spent == (
        total[EntryKind.GRANT] - total[EntryKind.CLAW_BACK] + total[EntryKind.RESTORE]
    )


def test_two_launches_at_once_cannot_spend_the_same_credits(desk: Desk, shop: Shop) -> None:
    refused: list[int] = []

    def second_launch() -> None:
        with desk.web.app_context():
            try:
                with transaction():
                    ledger.reserve(organization_id=shop.id, campaign_id=uuid.uuid4(), amount=600)
            except InsufficientCredits as error:
                refused.append(error.context["available"])

    other = threading.Thread(target=second_launch)
    with desk.worker.app_context(), transaction():
        ledger.reserve(organization_id=shop.id, campaign_id=uuid.uuid4(), amount=600)
        other.start()
        while other.is_alive() and not waits_for_a_lock(desk):
            other.join(0.01)
    other.join()
    assert refused == [400]
    assert desk.balance(shop.id) == Balance(400, 600, 0)


def waits_for_a_lock(desk: Desk) -> bool:
    with as_owner(desk.database) as owner:
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return bool(owner.scalar(sa.text(waiting)))


def test_the_oldest_purchase_is_used_up_first(desk: Desk) -> None:
    shop = desk.shop()
    first, second = shop.buy(), shop.buy()
    with desk.worker.app_context(), transaction():
        ledger.reserve(organization_id=shop.id, campaign_id=uuid.uuid4(), amount=1_200)
        assert ledger.remaining_of(organization_id=shop.id, payment_id=first) == (1_000, 0)
        assert ledger.remaining_of(organization_id=shop.id, payment_id=second) == (200, 800)


def a_campaign(desk: Desk, shop: Shop, *statuses: MessageStatus, rows: int) -> uuid.UUID:
    """A launched campaign whose first rows stand like this."""
    line, campaign = uuid.uuid4(), uuid.uuid4()
    with as_owner(desk.database) as owner:
        owner.add(
            Line(id=line, organization_id=shop.id, state=LineState.CONNECTED, connected_at=NOW)
        )
        owner.flush()
        owner.add(
            Campaign(
                id=campaign,
                organization_id=shop.id,
                line_id=line,
                member_id=shop.business.member_id,
                kind=CampaignKind.MARKETING,
                state=CampaignState.RUNNING,
                rows=rows,
                chunks=1,
                media=[],
                due_at=NOW,
                expires_at=NOW + timedelta(days=1),
                jk_wrap=b"-",
                record=b"-",
                created_at=NOW,
                committed_at=NOW,
                state_changed_at=NOW,
            )
        )
        owner.flush()
        for row, status in enumerate(statuses):
            owner.add(a_message(campaign, row, status))
    with desk.worker.app_context(), transaction():
        ledger.reserve(organization_id=shop.id, campaign_id=campaign, amount=rows)
    return campaign


def a_message(campaign: uuid.UUID, row: int, status: MessageStatus) -> Message:
    at = clock.now()
    return Message(
        campaign_id=campaign,
        row=row,
        status=status,
        mref=os.urandom(16),
        recipient_ix=os.urandom(16),
        accepted_at=at if status in (_S.ACCEPTED, _S.SENT, _S.DELIVERED, _S.READ) else None,
        delivered_at=at if status in (_S.DELIVERED, _S.READ) else None,
    )


def change(desk: Desk, campaign: uuid.UUID, row: int, **values: object) -> None:
    with as_owner(desk.database) as owner:
        message = owner.get_one(Message, (campaign, row))
        for name, value in values.items():
            setattr(message, name, value)


def end(owner: Session, campaign: uuid.UUID) -> None:
    found = owner.get_one(Campaign, campaign)
    found.state, found.finished_at = CampaignState.DONE, clock.now()


def test_credits_follow_the_messages_of_a_campaign(desk: Desk, shop: Shop) -> None:
    campaign = a_campaign(
        desk,
        shop,
        *(_S.ACCEPTED, _S.SENT, _S.DELIVERED, _S.READ),
        *(_S.FAILED, _S.SUPPRESSED, _S.UNKNOWN, _S.HANDING, _S.PENDING),
        rows=12,
    )
    desk.run("billing.settle")
    assert desk.balance(shop.id) == Balance(988, 8, 4)
    # Taken by Meta and failed afterwards: it was sent, so it stays paid for.
    change(desk, campaign, 1, status=_S.FAILED)
    with as_owner(desk.database) as owner:
        end(owner, campaign)
    for _ in range(3):
        desk.run("billing.settle")
    assert desk.balance(shop.id) == Balance(994, 2, 4)  # unknown and handing stay reserved
    change(desk, campaign, 6, status=_S.DELIVERED, delivered_at=NOW, sent_at=NOW)
    change(desk, campaign, 7, status=_S.FAILED)
    desk.run("billing.settle")
    assert desk.balance(shop.id) == Balance(995, 0, 5)
    entries = [e for e in shop.client.get("billing").get_json()["entries"] if e["campaign"]]
    assert {e["campaign"] for e in entries} == {campaign.hex}
    assert [e["amount"] for e in entries if e["kind"] == "settle"] == [5]


def test_what_was_delivered_since_the_payment_is_a_fact(desk: Desk, shop: Shop) -> None:
    a_campaign(desk, shop, _S.ACCEPTED, _S.DELIVERED, _S.READ, _S.FAILED, rows=4)
    with desk.web.app_context():
        since = clock.now() - timedelta(hours=1)
        found = settlement.delivery_since(shop.id, since)
        assert (found.accepted, found.delivered) == (3, 2)
        later = settlement.delivery_since(shop.id, clock.now() + timedelta(hours=1))
        assert (later.accepted, later.delivered) == (0, 0)


def test_what_stays_unknown_for_three_days_is_free(desk: Desk, shop: Shop) -> None:
    campaign = a_campaign(desk, shop, _S.ACCEPTED, _S.UNKNOWN, rows=10)
    with as_owner(desk.database) as owner:
        end(owner, campaign)
    for days, expected in ((2, Balance(998, 1, 1)), (4, Balance(999, 0, 1))):
        with clock.frozen(clock.now() + timedelta(days=days)):
            desk.run("billing.settle")
        assert desk.balance(shop.id) == expected
