"""Stripe's webhooks through our client: signed, late, twice, in any order."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.billing.stripe_side import Gateways, checkout_values, events, paid_intent, refund
from tests.simulator.stripe.receiver import Receiver
from whatstr.billing.gateway import (
    BadSignature,
    StripeGateway,
)
from whatstr.simulator.stripe import Handle
from whatstr.simulator.stripe.delivery import signature


def test_webhook_late_twice_and_out_of_order(
    sim: Handle, gateway: StripeGateway, receiver: Receiver
) -> None:
    sim.control("settings", {"webhook_hold": True})
    refund(gateway, paid_intent(gateway))
    sim.control("clock", {"advance": 7200})
    sim.control("webhooks/flush", {"order": "reverse", "copies": 2})
    came = events(sim, gateway, receiver)
    ids = [event.id for event in came]
    assert all(ids.count(one) == 2 for one in ids)
    types = [event.type for event in came]
    assert types.index("refund.created") < types.index("checkout.session.completed")
    # Two hours late by the events' own time, and yet fresh by the signature.
    now = sim.control("state")["now"]
    assert min(now - event.created.timestamp() for event in came) >= 7200


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body, sign: (body + b" ", sign),
        lambda body, sign: (body, ""),
        lambda body, sign: (body, sign.replace("v1=", "v0=")),
        lambda body, sign: (body, "nonsense"),
        lambda body, sign: (b"\xff\xfe", sign),
        lambda body, sign: (body, signature(body, "whsec_other", int(time.time()))),
        lambda body, sign: (body, signature(body, "whsec_simulator", int(time.time()) - 301)),
        lambda body, sign: (b"[]", signature(b"[]", "whsec_simulator", int(time.time()))),
        lambda body, sign: (b"{}", signature(b"{}", "whsec_simulator", int(time.time()))),
    ],
    ids=[
        "changed",
        "missing",
        "old-scheme",
        "nonsense",
        "no-text",
        "other-secret",
        "stale",
        "list",
        "no-event",
    ],
)
def test_bad_signature(
    sim: Handle,
    gateway: StripeGateway,
    receiver: Receiver,
    spoil: Callable[[bytes, str], tuple[bytes, str]],
) -> None:
    gateway.create_checkout(**checkout_values())
    events(sim, gateway, receiver)
    item = receiver.received[0]
    with pytest.raises(BadSignature):
        gateway.parse_event(*spoil(item.payload, item.signature))


def test_no_secret_trusts_nothing(sim: Handle, gateways: Gateways, receiver: Receiver) -> None:
    gateways().create_checkout(**checkout_values())
    sim.control("webhooks/wait", {})
    item = receiver.received[0]
    for secret in (None, "", " "):
        with pytest.raises(BadSignature):
            gateways(webhook_secret=secret).parse_event(item.payload, item.signature)
