"""Every endpoint: its path, what it takes, which class of the SDK says so, and who answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from whatstr.simulator.stripe import (
    catalogue,
    checkout,
    disputes,
    parameters,
    payments,
    refunds,
    subscriptions,
)
from whatstr.simulator.stripe.forms import METADATA, RANGE, Spec
from whatstr.simulator.stripe.store import Json
from whatstr.simulator.stripe.world import World

Handler = Callable[[World, str, Json], Json]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One operation. `mirrors` names the SDK's class of its parameters; a test compares them.

    Without `answer` it is a plain read: of one record when the path has an id, else of a list.
    """

    method: str
    path: str
    kind: str
    mirrors: str
    takes: Spec = field(default_factory=dict)
    answer: Handler | None = None

    @property
    def is_list(self) -> bool:
        """A page of records, newest first."""
        return self.method == "GET" and self.answer is None and "{id}" not in self.path


def _resource(
    path: str,
    kind: str,
    sdk: str,
    *,
    filters: Spec | None = None,
    create: tuple[Spec, Handler] | None = None,
    update: tuple[Spec, Handler] | None = None,
) -> list[Endpoint]:
    """The usual four: list, read, and where given create and update."""
    base = f"/v1/{path}"
    page: Spec = {"limit": int, "starting_after": str, "ending_before": str}
    made = [
        Endpoint(
            method="GET",
            path=base,
            kind=kind,
            mirrors=f"{sdk}ListParams",
            takes={**page, **(filters or {})},
        ),
        Endpoint(method="GET", path=f"{base}/{{id}}", kind=kind, mirrors=f"{sdk}RetrieveParams"),
    ]
    for action, where, given in (("Create", base, create), ("Update", f"{base}/{{id}}", update)):
        if given is not None:
            takes, answer = given
            made.append(
                Endpoint(
                    method="POST",
                    path=where,
                    kind=kind,
                    mirrors=f"{sdk}{action}Params",
                    takes=takes,
                    answer=answer,
                )
            )
    return made


def _action(method: str, path: str, kind: str, mirrors: str, takes: Spec, answer: Any) -> Endpoint:
    return Endpoint(
        method=method, path=f"/v1/{path}", kind=kind, mirrors=mirrors, takes=takes, answer=answer
    )


