"""The door of the panel: second factor, recovery codes, invitations, sessions, networks."""

from __future__ import annotations

import json
import re
import threading
import uuid
from datetime import timedelta

import flask
import pyotp
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import undefer_group

from tests.admin.office import PASSWORD, Colleague, hire, token_of
from tests.apps import as_owner, role_app
from tests.services import ModuleDatabase
from whatstr.accounts import staff, staff_changes, staff_factors, staff_sessions
from whatstr.accounts.models import OutboundMail, StaffRole, StaffSession, StaffUser
from whatstr.admin.access import cookie_name, waiting_cookie_name
from whatstr.audit.models import ActorKind, AuditEvent
from whatstr.audit.services import SYSTEM, Actor
from whatstr.config import ConfigError
from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.local.valkey import EmbeddedValkey


def first_step(who: Colleague, browser: FlaskClient) -> None:
    """Only the password."""
    form = {"csrf_token": token_of(browser, "/giris"), "email": who.email, "password": PASSWORD}
    assert browser.post("/giris", data=form).status_code == 302


def second_step(browser: FlaskClient, code: str) -> int:
    token = token_of(browser, "/giris/ikinci")
    form = {"csrf_token": token, "code": code, "next": "/"}
    return browser.post("/giris/ikinci", data=form).status_code


def cookie(browser: FlaskClient, app: flask.Flask, *, waiting: bool = False) -> str | None:
    with app.app_context():
        found = browser.get_cookie(waiting_cookie_name() if waiting else cookie_name())
    return found.value if found else None


def verbs(database: ModuleDatabase, staff_id: uuid.UUID) -> list[str]:
    with as_owner(database) as owner:
        query = sa.select(AuditEvent.verb).where(AuditEvent.subject_id == staff_id.hex)
        return list(owner.scalars(query.order_by(AuditEvent.seq)))


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
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert secret and 'src="data:image/svg+xml' in page
    assert secret[1] in browser.get("/giris/kurulum").text, "the same key after a reload"
    form = {"csrf_token": token_of(browser, "/giris/kurulum"), "next": "/"}
    assert browser.post("/giris/kurulum", data={**form, "code": "000000"}).status_code == 401
    assert browser.get("/").status_code == 302
    code = pyotp.TOTP(secret[1]).generate_otp(clock.unix() // 30)
    answer = browser.post("/giris/kurulum", data={**form, "code": code})
    codes = re.findall(r"<code>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})</code>", answer.text)
    assert answer.status_code == 200 and len(set(codes)) == 10
    assert browser.get("/").status_code == 200
    assert all(one not in browser.get("/hesabim/").text for one in codes), "shown once"
    other = panel.test_client()
    first_step(who, other)
    assert second_step(other, codes[0].lower().replace("-", " ")) == 302
    assert "9 are left" in other.get("/").text
    third = panel.test_client()
    first_step(who, third)
    assert second_step(third, codes[0]) == 401, "one use"


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


def test_sessions_are_listed_and_ended_by_their_person_only(panel: flask.Flask) -> None:
    who, other, laptop = (
        hire(panel, StaffRole.SUPPORT),
        hire(panel, StaffRole.SUPPORT),
        panel.test_client(),
    )
    laptop.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Windows NT 10.0; rv:150.0) Firefox/150.0"
    who.sign_in(laptop)
    page = who.get("/hesabim/").text
    assert "Firefox, Windows" in page and "127.0.0.0/24" in page and "127.0.0.1" not in page
    found = re.search(r"/hesabim/oturum/([0-9a-f-]{36})/bitir", page)
    assert found
    path = f"/hesabim/oturum/{found[1]}/bitir"
    assert other.post(path).status_code == 302
    assert laptop.get("/").status_code == 200, "somebody else's session is not theirs to end"
    who.post(path)
    assert laptop.get("/").status_code == 302
    who.sign_in(laptop)
    who.post("/hesabim/oturumlar/bitir")
    assert laptop.get("/").status_code == 302 and who.get("/").status_code == 200


