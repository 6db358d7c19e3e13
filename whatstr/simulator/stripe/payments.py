"""PaymentIntents and charges: one attempt to pay with a test card."""

from whatstr.simulator.stripe import disputes
from whatstr.simulator.stripe.cards import CardScript
from whatstr.simulator.stripe.errors import StripeFault
from whatstr.simulator.stripe.objects import balance_transaction, charge, intent
from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import World


def open_intent(world: World, fields: Json) -> Json:
    """A new PaymentIntent, announced."""
    made = intent(world, fields)
    world.store.put("payment_intent", made["id"], made)
    world.emit("payment_intent.created", made)
    return made


def ask_for_authentication(world: World, intent_id: str, script: CardScript) -> Json:
    """The bank wants 3-D Secure: the intent waits for the customer."""
    held = _must(world, intent_id)
    held["status"] = "requires_action"
    held["next_action"] = {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"type": "three_d_secure_redirect"},
    }
    held["payment_method"] = _payment_method(world, script)
    world.store.put("payment_intent", intent_id, held)
    world.emit("payment_intent.requires_action", held)
    return held


def authentication_failed(world: World, intent_id: str) -> Json:
    """The customer did not pass 3-D Secure; another card may be tried."""
    held = _must(world, intent_id)
    held.update(
        status="requires_payment_method",
        next_action=None,
        payment_method=None,
        last_payment_error={
            "code": "payment_intent_authentication_failure",
            "doc_url": (
                "https://stripe.com/docs/error-codes/payment-intent-authentication-failure"
            ),
            "message": "The provided PaymentMethod has failed authentication.",
            "type": "invalid_request_error",
        },
    )
    world.store.put("payment_intent", intent_id, held)
    world.emit("payment_intent.payment_failed", held)
    return held


def charge_intent(world: World, intent_id: str, script: CardScript, *, email: str | None) -> Json:
    """Charge the card: the intent succeeds, or waits for another card after a decline."""
    paying = _must(world, intent_id)
    paid = script.code is None
    made = charge(
        world,
        {
            "amount": paying["amount"],
            "amount_captured": paying["amount"] if paid else 0,
            "captured": paid,
            "currency": paying["currency"],
            "customer": paying["customer"],
            "description": paying["description"],
            "failure_code": script.code,
            "failure_message": script.message,
            "metadata": dict(paying["metadata"]),
            "paid": paid,
            "payment_intent": intent_id,
            "payment_method": paying["payment_method"] or _payment_method(world, script),
            "status": "succeeded" if paid else "failed",
        },
        script=script,
        email=email,
    )
    if paid:
        _move_charge_money(world, made)
    world.store.put("charge", made["id"], made)
    world.store.put("_card_of", made["id"], {"number": script.number})
    world.emit("charge.succeeded" if paid else "charge.failed", made)
    _settle_intent(world, paying, made, script)
    if paid and script.dispute_reason is not None:
        disputes.open_dispute(world, made["id"], reason=script.dispute_reason)
    return paying


def cancel_intent(world: World, intent_id: str, params: Json) -> Json:
    """`POST /v1/payment_intents/:id/cancel`; not once it has succeeded."""
    held = _must(world, intent_id)
    if held["status"] in ("succeeded", "canceled"):
        raise StripeFault(
            f"You cannot cancel this PaymentIntent because it has a status of {held['status']}.",
            code="payment_intent_unexpected_state",
        )
    held.update(
        status="canceled",
        canceled_at=world.now(),
        cancellation_reason=params.get("cancellation_reason"),
        next_action=None,
    )
    world.store.put("payment_intent", intent_id, held)
    world.emit("payment_intent.canceled", held)
    return held


def _settle_intent(world: World, paying: Json, made: Json, script: CardScript) -> None:
    paying["latest_charge"] = made["id"]
    paying["next_action"] = None
    if made["paid"]:
        paying.update(
            status="succeeded",
            amount_received=paying["amount"],
            last_payment_error=None,
            payment_method=made["payment_method"],
        )
        kind = "payment_intent.succeeded"
    else:
        paying.update(
            status="requires_payment_method",
            payment_method=None,
            last_payment_error={
                "charge": made["id"],
                "code": script.code,
                "message": script.message,
                "type": "card_error",
                **({"decline_code": script.decline_code} if script.decline_code else {}),
            },
        )
        kind = "payment_intent.payment_failed"
    world.store.put("payment_intent", paying["id"], paying)
    world.emit(kind, paying)


def _move_charge_money(world: World, made: Json) -> None:
    # The published price of a foreign card without conversion; only its presence matters.
    fee = made["amount"] * 29 // 1000
    moved = balance_transaction(
        world,
        {
            "amount": made["amount"],
            "currency": made["currency"],
            "description": made["description"],
            "reporting_category": "charge",
            "source": made["id"],
            "type": "charge",
        },
        fee=fee,
    )
    made["balance_transaction"] = moved["id"]


def _payment_method(world: World, script: CardScript) -> str:
    made = world.new_id("pm")
    world.store.put("_payment_method", made, {"number": script.number})
    return made


def _must(world: World, intent_id: str) -> Json:
    found = world.store.get("payment_intent", intent_id)
    if found is None:
        raise StripeFault(
            f"No such payment_intent: '{intent_id}'",
            status=404,
            code="resource_missing",
            param="intent",
        )
    return found
