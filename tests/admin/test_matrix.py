"""The rules of the panel: the design's table, the matrix page, and what the code has, agree."""

from __future__ import annotations

import re

import flask
import pytest

from tests.admin.office import hire
from whatstr.accounts.models import StaffRole
from whatstr.accounts.permissions import STAFF_PERMISSIONS
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin.permission_words import WORDS

A, B, S, O, U = (  # noqa: E741 - the columns of the design's table
    StaffRole.ABUSE_OPERATOR,
    StaffRole.BILLING,
    StaffRole.SUPPORT,
    StaffRole.OWNER,
    StaffRole.AUDITOR,
)
ALL = {A, B, S, O, U}
# Staff design, "Roles", written down once more by hand.
TABLE: dict[P, set[StaffRole]] = {
    P.SELF: ALL,
    P.CASES_READ: {A, S, O, U},
    P.CASES_WRITE: {A, O},
    P.SUSPEND: {A, O},
    P.PLANS_READ: {B, O, U},
    P.PLANS_WRITE: {B, O},
    P.PAYMENTS_READ: {B, S, O, U},
    P.EXCEPTIONS_READ: {B, S, O, U},
    P.EXCEPTIONS_REQUEST: {B, S, O},
    P.EXCEPTIONS_DECIDE: {B, O},
    P.ORGANIZATIONS_READ: ALL,
    P.ORGANIZATIONS_WRITE: {S, O},
    P.REVEAL_IN_CASE: {A, O},
    P.REVEAL_IN_PAYMENT: {B, O},
    P.REVEAL_IN_REQUEST: {S, O},
    P.SUPPORT_READ: {S, O, U},
    P.SUPPORT_WRITE: {S, O},
    P.STAFF_READ: {O, U},
    P.STAFF_WRITE: {O},
    P.SETTINGS_READ: {O, U},
    P.SETTINGS_WRITE: {O},
    P.DISCLOSURES_READ: {O, U},
    P.DISCLOSURES_WRITE: {O},
    P.AUDIT_OWN: ALL,
    P.AUDIT_READ: {O, U},
    P.AUDIT_EXPORT: {O, U},
    P.EXPORTS_REQUEST: ALL,
    P.EXPORTS_APPROVE: {O},
    P.VIEW_AS: {S, O},
}


@pytest.mark.parametrize("permission", list(P))
def test_the_code_has_the_table_of_the_design(permission: P) -> None:
    assert {role for role in StaffRole if permission in STAFF_PERMISSIONS[role]} == TABLE[
        permission
    ]


def test_the_matrix_page_shows_what_the_code_has(panel: flask.Flask) -> None:
    page = hire(panel, StaffRole.SUPPORT).get("/yetkiler/").text
    rows = dict(re.findall(r'<tr data-permission="([^"]+)">(.*?)</tr>', page))
    assert set(rows) == {str(one) for one in P}
    for permission in P:
        said = re.findall(r'visually-hidden">(Yes|No)<', rows[permission])
        assert said == ["Yes" if role in TABLE[permission] else "No" for role in StaffRole]


def test_no_permission_reads_what_customers_sealed() -> None:
    assert set(WORDS) == set(P)
    assert not {p for p in P if any(word in p for word in ("list", "message", "vault", "contact"))}
