"""The panel as an attacker would walk it (issue 5, "Must show")."""

from __future__ import annotations

import re
import uuid
from typing import Any
from urllib.parse import quote

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer, open_shop, report
from tests.admin.office import PASSWORD, hire, token_of
from tests.admin.test_access import OWN_POSTS, SOME_ID, routes, views
from tests.apps import as_owner, role_app
from tests.services import ModuleDatabase
from whatstr.accounts.models import Organization, StaffRole, StaffState, StaffUser
from whatstr.admin.access import safe_target
from whatstr.admin.views import Register
from whatstr.core import clock
from whatstr.local.valkey import EmbeddedValkey

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}'


def test_no_form_is_taken_without_its_token(panel: flask.Flask) -> None:
    who = hire(panel, StaffRole.OWNER)
    for _name, _method, verb, path in routes(panel):
        if verb == "POST":
            assert who.browser.post(path).status_code == 400, path
            forged = who.browser.post(path, data={"csrf_token": "x" * 40})
            assert forged.status_code == 400, path


def test_the_token_of_another_browser_is_worth_nothing(panel: flask.Flask) -> None:
    who, other = hire(panel, StaffRole.OWNER), hire(panel, StaffRole.OWNER)
    stolen = token_of(other.browser)
    answer = who.browser.post("/hesabim/dil", data={"csrf_token": stolen, "language": "tr"})
    assert answer.status_code == 400


@pytest.mark.parametrize("role", list(StaffRole))
def test_odd_requests_are_never_a_crash(
    panel: flask.Flask, shop: Customer, role: StaffRole
) -> None:
    """Every route of every view, with a foreign id, odd arguments and odd values."""
    panel.config["WTF_CSRF_ENABLED"] = False
    who = hire(panel, role)
    odd = {"id": "' OR 1=1--", "search": "\0%00ş" * 40, "page": "1e9", "flt0_0": EVIL, "sort": "x"}
    form = dict.fromkeys(("version", "roles", "note", "code", "amount_kurus", "kind"), EVIL)
    for _name, _method, verb, path in routes(panel):
        if path == f"/hesabim/oturum/{SOME_ID}/bitir":
            continue
        sent: dict[str, Any] = {"data": form} if verb == "POST" else {"query_string": odd}
        answer = who.browser.open(path, method=verb, **sent)
        assert answer.status_code < 500, (path, answer.status_code)
        assert "Traceback" not in answer.text and "psycopg" not in answer.text, path
        assert "<script>alert" not in answer.text, path


@pytest.mark.parametrize("role", list(StaffRole))
def test_odd_searches_within_a_register_find_nothing(
    panel: flask.Flask, shop: Customer, role: StaffRole
) -> None:
    """Whatever is typed into the exact search of a register: no crash, no row, no other register
    than one's own."""
    who = hire(panel, role)
    odd = ["%", EVIL]
    if role is StaffRole.OWNER:  # who may search every register
        odd += ["\0", "٣٤٥", "²", "9" * 30, "-1", "' OR 1=1--", "ş" * 254]
    token = token_of(who.browser)
    for view in views(panel):
        if isinstance(view, Register):
            for text in odd:
                form = {"q": text, "in": view.endpoint, "csrf_token": token}
                answer = who.browser.post("/ara/", data=form)
                assert answer.status_code == 200, (view.endpoint, text, answer.status_code)
                assert "row-link" not in answer.text, (view.endpoint, text)
                assert "<script>alert" not in answer.text


def test_lists_leak_nothing_by_search_filter_or_sort(
    panel: flask.Flask, shop: Customer, database: ModuleDatabase
) -> None:
    """A role without a register gets nothing of it however it asks, a role with it no more than
    the list shows."""
    report(database, shop)
    secrets = (shop.email, "Gülçiçek", "Yılmazoğlu", "9876543", "1234567890", "203.0.113.4")
    for role in StaffRole:
        who = hire(panel, role)
        for view in views(panel):
            if not isinstance(view, Register):
                continue
            asked = ["?search=" + quote(shop.email), "details/?id=" + SOME_ID]
            if who.get(f"{view.url}/").status_code != 403:
                asked += ["?sort=1&desc=1", "?search=a", "?search=%25"]
                if role is StaffRole.OWNER:  # who may open every register
                    asked += ["?sort=0", "?flt0_0=paid", "?page=1", "?search=_"]
                    asked += [f"?search={quote(one)}" for one in secrets[1:]]
            for query in asked:
                answer = who.get(f"{view.url}/{query}")
                assert answer.status_code in (200, 302, 403, 404), (view.url, query)
                if answer.status_code == 403:
                    assert str(shop.organization) not in answer.text
                inside = answer.text.partition("<tbody>")[2].partition("</tbody>")[0]
                for one in secrets:
                    assert one not in inside, (view.url, query, one)


