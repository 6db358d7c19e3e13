"""Subscriptions that a Checkout Session starts and the clock renews, one paid invoice a period."""

import calendar
from datetime import UTC, datetime

from whatstr.simulator.stripe import invoices, payments
from whatstr.simulator.stripe.cards import CARDS
from whatstr.simulator.stripe.errors import StripeFault, no_such
from whatstr.simulator.stripe.forms import merged_metadata
from whatstr.simulator.stripe.objects import blank, listing, stamped
from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import World

_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}


def start(world: World, session: Json, lines: list[Json], *, metadata: dict[str, str]) -> Json:
    """The session was paid: the subscription, its first invoice, their events."""
    made = stamped(
        world,
        "subscription",
        "sub",
        {
            **blank(
                "application application_fee_percent billing_cycle_anchor_config"
                " billing_thresholds cancel_at canceled_at customer_account days_until_due"
                " default_payment_method default_source description ended_at latest_invoice"
                " next_pending_invoice_item_invoice on_behalf_of pause_collection"
                " pending_invoice_item_interval pending_setup_intent pending_update schedule"
                " test_clock transfer_data trial_end trial_start"
            ),
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": world.now(),
            "billing_mode": {"flexible": None, "type": "flexible"},
            "billing_schedules": [],
            "cancel_at_period_end": False,
            "cancellation_details": blank("comment feedback reason"),
            "collection_method": "charge_automatically",
            "currency": session["currency"],
            "customer": session["customer"],
            "default_tax_rates": [],
            "discounts": [],
            "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
            "metadata": metadata,
            "start_date": world.now(),
            "status": "active",
            "trial_settings": None,
        },
    )
    items = [_item(world, made["id"], line) for line in lines if line["price"]["recurring"]]
    made["items"] = listing(f"/v1/subscription_items?subscription={made['id']}", items)
    session["subscription"] = made["id"]
    invoice = invoices.make(
        world, made, lines, session["payment_intent"], reason="subscription_create"
    )
    session["invoice"] = invoice["id"]
    # Stripe's sessions of this mode show the invoice, not the intent that paid it.
    world.store.put("_first_intent", made["id"], {"intent": session["payment_intent"]})
    session["payment_intent"] = None
    made["latest_invoice"] = invoice["id"]
    world.store.put("subscription", made["id"], made)
    world.emit("customer.subscription.created", made)
    invoices.announce(world, invoice)
    world.at(items[0]["current_period_end"], "subscription", made["id"])
    return made


def renew(world: World, subscription_id: str) -> None:
    """The period is over: charge the same card again, or end what was to end."""
    found = world.store.get("subscription", subscription_id)
    if found is None or found["status"] not in ("active", "past_due"):
        return
    if found["cancel_at_period_end"]:
        _end(world, found)
        return
    lines = [
        {"price": item["price"], "quantity": item["quantity"], "description": "Renewal"}
        for item in found["items"]["data"]
    ]
    first = world.store.get("_first_intent", subscription_id) or {}
    paid_before = world.store.get("payment_intent", str(first.get("intent"))) or {}
    method = world.store.get("_payment_method", str(paid_before.get("payment_method")))
    intent = payments.open_intent(
        world,
        {
            "amount": sum(line["price"]["unit_amount"] * line["quantity"] for line in lines),
            "currency": found["currency"],
            "customer": found["customer"],
            "metadata": {},
        },
    )
    script = CARDS[method["number"]] if method else CARDS["4242424242424242"]
    payments.charge_intent(world, intent["id"], script, email=None)
    for item in found["items"]["data"]:
        item["current_period_start"] = item["current_period_end"]
        item["current_period_end"] = _next(item["current_period_end"], item["price"]["recurring"])
    invoice = invoices.make(world, found, lines, intent["id"], reason="subscription_cycle")
    found["latest_invoice"] = invoice["id"]
    world.store.put("subscription", subscription_id, found)
    invoices.announce(world, invoice)
    world.emit("customer.subscription.updated", found, previous={})
    world.at(found["items"]["data"][0]["current_period_end"], "subscription", subscription_id)


def update_subscription(world: World, subscription_id: str, params: Json) -> Json:
    """`POST /v1/subscriptions/:id`: metadata, and ending with the period."""
    found = _must(world, subscription_id)
    before = {"cancel_at_period_end": found["cancel_at_period_end"]}
    found["metadata"] = merged_metadata(found["metadata"], params.get("metadata"))
    if "cancel_at_period_end" in params:
        found["cancel_at_period_end"] = params["cancel_at_period_end"]
        ends = found["items"]["data"][0]["current_period_end"]
        found["cancel_at"] = ends if params["cancel_at_period_end"] else None
    world.store.put("subscription", subscription_id, found)
    world.emit("customer.subscription.updated", found, previous=before)
    return found


def cancel_subscription(world: World, subscription_id: str, _: Json) -> Json:
    """`DELETE /v1/subscriptions/:id`: at once, nothing is given back."""
    found = _must(world, subscription_id)
    if found["status"] == "canceled":
        raise StripeFault(
            f"No such subscription: '{subscription_id}'",
            status=404,
            code="resource_missing",
            param="id",
        )
    return _end(world, found)


def _end(world: World, found: Json) -> Json:
    found.update(status="canceled", canceled_at=world.now(), ended_at=world.now())
    found["cancellation_details"]["reason"] = "cancellation_requested"
    world.store.put("subscription", found["id"], found)
    world.store.drop("_due", f"subscription:{found['id']}")
    world.emit("customer.subscription.deleted", found)
    return found


def _item(world: World, subscription_id: str, line: Json) -> Json:
    recurring = line["price"]["recurring"]
    item = stamped(
        world,
        "subscription_item",
        "si",
        {
            "billing_thresholds": None,
            "current_period_end": _next(world.now(), recurring),
            "current_period_start": world.now(),
            "discounts": [],
            "metadata": {},
            "plan": _plan(line["price"]),
            "price": line["price"],
            "quantity": line["quantity"],
            "subscription": subscription_id,
            "tax_rates": [],
        },
    )
    del item["livemode"]  # an item has none
    return item


def _plan(price: Json) -> Json:
    """The older twin of a price, which items still carry."""
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": False,
        "metadata": {},
        "meter": None,
        "nickname": None,
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def _next(moment: int, recurring: Json) -> int:
    count = int(recurring["interval_count"])
    interval = str(recurring["interval"])
    if interval in _DAYS:
        return moment + count * _DAYS[interval] * 86400
    at = datetime.fromtimestamp(moment, UTC)
    months = at.year * 12 + at.month - 1 + count * _MONTHS[interval]
    year, month = divmod(months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return int(at.replace(year=year, month=month + 1, day=day).timestamp())


def _must(world: World, subscription_id: str) -> Json:
    found = world.store.get("subscription", subscription_id)
    if found is None:
        raise no_such("subscription", subscription_id)
    return found
