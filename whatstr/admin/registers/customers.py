"""Organizations, their members, lines and campaigns. Personal values are masked or left out."""

from __future__ import annotations

from typing import Any

import flask
import sqlalchemy as sa
from flask_babel import lazy_gettext
from sqlalchemy.orm import load_only

from whatstr.accounts.models import (
    Member,
    MemberRole,
    MemberState,
    Organization,
    OrganizationState,
)
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import labels
from whatstr.admin.views import EnumFilter, Register
from whatstr.campaigns.models import Campaign, CampaignKind, CampaignState
from whatstr.core.crypto import blind_index, norm_email, norm_text
from whatstr.core.phone import PhoneError, normalise
from whatstr.lines.models import Line, LineState


class Organizations(Register):
    """Found by customer number, tax number, or a member's exact e-mail or phone."""

    name = lazy_gettext("Organizations")
    lead = lazy_gettext("Every business with an account. Names stay masked.")
    search_hint = lazy_gettext("Customer number, tax number, full e-mail or phone")
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
    column_formatters = labels.columns(customer_no=lambda row: str(row.customer_no))
    column_filters = (EnumFilter(Organization.state, lazy_gettext("State"), OrganizationState),)

    def exact(self, text: str) -> Any:
        if text.isdecimal() and len(text) <= 9:
            return Organization.customer_no == int(text)
        members = sa.select(Member.organization_id).where(_member_matches(text))
        tax = blind_index("organization.tax_number", norm_text(text))
        return sa.or_(Organization.tax_number_ix == tax, Organization.id.in_(members))

    def row_url(self, model: Organization) -> str:
        return flask.url_for("organization.show", organization_id=model.id)


def _member_matches(text: str) -> Any:
    """By e-mail or phone, over the blind indexes: whole values only."""
    email = Member.email_ix == blind_index("member.email", norm_email(text))
    try:
        digits = normalise(text).digits
    except PhoneError:
        return email
    return sa.or_(email, Member.phone_ix == blind_index("member.phone", norm_text(digits)))


class Members(Register):
    """People of organizations, masked."""

    name = lazy_gettext("Members")
    lead = lazy_gettext(
        "People of the organizations. One value is shown on their page, with a reason."
    )
    search_hint = lazy_gettext("Full e-mail or phone")
    read = P.ORGANIZATIONS_READ
    column_list = (
        "email_masked",
        "phone_masked",
        "organization_id",
        "role",
        "state",
        "created_at",
    )
    column_default_sort = ("created_at", True)
    column_labels = {  # noqa: RUF012
        "email_masked": lazy_gettext("E-mail"),
        "phone_masked": lazy_gettext("Phone"),
        "organization_id": labels.CUSTOMER,
        "role": lazy_gettext("Role"),
        "state": lazy_gettext("State"),
        "created_at": lazy_gettext("Since"),
    }
    column_formatters = labels.columns(organization_id=lambda r: labels.customer(r.organization_id))
    column_formatters_detail = column_formatters
    column_filters = (
        EnumFilter(Member.role, lazy_gettext("Role"), MemberRole),
        EnumFilter(Member.state, lazy_gettext("State"), MemberState),
    )

    def get_query(self) -> Any:
        """Only the columns that are shown: this role has no right to a member's keys."""
        shown = (Member.email_masked, Member.phone_masked, Member.organization_id, Member.role)
        more = (Member.state, Member.created_at)
        return super().get_query().options(load_only(*shown, *more))

    def exact(self, text: str) -> Any:
        return _member_matches(text)

    def row_url(self, model: Member) -> str:
        return flask.url_for("organization.show", organization_id=model.organization_id)


class Lines(Register):
    """WhatsApp lines with their health."""

    name = lazy_gettext("Lines")
    lead = lazy_gettext(
        "Lines that organizations send from. A line is paused by a decision in a case."
    )
    search_hint = lazy_gettext("The line's full number")
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
        "limit_tier": lazy_gettext("Daily limit"),
        "meta_status": lazy_gettext("State at Meta"),
        "checked_at": lazy_gettext("Last checked"),
    }
    column_formatters = labels.columns(
        organization_id=lambda row: labels.customer(row.organization_id),
        number_masked=lambda row: row.number_masked or str(row.id)[:8],
    )
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(Line.state, lazy_gettext("State"), LineState),)

    def exact(self, text: str) -> Any:
        return Line.number_ix == blind_index("line.display_number", norm_text(text))


class Campaigns(Register):
    """Campaigns in numbers: what they say and to whom nobody here can read."""

    name = lazy_gettext("Campaigns")
    lead = lazy_gettext("Counts and times only: texts and recipients are sealed.")
    read = P.ORGANIZATIONS_READ
    column_list = ("id", "organization_id", "kind", "state", "rows", "due_at", "finished_at")
    column_details_list = (
        *column_list,
        "reason_code",
        "created_at",
        "committed_at",
        "started_at",
        "expires_at",
        "state_changed_at",
    )
    column_default_sort = ("created_at", True)
    column_labels = {  # noqa: RUF012
        "id": lazy_gettext("Campaign"),
        "organization_id": labels.CUSTOMER,
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
    )
    column_formatters_detail = column_formatters
    column_filters = (
        EnumFilter(Campaign.state, lazy_gettext("State"), CampaignState),
        EnumFilter(Campaign.kind, lazy_gettext("Kind"), CampaignKind),
    )
