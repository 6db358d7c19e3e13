"""Checkout Sessions: made by us, paid by the customer on the hosted page, or let go."""

from dataclasses import dataclass
from typing import Any

from whatstr.simulator.stripe import payments, subscriptions
from whatstr.simulator.stripe.cards import CARDS, CardScript
from whatstr.simulator.stripe.catalogue import create_customer, price_record
from whatstr.simulator.stripe.errors import StripeFault, no_such, refuse_parameter
from whatstr.simulator.stripe.forms import merged_metadata, require
from whatstr.simulator.stripe.objects import line_item, listing, session
from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import World

_COPIED = (
    "allowed_payment_method_types",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_creation",
    "customer_email",
    "locale",
    "metadata",
    "mode",
    "payment_method_collection",
    "submit_type",
    "success_url",
)


@dataclass(frozen=True)
class Attempt:
    """How paying went: `paid`, `declined` with a message, or `authenticate` (3-D Secure)."""

    outcome: str
    message: str | None = None


def create_session(world: World, _: str, params: Json) -> Json:
    """`POST /v1/checkout/sessions`, mode payment or subscription."""
    require(params, "mode", "success_url", "line_items")
    _check_session(world, params)
    lines = [_line(world, line) for line in params["line_items"]]
    recurring = [line["price"]["type"] == "recurring" for line in lines]
    if params["mode"] == "payment" and any(recurring):
        raise StripeFault(
            "You specified `payment` mode but passed a recurring price. Either switch to"
            " `subscription` mode or use only one-time prices.",
            param="line_items[0][price]",
        )
    if params["mode"] == "subscription" and not any(recurring):
        raise StripeFault(
            "You must provide at least one recurring price in `subscription` mode when using"
            " prices.",
            param="line_items",
        )
    total = sum(line["amount_total"] for line in lines)
    made = session(
        world,
        {
            "amount_subtotal": total,
            "amount_total": total,
            "currency": lines[0]["currency"],
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "customer_creation": "if_required" if params["mode"] == "payment" else "always",
            **{name: params[name] for name in _COPIED if name in params},
        },
    )
    if "expires_at" in params:
        made["expires_at"] = params["expires_at"]
    made["url"] = page_url(world, made["id"])
    world.store.put("checkout.session", made["id"], made)
    world.store.put("_lines", made["id"], {"lines": lines})
    carried = {name: params[name] for name in params if name.endswith("_data")}
    world.store.put("_carried", made["id"], carried)
    world.at(made["expires_at"], "session", made["id"])
    return made


def page_url(world: World, session_id: str) -> str:
    """Where the customer pays."""
    return f"{world.public_url}/c/pay/{session_id}"


def move_pages(world: World) -> None:
    """After a restart on another port the open sessions lead there."""
    for found in world.store.all("checkout.session"):
        if found["url"] not in (None, page_url(world, found["id"])):
            found["url"] = page_url(world, found["id"])
            world.store.put("checkout.session", found["id"], found)


def update_session(world: World, session_id: str, params: Json) -> Json:
    """`POST /v1/checkout/sessions/:id`: metadata only."""
    found = must_session(world, session_id)
    found["metadata"] = merged_metadata(found["metadata"], params.get("metadata"))
    return world.store.put("checkout.session", session_id, found)


def expire_session(world: World, session_id: str, _: Json) -> Json:
    """`POST /v1/checkout/sessions/:id/expire`: only an open one."""
    found = must_session(world, session_id)
    if found["status"] != "open":
        raise StripeFault(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout'
            f" Session has a status of `{found['status']}`."
        )
    found.update(status="expired", url=None)
    world.store.put("checkout.session", session_id, found)
    intent = world.store.get("payment_intent", str(found["payment_intent"]))
    if intent is not None and intent["status"] != "canceled":
        payments.cancel_intent(world, intent["id"], {"cancellation_reason": "expired"})
    world.emit("checkout.session.expired", found)
    return found


def expire_when_due(world: World, session_id: str) -> None:
    """A day after its making an open session expires by itself."""
    found = world.store.get("checkout.session", session_id)
    if found is not None and found["status"] == "open":
        expire_session(world, session_id, {})


def session_lines(world: World, session_id: str) -> list[Json]:
    """The lines of a session, in their order."""
    must_session(world, session_id)
    kept = world.store.get("_lines", session_id) or {"lines": []}
    return list(kept["lines"])


def list_session_lines(world: World, session_id: str, _: Json) -> Json:
    """`GET /v1/checkout/sessions/:id/line_items`."""
    return listing(
        f"/v1/checkout/sessions/{session_id}/line_items", session_lines(world, session_id)
    )


def pay_session(world: World, session_id: str, script: CardScript, *, email: str) -> Attempt:
    """The customer pressed the button with a card. Only for an open session."""
    found = must_session(world, session_id)
    if found["status"] != "open":
        raise StripeFault("This Checkout Session is no longer open.")
    intent_id = found["payment_intent"] or _intent_of(world, found)
    if script.three_d_secure:
        payments.ask_for_authentication(world, intent_id, script)
        return Attempt("authenticate")
    return _charge(world, found, intent_id, script, email=email)


