"""Documents that customers accepted. The rows are proof and never change."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext

from whatstr.accounts.documents import DocumentName
from whatstr.accounts.models import AcceptedDocument
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import labels
from whatstr.admin.listing import of_customer
from whatstr.admin.views import EnumFilter, Register
from whatstr.core.i18n import version_day

OCCASIONS = {
    "sign_up": lazy_gettext("Sign-up"),
    "checkout": lazy_gettext("Purchase"),
    "launch": lazy_gettext("Launch of a campaign"),
    "new_version": lazy_gettext("New version of the text"),
}


class Acceptances(Register):
    """Who accepted which version of which document, and when. Never edited."""

    name = lazy_gettext("Documents accepted")
    lead = lazy_gettext("Which version was accepted, when and for what. Rows never change.")
    search_hint = lazy_gettext("Customer number")
    heading_column = "document"
    empty_title = lazy_gettext("Nothing accepted yet")
    empty_text = lazy_gettext(
        "A document is accepted at the sign-up, the purchase and the launch of a campaign."
    )
    read = P.ORGANIZATIONS_READ
    column_list = ("at", "organization_id", "document", "document_version", "context", "language")
    column_details_list = (*column_list, "context_id", "member_id")
    column_default_sort = ("at", True)
    column_labels = {  # noqa: RUF012
        "at": lazy_gettext("Accepted on"),
        "organization_id": labels.CUSTOMER,
        "document": lazy_gettext("Document"),
        "document_version": lazy_gettext("Version"),
        "context": lazy_gettext("On the occasion of"),
        "language": lazy_gettext("Language"),
        "context_id": lazy_gettext("Record"),
        "member_id": lazy_gettext("Member"),
    }
    column_formatters = labels.columns(
        organization_id=lambda row: labels.customer(row.organization_id),
        document_version=lambda row: version_day(row.document_version),
        member_id=lambda row: labels.linked("members", row.member_id),
        document=lambda row: labels.document_words().get(row.document, row.document),
        context=lambda row: str(OCCASIONS.get(row.context, row.context)),
        language=lambda row: labels.language_name(row.language),
    )
    column_formatters_detail = column_formatters
    column_filters = (
        EnumFilter(AcceptedDocument.document, lazy_gettext("Document"), DocumentName),
    )

    def exact(self, text: str) -> Any:
        return of_customer(AcceptedDocument.organization_id, text)
