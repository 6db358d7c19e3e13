"""Lines with their health, and campaigns in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import code_words, labels
from whatstr.admin.listing import customer_links
from whatstr.admin.views import EnumFilter, Register, TextFilter
from whatstr.campaigns import queries
from whatstr.campaigns.models import (
    Campaign,
    CampaignCheck,
    CampaignKind,
    CampaignState,
    Difference,
    MessageStatus,
)
from whatstr.core.crypto import matches, norm_text
from whatstr.core.i18n import language
from whatstr.lines.error_policy import rule_for
from whatstr.lines.models import Line, LineState

QUALITIES = (
    ("GREEN", lazy_gettext("High")),
    ("YELLOW", lazy_gettext("Medium")),
    ("RED", lazy_gettext("Low")),
    ("UNKNOWN", lazy_gettext("Not rated yet")),
)


def quality_word(quality: str) -> str:
    """Meta's rating of a line in words."""
    return next((str(word) for key, word in QUALITIES if key == quality), quality)


class Lines(Register):
    """WhatsApp lines with their health."""

    name = lazy_gettext("Lines")
    lead = lazy_gettext(
        "Lines that organizations send from. A line is paused by a decision in a case."
    )
    search_hint = lazy_gettext("The line's full number")
    exact_is_personal = True
    subject_kind = "line"
    empty_title = lazy_gettext("No line yet")
    empty_text = lazy_gettext("A line appears here once a customer has connected it at Meta.")
    read = P.ORGANIZATIONS_READ
    column_list = ("number_masked", "organization_id", "state", "quality", "connected_at")
    column_details_list = (
        *column_list,
        "state_reason",
        "hold_code",
        "hold_until",
        "throughput",
        "limit_tier",
        "meta_status",
        "checked_at",
    )
    column_default_sort = ("connected_at", True)
    column_sortable_list = ("connected_at",)
    column_labels = {  # noqa: RUF012
        "number_masked": lazy_gettext("Number"),
        "organization_id": labels.CUSTOMER,
        "state": lazy_gettext("State"),
        "quality": lazy_gettext("Quality at Meta"),
        "connected_at": lazy_gettext("Since"),
        "state_reason": lazy_gettext("Reason"),
        "hold_code": lazy_gettext("Meta's code"),
        "hold_until": lazy_gettext("On hold until"),
        "throughput": lazy_gettext("Messages a second"),
        "limit_tier": lazy_gettext("People a day"),
        "meta_status": lazy_gettext("State at Meta"),
        "checked_at": lazy_gettext("Last checked"),
    }
    column_formatters = labels.columns(
        organization_id=lambda row: labels.customer(row.organization_id),
        number_masked=lambda row: row.number_masked or str(row.id)[:8],
        quality=lambda row: quality_word(row.quality),
        state_reason=lambda row: code_words.reason(row.state_reason),
        hold_code=lambda row: "–" if row.hold_code is None else code_words.meta(row.hold_code),
        limit_tier=lambda row: code_words.daily_limit(row.limit_tier),
        meta_status=lambda row: code_words.line_status(row.meta_status),
    )
    column_formatters_detail = column_formatters
    column_filters = (
        EnumFilter(Line.state, lazy_gettext("State"), LineState),
        TextFilter(Line.quality, lazy_gettext("Quality at Meta"), QUALITIES),
    )

    def exact(self, text: str) -> Any:
        return matches(Line.number_ix, "line.display_number", norm_text(text))

    def links(self, model: Line) -> Sequence[tuple[str, str]]:
        return customer_links(model)


