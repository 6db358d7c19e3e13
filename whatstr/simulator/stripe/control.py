"""`/_sim/…`: the knobs of the stand-in. JSON in, JSON out; not part of Stripe."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from whatstr.simulator.stripe import disputes, refunds
from whatstr.simulator.stripe.delivery import Deliverer
from whatstr.simulator.stripe.due import run_due
from whatstr.simulator.stripe.errors import StripeFault, no_such
from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import Request, World, as_json

_SHOWN = (
    "product",
    "price",
    "customer",
    "checkout.session",
    "payment_intent",
    "charge",
    "refund",
    "dispute",
    "subscription",
    "invoice",
    "invoice_payment",
    "balance_transaction",
    "event",
    "webhook_endpoint",
)


def routes(world: World, deliverer: Deliverer) -> list[web.RouteDef]:
    """The routes of the control side."""

    async def health(_: web.Request) -> web.Response:
        return _json({"ok": True})

    async def state(_: web.Request) -> web.Response:
        return _json(snapshot(world))

    async def settings(_: web.Request) -> web.Response:
        return _json(world.settings)

    async def wait(request: web.Request) -> web.Response:
        body = await _body(request)
        return _json({"idle": await deliverer.idle(float(body.get("timeout", 10)))})

    def set_clock(_: str, body: Json) -> Json:
        world.set_clock(**body)
        run_due(world)
        return {"now": world.now()}

    def flush(_: str, body: Json) -> Json:
        return {"released": deliverer.release(**body)}

    def resend(_: str, body: Json) -> Json:
        event = world.store.get("event", body["event"])
        if event is None:
            raise no_such("event", body["event"])
        for endpoint in world.store.all("webhook_endpoint"):
            world.queue_delivery(event["id"], endpoint["id"])
        return event

    def settle(refund_id: str, body: Json) -> Json:
        return refunds.settle(world, refund_id, body["status"], reason=body.get("reason"))

    def dispute(_: str, body: Json) -> Json:
        charge_id = body.get("charge") or _charge_of(world, body["payment_intent"])
        return disputes.open_dispute(
            world,
            charge_id,
            reason=body.get("reason", "fraudulent"),
            amount=body.get("amount"),
        )

    def decide(dispute_id: str, body: Json) -> Json:
        return disputes.decide_dispute(world, dispute_id, won=body["won"])

    def post(path: str, act: Callable[[str, Json], Json]) -> web.RouteDef:
        return web.post(f"/_sim/{path}", _acting(world, act))

    return [
        web.get("/_sim/health", health),
        web.get("/_sim/state", state),
        web.get("/_sim/settings", settings),
        web.post("/_sim/webhooks/wait", wait),
        post("settings", lambda _, body: world.change_settings(body)),
        post("clock", set_clock),
        post("webhooks/flush", flush),
        post("webhooks/resend", resend),
        post("refunds/{id}", settle),
        post("disputes", dispute),
        post("disputes/{id}", decide),
    ]


def snapshot(world: World) -> Json:
    """All there is, with the sums that a reconciliation compares. No secret."""
    charges = [row for row in world.store.all("charge") if row["paid"]]
    live = [row for row in world.store.all("refund") if row["status"] in ("pending", "succeeded")]
    return {
        "now": world.now(),
        "settings": world.settings,
        "totals": {
            "charged": sum(row["amount"] for row in charges),
            "refunded": sum(row["amount"] for row in live),
            "net": sum(row["net"] for row in world.store.all("balance_transaction")),
        },
        "objects": {kind: world.store.all(kind) for kind in _SHOWN},
        "deliveries": world.store.all("_delivery"),
    }


def _acting(world: World, act: Callable[[str, Json], Json]) -> Any:
    async def handle(request: web.Request) -> web.Response:
        body = await _body(request)
        world.request = Request()
        try:
            return _json(act(request.match_info.get("id", ""), body))
        except StripeFault as fault:
            return _json(fault.body(), status=fault.status)
        except (KeyError, TypeError, ValueError) as wrong:
            return _json({"error": {"message": f"{type(wrong).__name__}: {wrong}"}}, status=400)
        finally:
            world.store.flush()

    return handle


async def _body(request: web.Request) -> Json:
    # A page of another site cannot send this type without asking first: it cannot turn the knobs.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send application/json.")
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="Send a JSON object.")
    return body


def _charge_of(world: World, intent_id: str) -> str:
    intent = world.store.get("payment_intent", intent_id)
    if intent is None:
        raise no_such("payment_intent", intent_id)
    return str(intent["latest_charge"])


def _json(value: Any, *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=as_json(value), content_type="application/json")
