"""What each permission allows, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext

from whatstr.accounts.permissions import StaffPermission as P

WORDS: Mapping[P, Any] = {
    P.SELF: lazy_gettext("Look after one's own account"),
    P.CASES_READ: lazy_gettext("See cases and reports"),
    P.CASES_WRITE: lazy_gettext("Take and decide cases"),
    P.SUSPEND: lazy_gettext("Suspend an organization (two people), decide appeals of others"),
    P.PLANS_READ: lazy_gettext("See plans"),
    P.PLANS_WRITE: lazy_gettext("Edit and publish plans"),
    P.PAYMENTS_READ: lazy_gettext("See payments and the ledger"),
    P.EXCEPTIONS_READ: lazy_gettext("See requests for exceptions"),
    P.EXCEPTIONS_REQUEST: lazy_gettext("Ask for exceptions"),
    P.EXCEPTIONS_DECIDE: lazy_gettext("Approve (never one's own) and carry out an exception"),
    P.ORGANIZATIONS_READ: lazy_gettext("See organizations and members, masked"),
    P.ORGANIZATIONS_WRITE: lazy_gettext("Edit contact data of organizations"),
    P.REVEAL_IN_CASE: lazy_gettext("Show a masked value within a case one has taken"),
    P.REVEAL_IN_PAYMENT: lazy_gettext("Show a masked value within an open exception"),
    P.REVEAL_IN_REQUEST: lazy_gettext("Show a masked value within an open support request"),
    P.SUPPORT_READ: lazy_gettext("See support requests"),
    P.SUPPORT_WRITE: lazy_gettext("Read and answer support requests"),
    P.STAFF_READ: lazy_gettext("See staff accounts"),
    P.STAFF_WRITE: lazy_gettext("Invite, change and lock staff"),
    P.SETTINGS_READ: lazy_gettext("See settings, queues and processors"),
    P.SETTINGS_WRITE: lazy_gettext("Change settings and processors"),
    P.AUDIT_OWN: lazy_gettext("See one's own acts in the audit trail"),
    P.AUDIT_READ: lazy_gettext("See and verify the whole audit trail"),
    P.AUDIT_EXPORT: lazy_gettext("Export the whole audit trail"),
    P.EXPORTS_REQUEST: lazy_gettext("Ask for an export of what one may see"),
    P.EXPORTS_APPROVE: lazy_gettext("Approve large exports of others"),
    P.VIEW_AS: lazy_gettext("Look through a customer's eyes with their code"),
    P.DISCLOSURES_READ: lazy_gettext("See the register of disclosures"),
    P.DISCLOSURES_WRITE: lazy_gettext("Record and approve (never one's own) disclosures"),
}
