"""Reading: pages of a list with their filters, and the expansion of ids into objects."""

import copy
from typing import Any, Final

from whatstr.simulator.stripe.checkout import session_lines
from whatstr.simulator.stripe.endpoints import Endpoint
from whatstr.simulator.stripe.errors import StripeFault, no_such
from whatstr.simulator.stripe.objects import listing
from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import World

_KIND_OF_PREFIX: Final = {
    "pi": "payment_intent",
    "ch": "charge",
    "re": "refund",
    "txn": "balance_transaction",
    "cus": "customer",
    "prod": "product",
    "price": "price",
    "sub": "subscription",
    "in": "invoice",
    "inpay": "invoice_payment",
    "cs": "checkout.session",
}
# Fields that hold an id of their kind under any name of prefix (a product may have its own id).
_KIND_OF_FIELD: Final = {"product": "product"}
_PAGING: Final = ("limit", "starting_after", "ending_before", "expand")


def read_one(world: World, kind: str, record_id: str) -> Json:
    """A record, or Stripe's 404."""
    found = world.store.get(kind, record_id)
    if found is None:
        raise no_such(kind, record_id)
    return found


def read_page(world: World, endpoint: Endpoint, params: Json) -> Json:
    """One page, newest first, as `limit`, `starting_after` and `ending_before` ask."""
    rows = [row for row in reversed(world.store.all(endpoint.kind)) if _matches(row, params)]
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise StripeFault(
            "This value must be between 1 and 100.",
            code="parameter_invalid_integer",
            param="limit",
            begun=False,
        )
    after, before = params.get("starting_after"), params.get("ending_before")
    if after is not None:
        rows = rows[_position(rows, after, "starting_after") + 1 :]
    if before is not None:
        rows = rows[: _position(rows, before, "ending_before")]
        return listing(endpoint.path, rows[-limit:], has_more=len(rows) > limit)
    return listing(endpoint.path, rows[:limit], has_more=len(rows) > limit)


def expanded(world: World, answer: Json, paths: list[str]) -> Json:
    """A copy with the asked ids replaced by their objects, up to four deep, as Stripe allows."""
    if not paths:
        return answer
    whole = copy.deepcopy(answer)
    for path in paths:
        parts = path.split(".")
        if len(parts) > 4:
            raise StripeFault(
                "You cannot expand more than 4 levels of a property.", param="expand", begun=False
            )
        _expand(world, whole, parts, path)
    return whole


def _expand(world: World, at: Any, parts: list[str], path: str) -> None:
    if isinstance(at, list):
        for item in at:
            _expand(world, item, parts, path)
        return
    if not parts or at is None:
        return
    name = parts[0]
    included = _includable(world, at, name)
    if included is not None:
        at[name] = included
    elif name not in at:
        raise StripeFault(
            f"This property cannot be expanded ({path}).", param="expand", begun=False
        )
    elif isinstance(at[name], str):
        at[name] = copy.deepcopy(_object_of(world, name, at[name], path))
    _expand(world, at[name], parts[1:], path)


def _includable(world: World, at: Json, name: str) -> Json | None:
    """Fields that are there only when asked for."""
    kind = at.get("object")
    if kind == "checkout.session" and name == "line_items":
        return listing(
            f"/v1/checkout/sessions/{at['id']}/line_items", session_lines(world, at["id"])
        )
    if kind == "charge" and name == "refunds":
        rows = [row for row in world.store.all("refund") if row["charge"] == at["id"]]
        return listing(f"/v1/charges/{at['id']}/refunds", rows[::-1])
    if kind == "invoice" and name == "payments":
        rows = [row for row in world.store.all("invoice_payment") if row["invoice"] == at["id"]]
        return listing(f"/v1/invoices/{at['id']}/payments", rows)
    return None


def _object_of(world: World, name: str, record_id: str, path: str) -> Json:
    kind = _KIND_OF_FIELD.get(name) or _KIND_OF_PREFIX.get(record_id.split("_", 1)[0])
    found = world.store.get(kind, record_id) if kind else None
    if found is None:
        raise StripeFault(
            f"This property cannot be expanded ({path}).", param="expand", begun=False
        )
    return found


def _matches(row: Json, params: Json) -> bool:
    return all(
        _one_matches(row, name, wanted) for name, wanted in params.items() if name not in _PAGING
    )


def _one_matches(row: Json, name: str, wanted: Any) -> bool:
    if name == "created":
        created = row["created"]
        return bool(
            created >= wanted.get("gte", created)
            and created <= wanted.get("lte", created)
            and created > wanted.get("gt", created - 1)
            and created < wanted.get("lt", created + 1)
        )
    if name == "ids":
        return bool(row["id"] in wanted)
    if name == "lookup_keys":
        return bool(row["lookup_key"] in wanted)
    if name == "types":
        return bool(row["type"] in wanted)
    if row["object"] == "invoice" and name == "subscription":
        return bool(row["parent"]["subscription_details"]["subscription"] == wanted)
    if row["object"] == "subscription" and name == "status" and wanted == "all":
        return True
    return bool(row.get(name) == wanted)


def _position(rows: list[Json], record_id: str, param: str) -> int:
    for place, row in enumerate(rows):
        if row["id"] == record_id:
            return place
    raise no_such("object", record_id, param=param, in_path=False)
