from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe

from tests.simulator.stripe.receiver import Receiver
from whatstr.simulator.stripe import Handle, pay_checkout, run_in_thread

Pay = Callable[..., Any]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def sim(receiver: Receiver) -> Iterator[Handle]:
    with run_in_thread(
        webhook_url=receiver.url, settings={"webhook_retry_delays": [0.0, 0.0]}
    ) as made:
        yield made


@pytest.fixture
def client(sim: Handle) -> Iterator[stripe.StripeClient]:
    http = stripe.RequestsClient(timeout=10)
    yield stripe.StripeClient(
        sim.api_key, base_addresses={"api": sim.url}, http_client=http, max_network_retries=0
    )
    http.close()


def session_params(**changes: Any) -> dict[str, Any]:
    return {
        "mode": "payment",
        "success_url": "http://shop.test/done?s={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.test/plans",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "try",
                    "unit_amount": 125_000,
                    "product_data": {"name": "Başlangıç"},
                },
            }
        ],
        **changes,
    }


@pytest.fixture
def pay(client: stripe.StripeClient) -> Pay:
    """Make a session, pay it with a card, give the session back with its intent and charge."""

    def act(card: str = "4242424242424242", **changes: Any) -> stripe.checkout.Session:
        made = client.v1.checkout.sessions.create(session_params(**changes))
        pay_checkout(str(made.url), card=card)
        return client.v1.checkout.sessions.retrieve(
            made.id, {"expand": ["payment_intent.latest_charge"]}
        )

    return act