def finish_authentication(world: World, session_id: str, *, passed: bool, email: str) -> Attempt:
    """The customer comes back from the bank's page."""
    found = must_session(world, session_id)
    intent = world.store.get("payment_intent", str(found["payment_intent"]))
    if found["status"] != "open" or intent is None or intent["status"] != "requires_action":
        raise StripeFault("There is nothing to authenticate.")
    if not passed:
        failed = payments.authentication_failed(world, intent["id"])
        return Attempt("declined", failed["last_payment_error"]["message"])
    kept = world.store.get("_payment_method", intent["payment_method"]) or {}
    return _charge(world, found, intent["id"], CARDS[kept["number"]], email=email)


def must_session(world: World, session_id: str) -> Json:
    """The session, or Stripe's 404."""
    found = world.store.get("checkout.session", session_id)
    if found is None:
        raise no_such("checkout.session", session_id)
    return found


def _charge(
    world: World, found: Json, intent_id: str, script: CardScript, *, email: str
) -> Attempt:
    paid = payments.charge_intent(world, intent_id, script, email=email)
    if paid["status"] != "succeeded":
        return Attempt("declined", paid["last_payment_error"]["message"])
    found.update(
        status="complete",
        payment_status="paid",
        url=None,
        payment_intent=intent_id,
        customer_details={
            "address": None,
            "business_name": None,
            "email": email,
            "individual_name": None,
            "name": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
    )
    if found["mode"] == "subscription" or found["customer_creation"] == "always":
        _ensure_customer(world, found, email)
    if found["mode"] == "subscription":
        carried = world.store.get("_carried", found["id"]) or {}
        subscriptions.start(
            world,
            found,
            session_lines(world, found["id"]),
            metadata=carried.get("subscription_data", {}).get("metadata", {}),
        )
    world.store.put("checkout.session", found["id"], found)
    world.store.drop("_due", f"session:{found['id']}")
    world.emit("checkout.session.completed", found)
    return Attempt("paid")


def _intent_of(world: World, found: Json) -> str:
    carried: dict[str, Any] = world.store.get("_carried", found["id"]) or {}
    data = carried.get("payment_intent_data", {})
    made = payments.open_intent(
        world,
        {
            "amount": found["amount_total"],
            "currency": found["currency"],
            "customer": found["customer"],
            "description": data.get("description"),
            "metadata": data.get("metadata", {}),
            "statement_descriptor_suffix": data.get("statement_descriptor_suffix"),
        },
    )
    found["payment_intent"] = made["id"]
    world.store.put("checkout.session", found["id"], found)
    return str(made["id"])


def _ensure_customer(world: World, found: Json, email: str) -> None:
    if found["customer"] is None:
        found["customer"] = create_customer(world, "", {"email": email})["id"]


def _line(world: World, line: Json) -> Json:
    price_id, data = line.get("price"), line.get("price_data")
    if (price_id is None) == (data is None):
        raise refuse_parameter(
            "You must specify exactly one of `price` or `price_data`.", param="line_items[0]"
        )
    if data is not None:
        require(data, "currency", "unit_amount")
        price = price_record(world, data)
        price["active"] = False  # Stripe's inline prices cannot be used a second time
        world.store.put("price", price["id"], price)
    else:
        known = world.store.get("price", str(price_id))
        if known is None:
            raise no_such("price", str(price_id), param="line_items[0][price]", in_path=False)
        if not known["active"]:
            raise StripeFault(
                "The price specified is inactive. This field only accepts active prices.",
                param="line_items[0][price]",
            )
        price = known
    product = world.store.get("product", price["product"]) or {"name": ""}
    return line_item(world, price, product["name"], line.get("quantity", 1))


def _check_session(world: World, params: Json) -> None:
    if params["mode"] == "subscription" and "payment_intent_data" in params:
        raise refuse_parameter(
            "You can not pass `payment_intent_data` in `subscription` mode.",
            param="payment_intent_data",
        )
    if params["mode"] == "payment" and "subscription_data" in params:
        raise refuse_parameter(
            "You can not pass `subscription_data` in `payment` mode.", param="subscription_data"
        )
    if "customer" in params and "customer_email" in params:
        raise refuse_parameter(
            "You may only specify one of these parameters: customer, customer_email.",
            param="customer",
        )
    for name in ("success_url", "cancel_url"):
        if name in params and not params[name].startswith(("http://", "https://")):
            raise refuse_parameter("Not a valid URL", param=name, code="url_invalid")
    expires = params.get("expires_at")
    if expires is not None and not 1800 <= expires - world.now() <= 24 * 3600:
        raise refuse_parameter(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout"
            " Session creation.",
            param="expires_at",
        )
