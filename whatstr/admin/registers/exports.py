"""Exports: asked for, let through by a second person when large, downloaded, gone after a day."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import flask
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, forms, labels
from whatstr.admin.views import EnumFilter, Register
from whatstr.core.db import session, transaction
from whatstr.core.errors import DomainError
from whatstr.core.i18n import language
from whatstr.core.web import sentence
from whatstr.exports import services
from whatstr.exports.kinds import KINDS
from whatstr.exports.models import ExportJob, ExportState

NAMES = {
    "organizations": lazy_gettext("Organizations"),
    "lines": lazy_gettext("Lines"),
    "campaigns": lazy_gettext("Campaigns"),
    "payments": lazy_gettext("All payments"),
    "ledger": lazy_gettext("Ledger"),
    "refunds": lazy_gettext("Refunds"),
    "exceptions": lazy_gettext("Exceptions"),
    "cases": lazy_gettext("Cases"),
    "reports": lazy_gettext("Reports of recipients"),
    "trail": lazy_gettext("Audit trail"),
}


def _words_of(kind: str) -> Mapping[str, Any]:
    """What the register of this name calls its columns; the file has their technical names."""
    for view in flask.current_app.extensions["admin"][0]._views:
        if isinstance(view, Register) and view.endpoint == kind:
            return dict(view.column_labels)
    return {}


class Exports(Register):
    """Everybody sees their own; owner and auditor all."""

    name = lazy_gettext("Exports")
    subject_kind = "export_job"
    lead = lazy_gettext(
        "A register as a file: with a reason, approved by a second person above 1,000 rows, gone "
        "after a day. Every download is recorded."
    )
    empty_title = lazy_gettext("No export yet")
    empty_text = lazy_gettext("Whoever needs a register as a file asks for it above.")
    read = P.EXPORTS_REQUEST
    can_create = True
    create_permission = P.EXPORTS_REQUEST
    create_label = lazy_gettext("Ask for an export")
    column_list = ("requested_at", "kind", "rows", "state", "expires_at", "downloads")
    column_details_list = (*column_list, "columns", "reason", "decided_at", "ready_at")
    column_default_sort = ("requested_at", True)
    column_labels = {  # noqa: RUF012
        "requested_at": lazy_gettext("Asked on"),
        "kind": lazy_gettext("Register"),
        "rows": lazy_gettext("Rows"),
        "state": lazy_gettext("State"),
        "expires_at": lazy_gettext("Gone on"),
        "downloads": lazy_gettext("Downloads"),
        "columns": lazy_gettext("Columns"),
        "reason": lazy_gettext("Reason"),
        "decided_at": lazy_gettext("Decided on"),
        "ready_at": lazy_gettext("Written on"),
    }
    column_formatters = labels.columns(
        kind=lambda row: str(NAMES.get(row.kind, row.kind)),
        columns=lambda row: ", ".join(row.columns),
    )
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(ExportJob.state, lazy_gettext("State"), ExportState),)

    def get_query(self) -> Any:
        query = super().get_query()
        if access.may(P.EXPORTS_APPROVE) or access.may(P.AUDIT_READ):
            return query
        return query.filter(ExportJob.requested_by == access.current_staff().staff_id)

    @expose("/new/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.EXPORTS_REQUEST, step_up=True)
    def create_view(self) -> Any:
        """First the register, then its columns and the reason."""
        if flask.request.method == "GET":
            return self._form(flask.request.args.get("kind", ""))
        kind = forms.text("kind")
        try:
            with transaction():
                made = services.request(
                    actor=access.actor(),
                    permissions=access.current_staff().permissions,
                    kind=kind,
                    columns=flask.request.form.getlist("columns"),
                    reason=forms.text("note"),
                    language=language(),
                )
        except DomainError as error:
            session().expire_all()
            if error.status == 403:
                raise
            field = str(error.context.get("field", ""))
            return self._form(kind, {field: [sentence(error)]}), error.status
        done = (
            _("Asked for. A second person has to approve it.")
            if made.state is ExportState.REQUESTED
            else _("The file is being written.")
        )
        return forms.back(self.get_url(".details_view", id=made.id), [], done)

    def _form(self, kind: str, errors: dict[str, list[str]] | None = None) -> str:
        allowed = access.current_staff().permissions
        chosen = KINDS.get(kind)
        page: str = self.render(
            "admin/export_form.html",
            kinds=[(key, NAMES[key]) for key, one in KINDS.items() if one.allowed(allowed)],
            kind=kind if chosen and chosen.allowed(allowed) else "",
            columns=[one.name for one in chosen.allowed(allowed)] if chosen else [],
            column_words=_words_of(kind),
            said=flask.request.form,
            errors=errors or {},
            list_url=self.get_url(".index_view"),
        )
        return page

    def verbs(self, model: ExportJob) -> Sequence[labels.Verb]:
        mine = model.requested_by == access.current_staff().staff_id
        found = []
        if model.state is ExportState.REQUESTED and access.may(P.EXPORTS_APPROVE) and not mine:
            found.append(self._approve(model))
        if model.state is ExportState.REQUESTED and (mine or access.may(P.EXPORTS_APPROVE)):
            found.append(self._refuse(model))
        if model.state is ExportState.READY and mine:
            found.append(self._download(model))
        return found

    def _approve(self, model: ExportJob) -> labels.Verb:
        return labels.Verb(
            url=self.get_url(".approve", job_id=model.id),
            label=_("Approve"),
            title=_("Approve this export?"),
            body=_("%(count)s rows leave the panel as a file.", count=model.rows),
            confirm=_("Approve"),
        )

    def _refuse(self, model: ExportJob) -> labels.Verb:
        return labels.Verb(
            url=self.get_url(".refuse", job_id=model.id),
            label=_("Refuse"),
            title=_("Refuse this export?"),
            body=_("No file is written."),
            confirm=_("Refuse"),
            danger=True,
        )

    def _download(self, model: ExportJob) -> labels.Verb:
        return labels.Verb(
            url=self.get_url(".download", job_id=model.id),
            label=_("Download"),
            title=_("Download %(count)s rows?", count=model.rows),
            body=_("The download is recorded. Delete the file when you have used it."),
            confirm=_("Download"),
        )

    @expose("/<uuid:job_id>/onayla", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.EXPORTS_APPROVE, step_up=True)
    def approve(self, job_id: uuid.UUID) -> Any:
        return self._decide(job_id, services.approve, _("Approved. The file is being written."))

    @expose("/<uuid:job_id>/reddet", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.EXPORTS_REQUEST, P.EXPORTS_APPROVE)
    def refuse(self, job_id: uuid.UUID) -> Any:
        return self._decide(job_id, services.refuse, _("Refused."))

    def _decide(self, job_id: uuid.UUID, decide: Any, done: str) -> Any:
        job = self.get_one(job_id)
        if not any(verb.url == flask.request.path for verb in self.verbs(job)):
            said = [_("That is not possible any more: the state has moved on.")]
            return forms.back(self.get_url(".details_view", id=job_id), said, "")
        if not forms.confirmed():
            found = [verb for verb in self.verbs(job) if verb.url == flask.request.path]
            return self.ask(found, 0)
        with forms.refusals() as said:
            decide(actor=access.actor(), job_id=job_id)
        return forms.back(self.get_url(".details_view", id=job_id), said, done)

    @expose("/<uuid:job_id>/indir", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.EXPORTS_REQUEST, step_up=True)
    def download(self, job_id: uuid.UUID) -> Any:
        """The file, to who asked for it. The record is committed before the first byte."""
        with forms.refusals() as said:
            job = services.take(actor=access.actor(), job_id=job_id)
        if said:
            return forms.back(self.get_url(".index_view"), said, "")
        body = flask.stream_with_context(services.content(job_id))
        response = Response(body, mimetype="text/csv")
        name = f"whatstr-{job.kind}-{job.requested_at:%Y%m%d}.csv"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
