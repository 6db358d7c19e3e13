"""Stripe's objects, whole: every field that the API always answers is there."""

from typing import Any, Final

from whatstr.simulator.stripe.cards import CardScript
from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import World

_SESSION_NULLS: Final = (
    "adaptive_pricing after_expiration allow_promotion_codes allowed_payment_method_types"
    " amount_subtotal amount_total billing_address_collection branding_settings cancel_url"
    " client_reference_id client_secret collected_information consent consent_collection currency"
    " currency_conversion customer customer_account customer_creation customer_details"
    " customer_email discounts integration_identifier invoice invoice_creation locale"
    " managed_payments origin_context payment_intent payment_link payment_method_collection"
    " payment_method_configuration_details permissions recovered_from saved_payment_method_options"
    " setup_intent shipping_address_collection shipping_cost submit_type subscription success_url"
    " total_details wallet_options"
)
_INTENT_NULLS: Final = (
    "application application_fee_amount automatic_payment_methods canceled_at cancellation_reason"
    " customer customer_account description last_payment_error latest_charge next_action"
    " on_behalf_of payment_method payment_method_configuration_details processing receipt_email"
    " review setup_future_usage shipping source statement_descriptor statement_descriptor_suffix"
    " transfer_data transfer_group"
)
_CHARGE_NULLS: Final = (
    "application application_fee application_fee_amount balance_transaction customer description"
    " failure_balance_transaction failure_code failure_message on_behalf_of payment_intent"
    " payment_method receipt_email receipt_number receipt_url review shipping source_transfer"
    " statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
)


def blank(names: str) -> Json:
    """Null for each name of a spaced list."""
    return dict.fromkeys(names.split())


def stamped(world: World, kind: str, prefix: str, fields: Json) -> Json:
    """A record with id, object, created and livemode, not yet kept."""
    head = {"id": world.new_id(prefix), "object": kind, "created": world.now(), "livemode": False}
    return {**head, **fields}


def listing(url: str, data: list[Json], *, has_more: bool = False) -> Json:
    """A page of a list."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def session(world: World, fields: Json) -> Json:
    """A Checkout Session with the hosted page, open and unpaid."""
    head = {
        "id": world.new_id("cs_test", 58),
        "object": "checkout.session",
        "created": world.now(),
        "livemode": False,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "expires_at": world.now() + 24 * 3600,
        "metadata": {},
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "ui_mode": "hosted_page",
    }
    return {**blank(_SESSION_NULLS), **head, **fields}


def line_item(world: World, price: Json, description: str, quantity: int) -> Json:
    """One line of a Checkout Session."""
    total = price["unit_amount"] * quantity
    return {
        "id": world.new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"],
        "description": description,
        "metadata": {},
        "price": price,
        "quantity": quantity,
    }


def intent(world: World, fields: Json) -> Json:
    """A PaymentIntent that waits for a payment method."""
    head = stamped(
        world,
        "payment_intent",
        "pi",
        {
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "capture_method": "automatic_async",
            "confirmation_method": "automatic",
            "metadata": {},
            "payment_method_options": {
                "card": {
                    "installments": None,
                    "mandate_options": None,
                    "network": None,
                    "request_three_d_secure": "automatic",
                }
            },
            "payment_method_types": ["card"],
            "status": "requires_payment_method",
        },
    )
    head["client_secret"] = f"{head['id']}_secret_{world.new_id('x')[2:]}"
    return {**blank(_INTENT_NULLS), **head, **fields}


def charge(world: World, fields: Json, *, script: CardScript, email: str | None) -> Json:
    """A card charge; the caller says whether it was paid."""
    head = stamped(
        world,
        "charge",
        "ch",
        {
            "amount_refunded": 0,
            "billing_details": {
                "address": blank("city country line1 line2 postal_code state"),
                "email": email,
                "name": None,
                "phone": None,
                "tax_id": None,
            },
            "calculated_statement_descriptor": world.settings["business_name"].upper(),
            "disputed": False,
            "fraud_details": {},
            "metadata": {},
            "outcome": _outcome(script),
            "payment_method_details": {"card": card_details(script), "type": "card"},
            "radar_options": {},
            "refunded": False,
        },
    )
    return {**blank(_CHARGE_NULLS), **head, **fields}


def card_details(script: CardScript) -> Json:
    """What a charge shows of a card: never the number."""
    return {
        "amount_authorized": None,
        "authorization_code": None,
        "brand": script.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "fail" if script.code == "incorrect_cvc" else "pass",
        },
        "country": "US",
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"sim{script.last4}",
        "funding": "credit",
        "installments": None,
        "last4": script.last4,
        "mandate": None,
        "network": script.brand,
        "three_d_secure": {"authentication_flow": "challenge", "result": "authenticated"}
        if script.three_d_secure
        else None,
        "wallet": None,
    }


def balance_transaction(world: World, fields: Json, *, fee: int = 0) -> Json:
    """A movement of the balance; `amount` less `fee` is the net."""
    moved = {
        "id": world.new_id("txn"),
        "object": "balance_transaction",
        "available_on": world.now() + 2 * 86400,
        "balance_type": "payments",
        "created": world.now(),
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [
            {
                "amount": fee,
                "application": None,
                "currency": fields["currency"],
                "description": "Stripe processing fees",
                "type": "stripe_fee",
            }
        ]
        if fee
        else [],
        "net": fields["amount"] - fee,
        "status": "pending",
        **fields,
    }
    return world.store.put("balance_transaction", moved["id"], moved)


def _outcome(script: CardScript) -> dict[str, Any]:
    if script.code is None:
        return {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 12,
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    return {
        "advice_code": "try_again_later",
        "network_advice_code": None,
        "network_decline_code": "01",
        "network_status": "declined_by_network",
        "reason": script.decline_code or script.code,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "The bank did not approve the payment.",
        "type": "issuer_declined",
    }
