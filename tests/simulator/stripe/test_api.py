"""Keys, idempotency, validation, lists, expansion, faults: as Stripe describes them."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import stripe

from tests.simulator.stripe.conftest import Pay, session_params
from whatstr.simulator.stripe import Handle, Server
from whatstr.simulator.stripe.server import Handle as ServerHandle


def post(sim: Handle, path: str, *, key: str | None = None, **form: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {sim.api_key}"}
    if key is not None:
        headers["Idempotency-Key"] = key
    return requests.post(f"{sim.url}/v1/{path}", data=form, headers=headers, timeout=10)


def test_same_key_same_body_is_answered_again(sim: Handle, client: stripe.StripeClient) -> None:
    first = post(sim, "customers", key="k1", email="a@b.test")
    again = post(sim, "customers", key="k1", email="a@b.test")
    assert again.json() == first.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert len(client.v1.customers.list().data) == 1


def test_kept_answer_does_not_follow_the_object(sim: Handle, client: stripe.StripeClient) -> None:
    first = post(sim, "customers", key="k1", email="a@b.test").json()
    client.v1.customers.update(first["id"], {"name": "Yeni"})
    assert post(sim, "customers", key="k1", email="a@b.test").json() == first


@pytest.mark.parametrize(
    ("path", "form"), [("customers", {"email": "c@d.test"}), ("products", {"name": "x"})]
)
def test_same_key_for_something_else_is_refused(
    sim: Handle, path: str, form: dict[str, str]
) -> None:
    post(sim, "customers", key="k1", email="a@b.test")
    refused = post(sim, path, key="k1", **form)
    assert refused.status_code == 400
    assert refused.json()["error"]["type"] == "idempotency_error"


def test_refusal_while_executing_is_kept_and_validation_is_not(sim: Handle, pay: Pay) -> None:
    intent = pay().payment_intent.id
    over = post(sim, "refunds", key="k1", payment_intent=intent, amount=125_001)
    again = post(sim, "refunds", key="k1", payment_intent=intent, amount=125_001)
    assert (over.status_code, over.json()) == (again.status_code, again.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert post(sim, "refunds", key="k2", payment_intent=intent, sum=1).status_code == 400
    assert post(sim, "refunds", key="k2", payment_intent=intent, amount=1).status_code == 200


def test_key_is_forgotten_after_a_day(sim: Handle, client: stripe.StripeClient) -> None:
    post(sim, "customers", key="k1", email="a@b.test")
    sim.control("clock", {"advance": 24 * 3600 + 1})
    assert post(sim, "customers", key="k1", email="other@b.test").status_code == 200
    assert len(client.v1.customers.list().data) == 2


def test_keys_belong_to_an_api_key() -> None:
    server = Server(api_keys=["sk_test_one", "sk_test_two"])
    with ServerHandle(server, api_key="sk_test_one", webhook_secret="", port=0) as sim:
        post(sim, "customers", key="k1", email="a@b.test")
        sim.api_key = "sk_test_two"
        assert post(sim, "customers", key="k1", email="c@d.test").status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer sk_test_wrong", "Basic ???"])
def test_unknown_api_key_is_refused(sim: Handle, header: str) -> None:
    answer = requests.get(
        f"{sim.url}/v1/refunds", headers={"Authorization": header} if header else {}, timeout=10
    )
    assert answer.status_code == 401
    assert "sk_test_wrong" not in answer.text


def test_basic_authentication_is_taken(sim: Handle) -> None:
    answer = requests.get(f"{sim.url}/v1/refunds", auth=(sim.api_key, ""), timeout=10)
    assert answer.json()["data"] == []


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"metadata[a][b]": "1"}, None, "metadata"),
        ({"metadata[a]": "x" * 501}, None, "metadata"),
        ({"email": ""}, "parameter_invalid_empty", "email"),
        ({"expand[]": "nothing"}, None, "expand"),
    ],
)
def test_bad_parameters(sim: Handle, form: dict[str, str], code: str | None, param: str) -> None:
    error = post(sim, "customers", **form).json()["error"]
    assert (error["type"], error.get("code"), error["param"]) == (
        "invalid_request_error",
        code,
        param,
    )


def test_missing_and_malformed_parameters(client: stripe.StripeClient) -> None:
    for params, code in (
        ({"success_url": "http://x.test"}, "parameter_missing"),
        (session_params(success_url="nowhere"), "url_invalid"),
        (session_params(mode="gift"), None),
        (session_params(payment_method_types=["card"]), "parameter_unknown"),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.checkout.sessions.create(params)  # type: ignore[arg-type]
        assert refused.value.code == code


def test_missing_object_is_404(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.refunds.retrieve("re_none")
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")


def test_lists_page_and_filter(client: stripe.StripeClient) -> None:
    made = [client.v1.customers.create({"email": f"{n}@b.test"}).id for n in range(5)]
    page = client.v1.customers.list({"limit": 2})
    assert [row.id for row in page.data] == [made[4], made[3]]
    assert page.has_more
    after = client.v1.customers.list({"limit": 2, "starting_after": made[3]})
    assert [row.id for row in after.data] == [made[2], made[1]]
    before = client.v1.customers.list({"limit": 2, "ending_before": made[1]})
    assert [row.id for row in before.data] == [made[3], made[2]]
    assert [row.id for row in client.v1.customers.list({"email": "3@b.test"}).data] == [made[3]]


def test_created_is_a_range_on_the_simulated_clock(
    sim: Handle, client: stripe.StripeClient
) -> None:
    sim.control("clock", {"now": 1_800_000_000, "frozen": True})
    early = client.v1.customers.create({"email": "a@b.test"})
    sim.control("clock", {"advance": 100, "frozen": True})
    late = client.v1.customers.create({"email": "b@b.test"})
    assert (early.created, late.created) == (1_800_000_000, 1_800_000_100)
    found = client.v1.customers.list({"created": {"gte": 1_800_000_100}})
    assert [row.id for row in found.data] == [late.id]
    found = client.v1.customers.list({"created": {"lt": 1_800_000_100}})
    assert [row.id for row in found.data] == [early.id]


def test_expansion(client: stripe.StripeClient, pay: Pay) -> None:
    paid = pay()
    page = client.v1.payment_intents.list({"expand": ["data.latest_charge.balance_transaction"]})
    assert page.data[0].latest_charge.balance_transaction.amount == 125_000
    with_lines = client.v1.checkout.sessions.retrieve(paid.id, {"expand": ["line_items"]})
    assert with_lines.line_items.data[0].amount_total == 125_000
    assert "line_items" not in client.v1.checkout.sessions.retrieve(paid.id)


def test_answer_lost_after_the_act_is_found_again_by_its_key(
    sim: Handle, client: stripe.StripeClient
) -> None:
    sim.control("settings", {"faults": [{"path": "/v1/customers", "kind": "drop_after"}]})
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({"email": "a@b.test"}, {"idempotency_key": "k1"})
    made = client.v1.customers.create({"email": "a@b.test"}, {"idempotency_key": "k1"})
    assert [row.id for row in client.v1.customers.list().data] == [made.id]


def test_other_faults(sim: Handle, client: stripe.StripeClient) -> None:
    faults = [
        {"path": "/v1/customers", "kind": "drop_before"},
        {"path": "/v1/customers", "kind": "status", "status": 503},
        {"path": "/v1/customers", "kind": "crash"},
    ]
    sim.control("settings", {"faults": faults})
    for key, raised in (("k1", stripe.APIConnectionError), ("k1", stripe.APIError)):
        with pytest.raises(raised):
            client.v1.customers.create({"email": "a@b.test"}, {"idempotency_key": key})
    for _ in range(2):  # a crash after the beginning is kept under the key, Stripe says
        with pytest.raises(stripe.APIError) as crashed:
            client.v1.customers.create({"email": "a@b.test"}, {"idempotency_key": "k2"})
        assert crashed.value.http_status == 500
    assert client.v1.customers.list().data == []
    client.v1.customers.create({"email": "a@b.test"}, {"idempotency_key": "k3"})


def test_metadata_merges(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    changed = client.v1.customers.update(made.id, {"metadata": {"a": "", "c": "3"}})
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    event = client.v1.events.list({"type": "customer.updated"}).data[0]
    assert event.data.previous_attributes["metadata"].to_dict() == {"a": "1", "b": "2"}


def test_settings_refuse_an_unknown_name_and_another_type(sim: Handle) -> None:
    wrong = requests.post(f"{sim.url}/_sim/settings", json={"webhok_delay": 1}, timeout=10)
    assert wrong.status_code == 400
    form = requests.post(f"{sim.url}/_sim/settings", data={"webhook_delay": 1}, timeout=10)
    assert form.status_code == 415
