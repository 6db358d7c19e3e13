"""Support requests and the answers kept ready for them."""

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
from whatstr.support import canned
from whatstr.support.models import CannedReply, SupportRequest, SupportState, SupportTopic


class Requests(Register):
    """Requests of customers; a row leads to its page."""

    name = lazy_gettext("Support requests")
    lead = lazy_gettext("What customers ask us. The words are read on the request's own page.")
    search_hint = lazy_gettext("Request number")
    subject_kind = "support_request"
    empty_title = lazy_gettext("Nobody has asked yet")
    empty_text = lazy_gettext("Customers write on the support page of their panel.")
    read = P.SUPPORT_READ
    column_list = (
        *("number", "topic", "state", "organization_id", "opened_at", "waiting_since"),
        *("satisfaction",),
    )
    column_default_sort = ("opened_at", True)
    column_sortable_list = ("number", "opened_at")
    column_labels = {  # noqa: RUF012
        "number": lazy_gettext("Number"),
        "topic": lazy_gettext("About"),
        "state": lazy_gettext("State"),
        "organization_id": labels.CUSTOMER,
        "opened_at": lazy_gettext("Opened"),
        "waiting_since": lazy_gettext("Waits since"),
        "satisfaction": lazy_gettext("How it went"),
    }
    column_formatters = labels.columns(
        number=lambda row: str(row.number),
        topic=lambda row: labels.word(row.topic),
        organization_id=lambda row: labels.customer(row.organization_id),
    )
    column_filters = (
        EnumFilter(SupportRequest.state, lazy_gettext("State"), SupportState),
        EnumFilter(SupportRequest.topic, lazy_gettext("About"), SupportTopic),
    )

    def exact(self, text: str) -> Any:
        known = text.isdecimal() and len(text) <= 9
        return SupportRequest.number == int(text) if known else None

    def row_url(self, model: SupportRequest) -> str:
        return flask.url_for("support.show", request_id=model.id)


class CannedReplies(Register):
    """Answers kept ready: made, edited and taken away by whoever answers."""

    name = lazy_gettext("Canned replies")
    lead = lazy_gettext("Answers kept ready in both languages. They name no customer.")
    subject_kind = "canned_reply"
    empty_title = lazy_gettext("No reply is kept ready")
    empty_text = lazy_gettext("Write the first one: it can then be put into any answer.")
    read = P.SUPPORT_READ
    can_create = True
    create_permission = P.SUPPORT_WRITE
    create_label = lazy_gettext("New reply")
    column_list = ("title_tr", "title_en", "topic", "created_at")
    column_details_list = ("title_tr", "body_tr", "title_en", "body_en", "topic", "created_at")
    column_default_sort = "title_tr"
    column_labels = {  # noqa: RUF012
        "title_tr": lazy_gettext("Title in Turkish"),
        "title_en": lazy_gettext("Title in English"),
        "body_tr": lazy_gettext("Text in Turkish"),
        "body_en": lazy_gettext("Text in English"),
        "topic": lazy_gettext("About"),
        "created_at": lazy_gettext("Made"),
    }
    column_formatters = labels.columns(topic=lambda row: labels.word(row.topic))
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(CannedReply.topic, lazy_gettext("About"), SupportTopic),)

    @expose("/new/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SUPPORT_WRITE)
    def create_view(self) -> Any:
        if flask.request.method == "GET":
            return self._form(None)
        with forms.refused(self._form, None) as answer:
            made = canned.add_reply(
                actor=access.actor(), topic=forms.choice("topic", SupportTopic), texts=_texts()
            )
        return answer.page or forms.back(self.get_url(".details_view", id=made.id), [], _("Added."))

    @expose("/edit/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SUPPORT_WRITE)
    def edit_view(self) -> Any:
        row = self.get_one(flask.request.args.get("id"))
        if flask.request.method == "GET":
            return self._form(row)
        with forms.refused(self._form, row) as answer:
            canned.edit_reply(
                actor=access.actor(),
                reply_id=row.id,
                expected_version=forms.number("version"),
                topic=forms.choice("topic", SupportTopic),
                texts=_texts(),
            )
        return answer.page or forms.back(self.get_url(".details_view", id=row.id), [], _("Saved."))

    def _form(self, row: CannedReply | None, errors: dict[str, list[str]] | None = None) -> str:
        page: str = self.render(
            "admin/canned_form.html",
            row=row,
            topics=labels.options(SupportTopic),
            said=flask.request.form,
            errors=errors or {},
            list_url=self.get_url(".index_view"),
        )
        return page

    def links(self, model: CannedReply) -> Sequence[tuple[str, str]]:
        if not access.may(P.SUPPORT_WRITE):
            return ()
        return ((_("Edit"), self.get_url(".edit_view", id=model.id)),)

    def verbs(self, model: CannedReply) -> Sequence[labels.Verb]:
        if not access.may(P.SUPPORT_WRITE):
            return ()
        return (
            labels.Verb(
                url=self.get_url(".remove", reply_id=model.id),
                label=_("Delete"),
                title=_("Delete “%(title)s”?", title=model.title_tr),
                body=_("Answers that were sent with it stay as they are. This cannot be undone."),
                confirm=_("Delete"),
                danger=True,
                retype=model.title_tr,
            ),
        )

    @expose("/<uuid:reply_id>/sil", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SUPPORT_WRITE)
    def remove(self, reply_id: uuid.UUID) -> Any:
        row = self.get_one(reply_id)
        if not forms.confirmed():
            return self.ask(self.verbs(row), 0)
        with forms.refusals() as said:
            canned.delete_reply(actor=access.actor(), reply_id=reply_id)
        return forms.back(self.get_url(".index_view"), said, _("Deleted."))


def _texts() -> dict[str, str]:
    return {name: forms.text(name) for name in canned.FIELDS}
