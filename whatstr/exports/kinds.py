"""What can be exported: for each register its columns, and who may have which.

Only columns that the registers show masked or in the clear: no sealed value leaves by an export.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from whatstr.abuse.models import AbuseReport, Case
from whatstr.accounts.models import Organization
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.audit.models import AuditEvent
from whatstr.billing.models import CreditEntry, ExceptionRequest, Payment, Refund
from whatstr.campaigns.models import Campaign
from whatstr.lines.models import Line


@dataclass(frozen=True)
class Column:
    """A column of the file; `needs` on top of what the register needs."""

    name: str
    value: Any
    needs: P | None = None


@dataclass(frozen=True)
class Kind:
    """A register as a file: `order` is its key, so that pages of it never overlap."""

    key: str
    needs: P
    columns: tuple[Column, ...]
    order: Any
    own: Any = None
    """The column that says whose row it is, where some may export only their own."""

    def allowed(self, permissions: Collection[P]) -> Sequence[Column]:
        """The columns that these permissions allow; none where they do not allow the register."""
        if self.needs not in permissions:
            return ()
        return [c for c in self.columns if c.needs is None or c.needs in permissions]


def _number() -> Column:
    """The customer number of a row's organization."""
    return Column("customer_no", Organization.customer_no)


def _columns(model: Any, *names: str, needs: P | None = None) -> tuple[Column, ...]:
    return tuple(Column(name, getattr(model, name), needs) for name in names)


KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind(
            "organizations",
            P.ORGANIZATIONS_READ,
            (_number(), *_columns(Organization, "state", "language", "created_at")),
            Organization.customer_no,
        ),
        Kind(
            "lines",
            P.ORGANIZATIONS_READ,
            _columns(Line, "id", "organization_id", "state", "quality", "connected_at"),
            Line.id,
        ),
        Kind(
            "campaigns",
            P.ORGANIZATIONS_READ,
            _columns(Campaign, "id", "organization_id", "kind", "state", "rows", "created_at"),
            Campaign.id,
        ),
        Kind(
            "payments",
            P.PAYMENTS_READ,
            (
                *_columns(Payment, "id", "organization_id", "state", "amount_kurus", "vat_kurus"),
                *_columns(Payment, "created_at", "paid_at"),
                *_columns(Payment, "payment_intent", "term_version", needs=P.EXCEPTIONS_READ),
            ),
            Payment.id,
        ),
        Kind(
            "ledger",
            P.PAYMENTS_READ,
            _columns(
                CreditEntry, "id", "organization_id", "kind", "source", "target", "amount", "at"
            ),
            CreditEntry.id,
        ),
        Kind(
            "refunds",
            P.PAYMENTS_READ,
            (
                *_columns(Refund, "id", "payment_id", "state", "amount_kurus", "created_at"),
                *_columns(Refund, "stripe_refund", "failure_code", needs=P.EXCEPTIONS_READ),
            ),
            Refund.id,
        ),
        Kind(
            "exceptions",
            P.EXCEPTIONS_READ,
            _columns(
                ExceptionRequest,
                *("id", "organization_id", "ground", "state", "amount_kurus", "maximum_kurus"),
                "created_at",
            ),
            ExceptionRequest.id,
        ),
        Kind(
            "cases",
            P.CASES_READ,
            (
                *_columns(Case, "number", "organization_id", "state", "opened_at", "closed_at"),
                *_columns(Case, "claimed_by", needs=P.STAFF_READ),
            ),
            Case.number,
        ),
        Kind(
            "reports",
            P.CASES_READ,
            _columns(
                AbuseReport,
                *("number", "organization_id", "channel", "category", "verdict", "state"),
                "received_at",
            ),
            AbuseReport.number,
        ),
        Kind(
            "trail",
            P.AUDIT_OWN,
            (
                *_columns(AuditEvent, "seq", "at", "actor_kind", "actor_id", "verb"),
                *_columns(AuditEvent, "subject_kind", "subject_id", "organization_id", "reason"),
                *_columns(AuditEvent, "detail", "request_id", needs=P.AUDIT_EXPORT),
            ),
            AuditEvent.seq,
            own=AuditEvent.actor_id,
        ),
    )
}


def statement(kind: Kind, names: Collection[str], own_of: Any = None) -> sa.Select[Any]:
    """The rows of a register with these columns, in a firm order."""
    query = sa.select(*(c.value for c in kind.columns if c.name in names)).order_by(kind.order)
    return query if own_of is None else query.where(kind.own == own_of)
