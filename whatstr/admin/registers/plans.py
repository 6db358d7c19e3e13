"""Plans: what is sold, in editions. Prices are never edited, words are."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import flask
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, conflicts, forms, labels
from whatstr.admin.views import EnumFilter, Register
from whatstr.billing import plans
from whatstr.billing.models import Plan, PlanInterval
from whatstr.core.db import session, transaction
from whatstr.core.errors import DomainError
from whatstr.core.i18n import money
from whatstr.core.web import sentence


class Plans(Register):
    """Editions of plans. A changed price is a new edition; a withdrawn one is sold no more."""

    name = lazy_gettext("Plans")
    lead = lazy_gettext("A new price is a new edition. Who bought an older one keeps it.")
    subject_kind = "plan"
    empty_title = lazy_gettext("Nothing is for sale")
    empty_text = lazy_gettext("Publish the first edition of a plan: then customers can buy it.")
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
        "price_kurus": lazy_gettext("Price with VAT"),
        "vat_rate_percent": lazy_gettext("VAT, percent"),
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

    def links(self, model: Plan) -> Sequence[tuple[str, str]]:
        if not access.may(P.PLANS_WRITE):
            return ()
        again = f"{self.get_url('.create_view')}?from={model.id}"
        return (
            (_("New edition from this one"), again),
            (_("Edit the words"), self.get_url(".edit_view", id=model.id)),
        )

    @expose("/edit/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.PLANS_WRITE)
    def edit_view(self) -> Any:
        """Titles and descriptions of an edition. What it costs and gives stands."""
        plan = self.get_one(flask.request.args.get("id"))
        if flask.request.method == "GET":
            return self._words(plan)
        with forms.refused(self._words, plan, late=lambda: self._conflict(plan.id)) as answer:
            plans.edit_words(
                actor=access.actor(),
                plan_id=plan.id,
                seen=forms.text("seen"),
                words={name: forms.text(name) for name in plans.WORDS},
            )
        return answer.page or forms.back(self.get_url(".details_view", id=plan.id), [], _("Saved."))

    def _conflict(self, plan_id: uuid.UUID) -> tuple[str, int]:
        """A colleague's words beside those that were sent."""
        plan = self.get_one(plan_id)
        rows = [
            (str(self.column_labels[name]), getattr(plan, name), forms.text(name))
            for name in plans.WORDS
        ]
        here = self.get_url(".edit_view", id=plan.id)
        again = conflicts.Again(
            url=here, label=_("Save what I sent"), seen={"seen": plans.seen_of(plan)}
        )
        return conflicts.page(rows, back=here, about=("plan", plan.id), again=again)

    def _words(self, plan: Plan, errors: dict[str, list[str]] | None = None) -> str:
        page: str = self.render(
            "admin/plan_words.html",
            plan=plan,
            seen=flask.request.form.get("seen") or plans.seen_of(plan),
            said=flask.request.form,
            errors=errors or {},
            back=self.get_url(".details_view", id=plan.id),
        )
        return page

    def verbs(self, model: Plan) -> Sequence[labels.Verb]:
        if not access.may(P.PLANS_WRITE):
            return ()
        if not model.visible:
            return (
                labels.Verb(
                    url=self.get_url(".offer", plan_id=model.id),
                    label=_("Put on sale again"),
                    title=_("Put “%(title)s” on sale again?", title=model.title_tr),
                    body=_("It takes the place of the edition of the same code that is on sale."),
                    confirm=_("Put on sale again"),
                ),
            )
        having = plans.buyers(model.id)
        return (
            labels.Verb(
                url=self.get_url(".withdraw", plan_id=model.id),
                label=_("Withdraw from sale"),
                title=_("Withdraw “%(title)s” from sale?", title=model.title_tr),
                body=ngettext(
                    "Nobody can buy this edition any more. %(num)s customer who has it now "
                    "keeps it. It can be put on sale again.",
                    "Nobody can buy this edition any more. %(num)s customers who have it now "
                    "keep it. It can be put on sale again.",
                    having,
                ),
                confirm=_("Withdraw from sale"),
                danger=True,
            ),
        )

    @expose("/<uuid:plan_id>/sun", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.PLANS_WRITE)
    def offer(self, plan_id: uuid.UUID) -> Any:
        plan = self.get_one(plan_id)
        if not forms.confirmed():
            return self.ask(self.verbs(plan), 0)
        with forms.refusals() as said:
            plans.offer_again(actor=access.actor(), plan_id=plan_id)
        return forms.back(self.get_url(".details_view", id=plan_id), said, _("On sale again."))

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
