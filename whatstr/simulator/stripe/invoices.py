"""Invoices of subscriptions: one for each period, finalized and charged at once."""

from whatstr.simulator.stripe.objects import blank, listing, stamped
from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import World


def make(world: World, found: Json, lines: list[Json], intent_id: str, *, reason: str) -> Json:
    """The invoice of one period, paid or not as its intent was; the subscription follows it."""
    intent = world.store.get("payment_intent", intent_id) or {}
    paid = intent.get("status") == "succeeded"
    total = sum(line["price"]["unit_amount"] * line["quantity"] for line in lines)
    item = found["items"]["data"][0]
    number = f"SIM-{len(world.store.all('invoice')) + 1:04d}"
    found["status"] = "active" if paid else "past_due"
    made = stamped(
        world,
        "invoice",
        "in",
        {
            **_money(total, paid=paid),
            **_invoice_frame(world, found, number, paid=paid),
            "billing_reason": reason,
            "period_end": item["current_period_start"],
            "period_start": item["current_period_start"],
        },
    )
    made["lines"] = listing(
        f"/v1/invoices/{made['id']}/lines",
        [_invoice_line(world, made, found, line) for line in lines],
    )
    world.store.put("invoice", made["id"], made)
    _invoice_payment(world, made, intent_id, paid=paid)
    return made


def _money(total: int, *, paid: bool) -> Json:
    return {
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": total if paid else 0,
        "amount_remaining": 0 if paid else total,
        "amount_shipping": 0,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "ending_balance": 0,
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_excluding_tax": total,
        "total_discount_amounts": [],
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    }


def _invoice_frame(world: World, found: Json, number: str, *, paid: bool) -> Json:
    customer = world.store.get("customer", found["customer"]) or {}
    return {
        **blank(
            "account_tax_ids application automatically_finalizes_at custom_fields"
            " customer_account customer_address customer_name customer_phone customer_shipping"
            " default_payment_method default_source description due_date footer from_invoice"
            " hosted_invoice_url invoice_pdf last_finalization_error latest_revision"
            " next_payment_attempt on_behalf_of receipt_number rendering shipping_cost"
            " shipping_details statement_descriptor test_clock webhooks_delivered_at"
        ),
        "account_country": "IE",
        "account_name": world.settings["business_name"],
        "attempt_count": 1,
        "attempted": True,
        "auto_advance": False,
        "automatic_tax": blank("disabled_reason liability provider status") | {"enabled": False},
        "collection_method": "charge_automatically",
        "currency": found["currency"],
        "customer": found["customer"],
        "customer_email": customer.get("email"),
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "discounts": [],
        "effective_at": world.now(),
        "issuer": {"type": "self"},
        "metadata": {},
        "number": number,
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(found["metadata"]),
                "subscription": found["id"],
            },
            "type": "subscription_details",
        },
        "payment_settings": blank("default_mandate payment_method_options payment_method_types"),
        "status": "paid" if paid else "open",
        "status_transitions": {
            "finalized_at": world.now(),
            "marked_uncollectible_at": None,
            "paid_at": world.now() if paid else None,
            "voided_at": None,
        },
    }


def _invoice_line(world: World, invoice: Json, found: Json, line: Json) -> Json:
    amount = line["price"]["unit_amount"] * line["quantity"]
    item = found["items"]["data"][0]
    return {
        "id": world.new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": found["currency"],
        "description": line["description"],
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice["id"],
        "livemode": False,
        "metadata": {},
        "period": {"end": item["current_period_end"], "start": item["current_period_start"]},
        "pricing": {
            "price_details": {"price": line["price"]["id"], "product": line["price"]["product"]},
            "type": "price_details",
            "unit_amount_decimal": line["price"]["unit_amount_decimal"],
        },
        "quantity": line["quantity"],
        "subtotal": amount,
        "taxes": [],
    }


def _invoice_payment(world: World, invoice: Json, intent_id: str, *, paid: bool) -> None:
    made = stamped(
        world,
        "invoice_payment",
        "inpay",
        {
            "amount_paid": invoice["total"] if paid else None,
            "amount_requested": invoice["total"],
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "payment": {"payment_intent": intent_id, "type": "payment_intent"},
            "status": "paid" if paid else "open",
            "status_transitions": {"canceled_at": None, "paid_at": world.now() if paid else None},
        },
    )
    world.store.put("invoice_payment", made["id"], made)


def announce(world: World, invoice: Json) -> None:
    """The events of an invoice, once the subscription knows it."""
    world.emit("invoice.created", invoice)
    world.emit("invoice.finalized", invoice)
    world.emit("invoice.paid" if invoice["status"] == "paid" else "invoice.payment_failed", invoice)
