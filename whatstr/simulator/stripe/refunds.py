"""Refunds: taken, refused, pending, and failing after they had succeeded."""

from whatstr.simulator.stripe.cards import CARDS, RefundCourse
from whatstr.simulator.stripe.disputes import blocks_refunds
from whatstr.simulator.stripe.errors import StripeFault, no_such
from whatstr.simulator.stripe.forms import merged_metadata
from whatstr.simulator.stripe.objects import balance_transaction, blank, stamped
from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import World

_REFUND_NULLS = (
    "balance_transaction charge payment_intent reason receipt_number source_transfer_reversal"
    " transfer_reversal"
)


def create_refund(world: World, _: str, params: Json) -> Json:
    """`POST /v1/refunds`. Refuses more than is left, a second full one, a disputed charge."""
    charged = _refundable_charge(world, params)
    left = charged["amount"] - charged["amount_refunded"]
    amount = params.get("amount", left)
    if blocks_refunds(world, charged["id"]):
        raise StripeFault(
            f"Charge {charged['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    _check_amount(charged, amount=amount, left=left)
    course = _course(world, charged)
    pending = course in (
        RefundCourse.PENDING_THEN_SUCCEED,
        RefundCourse.PENDING_THEN_FAIL,
        RefundCourse.STAY_PENDING,
    )
    made = stamped(
        world,
        "refund",
        "re",
        {
            **blank(_REFUND_NULLS),
            "amount": amount,
            "charge": charged["id"],
            "currency": charged["currency"],
            "destination_details": {
                "card": {"type": "pending"}
                if pending
                else {
                    "reference_status": "pending",
                    "reference_type": "acquirer_reference_number",
                    "type": "refund",
                },
                "type": "card",
            },
            "metadata": params.get("metadata", {}),
            "payment_intent": charged["payment_intent"],
            "reason": params.get("reason"),
            "status": "pending" if pending else "succeeded",
        },
    )
    del made["livemode"]  # a refund has none
    if pending:
        made["pending_reason"] = "processing"
    moved = _move(world, made, amount=-amount, type_="refund", description="REFUND FOR CHARGE")
    made["balance_transaction"] = moved["id"]
    world.store.put("refund", made["id"], made)
    _return_to_charge(world, charged, amount)
    world.emit("refund.created", made)
    world.emit("charge.refunded", charged)
    if course is RefundCourse.FAIL:
        return settle(world, made["id"], "failed")
    if course not in (RefundCourse.SUCCEED, RefundCourse.STAY_PENDING):
        moment = world.now() + int(world.settings["refund_settle_after"])
        world.store.put("_course", made["id"], {"course": course.value})
        world.at(moment, "refund", made["id"])
    return made


def update_refund(world: World, refund_id: str, params: Json) -> Json:
    """`POST /v1/refunds/:id`: metadata only."""
    found = _must(world, refund_id)
    before = found["metadata"]
    found["metadata"] = merged_metadata(before, params.get("metadata"))
    world.store.put("refund", refund_id, found)
    world.emit("refund.updated", found, previous={"metadata": before})
    return found


def settle_by_course(world: World, refund_id: str) -> None:
    """What the card (or the settings) foresaw, at its moment."""
    noted = world.store.get("_course", refund_id) or {}
    course = RefundCourse(noted.get("course", RefundCourse.SUCCEED))
    settle(
        world,
        refund_id,
        "succeeded" if course is RefundCourse.PENDING_THEN_SUCCEED else "failed",
    )


def settle(world: World, refund_id: str, status: str, *, reason: str | None = None) -> Json:
    """Bring a refund to `succeeded`, `failed` or `canceled`. Failed is final; repeating is quiet.

    A failure gives the money back to the balance and takes the refund off the charge, also when
    the refund had succeeded before: Stripe's refunds page, "Failed refunds".
    """
    found = _must(world, refund_id)
    if found["status"] == status or found["status"] in ("failed", "canceled"):
        return found
    before = {"status": found["status"]}
    found["status"] = status
    found.pop("pending_reason", None)
    if status == "succeeded":
        found["destination_details"]["card"] = {
            "reference_status": "available",
            "reference_type": "acquirer_reference_number",
            "reference": "74850126001123456789012",
            "type": "refund",
        }
    else:
        found["failure_reason"] = reason or world.settings["refund_failure_reason"]
        back = _move(
            world,
            found,
            amount=found["amount"],
            type_="refund_failure",
            description="REFUND FAILURE",
        )
        found["failure_balance_transaction"] = back["id"]
        charged = world.store.get("charge", found["charge"])
        if charged is not None:
            _return_to_charge(world, charged, -found["amount"])
    world.store.put("refund", refund_id, found)
    if status != "succeeded":
        world.emit("refund.failed", found)
    world.emit("refund.updated", found, previous=before)
    world.emit("charge.refund.updated", found, previous=before)
    return found


def _refundable_charge(world: World, params: Json) -> Json:
    intent_id, charge_id = params.get("payment_intent"), params.get("charge")
    if (intent_id is None) == (charge_id is None):
        raise StripeFault(
            "One and only one of these parameters must be provided: charge, payment_intent.",
            begun=False,
        )
    if intent_id is not None:
        paid = world.store.get("payment_intent", intent_id)
        if paid is None:
            raise no_such("payment_intent", intent_id, param="payment_intent", in_path=False)
        if paid["status"] != "succeeded":
            raise StripeFault(
                f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.",
                code="payment_intent_unexpected_state",
                param="payment_intent",
            )
        charge_id = paid["latest_charge"]
    charged = world.store.get("charge", str(charge_id))
    if charged is None:
        raise no_such("charge", str(charge_id), param="charge", in_path=False)
    return charged


def _check_amount(charged: Json, *, amount: int, left: int) -> None:
    if left == 0:
        raise StripeFault(
            f"Charge {charged['id']} has already been refunded.", code="charge_already_refunded"
        )
    if amount < 1:
        raise StripeFault(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="amount",
            begun=False,
        )
    if amount > left:
        # Stripe gives this one no code, only the parameter.
        whole = "unrefunded amount on charge" if charged["amount_refunded"] else "charge amount"
        unit = charged["currency"].upper()
        raise StripeFault(
            f"Refund amount ({amount / 100:.2f} {unit}) is greater than {whole}"
            f" ({left / 100:.2f} {unit})",
            param="amount",
        )


def _course(world: World, charged: Json) -> RefundCourse:
    forced = world.settings["refund_course"]
    if forced is not None:
        return RefundCourse(forced)
    card = world.store.get("_card_of", charged["id"])
    return CARDS[card["number"]].refund if card else RefundCourse.SUCCEED


def _return_to_charge(world: World, charged: Json, amount: int) -> None:
    charged["amount_refunded"] += amount
    charged["refunded"] = charged["amount_refunded"] == charged["amount"]
    world.store.put("charge", charged["id"], charged)


def _move(world: World, made: Json, *, amount: int, type_: str, description: str) -> Json:
    return balance_transaction(
        world,
        {
            "amount": amount,
            "currency": made["currency"],
            "description": description,
            "reporting_category": type_,
            "source": made["id"],
            "type": type_,
        },
    )


def _must(world: World, refund_id: str) -> Json:
    found = world.store.get("refund", refund_id)
    if found is None:
        raise no_such("refund", refund_id)
    return found
