"""The stand-in and the SDK agree: every parameter, every field, every closed word."""

from __future__ import annotations

import re
import typing
from typing import Any

import pytest
import stripe
import stripe.params
import stripe.params.checkout

from tests.simulator.stripe.conftest import Pay, session_params
from tests.simulator.stripe.receiver import Receiver
from whatstr.simulator.stripe import Handle, pay_checkout
from whatstr.simulator.stripe.endpoints import ENDPOINTS, Endpoint
from whatstr.simulator.stripe.version import API_VERSION

CLASSES = {
    "product": stripe.Product,
    "price": stripe.Price,
    "customer": stripe.Customer,
    "checkout.session": stripe.checkout.Session,
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "line_item": stripe.InvoiceLineItem,
    "item": stripe.LineItem,
    "plan": stripe.Plan,
    "balance_transaction": stripe.BalanceTransaction,
    "event": stripe.Event,
    "webhook_endpoint": stripe.WebhookEndpoint,
}


def test_api_version_is_the_one_of_the_sdk() -> None:
    assert stripe.api_version == API_VERSION


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: f"{e.method} {e.path}")
def test_parameters_are_those_of_the_sdk(endpoint: Endpoint) -> None:
    module: Any = stripe.params
    *packages, name = endpoint.mirrors.split(".")
    for package in packages:
        module = getattr(module, package)
    _compare_parameters(endpoint.takes, getattr(module, name), module, endpoint.path)


def _compare_parameters(takes: dict[str, Any], typed: Any, module: Any, where: str) -> None:
    known = typed.__annotations__
    assert set(takes) <= set(known), f"{where}: {sorted(set(takes) - set(known))}"
    for name, spec in takes.items():
        inner = spec[0] if isinstance(spec, list) else spec
        text = str(known[name])
        if isinstance(inner, dict):
            nested = re.search(r"\w+Params\w+", text)
            assert nested, f"{where}.{name} is no object in the SDK"
            _compare_parameters(inner, getattr(module, nested[0]), module, f"{where}.{name}")
        elif isinstance(inner, tuple):
            missing = [word for word in inner if f"'{word}'" not in text]
            assert not missing, f"{where}.{name}: {missing}"
        else:
            wanted = {int: "int", bool: "bool"}.get(inner)
            assert wanted is None or wanted in text, f"{where}.{name} is no {wanted}"


@pytest.fixture
def everything(sim: Handle, client: stripe.StripeClient, pay: Pay) -> dict[str, list[Any]]:
    """An account in which each kind of object has been made, in more than one state."""
    client.v1.customers.create({"email": "a@b.test"})
    client.v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:9/none", "enabled_events": ["refund.failed"]}
    )
    client.v1.checkout.sessions.create(session_params())
    paid = pay()
    client.v1.refunds.create({"payment_intent": paid.payment_intent.id, "amount": 100})
    for card in ("4000000000007726", "4000000000005126", "4000000000003220"):
        intent = pay(card).payment_intent.id
        client.v1.refunds.create({"payment_intent": intent, "reason": "duplicate"})
    sim.control("clock", {"advance": 3600})
    disputed = pay("4000000000000259").payment_intent.latest_charge.id
    won = client.v1.disputes.list({"charge": disputed}).data[0]
    sim.control(f"disputes/{won.id}", {"won": True})
    _decline(client)
    _subscribe(sim, client)
    client.v1.checkout.sessions.expire(client.v1.checkout.sessions.create(session_params()).id)
    objects: dict[str, list[Any]] = sim.control("state")["objects"]
    return objects


def _decline(client: stripe.StripeClient) -> None:
    made = client.v1.checkout.sessions.create(session_params())
    with pytest.raises(Exception, match="422"):
        pay_checkout(str(made.url), card="4000000000000002")


def _subscribe(sim: Handle, client: stripe.StripeClient) -> None:
    product = client.v1.products.create({"name": "Aylık"})
    price = client.v1.prices.create(
        {
            "product": product.id,
            "currency": "try",
            "unit_amount": 49_900,
            "recurring": {"interval": "month"},
        }
    )
    made = client.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "success_url": "http://shop.test/",
            "line_items": [{"price": price.id, "quantity": 1}],
        }
    )
    pay_checkout(str(made.url))
    sim.control("clock", {"advance": 32 * 86400})


def test_objects_are_those_of_the_sdk(everything: dict[str, list[Any]]) -> None:
    wrong: list[str] = []
    for kind, rows in everything.items():
        assert rows, f"no {kind} was made"
        for row in rows:
            _compare_object(row, CLASSES[kind], kind, wrong)
    assert sorted(set(wrong)) == []


def _compare_object(row: dict[str, Any], typed: Any, where: str, wrong: list[str]) -> None:
    known = {k: v for k, v in typed.__annotations__.items() if k != "OBJECT_NAME"}
    wrong.extend(f"{where}.{name} is unknown" for name in set(row) - set(known))
    for name, kind in known.items():
        place = f"{where}.{name}"
        if name not in row:
            if "None" not in str(kind) and "Optional" not in str(kind):
                wrong.append(f"{place} is missing")
            continue
        value = row[name]
        words = _words(kind)
        if words and isinstance(value, str) and value not in words:
            wrong.append(f"{place} says {value}")
        if value is None and "None" not in str(kind) and "Optional" not in str(kind):
            wrong.append(f"{place} is null")
        for item in value if isinstance(value, list) else [value]:
            inner = _class_of(item, kind)
            if inner is not None:
                _compare_object(item, inner, place, wrong)


def _words(kind: Any) -> set[str]:
    found: set[str] = set()
    for part in [kind, *typing.get_args(kind)]:
        if typing.get_origin(part) is typing.Literal:
            found |= set(typing.get_args(part))
    return found


def _class_of(value: Any, kind: Any) -> Any:
    """The class that describes a nested object, if the SDK has a typed one."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("object"), str):
        return CLASSES.get(value["object"])
    parts = [kind, *typing.get_args(kind)]
    parts += [inner for part in parts for inner in typing.get_args(part)]
    for part in parts:
        if (
            isinstance(part, type)
            and issubclass(part, stripe.StripeObject)
            and "Untyped" not in part.__name__
            and part is not stripe.ListObject
        ):
            return part
    return None


def test_checker_sees_what_is_wrong() -> None:
    wrong: list[str] = []
    row = {"object": "refund", "id": "re_1", "amount": 1, "created": 1, "fee": 2}
    _compare_object(row, stripe.Refund, "refund", wrong)
    assert wrong == ["refund.fee is unknown", "refund.currency is missing"]


def test_lists_are_read_by_the_sdk(
    everything: dict[str, list[Any]], client: stripe.StripeClient
) -> None:
    for rows in (
        client.v1.payment_intents.list({"limit": 2}),
        client.v1.invoices.list({"limit": 1}),
        client.v1.balance_transactions.list({"limit": 3}),
        client.v1.events.list({"limit": 7}),
    ):
        ids = [row.id for row in rows.auto_paging_iter()]
        kind = rows.data[0].object
        assert ids == [row["id"] for row in reversed(everything[kind])]


def test_webhooks_pass_the_sdk(sim: Handle, receiver: Receiver, pay: Pay) -> None:
    pay()
    assert sim.control("webhooks/wait", {})["idle"]
    assert receiver.types() == [
        "product.created",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    for item in receiver.received:
        event = stripe.Webhook.construct_event(item.payload, item.signature, sim.webhook_secret)
        assert event.api_version == API_VERSION
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(
                item.payload.replace(b"125000", b"1"), item.signature + "0", sim.webhook_secret
            )
