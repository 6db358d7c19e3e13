"""Processors and disclosures."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import flask
import sqlalchemy as sa
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import undefer_group

from whatstr.accounts.models import Organization
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, conflicts, forms, labels
from whatstr.admin.views import EnumFilter, Register
from whatstr.core.db import session, transaction
from whatstr.core.errors import Conflict, DomainError, InvalidInput
from whatstr.core.web import sentence
from whatstr.privacy import disclosures, processors
from whatstr.privacy.models import Disclosure, DisclosureState, LegalGround, Processor
from whatstr.privacy.processors import ProcessorWords


class Processors(Register):
    """Companies that work on personal data for us."""

    name = lazy_gettext("Processors")
    lead = lazy_gettext("Who works on personal data for us, where and for what.")
    read = P.SETTINGS_READ
    can_create = True
    create_permission = P.SETTINGS_WRITE
    create_label = lazy_gettext("Add a processor")
    column_list = ("name", "country", "purpose_tr", "contract_on", "ended_at")
    column_details_list = (*column_list, "purpose_en", "data_tr", "data_en", "created_at")
    column_default_sort = "name"
    column_labels = {  # noqa: RUF012
        "name": lazy_gettext("Name"),
        "country": lazy_gettext("Country"),
        "purpose_tr": lazy_gettext("Purpose in Turkish"),
        "purpose_en": lazy_gettext("Purpose in English"),
        "data_tr": lazy_gettext("Data in Turkish"),
        "data_en": lazy_gettext("Data in English"),
        "contract_on": lazy_gettext("Contract dated"),
        "created_at": lazy_gettext("Since"),
        "ended_at": lazy_gettext("Ended on"),
    }

    @expose("/new/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SETTINGS_WRITE, step_up=True)
    def create_view(self) -> Any:
        if flask.request.method == "GET":
            return self._form(None)
        try:
            with transaction():
                made = processors.add(actor=access.actor(), words=_words())
        except DomainError as error:
            return self._refused(None, error)
        return forms.back(self.get_url(".details_view", id=made.id), [], _("Added."))

    @expose("/edit/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SETTINGS_WRITE, step_up=True)
    def edit_view(self) -> Any:
        row = self.get_one(flask.request.args.get("id"))
        if flask.request.method == "GET":
            return self._form(row)
        try:
            with transaction():
                processors.change(
                    actor=access.actor(),
                    processor_id=row.id,
                    words=_words(),
                    version=forms.number("version"),
                )
        except Conflict:
            session().expire_all()
            return self._conflict(self.get_one(row.id))
        except DomainError as error:
            return self._refused(row, error)
        return forms.back(self.get_url(".details_view", id=row.id), [], _("Saved."))

    def _conflict(self, row: Processor) -> Any:
        names = ("name", "country", "purpose_tr", "purpose_en", "data_tr", "data_en")
        rows = [(str(self.column_labels[n]), getattr(row, n), forms.text(n)) for n in names]
        here = self.get_url(".edit_view", id=row.id)
        again = conflicts.Again(
            url=here, label=_("Save what I sent"), seen={"version": str(row.version)}
        )
        return conflicts.page(rows, back=here, about=("processor", row.id), again=again)

    def _refused(self, row: Processor | None, error: DomainError) -> Any:
        session().expire_all()
        field = str(error.context.get("field", ""))
        return self._form(row, {field: [sentence(error)]}), error.status

    def _form(self, row: Processor | None, errors: dict[str, list[str]] | None = None) -> str:
        page: str = self.render(
            "admin/processor_form.html",
            row=row,
            said=flask.request.form,
            errors=errors or {},
            list_url=self.get_url(".index_view"),
        )
        return page

    def links(self, model: Processor) -> Sequence[tuple[str, str]]:
        if not access.may(P.SETTINGS_WRITE):
            return ()
        return ((_("Change"), self.get_url(".edit_view", id=model.id)),)

    def verbs(self, model: Processor) -> Sequence[labels.Verb]:
        if not access.may(P.SETTINGS_WRITE):
            return ()
        if model.ended_at is not None:
            return (
                labels.Verb(
                    url=self.get_url(".resume", processor_id=model.id),
                    label=_("Take up again"),
                    title=_("Work with %(name)s again?", name=model.name),
                    body=_("The processor counts as in use."),
                    confirm=_("Take up again"),
                ),
            )
        return (
            labels.Verb(
                url=self.get_url(".end", processor_id=model.id),
                label=_("End"),
                title=_("End the work with %(name)s?", name=model.name),
                body=_("The row stays as history. You can take it up again."),
                confirm=_("End"),
                danger=True,
            ),
        )

    @expose("/<uuid:processor_id>/bitir", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SETTINGS_WRITE, step_up=True)
    def end(self, processor_id: uuid.UUID) -> Any:
        return self._carry_out(processor_id, processors.end)

    @expose("/<uuid:processor_id>/surdur", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SETTINGS_WRITE, step_up=True)
    def resume(self, processor_id: uuid.UUID) -> Any:
        return self._carry_out(processor_id, processors.resume)

    def _carry_out(self, processor_id: uuid.UUID, change: Any) -> Any:
        row = self.get_one(processor_id)
        if not forms.confirmed():
            return self.ask(self.verbs(row), 0)
        with forms.refusals() as said:
            change(actor=access.actor(), processor_id=processor_id)
        return forms.back(self.get_url(".details_view", id=processor_id), said, _("Saved."))


def _words() -> ProcessorWords:
    return ProcessorWords(
        name=forms.text("name"),
        country=forms.text("country"),
        purpose_tr=forms.text("purpose_tr"),
        purpose_en=forms.text("purpose_en"),
        data_tr=forms.text("data_tr"),
        data_en=forms.text("data_en"),
        contract_on=forms.day("contract_on"),
    )


class Disclosures(Register):
    """Demands of authorities, and what became of them."""

    name = lazy_gettext("Disclosures")
    subject_kind = "disclosure"
    lead = lazy_gettext(
        "Who asked for data, on what ground, what was handed over, by whom, approved by whom."
    )
    search_hint = lazy_gettext("Number")
    empty_title = lazy_gettext("No demand yet")
    empty_text = lazy_gettext("A demand of an authority is recorded above before it is answered.")
    read = P.DISCLOSURES_READ
    can_create = True
    create_permission = P.DISCLOSURES_WRITE
    create_label = lazy_gettext("Record a demand")
    details_template = "admin/disclosure.html"
    column_list = ("number", "received_on", "ground", "reference", "organization_id", "state")
    column_details_list = (*column_list, "recorded_at", "approved_at", "handed_over_at")
    column_default_sort = ("number", True)
    column_labels = {  # noqa: RUF012
        "number": lazy_gettext("Number"),
        "received_on": lazy_gettext("Received on"),
        "ground": lazy_gettext("Ground"),
        "reference": lazy_gettext("File number"),
        "organization_id": labels.CUSTOMER,
        "state": lazy_gettext("State"),
        "recorded_at": lazy_gettext("Recorded on"),
        "approved_at": lazy_gettext("Approved on"),
        "handed_over_at": lazy_gettext("Handed over on"),
    }
    column_formatters = labels.columns(
        number=lambda row: str(row.number),
        ground=lambda row: labels.word(row.ground),
        organization_id=lambda row: labels.customer(row.organization_id),
    )
    column_formatters_detail = column_formatters
    column_filters = (
        EnumFilter(Disclosure.state, lazy_gettext("State"), DisclosureState),
        EnumFilter(Disclosure.ground, lazy_gettext("Ground"), LegalGround),
    )

    def heading(self, model: Disclosure) -> str:
        return str(_("Demand %(number)s", number=model.number))

    def exact(self, text: str) -> Any:
        return Disclosure.number == int(text) if text.isdecimal() and len(text) <= 9 else None

    def opened(self, model: Disclosure) -> Disclosure:
        """The row with its sealed texts, for its page: who reads the register may read them."""
        return session().get_one(
            Disclosure, model.id, options=[undefer_group("pii")], populate_existing=True
        )

    @expose("/new/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.DISCLOSURES_WRITE, step_up=True)
    def create_view(self) -> Any:
        if flask.request.method == "GET":
            return self._form()
        try:
            with transaction():
                made = disclosures.record_demand(
                    actor=access.actor(),
                    authority=forms.text("authority"),
                    ground=forms.choice("ground", LegalGround),
                    reference=forms.text("reference"),
                    wanted=forms.text("wanted"),
                    received_on=forms.needed_day("received_on"),
                    organization_id=_customer(forms.text("customer")),
                )
        except DomainError as error:
            session().expire_all()
            field = str(error.context.get("field", ""))
            return self._form({field: [sentence(error)]}), error.status
        return forms.back(self.get_url(".details_view", id=made.id), [], _("Recorded."))

    def _form(self, errors: dict[str, list[str]] | None = None) -> str:
        page: str = self.render(
            "admin/disclosure_form.html",
            said=flask.request.form,
            errors=errors or {},
            grounds=labels.options(LegalGround),
            list_url=self.get_url(".index_view"),
        )
        return page

    @expose("/<uuid:disclosure_id>/onayla", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.DISCLOSURES_WRITE, step_up=True)
    def approve(self, disclosure_id: uuid.UUID) -> Any:
        with forms.refusals() as said:
            disclosures.approve(
                actor=access.actor(), disclosure_id=disclosure_id, version=forms.number("version")
            )
        return self._done(disclosure_id, said, _("Approved."))

    @expose("/<uuid:disclosure_id>/teslim", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.DISCLOSURES_WRITE, step_up=True)
    def hand_over(self, disclosure_id: uuid.UUID) -> Any:
        with forms.refusals() as said:
            disclosures.hand_over(
                actor=access.actor(),
                disclosure_id=disclosure_id,
                version=forms.number("version"),
                what=forms.text("what"),
            )
        return self._done(disclosure_id, said, _("Recorded."))

    @expose("/<uuid:disclosure_id>/reddet", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.DISCLOSURES_WRITE, step_up=True)
    def refuse(self, disclosure_id: uuid.UUID) -> Any:
        with forms.refusals() as said:
            disclosures.refuse(
                actor=access.actor(),
                disclosure_id=disclosure_id,
                version=forms.number("version"),
                reason=forms.text("note"),
            )
        return self._done(disclosure_id, said, _("Refused."))

    def _done(self, disclosure_id: uuid.UUID, said: list[str], words: str) -> Any:
        return forms.back(self.get_url(".details_view", id=disclosure_id), said, words)


def _customer(number: str) -> uuid.UUID | None:
    if not number:
        return None
    if not (number.isascii() and number.isdecimal() and len(number) <= 9):
        raise InvalidInput("customer", "unknown")
    found = session().scalar(
        sa.select(Organization.id).where(Organization.customer_no == int(number))
    )
    if found is None:
        raise InvalidInput("customer", "unknown")
    return found