class Campaigns(Register):
    """Campaigns in numbers: what they say and to whom nobody here can read."""

    name = lazy_gettext("Campaigns")
    lead = lazy_gettext("Counts and times only: texts and recipients are sealed.")
    subject_kind = "campaign"
    empty_title = lazy_gettext("No campaign yet")
    empty_text = lazy_gettext("A campaign appears here when a customer launches it.")
    read = P.ORGANIZATIONS_READ
    column_list = ("id", "organization_id", "kind", "state", "rows", "due_at", "finished_at")
    column_details_list = (
        *("id", "organization_id", "line_id", "kind", "state", "reason_code", "rows"),
        *("created_at", "committed_at", "due_at", "started_at", "finished_at"),
        *("expires_at", "state_changed_at"),
    )
    column_default_sort = ("created_at", True)
    column_sortable_list = ()
    column_labels = {  # noqa: RUF012
        "id": lazy_gettext("Campaign"),
        "organization_id": labels.CUSTOMER,
        "line_id": lazy_gettext("Line"),
        "kind": lazy_gettext("Kind"),
        "state": lazy_gettext("State"),
        "rows": lazy_gettext("Recipients"),
        "due_at": lazy_gettext("Planned for"),
        "finished_at": lazy_gettext("Ended"),
        "reason_code": lazy_gettext("Reason"),
        "created_at": lazy_gettext("Made"),
        "committed_at": lazy_gettext("Launched"),
        "started_at": lazy_gettext("First message"),
        "expires_at": lazy_gettext("Ends at the latest"),
        "state_changed_at": lazy_gettext("State since"),
    }
    column_formatters = labels.columns(
        id=lambda row: row.id.hex[:8],
        organization_id=lambda row: labels.customer(row.organization_id),
        kind=lambda row: labels.word(row.kind),
    )
    column_formatters_detail = {  # noqa: RUF012
        **column_formatters,
        **labels.columns(
            id=lambda row: row.id.hex,
            line_id=lambda row: labels.linked("lines", row.line_id),
            reason_code=lambda row: code_words.reason(row.reason_code),
        ),
    }
    column_filters = (
        EnumFilter(Campaign.state, lazy_gettext("State"), CampaignState),
        EnumFilter(Campaign.kind, lazy_gettext("Kind"), CampaignKind),
    )

    def heading(self, model: Campaign) -> str:
        return str(_("Campaign %(id)s", id=model.id.hex[:8]))

    def links(self, model: Campaign) -> Sequence[tuple[str, str]]:
        return customer_links(model)

    def more_parts(self, model: Campaign) -> Sequence[str]:
        return ("admin/campaign_numbers.html",)

    def counts(self, model: Campaign) -> dict[str, int]:
        """Rows by delivery status; they sum to the campaign's rows."""
        totals = model.totals
        found = (
            {MessageStatus(name): number for name, number in totals.items()}
            if totals
            else queries.counts(model)
        )
        return {str(status): number for status, number in found.items() if number}

    def failures(self, model: Campaign) -> list[tuple[str, str, int]]:
        """Code, sentence and number of failed messages, most frequent first."""
        rows = queries.failures(model.organization_id, model.id)
        return [
            (str(code), rule_for(code).sentence(language()), number)
            for status, code, number in rows
            if status is MessageStatus.FAILED and code is not None
        ]


class Checks(Register):
    """Where a campaign's figures and Meta's receipts differed."""

    name = lazy_gettext("Checks of figures")
    lead = lazy_gettext(
        "Figures of campaigns, held against Meta's receipts after the end and each night."
    )
    subject_kind = "campaign"
    heading_column = "kind"
    empty_title = lazy_gettext("No difference found")
    empty_text = lazy_gettext("A difference that a check finds appears here.")
    read = P.ORGANIZATIONS_READ
    column_list = ("at", "organization_id", "campaign_id", "kind", "rows", "corrected")
    column_details_list = column_list
    column_default_sort = ("at", True)
    column_sortable_list = ("at", "rows")
    column_labels = {  # noqa: RUF012
        "at": lazy_gettext("Found on"),
        "organization_id": labels.CUSTOMER,
        "campaign_id": lazy_gettext("Campaign"),
        "kind": lazy_gettext("Difference"),
        "rows": lazy_gettext("Rows"),
        "corrected": lazy_gettext("Corrected"),
    }
    column_formatters = labels.columns(
        organization_id=lambda row: labels.customer(row.organization_id),
        campaign_id=lambda row: labels.linked("campaigns", row.campaign_id),
        kind=lambda row: labels.word(row.kind),
    )
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(CampaignCheck.kind, lazy_gettext("Difference"), Difference),)
