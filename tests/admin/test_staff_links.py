"""Links to staff by e-mail: invitations, new passwords, new addresses."""

from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta

import flask
import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from tests.admin.doors import first_step, verbs
from tests.admin.office import PASSWORD, Colleague, hire, token_of
from tests.apps import as_owner, role_app
from tests.services import ModuleDatabase
from whatstr.accounts import staff, staff_factors
from whatstr.accounts.models import OutboundMail, StaffRole, StaffSession, StaffUser
from whatstr.accounts.staff_models import StaffLink
from whatstr.audit.models import AuditEvent
from whatstr.core import clock
from whatstr.local.valkey import EmbeddedValkey
from whatstr.workers import housekeeping


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


def test_a_refused_form_keeps_the_code_of_its_link(panel: flask.Flask) -> None:
    """The code stands in no address any more: lost here, the link has to be looked for again."""
    browser, kept = panel.test_client(), 'name="token" required'
    form = {"csrf_token": token_of(browser, "/davet"), "token": "kod-17"}
    for path, more in (
        ("/davet", {"password": PASSWORD, "again": PASSWORD + "x"}),
        ("/davet", {"password": PASSWORD, "again": PASSWORD}),
        ("/eposta", {}),
    ):
        page = browser.post(path, data={**form, **more})
        assert page.status_code in (400, 422), path
        assert re.search(rf'value="kod-17"[^>]*{kept}', page.text), path


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


def asked_for(who: Colleague, database: ModuleDatabase, email: str) -> str:
    """Ask for another address; the token of the link that goes there."""
    assert who.post("/hesabim/eposta", email=email).status_code == 302
    with as_owner(database) as owner:
        mails = owner.scalars(
            sa.select(OutboundMail)
            .options(undefer_group("pii"))
            .order_by(OutboundMail.created_at.desc())
            .limit(2)
        ).all()
        sent = {mail.to: json.loads(mail.values_json) for mail in mails}
    assert set(sent) == {email, who.email}, "both addresses are told"
    assert "url" not in sent[who.email]
    address, _, token = sent[email]["url"].partition("#")
    assert address.endswith("/eposta") and len(token) >= 40
    return str(token)


def confirm(app: flask.Flask, token: str) -> int:
    browser = app.test_client()
    form = {"csrf_token": token_of(browser, "/eposta"), "token": token}
    return browser.post("/eposta", data=form).status_code


def test_an_address_moves_once_the_link_is_followed(
    panel: flask.Flask, database: ModuleDatabase, empty_queues: None
) -> None:
    who, email = hire(panel, StaffRole.BILLING), f"{uuid.uuid4().hex[:8]}@yeni.example"
    token = asked_for(who, database, email)
    assert who.get("/").status_code == 200, "nothing happens before"
    first_step(who, panel.test_client())
    assert confirm(panel, token) == 302
    assert who.get("/").status_code == 302, "every session is over"
    assert confirm(panel, token) == 422, "one use"
    old, who.email = who.email, email
    first_step(who, panel.test_client())
    browser = panel.test_client()
    form = {"csrf_token": token_of(browser, "/giris"), "email": old, "password": PASSWORD}
    assert browser.post("/giris", data=form).status_code == 401
    assert verbs(database, who.id)[-2:] == ["staff.email_asked", "staff.email_changed"]
    with as_owner(database) as owner:
        told = owner.scalars(
            sa.select(OutboundMail)
            .options(undefer_group("pii"))
            .order_by(OutboundMail.created_at.desc())
            .limit(1)
        ).one()
        assert told.to == old and "has changed" in json.loads(told.values_json)["subject"]
        details = owner.scalars(
            sa.select(AuditEvent.detail).where(AuditEvent.subject_id == who.id.hex)
        ).all()
    assert old not in json.dumps(details) and email not in json.dumps(details)


def test_a_link_to_a_new_address_is_short_lived_and_asks_for_the_second_factor(
    panel: flask.Flask, database: ModuleDatabase, empty_queues: None
) -> None:
    who, other = hire(panel, StaffRole.BILLING), hire(panel, StaffRole.BILLING)
    first = asked_for(who, database, f"{uuid.uuid4().hex[:8]}@yeni.example")
    second = asked_for(who, database, f"{uuid.uuid4().hex[:8]}@yeni.example")
    assert confirm(panel, first) == 422, "a newer link takes the place of an older one"
    assert follow(panel, second) == 422, "it sets no password"
    with clock.frozen(clock.now() + timedelta(hours=1, seconds=1)):
        assert confirm(panel, second) == 422
    who.post("/hesabim/eposta", email=other.email)
    assert "A colleague already has this e-mail address" in who.get("/hesabim/").text
    third = asked_for(who, database, f"{uuid.uuid4().hex[:8]}@yeni.example")
    with as_owner(database) as owner:
        owner.execute(sa.update(StaffUser).where(StaffUser.id == who.id).values(state="locked"))
    assert confirm(panel, third) == 422, "a locked account moves nowhere"
    with as_owner(database) as owner:
        long_ago = clock.now() - timedelta(minutes=16)
        mine = sa.update(StaffSession).where(StaffSession.staff_id == other.id)
        owner.execute(mine.values(stepped_up_at=long_ago))
    asked = other.post("/hesabim/eposta", email=f"{uuid.uuid4().hex[:8]}@yeni.example")
    assert "/dogrula" in asked.headers["Location"]


def test_links_that_are_over_are_taken_away(
    panel: flask.Flask,
    database: ModuleDatabase,
    valkey_server: EmbeddedValkey,
    empty_queues: None,
) -> None:
    who = hire(panel, StaffRole.BILLING)
    asked_for(who, database, f"{uuid.uuid4().hex[:8]}@yeni.example")
    counted = sa.select(sa.func.count()).where(StaffLink.staff_id == who.id)
    with role_app("worker", database, valkey_server) as worker, worker.app_context():
        housekeeping.remove_links()
        with as_owner(database) as owner:
            assert owner.scalar(counted) == 1, "a week is left to look at them"
        with clock.frozen(clock.now() + timedelta(days=7, hours=2)):
            housekeeping.remove_links()
    with as_owner(database) as owner:
        assert owner.scalar(counted) == 0
