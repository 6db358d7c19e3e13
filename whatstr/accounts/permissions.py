"""Who may do what: one enum for members, one for staff; reading and writing apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from whatstr.accounts.models import MemberRole, StaffRole


class Permission(StrEnum):
    """What a member of an organization may do. `SELF` is the member's own session and language."""

    SELF = "self"
    VAULT_READ = "vault.read"
    VAULT_WRITE = "vault.write"
    LINES_READ = "lines.read"
    LINES_WRITE = "lines.write"
    CAMPAIGNS_READ = "campaigns.read"
    CAMPAIGNS_WRITE = "campaigns.write"
    BILLING_READ = "billing.read"
    BILLING_WRITE = "billing.write"
    SETTINGS_READ = "settings.read"
    SETTINGS_WRITE = "settings.write"
    MEMBERS_READ = "members.read"
    MEMBERS_WRITE = "members.write"  # invite, remove, change the key, empty or delete the account


_P = Permission
MEMBER_PERMISSIONS: Mapping[MemberRole, frozenset[Permission]] = {
    MemberRole.OWNER: frozenset(Permission),
    MemberRole.MANAGER: frozenset(Permission)
    - {_P.BILLING_WRITE, _P.SETTINGS_WRITE, _P.MEMBERS_WRITE},
    # No vault: a member with this role holds no key of the account (vault design, section 5).
    MemberRole.BILLING: frozenset({_P.SELF, _P.BILLING_READ, _P.BILLING_WRITE, _P.SETTINGS_READ}),
}


def member_may(role: MemberRole, permission: Permission) -> bool:
    """Whether a member with this role has the permission."""
    return permission in MEMBER_PERMISSIONS[role]


VAULT_ROLES = frozenset(
    role for role, allowed in MEMBER_PERMISSIONS.items() if Permission.VAULT_READ in allowed
)
"""Roles whose members hold the account's key."""


class StaffPermission(StrEnum):
    """What a member of staff may do (staff design, table of roles). Message texts and contact
    lists are not in it: nobody can read them. `SELF` is the person's own account."""

    SELF = "self"
    CASES_READ = "cases.read"
    CASES_WRITE = "cases.write"  # claim, decide
    SUSPEND = "cases.suspend"  # suspend an organization, decide appeals
    PLANS_READ = "plans.read"
    PLANS_WRITE = "plans.write"
    PAYMENTS_READ = "payments.read"
    EXCEPTIONS_READ = "exceptions.read"
    EXCEPTIONS_REQUEST = "exceptions.request"
    EXCEPTIONS_DECIDE = "exceptions.decide"  # approve (never one's own) and execute
    ORGANIZATIONS_READ = "organizations.read"  # personal values masked
    ORGANIZATIONS_WRITE = "organizations.write"
    REVEAL_IN_CASE = "reveal.case"  # within a case that one has claimed
    REVEAL_IN_PAYMENT = "reveal.payment"  # within an open exception or a payment
    REVEAL_IN_REQUEST = "reveal.request"  # within an open request in hand
    SUPPORT_READ = "support.read"  # the queue and what surrounds a request
    SUPPORT_WRITE = "support.write"  # read a thread, answer it
    STAFF_READ = "staff.read"
    STAFF_WRITE = "staff.write"
    SETTINGS_READ = "settings.read"
    SETTINGS_WRITE = "settings.write"
    AUDIT_OWN = "audit.own"
    AUDIT_READ = "audit.read"
    AUDIT_EXPORT = "audit.export"
    EXPORTS_REQUEST = "exports.request"  # of a register that one may read
    EXPORTS_APPROVE = "exports.approve"  # never one's own
    VIEW_AS = "organizations.view_as"  # with a code that the customer gave
    DISCLOSURES_READ = "disclosures.read"
    DISCLOSURES_WRITE = "disclosures.write"


_S = StaffPermission
_EVERYBODY = {_S.SELF, _S.AUDIT_OWN, _S.EXPORTS_REQUEST}
STAFF_PERMISSIONS: Mapping[StaffRole, frozenset[StaffPermission]] = {
    StaffRole.ABUSE_OPERATOR: frozenset(
        {
            _S.CASES_READ,
            _S.CASES_WRITE,
            _S.SUSPEND,
            _S.ORGANIZATIONS_READ,
            _S.REVEAL_IN_CASE,
            *_EVERYBODY,
        }
    ),
    StaffRole.BILLING: frozenset(
        {
            _S.PLANS_READ,
            _S.PLANS_WRITE,
            _S.PAYMENTS_READ,
            _S.EXCEPTIONS_READ,
            _S.EXCEPTIONS_REQUEST,
            _S.EXCEPTIONS_DECIDE,
            _S.ORGANIZATIONS_READ,
            _S.REVEAL_IN_PAYMENT,
            *_EVERYBODY,
        }
    ),
    StaffRole.SUPPORT: frozenset(
        {
            _S.CASES_READ,
            _S.PAYMENTS_READ,
            _S.EXCEPTIONS_READ,
            _S.EXCEPTIONS_REQUEST,
            _S.ORGANIZATIONS_READ,
            _S.ORGANIZATIONS_WRITE,
            _S.SUPPORT_READ,
            _S.SUPPORT_WRITE,
            _S.REVEAL_IN_REQUEST,
            _S.VIEW_AS,
            *_EVERYBODY,
        }
    ),
    StaffRole.OWNER: frozenset(StaffPermission),
    StaffRole.AUDITOR: frozenset(
        {
            _S.CASES_READ,
            _S.PLANS_READ,
            _S.PAYMENTS_READ,
            _S.EXCEPTIONS_READ,
            _S.ORGANIZATIONS_READ,
            _S.SUPPORT_READ,
            _S.STAFF_READ,
            _S.SETTINGS_READ,
            _S.DISCLOSURES_READ,
            _S.AUDIT_READ,
            _S.AUDIT_EXPORT,
            *_EVERYBODY,
        }
    ),
}


def staff_permissions(roles: Iterable[StaffRole | str]) -> frozenset[StaffPermission]:
    """What all of a person's roles allow together."""
    sets = [STAFF_PERMISSIONS[StaffRole(role)] for role in roles]
    return frozenset[StaffPermission]().union(*sets)
