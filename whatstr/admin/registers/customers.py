"""Organizations and their members. Personal values are masked, and written without being read."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import flask
import sqlalchemy as sa
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import load_only

from whatstr.accounts import contact
from whatstr.accounts.models import (
    Member,
    MemberRole,
    MemberState,
    Organization,
    OrganizationState,
)
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, forms, labels
from whatstr.admin.listing import customer_links
from whatstr.admin.views import EnumFilter, Register
from whatstr.core.crypto import matches, norm_email, norm_text
from whatstr.core.errors import NotFound
from whatstr.core.phone import PhoneError, normalise

ORGANIZATION_FIELDS = (
    ("name", lazy_gettext("Business name"), "text"),
    ("address", lazy_gettext("Address"), "text"),
    ("tax_office", lazy_gettext("Tax office"), "text"),
    ("tax_number", lazy_gettext("Tax number"), "text"),
    ("website", lazy_gettext("Web site"), "text"),
)
MEMBER_FIELDS = (
    ("name", lazy_gettext("Contact person"), "text"),
    ("email", lazy_gettext("E-mail"), "email"),
    ("phone", lazy_gettext("Phone"), "tel"),
)


class Organizations(Register):
    """Found by customer number, tax number, or a member's exact e-mail or phone."""

    name = lazy_gettext("Organizations")
    lead = lazy_gettext("Every business with an account. Names stay masked.")
    search_hint = lazy_gettext("Customer number, tax number, full e-mail or phone")
    exact_is_personal = True
    subject_kind = "organization"
    empty_title = lazy_gettext("No customer yet")
    empty_text = lazy_gettext("A business appears here as soon as it signs up in the portal.")
    read = P.ORGANIZATIONS_READ
    column_list = ("customer_no", "state", "language", "created_at")
    column_default_sort = ("created_at", True)
    column_sortable_list = ("customer_no", "created_at")
    column_labels = {  # noqa: RUF012
        "customer_no": labels.CUSTOMER,
        "state": lazy_gettext("State"),
        "language": lazy_gettext("Language"),
        "created_at": lazy_gettext("Since"),
    }
    column_formatters = labels.columns(
        customer_no=lambda row: str(row.customer_no),
        language=lambda row: labels.language_name(row.language),
    )
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(Organization.state, lazy_gettext("State"), OrganizationState),)

    def exact(self, text: str) -> Any:
        if text.isdecimal() and len(text) <= 9:
            return Organization.customer_no == int(text)
        members = sa.select(Member.organization_id).where(_member_matches(text))
        tax = matches(Organization.tax_number_ix, "organization.tax_number", norm_text(text))
        return sa.or_(tax, Organization.id.in_(members))

    def row_url(self, model: Organization) -> str:
        return flask.url_for("organization.show", organization_id=model.id)

    @expose("/edit/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.ORGANIZATIONS_WRITE, step_up=True)
    def edit_view(self) -> Any:
        """Contact data of a customer: what is left empty stays as it is."""
        row = self.get_one(flask.request.args.get("id"))
        if row.state is OrganizationState.DELETED:  # what was forgotten is not written again
            raise NotFound("organization")
        target = flask.url_for("organization.show", organization_id=row.id)
        if flask.request.method == "GET":
            return self._contact_form(row, target)
        with forms.refused(self._contact_form, row, target) as answer:
            changed = contact.edit_organization(
                actor=access.actor(),
                organization_id=row.id,
                expected_version=forms.number("version"),
                values={key: forms.text(key) for key, _label, _type in ORGANIZATION_FIELDS},
                language=forms.text("language"),
                reason=forms.text("note"),
            )
        return answer.page or forms.back(target, [], _("Saved.") if changed else "")

    def _contact_form(
        self, row: Organization, target: str, errors: dict[str, list[str]] | None = None
    ) -> str:
        page: str = self.render(
            "admin/contact_form.html",
            title=_("Contact data of customer %(number)s", number=row.customer_no),
            fields=ORGANIZATION_FIELDS,
            row=row,
            action=self.get_url(".edit_view", id=row.id),
            version=row.version,
            seen="",
            said=flask.request.form,
            errors=errors or {},
            back=target,
        )
        return page


def _member_matches(text: str) -> Any:
    """By e-mail or phone, over the blind indexes: whole values only."""
    email = matches(Member.email_ix, "member.email", norm_email(text))
    try:
        digits = normalise(text).digits
    except PhoneError:
        return email
    return sa.or_(email, matches(Member.phone_ix, "member.phone", norm_text(digits)))


def _may_write(model: Member) -> bool:
    """Whether the person on the page may change a member; of a deleted customer nobody may."""
    return access.may(P.ORGANIZATIONS_WRITE) and not contact.is_deleted(model.organization_id)


class Members(Register):
    """People of organizations, masked."""

    name = lazy_gettext("Members")
    lead = lazy_gettext(
        "People of the organizations. One value is shown on their page, with a reason."
    )
    search_hint = lazy_gettext("Full e-mail or phone")
    exact_is_personal = True
    subject_kind = "member"
    empty_title = lazy_gettext("No member yet")
    empty_text = lazy_gettext("Members appear here with their organization.")
    read = P.ORGANIZATIONS_READ
    column_list = (
        "email_masked",
        "phone_masked",
        "organization_id",
        "role",
        "state",
        "created_at",
    )
    column_details_list = (*column_list, "language", "email_confirmed_at")
    column_default_sort = ("created_at", True)
    column_sortable_list = ("created_at",)
    column_labels = {  # noqa: RUF012
        "email_masked": lazy_gettext("E-mail"),
        "phone_masked": lazy_gettext("Phone"),
        "organization_id": labels.CUSTOMER,
        "role": lazy_gettext("Role"),
        "state": lazy_gettext("State"),
        "created_at": lazy_gettext("Since"),
        "language": lazy_gettext("Language"),
        "email_confirmed_at": lazy_gettext("E-mail confirmed on"),
    }
    column_formatters = labels.columns(
        email_masked=lambda row: row.email_masked or row.id.hex[:8],
        organization_id=lambda row: labels.customer(row.organization_id),
        role=lambda row: labels.word(row.role),
        language=lambda row: labels.language_name(row.language),
    )
    column_formatters_detail = column_formatters
    column_filters = (
        EnumFilter(Member.role, lazy_gettext("Role"), MemberRole),
        EnumFilter(Member.state, lazy_gettext("State"), MemberState),
    )

    def get_query(self) -> Any:
        """Only the columns that are shown: this role has no right to a member's keys."""
        shown = (Member.email_masked, Member.phone_masked, Member.organization_id, Member.role)
        more = (Member.state, Member.created_at, Member.language, Member.email_confirmed_at)
        return super().get_query().options(load_only(*shown, *more))

    def exact(self, text: str) -> Any:
        return _member_matches(text)

    def links(self, model: Member) -> Sequence[tuple[str, str]]:
        found = customer_links(model)
        if _may_write(model):
            found.append((_("Edit contact data"), self.get_url(".edit_view", id=model.id)))
        return found

    def verbs(self, model: Member) -> Sequence[labels.Verb]:
        if not _may_write(model):
            return ()
        if model.state is MemberState.REMOVED:
            return (
                labels.Verb(
                    url=self.get_url(".restore", member_id=model.id),
                    label=_("Give the access back"),
                    title=_("Give %(email)s the access back?", email=model.email_masked or "–"),
                    body=_("The person can sign in again with their own password."),
                    confirm=_("Give the access back"),
                    note=_("Reason"),
                ),
            )
        return (
            labels.Verb(
                url=self.get_url(".remove", member_id=model.id),
                label=_("Remove"),
                title=_("Remove %(email)s?", email=model.email_masked or "–"),
                body=_(
                    "The person is signed out everywhere at once and cannot sign in. Nothing is "
                    "deleted; it can be undone here."
                ),
                confirm=_("Remove"),
                danger=True,
                note=_("Reason"),
            ),
        )

    @expose("/edit/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.ORGANIZATIONS_WRITE, step_up=True)
    def edit_view(self) -> Any:
        """Contact data of a member: what is left empty stays as it is."""
        row = self.get_one(flask.request.args.get("id"))
        if contact.is_deleted(row.organization_id):
            raise NotFound("member")
        target = self.get_url(".details_view", id=row.id)
        if flask.request.method == "GET":
            return self._contact_form(row.id, target)
        with forms.refused(self._contact_form, row.id, target) as answer:
            changed = contact.edit_member(
                actor=access.actor(),
                member_id=row.id,
                seen=forms.text("seen"),
                values={key: forms.text(key) for key, _label, _type in MEMBER_FIELDS},
                language=forms.text("language"),
                reason=forms.text("note"),
            )
        return answer.page or forms.back(target, [], _("Saved.") if changed else "")

    def _contact_form(
        self, id_: uuid.UUID, target: str, errors: dict[str, list[str]] | None = None
    ) -> str:
        row = self.get_one(id_)  # read anew: this role cannot refresh a member as a whole
        page: str = self.render(
            "admin/contact_form.html",
            title=_("Contact data of %(email)s", email=row.email_masked or "–"),
            fields=MEMBER_FIELDS,
            row=row,
            action=self.get_url(".edit_view", id=row.id),
            version=None,
            seen=flask.request.form.get("seen") or contact.seen_of(row),
            said=flask.request.form,
            errors=errors or {},
            back=target,
        )
        return page

    @expose("/<uuid:member_id>/cikar", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.ORGANIZATIONS_WRITE, step_up=True)
    def remove(self, member_id: uuid.UUID) -> Any:
        row = self.get_one(member_id)
        if not forms.confirmed():
            return self.ask(self.verbs(row), 0)
        with forms.refusals() as said:
            contact.remove_member(
                actor=access.actor(), member_id=member_id, reason=forms.text("note")
            )
        return forms.back(self.get_url(".details_view", id=member_id), said, _("Removed."))

    @expose("/<uuid:member_id>/geri", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.ORGANIZATIONS_WRITE, step_up=True)
    def restore(self, member_id: uuid.UUID) -> Any:
        row = self.get_one(member_id)
        if not forms.confirmed():
            return self.ask(self.verbs(row), 0)
        with forms.refusals() as said:
            contact.restore_member(
                actor=access.actor(), member_id=member_id, reason=forms.text("note")
            )
        return forms.back(
            self.get_url(".details_view", id=member_id), said, _("The access is back.")
        )