def test_ids_cannot_be_counted_up(panel: flask.Flask, shop: Customer) -> None:
    """Foreign, unknown, short, signed and huge ids all look the same."""
    who = hire(panel, StaffRole.OWNER)
    pages = ["/vaka/{}/", "/istisna/{}/", "/isletme/{}/", "/musteri-gozu/{}/"]
    for page in pages:
        for id_ in (str(uuid.uuid4()), "1", "-1", "../1", "0" * 32, "9" * 40, "%00"):
            assert who.get(page.format(quote(id_, safe=""))).status_code in (404, 308), (page, id_)


def test_one_s_own_trail_does_not_open_another_s_event(
    panel: flask.Flask, database: ModuleDatabase
) -> None:
    one, other = hire(panel, StaffRole.SUPPORT), hire(panel, StaffRole.SUPPORT)
    other.get("/gorevliler/")  # refused, and on record
    query = sa.text("SELECT seq, subject_id FROM audit_event WHERE actor_id = :id")
    with as_owner(database) as owner:
        seq, subject = owner.execute(query, {"id": other.id}).one()
    assert other.get(f"/denetim-kaydi/details/?id={seq}").status_code == 200
    assert one.get(f"/denetim-kaydi/details/?id={seq}").status_code == 404
    assert other.id.hex[:8] not in one.get(f"/denetim-kaydi/?search={subject}").text


def test_a_form_sets_only_what_it_shows(panel: flask.Flask, database: ModuleDatabase) -> None:
    """Mass assignment: fields that the form does not have change nothing."""
    owner_person, other = hire(panel, StaffRole.OWNER), hire(panel, StaffRole.SUPPORT)
    more = {
        "state": "locked",
        "password_hash": "x",
        "email": "evil@evil.example",
        "id": str(uuid.uuid4()),
        "created_at": "2000-01-01",
    }
    form = {"display_name": "Yeni", "language": "en", "roles": "support", "version": "1", **more}
    assert owner_person.post(f"/gorevliler/edit/?id={other.id}", **form).status_code == 302
    with as_owner(database) as owner:
        row = owner.get_one(StaffUser, other.id)
        assert (row.display_name, row.state, row.id) == ("Yeni", StaffState.ACTIVE, other.id)
        assert row.email_masked and "evil" not in row.email_masked and row.created_at.year > 2000
    own = {"language": "tr", "roles": "owner", "display_name": "Sahip"}
    assert other.post("/hesabim/dil", **own).status_code == 302
    with as_owner(database) as owner:
        row = owner.get_one(StaffUser, other.id)
        assert (row.roles, row.display_name, row.language) == (["support"], "Yeni", "tr")


@pytest.mark.parametrize(
    "target",
    [
        *("//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example"),
        *("/\t/evil.example", "/\n/evil.example", " //evil.example", "javascript:alert(1)"),
        *("///evil.example", "/%09/evil.example\r\nX-Evil: 1", "http:evil.example", "evil.example"),
    ],
)
def test_no_way_leads_to_another_site(panel: flask.Flask, target: str) -> None:
    assert not safe_target(target).startswith(("//", "/\\", "http", "java", "evil"))
    who, browser = hire(panel, StaffRole.OWNER), panel.test_client()
    answer = who.sign_in(browser, target=target)
    place = answer.headers["Location"]
    assert place.startswith("/") and not re.match(r"/[/\\\s]", place)
    assert "X-Evil" not in answer.headers
    form = {"back": target, "csrf_token": token_of(browser)}
    answer = browser.post("/hesabim/dil", data={**form, "language": "en"})
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nSet-Cookie: wtr_a=1", "a\0b"])
def test_no_header_is_injected(panel: flask.Flask, value: str) -> None:
    who = hire(panel, StaffRole.OWNER)
    for path in ("/giris?next=/{}", "/?lang={}", "/vakalar/?search={}", "/dogrula?next=/{}"):
        answer = who.get(path.format(quote(value)))
        assert "X-Evil" not in answer.headers and answer.status_code < 500
        assert all("wtr_a=1" not in one for one in answer.headers.getlist("Set-Cookie"))


def test_a_host_header_changes_no_address(panel: flask.Flask) -> None:
    who = hire(panel, StaffRole.OWNER)
    answer = who.browser.get("/", headers={"Host": "evil.example"})
    assert "evil.example" not in answer.text
    answer = panel.test_client().get("/vakalar/", headers={"Host": "evil.example"})
    assert answer.headers["Location"].startswith("/giris")


