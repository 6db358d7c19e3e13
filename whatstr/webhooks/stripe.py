"""Stripe's webhook: verified over the raw body, stored once, acknowledged; the worker does the
rest. 400 for what Stripe did not sign; anything else that fails makes Stripe try again."""

from __future__ import annotations

import flask

from whatstr.billing import events
from whatstr.billing.connection import stripe_gateway
from whatstr.billing.gateway_answers import BadSignature
from whatstr.core.db import transaction
from whatstr.core.logs import get_logger
from whatstr.core.security import open_to_all
from whatstr.extensions import csrf

PATH = "/webhooks/stripe"
MAX_BODY = 1024 * 1024
log = get_logger(__name__)


def receive() -> tuple[str, int]:
    request = flask.request
    if (request.content_length or 0) > MAX_BODY:
        return "", 413
    payload = request.get_data()
    try:
        event = stripe_gateway().parse_event(payload, request.headers.get("Stripe-Signature", ""))
    except BadSignature:
        log.warning("stripe.bad_signature", bytes=len(payload))
        return "", 400
    with transaction():
        new = events.store(event, payload)
    if not new:
        log.info("stripe.event_known", type=event.type)
    return "", 200


def init_app(app: flask.Flask) -> None:
    # Signed by Stripe over the body: a form token would say nothing more.
    csrf.exempt(receive)
    app.add_url_rule(PATH, "stripe_webhook", open_to_all(receive), methods=["POST"])
