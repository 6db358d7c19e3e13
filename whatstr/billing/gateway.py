"""The one client of Stripe. Plain values in, frozen dataclasses out, our errors only.

Amounts are whole kuruş, the currency is always TRY. Every write takes an idempotency key, which is
the id of our own row: repeated with the same values it answers what it answered first, repeated
with other values it is refused (Stripe, "Idempotent requests"). Stripe forgets keys after 24 hours;
what is older is looked up (`get_checkout`, `list_refunds`), not repeated.

Call these outside a database transaction. The `stripe` package is imported at the first use: it
costs most of a second, which processes without billing should not pay.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from whatstr.billing import gateway_mapping
from whatstr.billing.gateway_answers import (
    BadSignature,
    CheckoutStarted,
    CheckoutState,
    GatewayEvent,
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    PaymentState,
    PlanInterval,
    PublishedPlan,
    RefundState,
)
from whatstr.core.logs import get_logger

if TYPE_CHECKING:
    import stripe
    from stripe.params import PriceCreateParams
    from stripe.params.checkout import SessionCreateParams

CURRENCY: Final = "try"
_TIMEOUT_SECONDS: Final = 20.0
_PAGE: Final = 100

__all__ = [
    "BadSignature",
    "CheckoutStarted",
    "CheckoutState",
    "GatewayEvent",
    "GatewayMisconfigured",
    "GatewayRefused",
    "GatewayUnavailable",
    "PaymentState",
    "PlanInterval",
    "PublishedPlan",
    "RefundState",
    "StripeGateway",
]

log = get_logger(__name__)


class StripeGateway:
    """Stripe with one account's key. Threads may share it; make it after a fork, not before."""

    def __init__(
        self,
        api_key: str,
        base_url: str | None = None,
        webhook_secret: str | None = None,
        *,
        max_network_retries: int = 2,
    ) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._webhook_secret = webhook_secret
        self._max_network_retries = max_network_retries
        self._made: stripe.StripeClient | None = None
        self._http: stripe.HTTPClient | None = None

    @property
    def api_version(self) -> str:
        """The version of Stripe's API that this client speaks; webhooks should carry the same."""
        import stripe

        return str(stripe.api_version)

    def create_checkout(
        self,
        *,
        idempotency_key: str,
        organization_id: str,
        payment_id: str,
        plan_code: str,
        title: str,
        amount_kurus: int,
        customer_email: str | None,
        success_url: str,
        cancel_url: str,
        locale: str,
        metadata: Mapping[str, str],
    ) -> CheckoutStarted:
        """Open a hosted page for one payment; it expires after 24 hours.

        `success_url` may hold `{CHECKOUT_SESSION_ID}`. The ids are put on the session and on the
        payment intent, so that a webhook and a reconciliation find our row from either. Metadata
        is for ids and codes: no personal data. Cards only: they are settled at once and refundable.
        """
        carried = {
            **metadata,
            "organization_id": organization_id,
            "payment_id": payment_id,
            "plan_code": plan_code,
        }
        params: SessionCreateParams = {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": CURRENCY,
                        "unit_amount": amount_kurus,
                        "tax_behavior": "inclusive",
                        "product_data": {"name": title},
                    },
                }
            ],
            "client_reference_id": payment_id,
            "success_url": success_url,
            "cancel_url": cancel_url,
            "locale": "en" if locale == "en" else "tr",
            "allowed_payment_method_types": ["card"],
            "submit_type": "pay",
            "metadata": carried,
            "payment_intent_data": {"description": title, "metadata": carried},
        }
        if customer_email is not None:
            params["customer_email"] = customer_email
        with self._talking() as client:
            made = client.v1.checkout.sessions.create(params, {"idempotency_key": idempotency_key})
        if made.url is None:  # only other kinds of pages than the hosted one have none
            raise GatewayRefused("checkout_without_page")
        return CheckoutStarted(id=made.id, url=made.url)

    def get_checkout(self, checkout_id: str) -> CheckoutState:
        """The session now. Raises GatewayRefused (`resource_missing`) for an unknown id."""
        with self._talking() as client:
            return gateway_mapping.checkout(client.v1.checkout.sessions.retrieve(checkout_id))

    def expire_checkout(self, checkout_id: str) -> CheckoutState:
        """Close an open session, so that it cannot be paid any more.

        Raises GatewayRefused for one that is complete or expired already: read it then.
        """
        with self._talking() as client:
            return gateway_mapping.checkout(client.v1.checkout.sessions.expire(checkout_id))

    def create_refund(
        self,
        *,
        idempotency_key: str,
        payment_intent: str,
        amount_kurus: int,
        metadata: Mapping[str, str],
    ) -> RefundState:
        """Give money back. `idempotency_key` is the id of our Refund.

        Raises GatewayRefused over the unrefunded amount (`invalid_request`, param `amount`),
        after a full refund (`charge_already_refunded`) and under a dispute (`charge_disputed`).
        """
        with self._talking() as client:
            made = client.v1.refunds.create(
                {
                    "payment_intent": payment_intent,
                    "amount": amount_kurus,
                    "reason": "requested_by_customer",
                    "metadata": dict(metadata),
                },
                {"idempotency_key": idempotency_key},
            )
        return gateway_mapping.refund(made)

    def get_refund(self, refund_id: str) -> RefundState:
        """The refund now."""
        with self._talking() as client:
            return gateway_mapping.refund(client.v1.refunds.retrieve(refund_id))

    def list_refunds(self, payment_intent: str) -> list[RefundState]:
        """Every refund of a payment, newest first, failed ones too."""
        with self._talking() as client:
            page = client.v1.refunds.list({"payment_intent": payment_intent, "limit": _PAGE})
            return [gateway_mapping.refund(row) for row in page.auto_paging_iter()]

    def list_payments(self, since: datetime) -> list[PaymentState]:
        """Every payment intent made at `since` or later, newest first."""
        with self._talking() as client:
            page = client.v1.payment_intents.list(
                {
                    "created": {"gte": int(since.timestamp())},
                    "expand": ["data.latest_charge"],
                    "limit": _PAGE,
                }
            )
            return [gateway_mapping.payment(row) for row in page.auto_paging_iter()]

    def publish_plan(
        self,
        *,
        plan_code: str,
        version: int,
        title: str,
        amount_kurus: int,
        interval: PlanInterval | None,
        metadata: Mapping[str, str],
    ) -> PublishedPlan:
        """Make sure that a version of a plan is at Stripe as a Product with a Price.

        Repeating is safe at any age: the product's id and the price's lookup key come from the
        code and version. A version never changes its price: raises GatewayRefused
        (`plan_price_differs`) when it is there with another amount or interval.
        """
        product_id, key = f"plan_{plan_code}", f"plan_{plan_code}_v{version}"
        with self._talking() as client:
            _ensure_product(client, product_id, title=title, metadata=metadata)
            found = client.v1.prices.list({"lookup_keys": [key], "limit": 1}).data
            if not found:
                params: PriceCreateParams = {
                    "currency": CURRENCY,
                    "unit_amount": amount_kurus,
                    "product": product_id,
                    "lookup_key": key,
                    "tax_behavior": "inclusive",
                    "metadata": dict(metadata),
                }
                if interval is not None:
                    params["recurring"] = {"interval": interval}
                return PublishedPlan(product_id, client.v1.prices.create(params).id)
        price = found[0]
        every = price.recurring.interval if price.recurring is not None else None
        if (price.unit_amount, every) != (amount_kurus, interval):
            raise GatewayRefused("plan_price_differs")
        return PublishedPlan(product_id, price.id)

    def parse_event(self, payload: bytes, signature: str) -> GatewayEvent:
        """Verify a webhook's raw body against its `Stripe-Signature` header, and read it.

        Raises BadSignature for anything that is not a fresh event of ours.
        """
        import stripe

        try:
            stripe.WebhookSignature.verify_header(
                payload, signature, self._webhook_secret, stripe.Webhook.DEFAULT_TOLERANCE
            )
            # Read as JSON, not as Stripe's objects: those are no dicts and turn decimals around.
            event = json.loads(payload.decode())
            return GatewayEvent(
                id=gateway_mapping.word(event["id"]),
                type=gateway_mapping.word(event["type"]),
                created=gateway_mapping.moment(event["created"]),
                api_version=gateway_mapping.word(event["api_version"])
                if event.get("api_version")
                else None,
                object=dict(event["data"]["object"]),
            )
        except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, OverflowError):
            raise BadSignature("not a webhook of ours") from None

    def close(self) -> None:
        """Let go of this thread's connections."""
        if self._http is not None:
            self._http.close()  # type: ignore[no-untyped-call]

    @contextmanager
    def _talking(self) -> Iterator[stripe.StripeClient]:
        """The client, with the SDK's errors turned into ours."""
        import stripe

        try:
            yield self._client()
        except stripe.StripeError as error:
            ours = gateway_mapping.our_error(error)
            log.warning("gateway.failed", error=ours.code, status=error.http_status)
            # The cause is left out: its text and body may carry what the customer typed.
            raise ours from None

    def _client(self) -> stripe.StripeClient:
        if self._made is None:
            import stripe

            # Usage figures of ours are nobody's business, and the SDK's log lines hold free text.
            stripe.enable_telemetry = False
            _quiet_sdk_log()
            self._http = stripe.RequestsClient(timeout=_TIMEOUT_SECONDS)
            self._made = stripe.StripeClient(
                self._api_key,
                base_addresses={"api": self._base_url} if self._base_url else None,
                http_client=self._http,
                max_network_retries=self._max_network_retries,
            )
        return self._made


def _ensure_product(
    client: stripe.StripeClient, product_id: str, *, title: str, metadata: Mapping[str, str]
) -> None:
    import stripe

    try:
        client.v1.products.create({"id": product_id, "name": title, "metadata": dict(metadata)})
    except stripe.InvalidRequestError as error:
        if error.code != "resource_already_exists":
            raise
        client.v1.products.update(product_id, {"name": title})


def _quiet_sdk_log() -> None:
    """The SDK logs paths and messages of errors as text; ours say what is needed in codes."""
    import logging

    logging.getLogger("stripe").setLevel(logging.CRITICAL)
