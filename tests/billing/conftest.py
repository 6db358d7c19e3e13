"""An installation with web, worker and admin, each with its own login, and Stripe's stand-in; or
our client of Stripe alone before the stand-in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import flask
import pytest

from tests.apps import role_app
from tests.billing.desk import Desk
from tests.billing.stripe_side import Gateways
from tests.services import ModuleDatabase
from tests.simulator.stripe.receiver import Receiver
from whatstr.billing import plans
from whatstr.billing.connection import disconnect
from whatstr.billing.gateway import StripeGateway
from whatstr.core.db import transaction
from whatstr.local.valkey import EmbeddedValkey
from whatstr.simulator.stripe import Handle, run_in_thread


@pytest.fixture
def desk(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None
) -> Iterator[Desk]:
    with contextlib.ExitStack() as stack:
        receiver = Receiver()
        stack.callback(receiver.close)
        sim = stack.enter_context(
            run_in_thread(webhook_url=receiver.url, settings={"webhook_retry_delays": [0.0]})
        )
        stripe = {"STRIPE_API_KEY": sim.api_key, "STRIPE_BASE_URL": sim.url}

        def app(role: str, **extra: str) -> flask.Flask:
            made = stack.enter_context(role_app(role, database, valkey_server, **extra))
            stack.callback(_let_go, made)
            return made

        with role_app("tool", database, valkey_server) as tool, tool.app_context(), transaction():
            plans.seed()
        yield Desk(
            database=database,
            web=app("web", **stripe, STRIPE_WEBHOOK_SECRET=sim.webhook_secret),
            worker=app("worker", **stripe),
            # The services alone, with the staff panel's own login: its pages have their own tests.
            admin=app("tool", DATABASE_URL=database.url("whatstr_admin")),
            sim=sim,
            receiver=receiver,
        )


def _let_go(app: flask.Flask) -> None:
    with app.app_context():
        disconnect()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def sim(receiver: Receiver) -> Iterator[Handle]:
    with run_in_thread(webhook_url=receiver.url, settings={"webhook_retry_delays": [0.0]}) as made:
        yield made


@pytest.fixture
def gateways(sim: Handle) -> Iterator[Gateways]:
    made: list[StripeGateway] = []

    def act(**changes: Any) -> StripeGateway:
        values: dict[str, Any] = {
            "api_key": sim.api_key,
            "base_url": sim.url,
            "webhook_secret": sim.webhook_secret,
            "max_network_retries": 0,
            **changes,
        }
        made.append(StripeGateway(**values))
        return made[-1]

    yield act
    for gateway in made:
        gateway.close()


@pytest.fixture
def gateway(gateways: Gateways) -> StripeGateway:
    return gateways()
