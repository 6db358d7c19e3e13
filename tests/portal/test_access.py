"""Every door names its key, and each role of a member opens its own doors only."""

from __future__ import annotations

import flask
import pytest

from tests.apps import ApiClient
from whatstr.accounts.models import MemberRole, StaffRole
from whatstr.accounts.permissions import (
    MEMBER_PERMISSIONS,
    Permission,
    StaffPermission,
    member_may,
    staff_permissions,
)
from whatstr.core.security import PANEL_CSP, access_of
from whatstr.portal.pages import SHELLS

# What may be called without a session, and why nothing of a customer is in it.
PUBLIC_API = {
    "/api/bundle",
    "/api/config",
    "/api/sender-cert",
    "/api/plans",
    "/api/error-codes",
    "/api/enrol",
    "/api/prelogin",
    "/api/login",
    "/api/email/confirm",
    "/api/recovery/start",
    "/api/recovery/open",
    "/api/recovery/finish",
    "/api/invitations/open",
    "/api/invitations/accept",
    "/api/reset/ask",
    "/api/reset/begin",
    "/api/reset/cancel",
    "/api/reset/open",
    "/api/reset/finish",
}


def test_every_route_names_its_access(web: flask.Flask) -> None:
    known = {"public", *map(str, Permission)}
    unnamed = [
        rule.endpoint
        for rule in web.url_map.iter_rules()
        if not rule.endpoint.endswith("static")
        and access_of(web.view_functions[rule.endpoint]) not in known
    ]
    assert unnamed == []


def test_only_the_listed_calls_are_open(web: flask.Flask) -> None:
    opened = {
        rule.rule
        for rule in web.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        and access_of(web.view_functions[rule.endpoint]) == "public"
    }
    assert opened == PUBLIC_API


def test_a_view_without_a_rule_is_not_reachable(web: flask.Flask) -> None:
    web._got_first_request = False
    web.add_url_rule("/api/forgotten", "forgotten", lambda: "data")
    assert ApiClient(web).get("forgotten").status_code == 403


def test_reading_calls_change_nothing(web: flask.Flask) -> None:
    """A write permission on a GET, or none on a changing call, is a mistake."""
    for rule in web.url_map.iter_rules():
        access = access_of(web.view_functions.get(rule.endpoint))
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and methods == {"GET"}:
            assert not str(access).endswith(".write"), rule.rule


@pytest.mark.parametrize(
    ("role", "permission", "may"),
    [
        (MemberRole.OWNER, Permission.BILLING_WRITE, True),
        (MemberRole.MANAGER, Permission.CAMPAIGNS_WRITE, True),
        (MemberRole.MANAGER, Permission.BILLING_WRITE, False),
        (MemberRole.BILLING, Permission.BILLING_WRITE, True),
        (MemberRole.MANAGER, Permission.MEMBERS_READ, True),
        (MemberRole.MANAGER, Permission.MEMBERS_WRITE, False),
        (MemberRole.BILLING, Permission.MEMBERS_READ, False),
        (MemberRole.BILLING, Permission.VAULT_READ, False),
        (MemberRole.BILLING, Permission.CAMPAIGNS_READ, False),
        (MemberRole.BILLING, Permission.LINES_WRITE, False),
    ],
)
def test_roles_of_members(role: MemberRole, permission: Permission, may: bool) -> None:
    assert member_may(role, permission) is may


def test_every_role_is_in_the_tables() -> None:
    assert set(MEMBER_PERMISSIONS) == set(MemberRole)
    for role in StaffRole:
        assert StaffPermission.AUDIT_OWN in staff_permissions([role])


def test_an_auditor_writes_nothing() -> None:
    assert not [p for p in staff_permissions(["auditor"]) if p.endswith(".write")]
    assert StaffPermission.EXCEPTIONS_DECIDE not in staff_permissions(["support"])
    both = staff_permissions(["support", "billing"])
    assert {StaffPermission.EXCEPTIONS_DECIDE, StaffPermission.ORGANIZATIONS_WRITE} <= both


@pytest.mark.parametrize("path", sorted(SHELLS))
def test_a_page_shell_is_the_same_for_everybody(web: flask.Flask, path: str) -> None:
    """No session, no customer data, the strict policy of the panel."""
    response = web.test_client().get(path)
    assert response.status_code == 200
    assert response.headers["Content-Security-Policy"] == PANEL_CSP
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    text = response.get_data(as_text=True)
    assert " style=" not in text and " onclick=" not in text


def test_scripts_carry_the_policy_of_the_worker(web: flask.Flask) -> None:
    response = web.test_client().get("/static/js/vault/keys.mjs")
    assert response.status_code == 200
    assert response.headers["Content-Security-Policy"] == PANEL_CSP
    response.close()
