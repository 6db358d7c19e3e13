"""What our client of Stripe makes of a Stripe that fails or refuses."""

from __future__ import annotations

import pytest

from tests.billing.stripe_side import Gateways, paid_intent, refund
from whatstr.billing.gateway import (
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    StripeGateway,
)
from whatstr.core.errors import DomainError
from whatstr.simulator.stripe import Handle


def test_lost_answer_is_unavailable_and_its_key_finds_it(
    sim: Handle, gateway: StripeGateway
) -> None:
    intent = paid_intent(gateway)
    sim.control("settings", {"faults": [{"path": "/v1/refunds", "kind": "drop_after"}]})
    with pytest.raises(GatewayUnavailable):
        refund(gateway, intent)
    assert refund(gateway, intent) == gateway.list_refunds(intent)[0]
    assert len(gateway.list_refunds(intent)) == 1


@pytest.mark.parametrize("status", [429, 500, 503, 409])
def test_busy_stripe_is_unavailable(sim: Handle, gateway: StripeGateway, status: int) -> None:
    fault = {"path": "*", "kind": "status", "status": status}
    sim.control("settings", {"faults": [fault]})
    with pytest.raises(GatewayUnavailable):
        gateway.get_refund("re_1")


def test_nobody_listening_is_unavailable(gateways: Gateways) -> None:
    with pytest.raises(GatewayUnavailable):
        gateways(base_url="http://127.0.0.1:9").get_refund("re_1")


def test_wrong_key_is_misconfigured(gateways: Gateways) -> None:
    with pytest.raises(GatewayMisconfigured):
        gateways(api_key="sk_test_other").get_refund("re_1")


def test_unknown_refund_is_refused(gateway: StripeGateway) -> None:
    with pytest.raises(GatewayRefused) as refused:
        gateway.get_refund("re_none")
    assert refused.value.reason == "resource_missing"


def test_errors_hold_no_text_of_stripe(gateway: StripeGateway) -> None:
    with pytest.raises(DomainError) as refused:
        gateway.get_refund("gizli@dukkan.test")  # Stripe repeats the id in its message
    shown = repr(refused.value) + repr(refused.value.context) + repr(refused.value.__cause__)
    assert "gizli" not in shown
    assert refused.value.context == {
        "reason": "resource_missing",
        "decline_code": None,
        "param": "id",
    }
