"""Accounts of staff: their sessions, their password, and the last owner."""

from __future__ import annotations

import re
import threading

import flask
import pyotp
import pytest
import sqlalchemy as sa

from tests.admin.doors import verbs
from tests.admin.office import PASSWORD, Colleague, hire
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts import staff, staff_changes, staff_factors
from whatstr.accounts.models import StaffRole
from whatstr.audit.models import ActorKind
from whatstr.audit.services import SYSTEM, Actor
from whatstr.core.db import session, transaction


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


def test_a_form_without_a_role_says_so_beside_the_roles(panel: flask.Flask) -> None:
    who = hire(panel, StaffRole.OWNER)
    form = {"display_name": "Nil Yeni", "email": "nil@whatstr.example", "language": "tr"}
    page = who.post("/gorevliler/new/", **form)
    assert page.status_code == 400 and 'value="Nil Yeni"' in page.text
    assert 'id="f-roles-error"' in page.text
