"""The door of the panel: second factor, recovery codes, cookies, networks."""

from __future__ import annotations

import re
from datetime import timedelta

import flask
import pyotp
import pytest
import sqlalchemy as sa

from tests.admin.doors import cookie, first_step, second_step, verbs
from tests.admin.office import Colleague, hire, token_of
from tests.apps import as_owner, role_app
from tests.services import ModuleDatabase
from whatstr.accounts import staff_factors, staff_sessions
from whatstr.accounts.models import StaffRole, StaffSession, StaffUser
from whatstr.admin.access import cookie_name
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor
from whatstr.config import ConfigError
from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.local.valkey import EmbeddedValkey


def test_a_password_alone_opens_nothing(panel: flask.Flask, database: ModuleDatabase) -> None:
    who, browser = hire(panel, StaffRole.OWNER), panel.test_client()
    first_step(who, browser)
    waiting = cookie(browser, panel, waiting=True)
    assert waiting and cookie(browser, panel) is None
    assert browser.get("/").status_code == 302
    with panel.app_context():
        name = cookie_name()
    browser.set_cookie(name, waiting)
    assert browser.get("/vakalar/").status_code == 302, "the first cookie is none of the second"
    browser.delete_cookie(name)
    assert second_step(browser, "123456") == 401
    assert second_step(browser, who.code()) == 302
    assert browser.get("/").status_code == 200
    assert cookie(browser, panel) not in (None, waiting), "a planted cookie is never signed in"
    assert cookie(browser, panel, waiting=True) is None
    assert "staff.second_factor_failed" in verbs(database, who.id)
    assert verbs(database, who.id)[-1] == "staff.signed_in"


def test_the_page_of_the_second_step_needs_the_first(panel: flask.Flask) -> None:
    browser = panel.test_client()
    for path in ("/giris/ikinci", "/giris/kurulum"):
        answer = browser.get(path)
        assert answer.status_code == 302 and "/giris?" in answer.headers["Location"]
        panel.config["WTF_CSRF_ENABLED"] = False
        assert browser.post(path, data={"code": "123456"}).status_code == 302
        panel.config["WTF_CSRF_ENABLED"] = True


def test_a_code_works_once(panel: flask.Flask) -> None:
    who, one, two = hire(panel, StaffRole.BILLING), panel.test_client(), panel.test_client()
    code = who.code()
    first_step(who, one)
    assert second_step(one, code) == 302
    first_step(who, two)
    assert second_step(two, code) == 401, "somebody looked over the shoulder"
    assert second_step(two, who.code()) == 302


