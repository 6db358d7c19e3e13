"""An exception from the request to the refund, as the staff panel calls services."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.apps import as_owner
from tests.billing.desk import Desk, Shop, one
from whatstr.audit.services import Actor
from whatstr.billing import exceptions, refunds
from whatstr.billing.models import (
    ExceptionRequest,
    ExceptionState,
    Refund,
)
from whatstr.core.db import transaction


@contextmanager
def at_desk(desk: Desk) -> Iterator[None]:
    """As the staff panel calls services."""
    with desk.admin.app_context(), transaction():
        yield


def request_of(desk: Desk, payment_id: uuid.UUID) -> ExceptionRequest:
    with as_owner(desk.database) as owner:
        found: ExceptionRequest = one(
            owner, ExceptionRequest, ExceptionRequest.payment_id == payment_id
        )
        owner.expunge_all()
        return found


def refund_of(desk: Desk, payment_id: uuid.UUID) -> Refund:
    with as_owner(desk.database) as owner:
        found: Refund = one(owner, Refund, Refund.payment_id == payment_id)
        owner.expunge_all()
        return found


def sign(desk: Desk, actor: Actor, payment_id: uuid.UUID, amount: int) -> ExceptionState:
    request = request_of(desk, payment_id)
    with at_desk(desk):
        return exceptions.approve(
            request_id=request.id,
            amount_kurus=amount,
            actor=actor,
            expected_version=request.version,
        ).state


def execute(desk: Desk, actor: Actor, payment_id: uuid.UUID) -> uuid.UUID:
    request = request_of(desk, payment_id)
    with at_desk(desk):
        return refunds.execute(
            request_id=request.id, actor=actor, expected_version=request.version
        ).id


def executed(
    desk: Desk, shop: Shop, *, card: str = "4242424242424242", amount: int = 29_900
) -> uuid.UUID:
    """A payment whose exception is approved and executed, before the worker has acted."""
    payment = shop.buy(card=card)
    assert shop.ask(payment).status_code == 201
    staff = desk.staff()
    assert sign(desk, staff, payment, amount) is ExceptionState.APPROVED
    execute(desk, staff, payment)
    return payment


def at_stripe(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.sim.control("state")["objects"]["refund"]
    return found
