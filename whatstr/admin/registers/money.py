"""Plans, payments, the ledger of credits, refunds and requests for exceptions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import flask
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, forms, labels
from whatstr.admin.views import EnumFilter, Register
from whatstr.billing import plans
from whatstr.billing.models import (
    CreditEntry,
    EntryKind,
    ExceptionRequest,
    ExceptionState,
    Ground,
    Payment,
    PaymentState,
    Plan,
    PlanInterval,
    Refund,
    RefundState,
)
from whatstr.core.db import session, transaction
from whatstr.core.errors import DomainError
from whatstr.core.i18n import money
from whatstr.core.web import sentence


class Plans(Register):
    """Editions of plans. A changed price is a new edition; a withdrawn one is sold no more."""

    name = lazy_gettext("Plans")
    lead = lazy_gettext("A new price is a new edition. Who bought an older one keeps it.")
    read = P.PLANS_READ
    can_create = True
    create_permission = P.PLANS_WRITE
    create_label = lazy_gettext("New edition")
    column_list = ("code", "edition", "title_tr", "interval", "price_kurus", "credits", "visible")
    column_details_list = (
        *column_list,
        "title_en",
        "description_tr",
        "description_en",
        "vat_rate_percent",
        "line_limit",
        "stripe_product",
        "stripe_price",
        "created_at",
    )
    column_default_sort = ("created_at", True)
    column_labels = {  # noqa: RUF012
        "code": lazy_gettext("Code"),
        "edition": lazy_gettext("Edition"),
        "title_tr": lazy_gettext("Title in Turkish"),
        "title_en": lazy_gettext("Title in English"),
        "description_tr": lazy_gettext("Description in Turkish"),
        "description_en": lazy_gettext("Description in English"),
        "interval": lazy_gettext("Period"),
        "price_kurus": lazy_gettext("Price with KDV"),
        "vat_rate_percent": lazy_gettext("KDV, percent"),
        "credits": lazy_gettext("Credits"),
        "line_limit": lazy_gettext("Lines"),
        "visible": lazy_gettext("On sale"),
        "stripe_product": lazy_gettext("Product at Stripe"),
        "stripe_price": lazy_gettext("Price at Stripe"),
        "created_at": lazy_gettext("Published"),
    }
    column_formatters = labels.columns(
        price_kurus=lambda row: money(row.price_kurus), interval=lambda r: labels.word(r.interval)
    )
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(Plan.interval, lazy_gettext("Period"), PlanInterval),)

    @expose("/new/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.PLANS_WRITE)
    def create_view(self) -> Any:
        """A new edition, of a known code or a new one; `from` fills the form with an older one."""
        if flask.request.method == "GET":
            source = flask.request.args.get("from")
            return self._form(self.get_one(source) if source else None)
        try:
            offer = _read_offer()
            with transaction():
                made = plans.publish_edition(actor=access.actor(), offer=offer)
        except DomainError as error:
            session().expire_all()
            field = str(error.context.get("field", ""))
            return self._form(None, {field: [sentence(error)]}), 400
        return forms.back(self.get_url(".details_view", id=made.id), [], _("Published."))

    def _form(self, source: Plan | None, errors: dict[str, list[str]] | None = None) -> str:
        page: str = self.render(
            "admin/plan_form.html",
            source=source,
            said=flask.request.form,
            errors=errors or {},
            intervals=labels.options(PlanInterval),
            list_url=self.get_url(".index_view"),
        )
        return page

    def verbs(self, model: Plan) -> Sequence[labels.Verb]:
        if not (model.visible and access.may(P.PLANS_WRITE)):
            return ()
        return (
            labels.Verb(
                url=self.get_url(".withdraw", plan_id=model.id),
                label=_("Withdraw from sale"),
                title=_("Withdraw “%(title)s” from sale?", title=model.title_tr),
                body=_("Nobody can buy this edition any more. Who bought it keeps it."),
                confirm=_("Withdraw from sale"),
                danger=True,
            ),
        )

    @expose("/<uuid:plan_id>/cek", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.PLANS_WRITE)
    def withdraw(self, plan_id: uuid.UUID) -> Any:
        plan = self.get_one(plan_id)
        if not forms.confirmed():
            return self.ask(self.verbs(plan), 0)
        with forms.refusals() as said:
            plans.withdraw(actor=access.actor(), plan_id=plan_id)
        return forms.back(self.get_url(".details_view", id=plan_id), said, _("Withdrawn."))


def _read_offer() -> plans.Offer:
    return plans.Offer(
        code=forms.text("code"),
        title_tr=forms.text("title_tr"),
        title_en=forms.text("title_en"),
        description_tr=forms.text("description_tr"),
        description_en=forms.text("description_en"),
        interval=forms.choice("interval", PlanInterval),
        price_kurus=forms.kurus("price_kurus"),
        credits=forms.number("credits"),
        line_limit=forms.number("line_limit"),
        vat_rate_percent=forms.number("vat_rate_percent"),
    )


class Payments(Register):
    """Purchases. Each is non-refundable by the term that was ticked."""

    name = lazy_gettext("All payments")
    lead = lazy_gettext("What was bought. Money goes back only through the exception desk.")
    search_hint = lazy_gettext("Stripe's payment number (pi_…)")
    read = P.PAYMENTS_READ
    column_list = ("created_at", "organization_id", "amount_kurus", "state", "paid_at")
    column_details_list = (
        *column_list,
        "vat_kurus",
        "term_version",
        "term_accepted_at",
        "checkout_id",
        "payment_intent",
    )
    column_default_sort = ("created_at", True)
    column_sortable_list = ("created_at", "amount_kurus")
    column_labels = {  # noqa: RUF012
        "created_at": lazy_gettext("Begun on"),
        "organization_id": labels.CUSTOMER,
        "amount_kurus": lazy_gettext("Amount"),
        "state": lazy_gettext("State"),
        "paid_at": lazy_gettext("Paid on"),
        "vat_kurus": lazy_gettext("KDV in it"),
        "term_version": lazy_gettext("Refund term accepted"),
        "term_accepted_at": lazy_gettext("Accepted on"),
        "checkout_id": lazy_gettext("Checkout at Stripe"),
        "payment_intent": lazy_gettext("Payment at Stripe"),
    }
    column_formatters = labels.columns(
        organization_id=lambda row: labels.customer(row.organization_id),
        amount_kurus=lambda row: money(row.amount_kurus),
        vat_kurus=lambda row: money(row.vat_kurus),
    )
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(Payment.state, lazy_gettext("State"), PaymentState),)

    def exact(self, text: str) -> Any:
        return Payment.payment_intent == text

    def links(self, model: Payment) -> Sequence[tuple[str, str]]:
        if model.state is not PaymentState.PAID or not access.may(P.EXCEPTIONS_REQUEST):
            return ()
        return ((_("Ask for an exception"), flask.url_for("desk.begin", payment_id=model.id)),)


class Ledger(Register):
    """Movements of message credits."""

    name = lazy_gettext("Ledger")
    lead = lazy_gettext("Every movement of message credits; balances are its sums.")
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
    )
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(CreditEntry.kind, lazy_gettext("Movement"), EntryKind),)


class Refunds(Register):
    """Money that went back; each belongs to an exception."""

    name = lazy_gettext("Refunds")
    lead = lazy_gettext("Each refund carries out an approved exception.")
    read = P.PAYMENTS_READ
    column_list = ("created_at", "amount_kurus", "state", "attempt", "failure_code", "settled_at")
    column_details_list = (*column_list, "stripe_refund", "payment_id")
    column_default_sort = ("created_at", True)
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
    column_formatters = labels.columns(amount_kurus=lambda row: money(row.amount_kurus))
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(Refund.state, lazy_gettext("State"), RefundState),)

    def row_url(self, model: Refund) -> str:
        if access.may(P.EXCEPTIONS_READ):
            return flask.url_for("desk.show", request_id=model.exception_id)
        return super().row_url(model)


class Exceptions(Register):
    """Requests to override the non-refundable term; a row leads to the desk."""

    name = lazy_gettext("Exceptions")
    lead = lazy_gettext("Requests for a refund against the term, with the most the facts bear.")
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
