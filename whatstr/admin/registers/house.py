"""Our own house: staff accounts, the audit trail, the sender's certificates."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import flask
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from whatstr.accounts import staff, staff_changes
from whatstr.accounts.models import StaffRole, StaffState, StaffUser
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, forms, labels
from whatstr.admin.views import EnumFilter, Register
from whatstr.audit.models import ActorKind, AuditEvent
from whatstr.core.crypto import matches, norm_email
from whatstr.core.db import session, transaction
from whatstr.core.errors import DomainError
from whatstr.core.web import sentence


class People(Register):
    """Staff accounts: made, given roles, locked by the owner."""

    name = lazy_gettext("Staff")
    lead = lazy_gettext("People of WhatsTR and what they may do.")
    search_hint = lazy_gettext("Full e-mail")
    read = P.STAFF_READ
    can_create = True
    create_permission = P.STAFF_WRITE
    create_label = lazy_gettext("New colleague")
    column_list = ("display_name", "email_masked", "roles", "state", "signed_in_at")
    column_details_list = (*column_list, "language", "created_at")
    column_default_sort = "display_name"
    column_labels = {  # noqa: RUF012
        "display_name": lazy_gettext("Name"),
        "email_masked": lazy_gettext("E-mail"),
        "roles": lazy_gettext("Roles"),
        "state": lazy_gettext("State"),
        "signed_in_at": lazy_gettext("Last sign-in"),
        "language": lazy_gettext("Language"),
        "created_at": lazy_gettext("Since"),
    }
    column_formatters = labels.columns(roles=lambda row: labels.words_of(row.roles, StaffRole))
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(StaffUser.state, lazy_gettext("State"), StaffState),)

    def exact(self, text: str) -> Any:
        return matches(StaffUser.email_ix, "staff_user.email", norm_email(text))

    @expose("/new/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.STAFF_WRITE, step_up=True)
    def create_view(self) -> Any:
        if flask.request.method == "GET":
            return self._form()
        try:
            with transaction():
                made = staff.create_staff(
                    actor=access.actor(),
                    email=forms.text("email"),
                    name=forms.text("name"),
                    roles=forms.choices("roles", StaffRole),
                    password=flask.request.form.get("password", ""),
                )
        except DomainError as error:
            session().expire_all()
            field = str(error.context.get("field", ""))
            return self._form(errors={field: [sentence(error)]}), error.status
        return forms.back(self.get_url(".details_view", id=made.id), [], _("Added."))

    @expose("/edit/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.STAFF_WRITE, step_up=True)
    def edit_view(self) -> Any:
        """Roles of a colleague."""
        person = self.get_one(flask.request.args.get("id"))
        if flask.request.method == "GET":
            return self._form(person)
        with forms.refusals() as said:
            staff_changes.set_roles(
                actor=access.actor(),
                staff_id=person.id,
                roles=forms.choices("roles", StaffRole),
            )
        return forms.back(self.get_url(".details_view", id=person.id), said, _("Saved."))

    def _form(
        self, person: StaffUser | None = None, errors: dict[str, list[str]] | None = None
    ) -> str:
        page: str = self.render(
            "admin/staff_form.html",
            person=person,
            said=flask.request.form,
            said_roles=flask.request.form.getlist("roles"),
            errors=errors or {},
            roles=labels.options(StaffRole),
            list_url=self.get_url(".index_view"),
        )
        return page

    def links(self, model: StaffUser) -> Sequence[tuple[str, str]]:
        if not access.may(P.STAFF_WRITE) or model.id == access.current_staff().staff_id:
            return ()
        return ((_("Change roles"), self.get_url(".edit_view", id=model.id)),)

    def verbs(self, model: StaffUser) -> Sequence[labels.Verb]:
        if not access.may(P.STAFF_WRITE) or model.id == access.current_staff().staff_id:
            return ()
        if model.state is StaffState.LOCKED:
            return (
                labels.Verb(
                    url=self.get_url(".unlock", staff_id=model.id),
                    label=_("Unlock"),
                    title=_("Unlock %(name)s?", name=model.display_name),
                    body=_("The person can sign in again with their password."),
                    confirm=_("Unlock"),
                ),
            )
        live = len(staff.live_staff_sessions(model.id))
        return (
            labels.Verb(
                url=self.get_url(".lock", staff_id=model.id),
                label=_("Lock"),
                title=_("Lock %(name)s?", name=model.display_name),
                body=_(
                    "The person cannot sign in, and %(count)s sessions end at once.", count=live
                ),
                confirm=_("Lock"),
                danger=True,
                retype=model.display_name,
            ),
        )

    @expose("/<uuid:staff_id>/kilitle", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.STAFF_WRITE, step_up=True)
    def lock(self, staff_id: uuid.UUID) -> Any:
        person = self.get_one(staff_id)
        if not forms.confirmed():
            return self.ask(self.verbs(person), 0)
        with forms.refusals() as said:
            staff_changes.lock_staff(actor=access.actor(), staff_id=staff_id)
        return forms.back(self.get_url(".details_view", id=staff_id), said, _("Account locked."))

    @expose("/<uuid:staff_id>/ac", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.STAFF_WRITE, step_up=True)
    def unlock(self, staff_id: uuid.UUID) -> Any:
        person = self.get_one(staff_id)
        if not forms.confirmed():
            return self.ask(self.verbs(person), 0)
        with forms.refusals() as said:
            staff_changes.unlock_staff(actor=access.actor(), staff_id=staff_id)
        return forms.back(self.get_url(".details_view", id=staff_id), said, _("Account unlocked."))


class Trail(Register):
    """The audit trail: everybody their own acts, owner and auditor all."""

    name = lazy_gettext("Audit trail")
    lead = lazy_gettext("Who did what, and why. Rows are chained and never change.")
    search_hint = lazy_gettext("Id of a record, or request reference")
    read = P.AUDIT_OWN
    column_list = ("at", "actor_kind", "actor_id", "verb", "subject_kind", "reason")
    column_details_list = (
        "seq",
        *column_list,
        "subject_id",
        "organization_id",
        "detail",
        "request_id",
    )
    column_default_sort = ("seq", True)
    column_labels = {  # noqa: RUF012
        "seq": lazy_gettext("Number"),
        "at": lazy_gettext("When"),
        "actor_kind": lazy_gettext("By"),
        "actor_id": lazy_gettext("Person"),
        "verb": lazy_gettext("Act"),
        "subject_kind": lazy_gettext("On"),
        "subject_id": lazy_gettext("Record"),
        "organization_id": labels.CUSTOMER,
        "reason": lazy_gettext("Reason"),
        "detail": lazy_gettext("Details"),
        "request_id": lazy_gettext("Request"),
    }
    column_formatters = labels.columns(
        actor_kind=lambda row: labels.word(row.actor_kind),
        actor_id=lambda row: row.actor_id.hex[:8] if row.actor_id else "–",
        organization_id=lambda row: labels.customer(row.organization_id),
        seq=lambda row: str(row.seq),
    )
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(AuditEvent.actor_kind, lazy_gettext("By"), ActorKind),)

    def get_query(self) -> Any:
        query = super().get_query()
        if access.may(P.AUDIT_READ):
            return query
        return query.filter(AuditEvent.actor_id == access.current_staff().staff_id)

    def exact(self, text: str) -> Any:
        plain = text.replace("-", "").lower()
        return (AuditEvent.subject_id == plain) | (AuditEvent.request_id == plain)


class Certificates(Register):
    """Public halves of the sender's weekly keys."""

    name = lazy_gettext("Sender certificates")
    lead = lazy_gettext("Public keys that browsers seal campaigns to; a new one each week.")
    read = P.SETTINGS_READ
    column_list = ("kid", "not_before", "not_after")
    column_default_sort = ("not_before", True)
    column_labels = {  # noqa: RUF012
        "kid": lazy_gettext("Key"),
        "not_before": lazy_gettext("Good from"),
        "not_after": lazy_gettext("Good until"),
    }
    column_formatters = labels.columns(kid=lambda row: str(row.kid))
    column_formatters_detail = column_formatters
