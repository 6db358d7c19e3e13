"""Cases and reports of recipients."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import flask
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from whatstr.abuse import cases
from whatstr.abuse.models import (
    AbuseReport,
    Case,
    CaseState,
    ReportCategory,
    ReportChannel,
    ReportState,
    Verdict,
)
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, forms, labels
from whatstr.admin.views import EnumFilter, Register


def _number(text: str, column: Any) -> Any:
    return column == int(text) if text.isdecimal() and len(text) <= 9 else None


class Cases(Register):
    """Cases; a row leads to its workplace."""

    name = lazy_gettext("Cases")
    lead = lazy_gettext("One case holds all open reports about a line.")
    search_hint = lazy_gettext("Case number")
    subject_kind = "abuse_case"
    empty_title = lazy_gettext("No case yet")
    empty_text = lazy_gettext("The first report about a line of ours opens one.")
    read = P.CASES_READ
    column_list = ("number", "organization_id", "state", "opened_at", "claimed_until", "closed_at")
    column_default_sort = ("opened_at", True)
    column_sortable_list = ("number", "opened_at")
    column_labels = {  # noqa: RUF012
        "number": lazy_gettext("Case"),
        "organization_id": labels.CUSTOMER,
        "state": lazy_gettext("State"),
        "opened_at": lazy_gettext("Opened"),
        "claimed_until": lazy_gettext("Claimed until"),
        "closed_at": lazy_gettext("Closed on"),
    }
    column_formatters = labels.columns(
        number=lambda row: str(row.number),
        organization_id=lambda row: labels.customer(row.organization_id),
    )
    column_filters = (EnumFilter(Case.state, lazy_gettext("State"), CaseState),)

    def exact(self, text: str) -> Any:
        return _number(text, Case.number)

    def row_url(self, model: Case) -> str:
        return flask.url_for("case.show", case_id=model.id)


class Reports(Register):
    """Reports as they came in. Their words are opened within a case."""

    name = lazy_gettext("Reports of recipients")
    lead = lazy_gettext("What recipients reported. The words are opened within a claimed case.")
    search_hint = lazy_gettext("Report number")
    subject_kind = "abuse_report"
    empty_title = lazy_gettext("No report yet")
    empty_text = lazy_gettext("Recipients report on the public page or by replying in WhatsApp.")
    read = P.CASES_READ
    column_details_list = (
        *("number", "received_at", "channel", "category", "verdict", "state"),
        *("organization_id", "line_id", "campaign_id"),
    )
    column_list = (
        "number",
        "received_at",
        "channel",
        "category",
        "verdict",
        "state",
        "organization_id",
    )
    column_default_sort = ("received_at", True)
    column_sortable_list = ("number", "received_at")
    column_labels = {  # noqa: RUF012
        "number": lazy_gettext("Report"),
        "received_at": lazy_gettext("Received on"),
        "channel": lazy_gettext("Way in"),
        "category": lazy_gettext("About"),
        "verdict": lazy_gettext("Verification"),
        "state": lazy_gettext("State"),
        "organization_id": labels.CUSTOMER,
        "line_id": lazy_gettext("Line"),
        "campaign_id": lazy_gettext("Campaign"),
    }
    column_formatters = labels.columns(
        number=lambda row: str(row.number),
        line_id=lambda row: labels.linked("lines", row.line_id),
        campaign_id=lambda row: labels.linked("campaigns", row.campaign_id),
        channel=lambda row: labels.word(row.channel),
        category=lambda row: labels.word(row.category),
        organization_id=lambda row: labels.customer(row.organization_id),
    )
    column_formatters_detail = column_formatters
    column_filters = (
        EnumFilter(AbuseReport.state, lazy_gettext("State"), ReportState),
        EnumFilter(AbuseReport.verdict, lazy_gettext("Verification"), Verdict),
        EnumFilter(AbuseReport.channel, lazy_gettext("Way in"), ReportChannel),
        EnumFilter(AbuseReport.category, lazy_gettext("About"), ReportCategory),
    )

    def heading(self, model: AbuseReport) -> str:
        return str(_("Report %(number)s", number=model.number))

    def exact(self, text: str) -> Any:
        return _number(text, AbuseReport.number)

    def links(self, model: AbuseReport) -> Sequence[tuple[str, str]]:
        found = []
        if model.case_id is not None:
            found.append((_("To the case"), flask.url_for("case.show", case_id=model.case_id)))
        if access.may(P.CASES_WRITE):
            found.append((_("Change what it is about"), self.get_url(".edit_view", id=model.id)))
        return found

    @expose("/edit/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.CASES_WRITE)
    def edit_view(self) -> Any:
        """What a report is about: reporters often choose the nearest word."""
        report = self.get_one(flask.request.args.get("id"))
        if flask.request.method == "GET":
            return self._category_form(report)
        with forms.refused(self._category_form, report) as answer:
            cases.set_category(
                actor=access.actor(),
                report_id=report.id,
                seen=forms.text("seen"),
                category=forms.choice("category", ReportCategory),
                note=forms.text("note"),
            )
        target = self.get_url(".details_view", id=report.id)
        return answer.page or forms.back(target, [], _("Saved."))

    def _category_form(
        self, report: AbuseReport, errors: dict[str, list[str]] | None = None
    ) -> str:
        page: str = self.render(
            "admin/report_form.html",
            report=report,
            categories=labels.options(ReportCategory),
            said=flask.request.form,
            errors=errors or {},
            back=self.get_url(".details_view", id=report.id),
        )
        return page

    def verbs(self, model: AbuseReport) -> Sequence[labels.Verb]:
        if not access.may(P.CASES_WRITE) or model.state in (
            ReportState.ATTACHED,
            ReportState.REJECTED,
        ):
            return ()
        return (
            labels.Verb(
                url=self.get_url(".reject", report_id=model.id),
                label=_("Put aside"),
                title=_("Put report %(number)s aside?", number=model.number),
                body=_("It joins no case. Its sealed words stay until they are deleted by age."),
                confirm=_("Put aside"),
                danger=True,
                note=_("Reason"),
            ),
        )

    @expose("/<uuid:report_id>/kenara", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.CASES_WRITE)
    def reject(self, report_id: uuid.UUID) -> Any:
        report = self.get_one(report_id)
        if not forms.confirmed():
            return self.ask(self.verbs(report), 0)
        with forms.refusals() as said:
            cases.reject_report(actor=access.actor(), report_id=report_id, note=forms.text("note"))
        return forms.back(self.get_url(".details_view", id=report_id), said, _("Put aside."))
