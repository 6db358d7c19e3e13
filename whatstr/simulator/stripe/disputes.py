"""Disputes: opened by a card or by hand, answered with evidence, won or lost."""

from typing import Final

from whatstr.simulator.stripe.errors import StripeFault, no_such
from whatstr.simulator.stripe.forms import merged_metadata
from whatstr.simulator.stripe.objects import balance_transaction, blank, stamped
from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import World

EVIDENCE: Final = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure"
    " cancellation_rebuttal customer_communication customer_email_address customer_name"
    " customer_purchase_ip customer_signature duplicate_charge_documentation"
    " duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy"
    " refund_policy_disclosure refund_refusal_explanation service_date service_documentation"
    " shipping_address shipping_carrier shipping_date shipping_documentation"
    " shipping_tracking_number uncategorized_file uncategorized_text"
)
_DISPUTE_FEE: Final = 1500
_ANSWER_DAYS: Final = 7


def open_dispute(
    world: World, charge_id: str, *, reason: str = "fraudulent", amount: int | None = None
) -> Json:
    """The customer's bank takes the money back and asks for an answer within seven days."""
    charged = world.store.get("charge", charge_id)
    if charged is None:
        raise no_such("charge", charge_id)
    disputed = amount or charged["amount"] - charged["amount_refunded"]
    made = stamped(
        world,
        "dispute",
        "du",
        {
            "amount": disputed,
            "balance_transactions": [],
            "charge": charge_id,
            "currency": charged["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {**blank(EVIDENCE), "enhanced_evidence": {}},
            "evidence_details": {
                "due_by": world.now() + _ANSWER_DAYS * 86400,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
                "submission_method": "not_submitted",
            },
            "is_charge_refundable": False,
            "metadata": {},
            "payment_intent": charged["payment_intent"],
            "payment_method_details": {
                "card": {
                    "brand": charged["payment_method_details"]["card"]["brand"],
                    "case_type": "chargeback",
                    "network": charged["payment_method_details"]["card"]["brand"],
                    "network_reason_code": "10.4",
                },
                "type": "card",
            },
            "reason": reason,
            "status": "needs_response",
        },
    )
    charged["disputed"] = True
    world.store.put("charge", charge_id, charged)
    world.store.put("dispute", made["id"], made)
    world.emit("charge.dispute.created", made)
    _move(world, made, amount=-disputed, fee=_DISPUTE_FEE)
    world.emit("charge.dispute.funds_withdrawn", made)
    return made


def update_dispute(world: World, dispute_id: str, params: Json) -> Json:
    """`POST /v1/disputes/:id`: evidence, kept as a draft until `submit`."""
    found = _must(world, dispute_id)
    if found["status"] in ("won", "lost"):
        raise StripeFault("This dispute is already closed.", code="charge_disputed")
    found["evidence"].update(params.get("evidence", {}))
    found["metadata"] = merged_metadata(found["metadata"], params.get("metadata"))
    details = found["evidence_details"]
    details["has_evidence"] = any(found["evidence"][name] for name in EVIDENCE.split())
    if params.get("submit"):
        details["submission_count"] += 1
        details["submission_method"] = "manual"
        found["status"] = "under_review"
    world.store.put("dispute", dispute_id, found)
    world.emit("charge.dispute.updated", found, previous={})
    return found


def close_dispute(world: World, dispute_id: str, _: Json) -> Json:
    """`POST /v1/disputes/:id/close`: the merchant gives in, the dispute is lost."""
    return decide_dispute(world, dispute_id, won=False)


def decide_dispute(world: World, dispute_id: str, *, won: bool) -> Json:
    """The bank's decision; won, the money comes back."""
    found = _must(world, dispute_id)
    if found["status"] in ("won", "lost"):
        return found
    found["status"] = "won" if won else "lost"
    world.store.put("dispute", dispute_id, found)
    if won:
        _move(world, found, amount=found["amount"], fee=0)
        world.emit("charge.dispute.funds_reinstated", found)
    world.emit("charge.dispute.closed", found)
    return found


def blocks_refunds(world: World, charge_id: str) -> bool:
    """An open or lost dispute has taken the money already; a won one is over."""
    return any(
        found["charge"] == charge_id and found["status"] != "won"
        for found in world.store.all("dispute")
    )


def _move(world: World, found: Json, *, amount: int, fee: int) -> None:
    moved = balance_transaction(
        world,
        {
            "amount": amount,
            "currency": found["currency"],
            "description": f"Chargeback {'withdrawal' if amount < 0 else 'reversal'}",
            "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
            "source": found["id"],
            "type": "adjustment",
        },
        fee=fee,
    )
    found["balance_transactions"].append(moved)
    world.store.put("dispute", found["id"], found)


def _must(world: World, dispute_id: str) -> Json:
    found = world.store.get("dispute", dispute_id)
    if found is None:
        raise no_such("dispute", dispute_id)
    return found
