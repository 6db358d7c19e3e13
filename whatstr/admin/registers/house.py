"""Our own house: the audit trail, the sender's certificates. Staff is `people`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, forms, labels, trail_words
from whatstr.admin.views import EnumFilter, Register
from whatstr.audit.models import ActorKind, AuditEvent
from whatstr.core import queues
from whatstr.core.db import transaction
from whatstr.vault.models import SenderCertificate


def _plain(said: Any) -> str:
    """A value of an event's details as people write it: several ones with commas."""
    return ", ".join(map(str, said)) if isinstance(said, list) else str(said)


class Trail(Register):
    """The audit trail: everybody their own acts, owner and auditor all."""

    name = lazy_gettext("Audit trail")
    lead = lazy_gettext("Who did what, and why. Rows are chained and never change.")
    search_hint = lazy_gettext("Id of a record, or request reference")
    heading_column = "verb"
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
        actor_id=trail_words.person,
        verb=lambda row: trail_words.act(row.verb),
        subject_kind=lambda row: trail_words.subject(row.subject_kind),
        reason=lambda row: trail_words.reason(row.reason),
        organization_id=lambda row: labels.customer(row.organization_id),
        seq=lambda row: str(row.seq),
        detail=lambda row: "; ".join(
            f"{key}: {_plain(said)}" for key, said in (row.detail or {}).items()
        ),
    )
    column_formatters_detail = {  # noqa: RUF012
        **column_formatters,
        **labels.columns(verb=lambda row: f"{trail_words.act(row.verb)} ({row.verb})"),
    }
    column_filters = (EnumFilter(AuditEvent.actor_kind, lazy_gettext("By"), ActorKind),)
    list_template = "admin/trail.html"

    @expose("/dogrula", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.AUDIT_READ)
    def verify(self) -> Any:
        """Have the whole chain proved; the result is an event of the trail itself."""
        with transaction():
            queues.later("housekeeping", "audit.verify")
        done = _("The chain is being proved. The result appears here within a minute.")
        return forms.back(self.get_url(".index_view"), [], done)

    def get_query(self) -> Any:
        query = super().get_query()
        if access.may(P.AUDIT_READ):
            return query
        return query.filter(AuditEvent.actor_id == access.current_staff().staff_id)

    def remember(self, rows: Sequence[AuditEvent]) -> None:
        super().remember(rows)
        trail_words.remember_colleagues(rows)

    def exact(self, text: str) -> Any:
        plain = text.replace("-", "").lower()
        return (AuditEvent.subject_id == plain) | (AuditEvent.request_id == plain)


class Certificates(Register):
    """Public halves of the sender's weekly keys."""

    name = lazy_gettext("Sender certificates")
    lead = lazy_gettext("Public keys that browsers seal campaigns to; a new one each week.")
    empty_title = lazy_gettext("No certificate yet")
    empty_text = lazy_gettext("The sender publishes its first one when it starts.")
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

    def heading(self, model: SenderCertificate) -> str:
        return str(_("Key %(number)s", number=model.kid))