def test_stored_script_stays_text_wherever_staff_look(
    panel: flask.Flask, database: ModuleDatabase, valkey_server: EmbeddedValkey
) -> None:
    """Names, explanations, labels and notes that somebody else wrote."""
    made = open_shop(database)
    with as_owner(database) as owner:
        organization = owner.get_one(Organization, made.organization)
        organization.name, organization.address = EVIL, EVIL
        organization.state_reason = EVIL
        owner.execute(
            sa.text("UPDATE plan SET title_tr = :t, title_en = :t, description_tr = :t"),
            {"t": EVIL},
        )
        owner.execute(
            sa.text("UPDATE line SET verified_name = NULL, state_reason = :t"), {"t": EVIL}
        )
    who = hire(panel, StaffRole.OWNER, name=EVIL[:70])
    form = {"display_name": EVIL[:70], "language": "en", "roles": "support"}
    assert who.post("/gorevliler/new/", email="x@whatstr.example", **form).status_code == 302
    processor = dict.fromkeys(
        ("name", "country", "purpose_tr", "purpose_en", "data_tr", "data_en"), EVIL
    )
    assert who.post("/isleyenler/new/", **processor).status_code == 302
    demand = {"authority": EVIL, "wanted": EVIL, "reference": EVIL, "ground": "court_order"}
    day = f"{clock.now():%Y-%m-%d}"
    made_at = who.post("/aciklamalar/new/", received_on=day, **demand).headers["Location"]
    lists = [f"{view.url}/" for view in views(panel) if isinstance(view, Register)]
    own = ["/", "/hesabim/", f"/isletme/{made.organization}/", made_at, "/gorevliler/new/"]
    own += [f"/paketler/details/?id={made.plan}", f"/gorevliler/details/?id={who.id}"]
    own += [f"/istisna/yeni/{made.payment}"]
    for path in [*lists, *own]:
        page = who.get(path)
        assert page.status_code == 200, path
        assert "<script>alert" not in page.text and "<img src=x" not in page.text, path
        assert not re.search(r"\son\w+=[\"']?alert", page.text.replace("&gt;", ">")) or (
            "<img" not in page.text
        ), path
        assert "{{7*7}}" in page.text or "49" not in re.findall(r">49<", page.text), path


def test_errors_are_neutral(panel: flask.Flask, database: ModuleDatabase) -> None:
    """A crash says a reference, never a statement, a parameter or a file."""
    who = hire(panel, StaffRole.OWNER)
    panel.testing = False
    with as_owner(database) as owner:
        owner.execute(sa.text("ALTER TABLE processor RENAME TO processor_away"))
    try:
        page = who.get("/isleyenler/?search=x")
        page = who.get("/isleyenler/")
    finally:
        panel.testing = True
        with as_owner(database) as owner:
            owner.execute(sa.text("ALTER TABLE processor_away RENAME TO processor"))
    assert page.status_code == 500 and re.search(r"r[0-9a-f]{11}", page.text)
    for word in ("SELECT", "processor_away", "UndefinedTable", "sqlalchemy", "File &#34;"):
        assert word not in page.text, word


def test_a_type_error_runs_a_view_once(panel: flask.Flask) -> None:
    """The stock view catches a TypeError and calls the method again (#2358)."""
    who, calls = hire(panel, StaffRole.OWNER), []
    view = next(view for view in views(panel) if view.endpoint == "matrix")

    def broken(self: object) -> None:
        calls.append(1)
        raise TypeError("a slip of ours")

    broken.__dict__.update(type(view).index.__dict__)
    original = type(view).index
    type(view).index = broken  # type: ignore[attr-defined]
    panel.testing = False
    try:
        key = "matrix.index"
        before = panel.view_functions[key]
        panel.view_functions[key] = lambda **kw: view._run_view(broken)
        assert who.get("/yetkiler/").status_code == 500
        panel.view_functions[key] = before
    finally:
        panel.testing = True
        type(view).index = original  # type: ignore[attr-defined]
    assert calls == [1]


def test_no_list_counts_its_table_or_loads_its_relations(
    panel: flask.Flask, shop: Customer
) -> None:
    who, seen = hire(panel, StaffRole.OWNER), []
    with panel.app_context():
        from whatstr.core.db import db

        engine = db.engine

    def watch(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement.lower())

    sa.event.listen(engine, "before_cursor_execute", watch)
    try:
        for view in views(panel):
            if isinstance(view, Register):
                seen.clear()
                assert who.get(f"{view.url}/").status_code == 200
                main = [one for one in seen if f"from {view.model.__tablename__}" in one]
                assert not any(one.startswith("select count(*)") for one in main), view.url
                assert any(" limit " in one for one in main), view.url
                assert len(seen) <= 14, (view.url, len(seen))
    finally:
        sa.event.remove(engine, "before_cursor_execute", watch)


def test_posts_that_everybody_may_send_touch_only_their_own(panel: flask.Flask) -> None:
    """The routes that the walk of roles leaves out are the person's own account and exports."""
    assert {"account", "exports", "trail"} == OWN_POSTS
    one, two = hire(panel, StaffRole.AUDITOR), hire(panel, StaffRole.AUDITOR)
    two.post("/hesabim/parola", current=PASSWORD, password=PASSWORD + "x", again=PASSWORD + "x")
    assert one.get("/").status_code == 200


def test_the_panel_is_not_the_portal(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, panel: flask.Flask
) -> None:
    """A staff cookie opens nothing of the portal, and the portal has none of the panel's pages."""
    who = hire(panel, StaffRole.OWNER)
    with role_app("web", database, valkey_server) as web:
        browser = web.test_client()
        for name in ("wtr_s", "wtr_a"):
            browser.set_cookie(name, who.token)
        assert browser.get("/api/me", headers={"X-WTR": "1"}).status_code == 401
        for path in ("/gorevliler/", "/denetim-kaydi/", "/dogrula", "/yetkiler/"):
            assert browser.get(path).status_code == 404
