"""Products, prices, customers and webhook endpoints: what is created and read, no more."""

from whatstr.simulator.stripe.errors import StripeFault, no_such
from whatstr.simulator.stripe.forms import merged_metadata, require
from whatstr.simulator.stripe.objects import blank, stamped
from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import World


def create_product(world: World, _: str, params: Json) -> Json:
    """`POST /v1/products`; an id of one's own may be taken only once."""
    require(params, "name")
    wanted = params.get("id")
    if wanted and world.store.get("product", wanted):
        raise StripeFault("Product already exists.", code="resource_already_exists", param="id")
    product = stamped(
        world,
        "product",
        "prod",
        {
            "active": True,
            "default_price": None,
            "description": None,
            "images": [],
            "marketing_features": [],
            "metadata": {},
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": None,
            "type": "service",
            "unit_label": None,
            "updated": world.now(),
            "url": None,
            **params,
        },
    )
    world.store.put("product", product["id"], product)
    world.emit("product.created", product)
    return product


def update_product(world: World, product_id: str, params: Json) -> Json:
    """`POST /v1/products/:id`."""
    return _updated(
        world, "product", product_id, {**params, "updated": world.now()}, event="product.updated"
    )


def create_price(world: World, _: str, params: Json) -> Json:
    """`POST /v1/prices`: a fixed amount for a product, once or recurring."""
    require(params, "currency", "unit_amount")
    key = params.get("lookup_key")
    if key and any(price["lookup_key"] == key for price in world.store.all("price")):
        raise StripeFault(
            f"A price with the lookup key `{key}` already exists.",
            code="resource_already_exists",
            param="lookup_key",
        )
    price = price_record(world, params)
    world.store.put("price", price["id"], price)
    world.emit("price.created", price)
    return price


def price_record(world: World, params: Json) -> Json:
    """A price, with its product made where `product_data` is given; not yet kept."""
    if params["unit_amount"] < 0:
        raise StripeFault(
            "This value must be greater than or equal to 0.",
            code="parameter_invalid_integer",
            param="unit_amount",
        )
    fields = dict(params)
    product_data = fields.pop("product_data", None)
    if product_data is not None:
        fields["product"] = create_product(world, "", product_data)["id"]
    require(fields, "product")
    if world.store.get("product", fields["product"]) is None:
        raise no_such("product", fields["product"], param="product", in_path=False)
    recurring = fields.pop("recurring", None)
    if recurring is not None:
        recurring = {
            "interval_count": 1,
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
            **recurring,
        }
    return stamped(
        world,
        "price",
        "price",
        {
            **blank("custom_unit_amount lookup_key nickname tiers_mode transform_quantity"),
            "active": True,
            "billing_scheme": "per_unit",
            "metadata": {},
            "recurring": recurring,
            "tax_behavior": "unspecified",
            "type": "recurring" if recurring else "one_time",
            "unit_amount_decimal": str(fields["unit_amount"]),
            **fields,
        },
    )


def update_price(world: World, price_id: str, params: Json) -> Json:
    """`POST /v1/prices/:id`: amounts never change, only what is around them."""
    return _updated(world, "price", price_id, params, event="price.updated")


def create_customer(world: World, _: str, params: Json) -> Json:
    """`POST /v1/customers`."""
    customer = stamped(
        world,
        "customer",
        "cus",
        {
            **blank(
                "address currency customer_account default_source description discount email name"
                " phone shipping test_clock"
            ),
            "balance": 0,
            "delinquent": False,
            "invoice_prefix": world.new_id("x", 8)[2:].upper(),
            "invoice_settings": blank(
                "custom_fields default_payment_method footer rendering_options"
            ),
            "metadata": {},
            "next_invoice_sequence": 1,
            "preferred_locales": [],
            "tax_exempt": "none",
            **params,
        },
    )
    world.store.put("customer", customer["id"], customer)
    world.emit("customer.created", customer)
    return customer


def update_customer(world: World, customer_id: str, params: Json) -> Json:
    """`POST /v1/customers/:id`."""
    return _updated(world, "customer", customer_id, params, event="customer.updated")


def create_endpoint(world: World, _: str, params: Json, *, secret: str | None = None) -> Json:
    """`POST /v1/webhook_endpoints`; the answer alone shows the secret."""
    require(params, "url", "enabled_events")
    endpoint = stamped(
        world,
        "webhook_endpoint",
        "we",
        {
            "api_version": None,
            "application": None,
            "description": None,
            "metadata": {},
            "status": "enabled",
            **params,
        },
    )
    secret = secret or world.new_id("whsec", 32)
    world.store.put("webhook_endpoint", endpoint["id"], endpoint)
    world.store.put("_secret", endpoint["id"], {"secret": secret})
    return {**endpoint, "secret": secret}


def update_endpoint(world: World, endpoint_id: str, params: Json) -> Json:
    """`POST /v1/webhook_endpoints/:id`, with `disabled` to stop it."""
    fields = dict(params)
    if "disabled" in fields:
        fields["status"] = "disabled" if fields.pop("disabled") else "enabled"
    return _updated(world, "webhook_endpoint", endpoint_id, fields)


def delete_endpoint(world: World, endpoint_id: str, _: Json) -> Json:
    """`DELETE /v1/webhook_endpoints/:id`."""
    if world.store.get("webhook_endpoint", endpoint_id) is None:
        raise no_such("webhook_endpoint", endpoint_id)
    world.store.drop("webhook_endpoint", endpoint_id)
    world.store.drop("_secret", endpoint_id)
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def _updated(
    world: World, kind: str, record_id: str, params: Json, *, event: str | None = None
) -> Json:
    record = world.store.get(kind, record_id)
    if record is None:
        raise no_such(kind, record_id)
    fields = dict(params)
    if "metadata" in fields:
        fields["metadata"] = merged_metadata(record["metadata"], fields["metadata"])
    previous = {name: record[name] for name, value in fields.items() if record[name] != value}
    record.update(fields)
    world.store.put(kind, record_id, record)
    if event is not None:
        world.emit(event, record, previous=previous)
    return record
