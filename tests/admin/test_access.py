"""Every view of the panel by role, and the traps of Flask-Admin."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer
from tests.admin.office import PASSWORD, hire, token_of
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole
from whatstr.accounts.permissions import STAFF_PERMISSIONS
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin.access import needed_by
from whatstr.admin.views import Gated, Register
from whatstr.audit.models import AuditEvent

SOME_ID = "00000000-0000-4000-8000-000000000001"
# Without a session: the door, its health, and what the door loads. The pages of the second factor
# ask for the cookie of the first step by themselves (test_door).
OPEN = {
    "of_any_release",
    *("staff.health", "staff.sign_in", "staff.second", "staff.enrol", "staff.invitation"),
    "staff.confirm_email",
    "static",
}
# What an auditor may send: their own account, exports of what they read, the proof of the chain.
OWN_POSTS = {"account", "exports", "trail"}
SIGNED_IN = {"staff.sign_out", "staff.prove"}
# Sent as forms so that what is typed is in no address, though they only read.
READING_POSTS = {"/ara/"}


def views(app: flask.Flask) -> Iterator[Gated]:
    yield from app.extensions["admin"][0]._views


def routes(app: flask.Flask) -> Iterator[tuple[str, str, str, str]]:
    """endpoint, method name, HTTP method, path of every route of a Flask-Admin view."""
    own = {view.blueprint.name for view in views(app)}
    for rule in app.url_map.iter_rules():
        name, _, method = rule.endpoint.partition(".")
        if name in own and method != "static":
            path = re.sub(r"<[^>]+>", SOME_ID, rule.rule)
            for verb in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield name, method, verb, path


def test_every_route_is_gated_or_on_the_short_list(panel: flask.Flask) -> None:
    gated = {view.blueprint.name for view in views(panel)}
    for rule in panel.url_map.iter_rules():
        name = rule.endpoint.partition(".")[0]
        known = rule.endpoint in OPEN | SIGNED_IN or name in gated
        assert known or rule.endpoint.endswith(".static"), rule.endpoint


def test_every_post_names_its_permission(panel: flask.Flask) -> None:
    by_name = {view.blueprint.name: view for view in views(panel)}
    for name, method, verb, path in routes(panel):
        if verb == "POST":
            assert needed_by(getattr(type(by_name[name]), method)), path
        assert by_name[name].read is not None or name == "admin", path


def test_nobody_gets_in_without_a_session(panel: flask.Flask) -> None:
    panel.config["WTF_CSRF_ENABLED"] = False
    browser = panel.test_client()
    for _name, _method, verb, path in routes(panel):
        answer = browser.open(path, method=verb)
        if verb == "GET":
            assert answer.status_code == 302 and "/giris" in answer.headers["Location"], path
        else:
            assert answer.status_code == 401, path


@pytest.mark.parametrize("role", list(StaffRole))
def test_a_role_reaches_what_it_may_and_nothing_else(panel: flask.Flask, role: StaffRole) -> None:
    panel.config["WTF_CSRF_ENABLED"] = False
    who, allowed = hire(panel, role), STAFF_PERMISSIONS[role]
    by_name = {view.blueprint.name: view for view in views(panel)}
    for name, method, verb, path in routes(panel):
        view = by_name[name]
        needed = needed_by(getattr(type(view), method))
        reads = view.read is None or view.read in allowed
        answer = who.browser.open(path, method=verb)
        if reads and (not needed or needed & allowed):
            assert answer.status_code in (200, 302, 400, 404), (path, answer.status_code)
        else:
            assert answer.status_code == 403, (path, answer.status_code)


def test_an_auditor_changes_nothing(panel: flask.Flask) -> None:
    assert not {p for p in STAFF_PERMISSIONS[StaffRole.AUDITOR] if p.name.endswith("WRITE")}
    panel.config["WTF_CSRF_ENABLED"] = False
    who = hire(panel, StaffRole.AUDITOR)
    for name, _method, verb, path in routes(panel):
        if verb == "POST" and name not in OWN_POSTS and path not in READING_POSTS:
            assert who.browser.post(path).status_code == 403, path


def test_a_refusal_is_on_record(panel: flask.Flask, database: ModuleDatabase) -> None:
    who = hire(panel, StaffRole.BILLING)
    assert who.get("/vakalar/").status_code == 403
    with as_owner(database) as owner:
        event = owner.scalars(sa.select(AuditEvent).where(AuditEvent.actor_id == who.id)).one()
        assert (event.verb, event.subject_id) == ("staff.refused", "cases")


def test_inline_edit_delete_export_and_bulk_actions_do_not_exist(panel: flask.Flask) -> None:
    panel.config["WTF_CSRF_ENABLED"] = False
    who = hire(panel, StaffRole.OWNER)
    for view in views(panel):
        if not isinstance(view, Register):
            continue
        for path, verb in (
            ("ajax/update/", "POST"),
            ("ajax/lookup/", "GET"),
            ("delete/", "POST"),
            ("delete/", "GET"),
            ("action/", "POST"),
            ("export/csv/", "GET"),
        ):
            answer = who.browser.open(f"{view.url}/{path}", method=verb)
            assert answer.status_code == 404, (view.url, path)
        for method in ("ajax_update", "ajax_lookup", "delete_view", "action_view", "export"):
            assert f"{view.endpoint}.{method}" not in panel.view_functions, (view.url, method)
        assert not (view.can_delete or view.can_export or view.column_editable_list)


def test_every_list_opens_sorts_filters_and_refuses_bad_ids(
    panel: flask.Flask, shop: Customer
) -> None:
    who = hire(panel, StaffRole.OWNER)
    for view in views(panel):
        if not isinstance(view, Register):
            continue
        assert who.get(f"{view.url}/").status_code == 200, view.url
        assert who.get(f"{view.url}/?sort=0&desc=1&page=3").status_code == 200, view.url
        for index, chosen in enumerate(view._filters or []):
            for value, _ in chosen.get_options(view):
                assert who.get(f"{view.url}/?flt{index}_{index}={value}").status_code == 200
            assert who.get(f"{view.url}/?flt{index}_{index}=nonsense").status_code == 200
        assert who.get(f"{view.url}/?search=%00x'--").status_code in (200, 400), view.url
        for args in ("page=-5", "page=99999999999999999999", "sort=99", "sort=-3&desc=7", "page=x"):
            assert who.get(f"{view.url}/?{args}").status_code == 200, (view.url, args)
        for id_ in ("", "x", "-1", "9" * 30, SOME_ID):
            assert who.get(f"{view.url}/details/?id={id_}").status_code == 404, (view.url, id_)


def test_personal_values_are_not_in_lists(panel: flask.Flask, shop: Customer) -> None:
    who = hire(panel, StaffRole.OWNER)
    pages = [
        *(f"{view.url}/" for view in views(panel) if isinstance(view, Register)),
        f"/isletme/{shop.organization}/",
        f"/hatlar/details/?id={shop.line}",
        f"/odemeler/details/?id={shop.payment}",
        f"/kullanicilar/details/?id={shop.member}",
    ]
    for path in pages:
        page = who.get(path)
        assert page.status_code == 200, path
        for secret in (shop.email, "Gülçiçek", "Yılmazoğlu", "9876543", "1234567", "203.0.113.4"):
            assert secret not in page.text, (path, secret)


@pytest.mark.parametrize(
    "text", ["{email}", " {EMAIL} ", "0532 987 65 43", "1234567890", "{customer_no}"]
)
def test_an_organization_is_found_by_whole_values_only(
    panel: flask.Flask, shop: Customer, database: ModuleDatabase, text: str
) -> None:
    who = hire(panel, StaffRole.SUPPORT)
    query = {"id": shop.organization}
    with as_owner(database) as owner:
        number = owner.scalar(sa.text("SELECT customer_no FROM organization WHERE id = :id"), query)
    words = text.format(email=shop.email, EMAIL=shop.email.upper(), customer_no=number)
    link = f"/isletme/{shop.organization}/"

    def found(typed: str) -> bool:
        answer = who.post("/ara/", q=typed, **{"in": "organizations"})
        assert answer.status_code in (200, 302)
        return link in answer.text or answer.headers.get("Location") == link

    assert found(words) and not found(words[:-2])


def test_signing_in_and_out(panel: flask.Flask) -> None:
    who, browser = hire(panel, StaffRole.OWNER), panel.test_client()
    wrong = {"csrf_token": token_of(browser, "/giris"), "email": who.email, "password": "wrong"}
    refused = browser.post("/giris", data=wrong)
    assert refused.status_code == 401 and f'value="{who.email}"' in refused.text
    answer = who.sign_in(browser, target="/vakalar/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/vakalar/")
    cookie = answer.headers.getlist("Set-Cookie")
    assert any("HttpOnly" in one and "SameSite=Strict" in one for one in cookie)
    assert browser.get("/vakalar/").status_code == 200
    form = {"csrf_token": token_of(browser)}
    assert browser.post("/cikis", data=form).status_code == 302
    assert browser.get("/vakalar/").status_code == 302
    assert who.get("/vakalar/").status_code == 200, "only this browser was signed out"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_the_door_leads_only_to_our_own_pages(panel: flask.Flask, target: str) -> None:
    who = hire(panel, StaffRole.OWNER)
    assert who.get("/giris", query_string={"next": target}).headers["Location"] == "/"


def test_guessing_a_password_ends(panel: flask.Flask) -> None:
    panel.config["WTF_CSRF_ENABLED"] = False
    who, browser = hire(panel, StaffRole.OWNER), panel.test_client()
    form = {"email": who.email, "password": "wrong"}
    codes = [browser.post("/giris", data=form).status_code for _ in range(11)]
    assert codes[:10] == [401] * 10 and codes[10] == 429
    assert browser.post("/giris", data={**form, "password": PASSWORD}).status_code == 429


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}],
)
def test_a_form_from_elsewhere_is_refused(
    panel: flask.Flask, headers: dict[str, str], shop: Customer
) -> None:
    panel.config["WTF_CSRF_ENABLED"] = False
    who = hire(panel, StaffRole.OWNER)
    path = f"/paketler/{shop.plan}/cek"
    assert who.browser.post(path, headers=headers).status_code == 403
    panel.config["WTF_CSRF_ENABLED"] = True
    assert who.browser.post(path).status_code == 400, "a form without its token"


def test_what_weighs_asks_for_the_second_factor_again(
    panel: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    owner_person = hire(panel, StaffRole.OWNER)
    other = hire(panel, StaffRole.SUPPORT)
    with as_owner(database) as owner:
        owner.execute(
            sa.text(
                "UPDATE staff_session SET stepped_up_at = now() - interval '16 minutes'"
                " WHERE staff_id = :id"
            ),
            {"id": owner_person.id},
        )
    lock = f"/gorevliler/{other.id}/kilitle"
    answer = owner_person.post(lock, confirmed="1")
    assert answer.status_code == 302 and "/dogrula" in answer.headers["Location"]
    assert other.get("/").status_code == 200
    assert owner_person.post("/dogrula", code="000000", next="/").status_code == 401
    assert owner_person.post("/dogrula", password=PASSWORD, next="/").status_code == 401
    assert owner_person.post("/dogrula", code=owner_person.code(), next="/").status_code == 302
    assert owner_person.post(lock, confirmed="1").status_code == 302
    assert other.get("/").status_code == 302, "locked people are out at once"


def test_one_click_changes_nothing(panel: flask.Flask, shop: Customer) -> None:
    who = hire(panel, StaffRole.OWNER)
    path = f"/paketler/{shop.plan}/cek"
    assert who.get(path).status_code == 405
    page = who.post(path)
    assert page.status_code == 200 and 'name="confirmed" value="1"' in page.text
    assert "Yes" in who.get(f"/paketler/details/?id={shop.plan}").text
    assert who.post(path, confirmed="1").status_code == 302
    who.get("/")  # the message of the change is read
    assert "Withdraw" not in who.get(f"/paketler/details/?id={shop.plan}").text


def test_a_plan_is_published_as_a_new_edition(panel: flask.Flask) -> None:
    who = hire(panel, StaffRole.BILLING)
    code = f"p{uuid.uuid4().hex[:8]}"
    form = {
        "code": code,
        "title_tr": "Deneme",
        "title_en": "Trial",
        "interval": "once",
        "price_kurus": "1.299,50",
        "vat_rate_percent": "20",
        "credits": "500",
        "line_limit": "1",
    }
    bad = who.post("/paketler/new/", **{**form, "price_kurus": "çok"})
    assert bad.status_code == 400 and "Write the amount in lira" in bad.text
    assert who.post("/paketler/new/", **form).status_code == 302
    assert who.post("/paketler/new/", **form).status_code == 302
    page = who.get("/paketler/").text
    assert page.count(code) == 2 and "1,299.50" in page


def test_nobody_changes_their_own_roles(panel: flask.Flask) -> None:
    who, other = hire(panel, StaffRole.OWNER), hire(panel, StaffRole.SUPPORT)
    form = {"display_name": "Yeni Ad", "language": "en", "roles": "auditor", "version": "1"}
    assert who.post(f"/gorevliler/edit/?id={who.id}", **form).status_code == 302
    assert "Nobody changes their own roles" in who.get("/").text
    assert who.post(f"/gorevliler/edit/?id={other.id}", **form).status_code == 302
    assert "Auditor" in who.get(f"/gorevliler/details/?id={other.id}").text
    assert other.get("/").status_code == 302, "a change of roles ends the sessions"


def test_everybody_sees_their_own_acts_and_the_auditor_all(panel: flask.Flask) -> None:
    one, auditor = hire(panel, StaffRole.SUPPORT), hire(panel, StaffRole.AUDITOR)
    one.get("/paketler/")
    assert "Refused: no right to it" in one.get("/denetim-kaydi/").text
    assert "account made" not in one.get("/denetim-kaydi/").text
    assert "account made" in auditor.get("/denetim-kaydi/").text
    assert P.AUDIT_READ in STAFF_PERMISSIONS[StaffRole.AUDITOR]


def test_the_policy_of_the_panel_allows_no_inline_script(panel: flask.Flask) -> None:
    who = hire(panel, StaffRole.OWNER)
    for path in ("/", "/giris", "/nowhere", "/vakalar/"):
        policy = who.get(path).headers["Content-Security-Policy"]
        assert "script-src 'self' 'nonce-" in policy and "unsafe" not in policy
        text = who.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=\"|javascript:", text), path