def test_an_owner_ends_a_colleagues_session(panel: flask.Flask, database: ModuleDatabase) -> None:
    owner, other = hire(panel, StaffRole.OWNER), hire(panel, StaffRole.SUPPORT)
    page = owner.get(f"/gorevliler/details/?id={other.id}").text
    path = re.search(rf'action="(/gorevliler/{other.id}/oturum/[0-9a-f-]+)"', page)
    assert path
    assert other.post(path[1]).status_code == 403
    assert owner.post(path[1]).status_code == 302
    assert other.get("/").status_code == 302
    assert verbs(database, other.id)[-1] == "staff.session_ended"


def test_the_last_factor_stays(panel: flask.Flask) -> None:
    who = hire(panel, StaffRole.SUPPORT)
    with panel.app_context():
        only = staff_factors.factors(who.id)[0].id
    who.post(f"/hesabim/dogrulama/{only}/sil")
    assert "This is the only second factor" in who.get("/hesabim/").text
    with panel.app_context(), transaction():
        more = staff_factors.add_totp(
            actor=SYSTEM, staff_id=who.id, secret=pyotp.random_base32(), label="Tablet"
        )
    assert "Tablet" in who.get("/hesabim/").text
    other = hire(panel, StaffRole.SUPPORT)
    assert other.post(f"/hesabim/dogrulama/{more.id}/sil").status_code == 302
    assert "There is no such record" in other.get("/hesabim/").text
    who.post(f"/hesabim/dogrulama/{more.id}/sil")
    assert "Tablet" not in who.get("/hesabim/").text


def test_a_password_is_changed_by_who_knows_it(panel: flask.Flask) -> None:
    who, laptop, new = hire(panel, StaffRole.SUPPORT), panel.test_client(), "yepyeni bir parola 7"
    who.sign_in(laptop)
    who.post("/hesabim/parola", current="wrong", password=new, again=new)
    assert "The password is wrong" in who.get("/hesabim/").text
    who.post("/hesabim/parola", current=PASSWORD, password=new, again=new + "x")
    assert "The two passwords differ" in who.get("/hesabim/").text
    who.post("/hesabim/parola", current=PASSWORD, password="kısa", again="kısa")
    assert "at least 14 letters" in who.get("/hesabim/").text
    who.post("/hesabim/parola", current=PASSWORD, password=new, again=new)
    assert who.get("/").status_code == 200 and laptop.get("/").status_code == 302
    with panel.app_context():
        assert staff.check_password(staff_id=who.id, password=new)


def invited(database: ModuleDatabase) -> str:
    """The token of the newest invitation or password link, as its reader gets it."""
    with as_owner(database) as owner:
        mail = owner.scalars(
            sa.select(OutboundMail)
            .options(undefer_group("pii"))
            .order_by(OutboundMail.created_at.desc())
            .limit(1)
        ).one()
        url: str = json.loads(mail.values_json)["url"]
    address, _, token = url.partition("#")
    assert address.endswith("/davet") and len(token) >= 40
    return token


def follow(app: flask.Flask, token: str, password: str = PASSWORD) -> int:
    browser = app.test_client()
    form = {"csrf_token": token_of(browser, "/davet"), "token": token}
    page = browser.post("/davet", data={**form, "password": password, "again": password})
    return page.status_code


def test_an_invitation_makes_an_account_once(
    panel: flask.Flask, database: ModuleDatabase, empty_queues: None
) -> None:
    owner, email = hire(panel, StaffRole.OWNER), f"{uuid.uuid4().hex[:8]}@whatstr.example"
    form = {"email": email, "display_name": "Nil Yeni", "language": "en", "roles": "support"}
    assert owner.post("/gorevliler/new/", **form).status_code == 302
    first = invited(database)
    assert "Nil Yeni" in owner.get("/gorevliler/").text
    assert owner.post("/gorevliler/new/", **form).status_code == 302
    second = invited(database)
    assert follow(panel, first) == 422, "a newer invitation takes the place of an older one"
    assert follow(panel, second, "kısa") == 400
    assert follow(panel, second) == 302
    assert follow(panel, second) == 422, "one use"
    browser = panel.test_client()
    answer = browser.post(
        "/giris",
        data={"csrf_token": token_of(browser, "/giris"), "email": email, "password": PASSWORD},
    )
    assert answer.status_code == 302
    assert "/giris/kurulum" in browser.get("/giris/ikinci").headers["Location"]
    assert owner.post("/gorevliler/new/", **form).status_code == 409