def test_old_and_early_codes_are_refused(panel: flask.Flask) -> None:
    who = hire(panel, StaffRole.BILLING)
    app = pyotp.TOTP(who.secret)
    with panel.app_context(), transaction():
        now = clock.unix() // 30
        for step in (now - 2, now + 2):
            assert not staff_factors.check_code(who.id, app.generate_otp(step))
        for text in ("", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12 34 5x"):
            assert not staff_factors.check_code(who.id, text)
        assert staff_factors.check_code(who.id, app.generate_otp(now + 1)), "a fast clock"


def test_five_wrong_codes_end_the_step(panel: flask.Flask) -> None:
    who, browser = hire(panel, StaffRole.OWNER), panel.test_client()
    first_step(who, browser)
    assert [second_step(browser, "000000") for _ in range(4)] == [401] * 4
    token = token_of(browser, "/giris/ikinci")
    form = {"csrf_token": token, "code": "000000", "next": "/"}
    answer = browser.post("/giris/ikinci", data=form)
    assert answer.status_code == 302 and "/giris?" in answer.headers["Location"]
    form["code"] = who.code()
    assert browser.post("/giris/ikinci", data=form).headers["Location"].startswith("/giris?")
    assert browser.get("/").status_code == 302


def test_the_first_step_is_good_for_ten_minutes(panel: flask.Flask) -> None:
    who = hire(panel, StaffRole.OWNER)
    with panel.app_context(), clock.frozen(clock.now()) as advance:
        with transaction():
            user = session().get_one(StaffUser, who.id)
            token = staff_sessions.begin(user=user).token
        assert staff_sessions.find_waiting(token) is not None
        assert staff_sessions.find_staff_session(token) is None
        advance(timedelta(minutes=10))
        assert staff_sessions.find_waiting(token) is None


def newcomer(app: flask.Flask) -> Colleague:
    """Somebody whose account was just made: no second factor yet."""
    who = hire(app, StaffRole.SUPPORT)
    with app.app_context(), transaction():
        staff_factors.forget_factors(who.id)
        staff_sessions.revoke_staff_sessions(staff_id=who.id)
    return who


def test_a_second_factor_is_set_up_at_the_first_sign_in(panel: flask.Flask) -> None:
    who, browser = newcomer(panel), panel.test_client()
    first_step(who, browser)
    assert "/giris/kurulum" in browser.get("/giris/ikinci").headers["Location"]
    page = browser.get("/giris/kurulum").text
    secret = re.search(r"<code>([A-Z2-7]{4}(?: [A-Z2-7]{4}){7})</code>", page)
    assert secret and 'src="data:image/svg+xml' in page
    assert secret[1] in browser.get("/giris/kurulum").text, "the same key after a reload"
    form = {"csrf_token": token_of(browser, "/giris/kurulum"), "next": "/"}
    assert browser.post("/giris/kurulum", data={**form, "code": "000000"}).status_code == 401
    assert browser.get("/").status_code == 302
    code = pyotp.TOTP(secret[1].replace(" ", "")).generate_otp(clock.unix() // 30)
    answer = browser.post("/giris/kurulum", data={**form, "code": code})
    codes = re.findall(r"<code>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})</code>", answer.text)
    assert answer.status_code == 200 and len(set(codes)) == 10
    assert "Earlier codes" not in answer.text, "there were none"
    assert browser.get("/").status_code == 200
    assert all(one not in browser.get("/hesabim/").text for one in codes), "shown once"
    other = panel.test_client()
    first_step(who, other)
    assert second_step(other, codes[0].lower().replace("-", " ")) == 302
    assert "9 are left" in other.get("/").text
    third = panel.test_client()
    first_step(who, third)
    assert second_step(third, codes[0]) == 401, "one use"
    form = {"csrf_token": token_of(other, "/hesabim/")}
    assert "Earlier codes do not work" in other.post("/hesabim/kodlar", data=form).text


def test_who_has_a_factor_cannot_be_given_another_by_the_password(panel: flask.Flask) -> None:
    who, browser = hire(panel, StaffRole.OWNER), panel.test_client()
    first_step(who, browser)
    assert "/giris/ikinci" in browser.get("/giris/kurulum").headers["Location"]
    token = token_of(browser, "/giris/ikinci")
    answer = browser.post("/giris/kurulum", data={"csrf_token": token, "code": "000000"})
    assert "/giris/ikinci" in answer.headers["Location"]


def test_recovery_codes_are_stored_as_hashes_and_belong_to_one_person(
    panel: flask.Flask, database: ModuleDatabase
) -> None:
    who, other = hire(panel, StaffRole.OWNER), hire(panel, StaffRole.OWNER)
    with panel.app_context(), transaction():
        actor = Actor(ActorKind.STAFF, who.id)
        codes = staff_factors.new_recovery_codes(actor=actor, staff_id=who.id)
        assert not staff_factors.use_recovery_code(staff_id=other.id, code=codes[0])
        staff_factors.new_recovery_codes(actor=actor, staff_id=who.id)
        assert not staff_factors.use_recovery_code(staff_id=who.id, code=codes[0])
    with as_owner(database) as owner:
        stored = owner.execute(sa.text("SELECT code_hash FROM staff_recovery_code")).scalars()
        assert all(len(bytes(one)) == 32 for one in stored)


def test_a_planted_form_token_dies_with_the_sign_in(panel: flask.Flask) -> None:
    """Session fixation: what somebody put into the browser before is worth nothing after."""
    who, browser = hire(panel, StaffRole.OWNER), panel.test_client()
    planted = token_of(browser, "/giris")
    session_before = browser.get_cookie("wtr_admin")
    who.sign_in(browser)
    assert browser.post("/hesabim/dil", data={"csrf_token": planted}).status_code == 400
    assert session_before and browser.get_cookie("wtr_admin") != session_before


def test_a_stolen_cookie_dies_with_the_sign_out(panel: flask.Flask) -> None:
    who, browser, thief = hire(panel, StaffRole.OWNER), panel.test_client(), panel.test_client()
    who.sign_in(browser)
    stolen = cookie(browser, panel)
    assert stolen
    with panel.app_context():
        thief.set_cookie(cookie_name(), stolen)
    assert thief.get("/").status_code == 200
    browser.post("/cikis", data={"csrf_token": token_of(browser)})
    assert thief.get("/").status_code == 302


NETWORKS = [
    ("127.0.0.0/8", 200),
    ("203.0.113.0/24, 127.0.0.1", 200),
    ("203.0.113.0/24", 403),
    ("2001:db8::/32", 403),
]


@pytest.mark.parametrize(("networks", "status"), NETWORKS)
def test_the_panel_may_be_kept_to_some_networks(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, networks: str, status: int
) -> None:
    with role_app("admin", database, valkey_server, WHATSTR_STAFF_NETWORKS=networks) as app:
        assert app.test_client().get("/giris").status_code == status
        with app.test_client().get("/static/css/kit.css") as style:
            assert style.status_code == status
        assert app.test_client().get("/health").status_code == 200


def test_a_network_that_is_none_is_refused_at_the_start(
    database: ModuleDatabase, valkey_server: EmbeddedValkey
) -> None:
    with (
        pytest.raises(ConfigError, match="WHATSTR_STAFF_NETWORKS"),
        role_app("admin", database, valkey_server, WHATSTR_STAFF_NETWORKS="office"),
    ):
        pass


def test_the_secret_of_an_app_is_sealed(panel: flask.Flask, database: ModuleDatabase) -> None:
    who = hire(panel, StaffRole.OWNER)
    with as_owner(database) as owner:
        stored = owner.execute(
            sa.text("SELECT totp_secret FROM staff_factor WHERE staff_id = :id"), {"id": who.id}
        ).scalar_one()
        assert who.secret not in stored
        hashes = owner.scalars(sa.select(StaffSession.token_hash)).all()
        assert who.token.encode() not in hashes
