"""Message templates as Meta rates them. Names and texts are the customer's: staff see states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import labels
from whatstr.admin.listing import customer_links, of_customer, whole_id
from whatstr.admin.registers.traffic import QUALITIES, quality_word
from whatstr.admin.views import Register, TextFilter
from whatstr.lines.models import MessageTemplate

STATUSES = (
    ("APPROVED", lazy_gettext("Approved")),
    ("PENDING", lazy_gettext("In review")),
    ("IN_APPEAL", lazy_gettext("In appeal")),
    ("PAUSED", lazy_gettext("Paused by Meta")),
    ("FLAGGED", lazy_gettext("Flagged")),
    ("LIMIT_EXCEEDED", lazy_gettext("Limit reached")),
    ("REJECTED", lazy_gettext("Rejected")),
    ("DISABLED", lazy_gettext("Disabled")),
    ("LOCKED", lazy_gettext("Locked")),
    ("PENDING_DELETION", lazy_gettext("Being deleted")),
    ("DELETED", lazy_gettext("Deleted")),
    ("ARCHIVED", lazy_gettext("Archived")),
    ("UNKNOWN", lazy_gettext("Not told yet")),
)
CATEGORIES = (
    ("MARKETING", lazy_gettext("Marketing")),
    ("UTILITY", lazy_gettext("Informational")),
    ("AUTHENTICATION", lazy_gettext("Authentication")),
)
_GOOD = {"APPROVED"}
_BAD = {"REJECTED", "DISABLED"}
_OVER = {"DELETED", "PENDING_DELETION", "ARCHIVED", "UNKNOWN"}


def _word(pairs: Sequence[tuple[str, Any]], value: str | None) -> str:
    """The word for one of Meta's; Meta's own where it is new."""
    return next((str(word) for key, word in pairs if key == value), value or "–")


def status_badge(status: str) -> Any:
    """What Meta says of a template, as a coloured word."""
    tone = "ok" if status in _GOOD else "danger" if status in _BAD else "warn"
    return labels.toned("neutral" if status in _OVER else tone, status, _word(STATUSES, status))


class Templates(Register):
    """Message templates in states."""

    name = lazy_gettext("Message templates")
    lead = lazy_gettext(
        "How Meta rates each template. Its name and text only the customer's browser can read."
    )
    search_hint = lazy_gettext("The customer's number, or the row's whole id")
    subject_kind = "message_template"
    empty_title = lazy_gettext("No template yet")
    empty_text = lazy_gettext("Templates appear here once a customer has connected a line at Meta.")
    read = P.ORGANIZATIONS_READ
    column_list = ("id", "organization_id", "status", "quality", "category", "changed_at")
    column_details_list = (
        *column_list,
        *("reason", "paused_until", "next_category", "next_category_at", "checked_at"),
    )
    column_default_sort = ("changed_at", True)
    column_sortable_list = ("changed_at",)
    column_labels = {  # noqa: RUF012
        "id": lazy_gettext("Template"),
        "organization_id": labels.CUSTOMER,
        "status": lazy_gettext("State at Meta"),
        "quality": lazy_gettext("Quality at Meta"),
        "category": lazy_gettext("Kind"),
        "changed_at": lazy_gettext("State since"),
        "reason": lazy_gettext("Meta's reason"),
        "paused_until": lazy_gettext("Paused until"),
        "next_category": lazy_gettext("Kind to come"),
        "next_category_at": lazy_gettext("It comes on"),
        "checked_at": lazy_gettext("Last checked"),
    }
    column_formatters = labels.columns(
        id=lambda row: row.id.hex[:8],
        organization_id=lambda row: labels.customer(row.organization_id),
        status=lambda row: status_badge(row.status),
        quality=lambda row: quality_word(row.quality),
        category=lambda row: _word(CATEGORIES, row.category),
        next_category=lambda row: _word(CATEGORIES, row.next_category),
        reason=lambda row: row.reason or "–",
    )
    column_formatters_detail = {  # noqa: RUF012
        **column_formatters,
        **labels.columns(id=lambda row: str(row.id)),
    }
    column_filters = (
        TextFilter(MessageTemplate.status, lazy_gettext("State at Meta"), STATUSES),
        TextFilter(MessageTemplate.quality, lazy_gettext("Quality at Meta"), QUALITIES),
        TextFilter(MessageTemplate.category, lazy_gettext("Kind"), CATEGORIES),
    )

    def exact(self, text: str) -> Any:
        """One template by its row's id, or those of a customer by the customer's number."""
        wanted = whole_id(text)
        if wanted is not None:
            return MessageTemplate.id == wanted
        return of_customer(MessageTemplate.organization_id, text)

    def heading(self, model: MessageTemplate) -> str:
        return str(_("Template %(id)s", id=model.id.hex[:8]))

    def links(self, model: MessageTemplate) -> Sequence[tuple[str, str]]:
        return customer_links(model)
