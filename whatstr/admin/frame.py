"""The panel's frame: the menu by permission, and what every template knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import flask
from flask_babel import lazy_gettext

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, labels, trail_words
from whatstr.admin.listing import page_links, too_slow


@dataclass(frozen=True)
class Entry:
    """One place of the menu. `endpoint` without a dot is that of the view; `short` is said where
    there is little room."""

    view: str
    label: Any
    icon: str
    keys: str
    permission: P | None
    method: str = "index_view"
    short: Any = ""


WORK = (
    Entry("admin", lazy_gettext("My work"), "inbox", "g w", None, "index"),
    Entry("cases", lazy_gettext("Cases"), "scale", "g c", P.CASES_READ),
    Entry("exceptions", lazy_gettext("Exceptions"), "refresh", "g e", P.EXCEPTIONS_READ),
    Entry(
        "requests",
        lazy_gettext("Support requests"),
        "mail",
        "g q",
        P.SUPPORT_READ,
        short=lazy_gettext("Support"),
    ),
    Entry("figures", lazy_gettext("Figures"), "chart", "g h", P.AUDIT_OWN, "index"),
    Entry("organizations", lazy_gettext("Organizations"), "building", "g o", P.ORGANIZATIONS_READ),
)
REGISTERS = (
    Entry("reports", lazy_gettext("Reports of recipients"), "report", "g r", P.CASES_READ),
    Entry("members", lazy_gettext("Members"), "users", "g m", P.ORGANIZATIONS_READ),
    Entry("lines", lazy_gettext("Lines"), "line", "g l", P.ORGANIZATIONS_READ),
    Entry("templates", lazy_gettext("Message templates"), "copy", "g 4", P.ORGANIZATIONS_READ),
    Entry("campaigns", lazy_gettext("Campaigns"), "campaign", "g k", P.ORGANIZATIONS_READ),
    Entry("checks", lazy_gettext("Checks of figures"), "check", "g 6", P.ORGANIZATIONS_READ),
    Entry(
        "suppressions",
        lazy_gettext("Blocks on sending"),
        "ban",
        "g b",
        P.ORGANIZATIONS_READ,
        "index",
    ),
    Entry("payments", lazy_gettext("All payments"), "billing", "g p", P.PAYMENTS_READ),
    Entry("subscriptions", lazy_gettext("Subscriptions"), "calendar", "g u", P.PAYMENTS_READ),
    Entry("ledger", lazy_gettext("Ledger"), "list", "g d", P.PAYMENTS_READ),
    Entry("refunds", lazy_gettext("Refunds"), "reply", "g f", P.PAYMENTS_READ),
    Entry("plans", lazy_gettext("Plans"), "chart", "g n", P.PLANS_READ),
    Entry("canned", lazy_gettext("Canned replies"), "copy", "g y", P.SUPPORT_READ),
    Entry("looks", lazy_gettext("Through a customer's eyes"), "eye", "g v", P.VIEW_AS, "index"),
    Entry("acceptances", lazy_gettext("Documents accepted"), "check", "g t", P.ORGANIZATIONS_READ),
    Entry("exports", lazy_gettext("Exports"), "download", "g 1", P.EXPORTS_REQUEST),
    Entry("processors", lazy_gettext("Processors"), "link", "g 2", P.SETTINGS_READ),
    Entry("disclosures", lazy_gettext("Disclosures"), "upload", "g 3", P.DISCLOSURES_READ),
    Entry("matrix", lazy_gettext("Who may do what"), "key", "g z", P.SELF, "index"),
    Entry("people", lazy_gettext("Staff"), "shield", "g s", P.STAFF_READ),
    Entry("trail", lazy_gettext("Audit trail"), "file", "g a", P.AUDIT_OWN),
    Entry("queues", lazy_gettext("Queues"), "server", "g j", P.SETTINGS_READ, "index"),
    Entry("inbox", lazy_gettext("Inbox"), "inbox", "g i", P.SETTINGS_READ, "index"),
    Entry("simulator", lazy_gettext("Meta's stand-in"), "meta", "g 5", P.SETTINGS_READ, "index"),
    Entry("certificates", lazy_gettext("Sender certificates"), "seal", "g x", P.SETTINGS_READ),
)


def _shown(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    """Entries that the person may open and that exist."""
    known = flask.current_app.view_functions
    return [
        {
            "view": one.view,
            "label": one.label,
            "short": one.short or one.label,
            "icon": one.icon,
            "keys": one.keys,
            "url": flask.url_for(f"{one.view}.{one.method}"),
        }
        for one in entries
        if f"{one.view}.{one.method}" in known
        and (one.permission is None or access.may(one.permission))
    ]


def context() -> dict[str, Any]:
    """Variables of every template of the panel."""
    person = access.signed_in()
    found: dict[str, Any] = {
        "staff": person,
        "may": access.may,
        "word": labels.word,
        "badge": labels.badge,
        "customer": labels.customer,
        "customer_no": labels.customer_no,
        "too_slow": too_slow,
        "page_links": page_links,
        "mask_words": labels.mask_words,
        "trail_words": trail_words,
        "P": P,
        "here": flask.request.full_path.rstrip("?"),
        "work": [],
        "registers": [],
    }
    if person is not None:
        found["work"], found["registers"] = _shown(WORK), _shown(REGISTERS)
        found["staff_roles"] = ", ".join(labels.word(role) for role in person.roles)
    return found
