"""One organization: its whole story masked, the verbs beside it, and single values on record."""

from __future__ import annotations

import uuid
from typing import Any

import flask
from flask_admin import expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from whatstr.abuse import cases
from whatstr.abuse.desk import RevealReason
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, code_words, forms, labels, reveals
from whatstr.admin.organization_story import profile, story
from whatstr.admin.registers.traffic import quality_word
from whatstr.admin.views import Page
from whatstr.audit import queries as audit


class OrganizationPage(Page):
    """Endpoint `organization`."""

    read = P.ORGANIZATIONS_READ

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        return flask.redirect(flask.url_for("organizations.index_view"))

    @expose("/<uuid:organization_id>/")  # type: ignore[untyped-decorator]
    def show(self, organization_id: uuid.UUID) -> Any:
        return self._page(organization_id)

    @expose("/<uuid:organization_id>/vaka-ac", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.CASES_WRITE)
    def open_case(self, organization_id: uuid.UUID) -> Response:
        """A case without a report: only there is a customer warned, stopped or suspended."""
        case_id = None
        with forms.refusals() as said:
            case_id = cases.open_for(
                actor=access.actor(), organization_id=organization_id, note=forms.text("note")
            ).id
        if case_id is None:
            return forms.back(_url(organization_id), said, "")
        return forms.back(flask.url_for("case.show", case_id=case_id), said, _("The case is open."))

    @expose("/<uuid:organization_id>/goster", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.REVEAL_IN_CASE, P.REVEAL_IN_PAYMENT, P.REVEAL_IN_REQUEST, step_up=True)
    def reveal(self, organization_id: uuid.UUID) -> Any:
        """One value, for thirty seconds. The log row is committed before the value is read."""
        with forms.refusals() as said:
            wanted = reveals.log_reveal(
                actor=access.actor(),
                person=access.current_staff(),
                organization_id=organization_id,
                field=forms.text("field"),
                reason=forms.choice("reason", RevealReason),
                note=forms.text("note"),
            )
        if said:
            return forms.back(_url(organization_id), said, "")
        return self._page(organization_id, shown=(wanted.key, reveals.read_value(wanted)))

    def _page(self, organization_id: uuid.UUID, shown: tuple[str, str | None] | None = None) -> str:
        page: str = self.render(
            "admin/organization.html",
            organization=profile(organization_id),
            **story(organization_id),
            reveals=audit.reveals_of(organization_id),
            fields=reveals.fields_for(access.current_staff(), organization_id),
            reasons=labels.options(RevealReason),
            field_words={**{k: f.label for k, f in reveals.FIELDS.items()}, "words": _("Report")},
            reason_words=dict(labels.options(RevealReason)),
            quality=quality_word,
            why=code_words.reason,
            daily_limit=code_words.daily_limit,
            labels=labels,
            event_words=labels.event_words(),
            document_words=labels.document_words(),
            shown=shown,
            admin_active="organizations",
        )
        return page


def _url(organization_id: uuid.UUID) -> str:
    return flask.url_for("organization.show", organization_id=organization_id)