def test_an_invitation_expires_and_is_withdrawn(
    panel: flask.Flask, database: ModuleDatabase, empty_queues: None
) -> None:
    owner = hire(panel, StaffRole.OWNER)
    form = {"display_name": "Nil Yeni", "language": "tr", "roles": "support"}
    owner.post("/gorevliler/new/", email=f"{uuid.uuid4().hex[:8]}@whatstr.example", **form)
    token = invited(database)
    with clock.frozen(clock.now() + timedelta(days=3, seconds=1)):
        assert follow(panel, token) == 422
    page = owner.get("/gorevliler/").text
    path = re.search(r'action="(/gorevliler/davet/[0-9a-f-]+/geri)"', page)
    assert path and owner.post(path[1]).status_code == 302
    assert follow(panel, token) == 422


def test_a_password_link_keeps_the_second_factor(
    panel: flask.Flask, database: ModuleDatabase, empty_queues: None
) -> None:
    owner, other = hire(panel, StaffRole.OWNER), hire(panel, StaffRole.SUPPORT)
    assert owner.post(f"/gorevliler/{other.id}/parola", confirmed="1").status_code == 302
    assert follow(panel, invited(database), "yepyeni bir parola 7") == 302
    assert other.get("/").status_code == 302, "the sessions of before are over"
    with panel.app_context():
        assert len(staff_factors.factors(other.id)) == 1
        assert staff.check_password(staff_id=other.id, password="yepyeni bir parola 7")


def test_a_reset_second_factor_is_set_up_anew(panel: flask.Flask, database: ModuleDatabase) -> None:
    owner, other = hire(panel, StaffRole.OWNER), hire(panel, StaffRole.SUPPORT)
    assert owner.post(f"/gorevliler/{other.id}/sifirla", confirmed="1").status_code == 302
    assert other.get("/").status_code == 302
    browser = panel.test_client()
    first_step(other, browser)
    assert "/giris/kurulum" in browser.get("/giris/ikinci").headers["Location"]
    assert owner.post(f"/gorevliler/{owner.id}/sifirla", confirmed="1").status_code in (302, 409)
    with panel.app_context():
        assert staff_factors.factors(owner.id), "nobody resets their own"
    assert "staff.factors_reset" in verbs(database, other.id)


@pytest.fixture
def no_owner(database: ModuleDatabase) -> None:
    with as_owner(database) as owner:
        owner.execute(sa.text("UPDATE staff_user SET state = 'locked' WHERE roles ? 'owner'"))


def test_the_last_owner_cannot_be_removed(
    no_owner: None, panel: flask.Flask, database: ModuleDatabase
) -> None:
    only = hire(panel, StaffRole.OWNER, StaffRole.SUPPORT)
    with panel.app_context():
        with pytest.raises(staff_changes.LastOwner), transaction():
            staff_changes.lock_staff(actor=SYSTEM, staff_id=only.id)
        session().expire_all()
        with pytest.raises(staff_changes.LastOwner), transaction():
            staff_changes.change_staff(
                actor=SYSTEM,
                staff_id=only.id,
                name="A",
                language="tr",
                roles=[StaffRole.SUPPORT],
                version=1,
            )


def test_two_owners_cannot_remove_each_other_at_once(no_owner: None, panel: flask.Flask) -> None:
    one, two = hire(panel, StaffRole.OWNER), hire(panel, StaffRole.OWNER)
    start, said = threading.Barrier(2), []

    def lock(actor: Colleague, victim: Colleague) -> None:
        with panel.app_context():
            start.wait()
            try:
                with transaction():
                    staff_changes.lock_staff(
                        actor=Actor(ActorKind.STAFF, actor.id), staff_id=victim.id
                    )
            except staff_changes.LastOwner:
                said.append(victim.id)

    threads = [threading.Thread(target=lock, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 1


def test_a_change_that_comes_late_shows_both_versions(panel: flask.Flask) -> None:
    owner, other = hire(panel, StaffRole.OWNER), hire(panel, StaffRole.SUPPORT)
    path = f"/gorevliler/edit/?id={other.id}"
    form = {"language": "en", "roles": "auditor", "version": "1"}
    assert owner.post(path, display_name="Birinci", **form).status_code == 302
    late = owner.post(path, display_name="İkinci", **form)
    assert late.status_code == 409 and "Birinci" in late.text and "İkinci" in late.text
    assert "Birinci" in owner.get(f"/gorevliler/details/?id={other.id}").text


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