ENDPOINTS: Final[list[Endpoint]] = [
    *_resource(
        "products",
        "product",
        "Product",
        filters={"active": bool, "created": RANGE, "ids": [str]},
        create=({**parameters.PRODUCT, "id": str, "images": [str]}, catalogue.create_product),
        update=({**parameters.PRODUCT, "default_price": str}, catalogue.update_product),
    ),
    *_resource(
        "prices",
        "price",
        "Price",
        filters={
            "active": bool,
            "created": RANGE,
            "currency": str,
            "lookup_keys": [str],
            "product": str,
            "type": ("one_time", "recurring"),
        },
        create=(
            {
                "active": bool,
                "billing_scheme": ("per_unit",),
                "currency": str,
                "lookup_key": str,
                "metadata": METADATA,
                "nickname": str,
                "product": str,
                "product_data": {"metadata": METADATA, "name": str},
                "recurring": parameters.RECURRING,
                "tax_behavior": parameters.TAX_BEHAVIOR,
                "unit_amount": int,
            },
            catalogue.create_price,
        ),
        update=(
            {"active": bool, "lookup_key": str, "metadata": METADATA, "nickname": str},
            catalogue.update_price,
        ),
    ),
    *_resource(
        "customers",
        "customer",
        "Customer",
        filters={"created": RANGE, "email": str},
        create=(parameters.CUSTOMER, catalogue.create_customer),
        update=(parameters.CUSTOMER, catalogue.update_customer),
    ),
    *_resource(
        "checkout/sessions",
        "checkout.session",
        "checkout.Session",
        filters={
            "created": RANGE,
            "customer": str,
            "payment_intent": str,
            "status": ("complete", "expired", "open"),
            "subscription": str,
        },
        create=(parameters.SESSION, checkout.create_session),
        update=({"metadata": METADATA}, checkout.update_session),
    ),
    _action(
        "POST",
        "checkout/sessions/{id}/expire",
        "checkout.session",
        "checkout.SessionExpireParams",
        {},
        checkout.expire_session,
    ),
    _action(
        "GET",
        "checkout/sessions/{id}/line_items",
        "item",
        "checkout.SessionListLineItemsParams",
        {"limit": int},
        checkout.list_session_lines,
    ),
    *_resource(
        "payment_intents",
        "payment_intent",
        "PaymentIntent",
        filters={"created": RANGE, "customer": str},
    ),
    _action(
        "POST",
        "payment_intents/{id}/cancel",
        "payment_intent",
        "PaymentIntentCancelParams",
        {
            "cancellation_reason": (
                "abandoned",
                "duplicate",
                "fraudulent",
                "requested_by_customer",
            )
        },
        payments.cancel_intent,
    ),
    *_resource(
        "charges",
        "charge",
        "Charge",
        filters={"created": RANGE, "customer": str, "payment_intent": str},
    ),
    *_resource(
        "refunds",
        "refund",
        "Refund",
        filters={"charge": str, "created": RANGE, "payment_intent": str},
        create=(
            {
                "amount": int,
                "charge": str,
                "metadata": METADATA,
                "payment_intent": str,
                "reason": ("duplicate", "fraudulent", "requested_by_customer"),
            },
            refunds.create_refund,
        ),
        update=({"metadata": METADATA}, refunds.update_refund),
    ),
    *_resource(
        "disputes",
        "dispute",
        "Dispute",
        filters={"charge": str, "created": RANGE, "payment_intent": str},
        update=(
            {"evidence": parameters.EVIDENCE, "metadata": METADATA, "submit": bool},
            disputes.update_dispute,
        ),
    ),
    _action(
        "POST",
        "disputes/{id}/close",
        "dispute",
        "DisputeCloseParams",
        {},
        disputes.close_dispute,
    ),
    *_resource(
        "events",
        "event",
        "Event",
        filters={"created": RANGE, "type": str, "types": [str]},
    ),
    *_resource(
        "balance_transactions",
        "balance_transaction",
        "BalanceTransaction",
        filters={"created": RANGE, "currency": str, "source": str, "type": str},
    ),
    *_resource(
        "webhook_endpoints",
        "webhook_endpoint",
        "WebhookEndpoint",
        create=(
            {
                "api_version": str,
                "description": str,
                "enabled_events": [str],
                "metadata": METADATA,
                "url": str,
            },
            catalogue.create_endpoint,
        ),
        update=(
            {
                "description": str,
                "disabled": bool,
                "enabled_events": [str],
                "metadata": METADATA,
                "url": str,
            },
            catalogue.update_endpoint,
        ),
    ),
    _action(
        "DELETE",
        "webhook_endpoints/{id}",
        "webhook_endpoint",
        "WebhookEndpointDeleteParams",
        {},
        catalogue.delete_endpoint,
    ),
    *_resource(
        "subscriptions",
        "subscription",
        "Subscription",
        filters={"created": RANGE, "customer": str, "status": str},
        update=(
            {"cancel_at_period_end": bool, "metadata": METADATA},
            subscriptions.update_subscription,
        ),
    ),
    _action(
        "DELETE",
        "subscriptions/{id}",
        "subscription",
        "SubscriptionCancelParams",
        {},
        subscriptions.cancel_subscription,
    ),
    *_resource(
        "invoices",
        "invoice",
        "Invoice",
        filters={"created": RANGE, "customer": str, "subscription": str},
    ),
    *_resource("invoice_payments", "invoice_payment", "InvoicePayment", filters={"invoice": str}),
]
