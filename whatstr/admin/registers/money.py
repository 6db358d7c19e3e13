"""Payments, subscriptions, the ledger of credits, refunds and requests for exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, code_words, labels
from whatstr.admin.listing import customer_links
from whatstr.admin.views import EnumFilter, Register
from whatstr.billing.models import (
    CreditEntry,
    EntryKind,
    ExceptionRequest,
    ExceptionState,
    Ground,
    Payment,
    PaymentState,
    Refund,
    RefundState,
    Subscription,
    SubscriptionState,
)
from whatstr.core.i18n import money


class Payments(Register):
    """Purchases. Each is non-refundable by the term that was ticked."""

    name = lazy_gettext("All payments")
    lead = lazy_gettext("What was bought. Money goes back only through the exception desk.")
    search_hint = lazy_gettext("Stripe's payment number (pi_…)")
    subject_kind = "payment"
    empty_title = lazy_gettext("Nothing was bought yet")
    empty_text = lazy_gettext("A purchase appears here as soon as a customer goes to pay.")
    heading_column = "amount_kurus"
    read = P.PAYMENTS_READ
    column_list = ("created_at", "organization_id", "amount_kurus", "state", "paid_at")
    column_details_list = (
        *column_list,
        "plan_id",
        "vat_kurus",
        "term_version",
        "term_accepted_at",
        "checkout_id",
        "payment_intent",
    )
    column_default_sort = ("created_at", True)
    column_sortable_list = ("created_at", "paid_at")
    column_labels = {  # noqa: RUF012
        "created_at": lazy_gettext("Begun on"),
        "organization_id": labels.CUSTOMER,
        "amount_kurus": lazy_gettext("Amount"),
        "state": lazy_gettext("State"),
        "paid_at": lazy_gettext("Paid on"),
        "plan_id": lazy_gettext("Plan"),
        "vat_kurus": lazy_gettext("VAT in it"),
        "term_version": lazy_gettext("Refund term accepted"),
        "term_accepted_at": lazy_gettext("Accepted on"),
        "checkout_id": lazy_gettext("Checkout at Stripe"),
        "payment_intent": lazy_gettext("Payment at Stripe"),
    }
    column_formatters = labels.columns(
        organization_id=lambda row: labels.customer(row.organization_id),
        amount_kurus=lambda row: money(row.amount_kurus),
        vat_kurus=lambda row: money(row.vat_kurus),
        plan_id=lambda row: labels.linked("plans", row.plan_id, labels.plan(row.plan_id)),
    )
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(Payment.state, lazy_gettext("State"), PaymentState),)

    def exact(self, text: str) -> Any:
        return Payment.payment_intent == text

    def links(self, model: Payment) -> Sequence[tuple[str, str]]:
        found = customer_links(model)
        if model.state is PaymentState.PAID and access.may(P.EXCEPTIONS_REQUEST):
            url = flask.url_for("desk.begin", payment_id=model.id)
            found.append((_("Ask for an exception"), url))
        return found


class Subscriptions(Register):
    """The right to a plan for a period; each comes from one payment."""

    name = lazy_gettext("Subscriptions")
    lead = lazy_gettext("Who has a right to which plan, and until when. Nothing renews by itself.")
    empty_title = lazy_gettext("No subscription yet")
    empty_text = lazy_gettext("A paid plan gives one; it begins with the payment.")
    subject_kind = "subscription"
    heading_column = "plan_id"
    read = P.PAYMENTS_READ
    column_list = ("starts_at", "organization_id", "plan_id", "state", "ends_at")
    column_details_list = (*column_list, "payment_id")
    column_default_sort = ("starts_at", True)
    column_sortable_list = ("starts_at",)
    column_labels = {  # noqa: RUF012
        "starts_at": lazy_gettext("Starts on"),
        "organization_id": labels.CUSTOMER,
        "plan_id": lazy_gettext("Plan"),
        "state": lazy_gettext("State"),
        "ends_at": lazy_gettext("Until"),
        "payment_id": lazy_gettext("Payment"),
    }
    column_formatters = labels.columns(
        organization_id=lambda row: labels.customer(row.organization_id),
        plan_id=lambda row: labels.linked("plans", row.plan_id, labels.plan(row.plan_id)),
        payment_id=lambda row: labels.linked("payments", row.payment_id),
    )
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(Subscription.state, lazy_gettext("State"), SubscriptionState),)


class Ledger(Register):
    """Movements of message credits."""

    name = lazy_gettext("Ledger")
    lead = lazy_gettext("Every movement of message credits; balances are its sums.")
    empty_text = lazy_gettext("A payment that arrives grants the first credits.")
    heading_column = "kind"
    read = P.PAYMENTS_READ
    column_list = ("at", "organization_id", "kind", "source", "target", "amount")
    column_details_list = (*column_list, "key", "payment_id", "campaign_id")
    column_default_sort = ("id", True)
    column_labels = {  # noqa: RUF012
        "at": lazy_gettext("When"),
        "organization_id": labels.CUSTOMER,
        "kind": lazy_gettext("Movement"),
        "source": lazy_gettext("From"),
        "target": lazy_gettext("To"),
        "amount": lazy_gettext("Credits"),
        "key": lazy_gettext("Key"),
        "payment_id": lazy_gettext("Payment"),
        "campaign_id": lazy_gettext("Campaign"),
    }
    column_formatters = labels.columns(
        organization_id=lambda row: labels.customer(row.organization_id),
        kind=lambda row: labels.word(row.kind),
        source=lambda row: labels.word(row.source),
        target=lambda row: labels.word(row.target),
        payment_id=lambda row: labels.linked("payments", row.payment_id),
        campaign_id=lambda row: labels.linked("campaigns", row.campaign_id),
    )
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(CreditEntry.kind, lazy_gettext("Movement"), EntryKind),)


class Refunds(Register):
    """Money that went back; each belongs to an exception."""

    name = lazy_gettext("Refunds")
    lead = lazy_gettext("Each refund carries out an approved exception.")
    search_hint = lazy_gettext("Stripe's refund number (re_…)")
    subject_kind = "refund"
    empty_title = lazy_gettext("Nothing was given back")
    empty_text = lazy_gettext("A refund appears here when an approved exception is carried out.")
    heading_column = "amount_kurus"
    read = P.PAYMENTS_READ
    column_list = ("created_at", "amount_kurus", "state", "attempt", "failure_code", "settled_at")
    column_details_list = (*column_list, "stripe_refund", "payment_id")
    column_default_sort = ("created_at", True)
    column_sortable_list = ("created_at",)
    column_labels = {  # noqa: RUF012
        "created_at": lazy_gettext("Ordered on"),
        "amount_kurus": lazy_gettext("Amount"),
        "state": lazy_gettext("State"),
        "attempt": lazy_gettext("Attempt"),
        "failure_code": lazy_gettext("Why it failed"),
        "settled_at": lazy_gettext("Settled on"),
        "stripe_refund": lazy_gettext("Refund at Stripe"),
        "payment_id": lazy_gettext("Payment"),
    }
    column_formatters = labels.columns(
        amount_kurus=lambda row: money(row.amount_kurus),
        failure_code=lambda row: code_words.refund_failure(row.failure_code),
        payment_id=lambda row: labels.linked("payments", row.payment_id),
    )
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(Refund.state, lazy_gettext("State"), RefundState),)

    def exact(self, text: str) -> Any:
        return Refund.stripe_refund == text

    def links(self, model: Refund) -> Sequence[tuple[str, str]]:
        if not access.may(P.EXCEPTIONS_READ):
            return ()
        return ((_("To the exception"), flask.url_for("desk.show", request_id=model.exception_id)),)


class Exceptions(Register):
    """Requests to override the non-refundable term; a row leads to the desk."""

    name = lazy_gettext("Exceptions")
    lead = lazy_gettext("Requests for a refund against the term, with the most the facts bear.")
    subject_kind = "exception_request"
    empty_title = lazy_gettext("No request yet")
    empty_text = lazy_gettext(
        "A customer asks on their payments page, a colleague on a payment's page."
    )
    read = P.EXCEPTIONS_READ
    column_list = (
        "created_at",
        "organization_id",
        "ground",
        "amount_kurus",
        "maximum_kurus",
        "state",
        "expires_at",
    )
    column_default_sort = ("created_at", True)
    column_sortable_list = ("created_at",)
    column_labels = {  # noqa: RUF012
        "created_at": lazy_gettext("Asked on"),
        "organization_id": labels.CUSTOMER,
        "ground": lazy_gettext("Ground"),
        "amount_kurus": lazy_gettext("Amount"),
        "maximum_kurus": lazy_gettext("At most"),
        "state": lazy_gettext("State"),
        "expires_at": lazy_gettext("Lapses on"),
    }
    column_formatters = labels.columns(
        organization_id=lambda row: labels.customer(row.organization_id),
        ground=lambda row: labels.word(row.ground),
        amount_kurus=lambda row: money(row.amount_kurus),
        maximum_kurus=lambda row: money(row.maximum_kurus),
    )
    column_filters = (
        EnumFilter(ExceptionRequest.state, lazy_gettext("State"), ExceptionState),
        EnumFilter(ExceptionRequest.ground, lazy_gettext("Ground"), Ground),
    )

    def row_url(self, model: ExceptionRequest) -> str:
        return flask.url_for("desk.show", request_id=model.id)
