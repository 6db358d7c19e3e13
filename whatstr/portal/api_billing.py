"""Plans, purchases, credits and exceptions over the API."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from flask_babel import gettext as _
from redis.exceptions import RedisError

from whatstr.accounts.documents import DocumentName
from whatstr.accounts.permissions import Permission
from whatstr.billing import exceptions, ledger, payments, plans, queries
from whatstr.billing.connection import stripe_gateway
from whatstr.billing.gateway_answers import GatewayRefused
from whatstr.billing.models import Ground, PaymentState
from whatstr.billing.payments import Started
from whatstr.billing.queries import Movement, Purchase
from whatstr.campaigns import settlement
from whatstr.core import queues
from whatstr.core.database import redis
from whatstr.core.db import transaction
from whatstr.core.errors import InvalidInput
from whatstr.core.i18n import language
from whatstr.core.security import RateLimit, open_to_all
from whatstr.portal import api
from whatstr.portal.access import (
    actor,
    browser,
    member_access,
    organization_id,
    pepper,
    web_url,
)
from whatstr.portal.inputs import choice, field, json_body, show_id, show_instant
from whatstr.portal.sentences import Sentence

EXPLANATION_LIMIT = 2000
_HOUR = 3600
_ASK_AGAIN = 10
_UNFINISHED = (PaymentState.CREATED, PaymentState.PENDING)


@api.get("/plans")
@open_to_all
def read_plans() -> Any:
    return {"plans": [asdict(plan) for plan in plans.shown_plans(language())]}


@api.post("/checkout")
@member_access(Permission.BILLING_WRITE)
def start_checkout() -> Any:
    """The purchase is committed before Stripe is asked, and its id is the idempotency key."""
    data = json_body()
    term = field(data, "non_refundable", dict)
    known = field(term, "document", str, max=64) == DocumentName.REFUND_TERM
    if not known or not field(term, "accepted", bool):
        raise InvalidInput("non_refundable", "document_missing")
    owner = organization_id()
    limit = RateLimit(redis(), pepper())
    limit.check("checkout", owner.hex, limit=30, seconds=_HOUR)
    with transaction():
        started = payments.start_payment(
            actor=actor(),
            organization_id=owner,
            plan_code=field(data, "plan", str, max=64),
            edition=field(data, "plan_version", int, min=1, max=1_000_000),
            term_version=field(term, "version", str, max=32),
            language=language(),
            browser=browser(),
        )
    page = _open_page(started, owner)
    with transaction():
        payments.note_checkout(payment_id=started.payment_id, checkout_id=page.id)
    return {"payment": show_id(started.payment_id), "url": page.url}, 201


def _open_page(started: Started, owner: uuid.UUID) -> Any:
    back = f"{web_url().rstrip('/')}/odeme"
    try:
        return stripe_gateway().create_checkout(
            idempotency_key=started.payment_id.hex,
            organization_id=owner.hex,
            payment_id=started.payment_id.hex,
            plan_code=started.plan_code,
            title=started.title,
            amount_kurus=started.amount_kurus,
            customer_email=started.email,
            success_url=f"{back}#payment={started.payment_id.hex}",
            cancel_url=f"{back}#cancelled={started.payment_id.hex}",
            locale=language(),
            metadata={},
        )
    except GatewayRefused:
        with transaction():
            payments.mark_over(payment_id=started.payment_id, state=PaymentState.FAILED)
        raise


@api.get("/billing")
@member_access(Permission.BILLING_READ)
def read_billing() -> Any:
    owner = organization_id()
    running = queries.current_subscription(owner)
    return {
        "balance": asdict(ledger.balance(owner)),
        "subscription": None
        if running is None
        else {
            "plan": running[1].code,
            "plan_version": running[1].edition,
            "title": _title(running[1]),
            "line_limit": running[1].line_limit,
            "starts_at": show_instant(running[0].starts_at),
            "ends_at": show_instant(running[0].ends_at),
        },
        "payments": [_show(one) for one in queries.purchases(owner)],
        "entries": [_show_movement(one) for one in queries.movements(owner)],
    }


@api.get("/payments/<uuid:payment_id>")
@member_access(Permission.BILLING_READ)
def read_payment(payment_id: uuid.UUID) -> Any:
    """The page asks here after its return from Stripe; a webhook that is late is not waited for."""
    found = queries.purchase(organization_id(), payment_id)
    if found.payment.state in _UNFINISHED and _may_ask(payment_id):
        with transaction():
            queues.later("billing", "billing.checkout", payment_id, retries=0)
    return _show(found)


def _may_ask(payment_id: uuid.UUID) -> bool:
    """Once in ten seconds for each payment."""
    try:
        return bool(redis().set(f"asked:{payment_id.hex}", 1, nx=True, ex=_ASK_AGAIN))
    except RedisError:
        return False


@api.post("/payments/<uuid:payment_id>/exception")
@member_access(Permission.BILLING_WRITE)
def request_exception(payment_id: uuid.UUID) -> Any:
    data = json_body()
    ground = choice(data, "ground", Ground)
    explanation = field(data, "explanation", str, min=10, max=EXPLANATION_LIMIT)
    owner = organization_id()
    with transaction():
        payment = payments.own_payment(owner, payment_id)
        exceptions.submit(
            actor=actor(),
            organization_id=owner,
            payment_id=payment_id,
            ground=ground,
            explanation=explanation,
            delivery=settlement.delivery_since(owner, payment.paid_at or payment.created_at),
        )
    shown: Any = _show(queries.purchase(owner, payment_id))
    return shown["exception"], 201


def _title(plan: Any) -> str:
    return str(plan.title_en if language() == "en" else plan.title_tr)


def _show(found: Purchase) -> dict[str, Any]:
    payment, request, refund = found.payment, found.exception, found.refund
    return {
        "id": show_id(payment.id),
        "plan": found.plan.code,
        "plan_version": found.plan.edition,
        "title": _title(found.plan),
        "credits": found.plan.credits,
        "amount_kurus": payment.amount_kurus,
        "vat_kurus": payment.vat_kurus,
        "currency": payment.currency,
        "state": str(payment.state),
        "created_at": show_instant(payment.created_at),
        "paid_at": show_instant(payment.paid_at),
        "refunded_kurus": found.refunded_kurus,
        "exception": None
        if request is None
        else {
            "id": show_id(request.id),
            "state": str(request.state),
            "ground": str(request.ground),
            "reason": request.decision_reason,
            "created_at": show_instant(request.created_at),
            "decided_at": show_instant(request.decided_at),
        },
        "refund": None
        if refund is None
        else {
            "state": str(refund.state),
            "amount_kurus": refund.amount_kurus,
            "created_at": show_instant(refund.created_at),
            "settled_at": show_instant(refund.settled_at),
        },
    }


def _show_movement(entry: Movement) -> dict[str, Any]:
    return {
        "at": show_instant(entry.at),
        "kind": str(entry.kind),
        "amount": entry.amount,
        "balance_after": entry.balance_after,
        "payment": show_id(entry.payment_id) if entry.payment_id else None,
        "campaign": show_id(entry.campaign_id) if entry.campaign_id else None,
    }


SENTENCES: dict[str, Sentence] = {
    "plan_changed": lambda e: _(
        "This plan has changed in the meantime. Please reload the page and choose again."
    ),
    "purchase_suspended": lambda e: _(
        "Your account is suspended, so nothing can be bought at present. You have not been charged."
    ),
    "payment_not_paid": lambda e: _("This payment was never completed, so you were not charged."),
    "payment_disputed": lambda e: _(
        "Your bank is looking into this payment. Please wait for its decision, then ask again."
    ),
    "nothing_left": lambda e: _("This payment was given back already."),
    "exception_open": lambda e: _(
        "We are already looking into a request for this payment. You see its state beside it."
    ),
    "gateway_unavailable": lambda e: _(
        "The payment service does not answer. You have not been charged; please try again."
    ),
    "gateway_misconfigured": lambda e: _(
        "Payments are not possible at present. You have not been charged; please try later."
    ),
    "gateway_refused": lambda e: _(
        "The payment service did not take this. You have not been charged; please write to support."
    ),
}
