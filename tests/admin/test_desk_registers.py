"""What staff may change in the registers, over HTTP: plans, reports, cases, jobs."""

from __future__ import annotations

import uuid

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer, report
from tests.admin.office import WHY, events, hidden, hire
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import (
    StaffRole,
)
from whatstr.billing.models import Plan
from whatstr.core import queues
from whatstr.core.database import redis
from whatstr.core.queue_state import note_run, publish_timetable


def test_words_of_a_plan_change_and_its_price_does_not(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who, path = hire(panel, StaffRole.BILLING), f"/paketler/edit/?id={shop.plan}"
    form = {
        "title_tr": "İşletme Artı",
        "title_en": "Business Plus",
        "description_tr": "Yeni",
        "description_en": "New",
        "price_kurus": "1",
        "seen": hidden(who.get(path).text, "seen"),
    }
    assert who.post(path, **{**form, "title_en": " "}).status_code == 400
    assert who.post(path, **form).status_code == 302
    assert who.post(path, **{**form, "title_tr": "Geç"}).status_code == 409
    with as_owner(database) as owner:
        row = owner.get_one(Plan, shop.plan)
        assert (row.title_tr, row.price_kurus) == ("İşletme Artı", 199_900)
    withdraw, offer = f"/paketler/{shop.plan}/cek", f"/paketler/{shop.plan}/sun"
    who.post(withdraw, confirmed="1")
    who.post(offer, confirmed="1")
    with as_owner(database) as owner:
        assert owner.scalar(sa.select(Plan.visible).where(Plan.id == shop.plan)) is True


def test_a_report_s_category_is_corrected(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    id_, who = report(database, shop), hire(panel, StaffRole.ABUSE_OPERATOR)
    path = f"/bildirimler/edit/?id={id_}"
    form = {"category": "phishing", "note": "Bağlantı banka sayfası gibi.", "seen": "fraud"}
    assert who.post(path, **{**form, "seen": "other"}).status_code == 409
    assert who.post(path, **form).status_code == 302
    assert "Phishing" in who.get(f"/bildirimler/details/?id={id_}").text
    assert events(database, who)[-1].detail == {"before": "fraud", "after": "phishing"}
    assert hire(panel, StaffRole.SUPPORT).get(path).status_code == 403


def test_staff_open_a_case_on_what_they_saw(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who = hire(panel, StaffRole.ABUSE_OPERATOR)
    path = f"/isletme/{shop.organization}/vaka-ac"
    assert "/vaka/" not in who.post(path, note="kısa").headers["Location"]
    first = who.post(path, note=WHY).headers["Location"]
    assert "/vaka/" in first and who.get(first).status_code == 200
    assert who.post(path, note=WHY).headers["Location"] == first, "one case for one matter"


@pytest.fixture
def broken(panel: flask.Flask, empty_queues: None) -> str:
    """The id of a job that failed."""
    from rq.results import Result

    with panel.app_context():
        target = queues.queue(redis(), "mail")
        queues.enqueue(target, "mail.send", uuid.uuid4())
        job = target.jobs[0]
        target.remove(job)
        job.set_status("failed")
        target.failed_job_registry.add(job, ttl=3600)
        where = "Traceback (most recent call last):\nwhatstr.core.queues.Refused: mail_away\n"
        Result.create_failure(job, ttl=3600, exc_string=where)
        publish_timetable(redis(), [("figures.count", "housekeeping", 600)])
        note_run(redis(), "figures.count")
        return str(job.id)


def test_a_failed_job_is_seen_tried_again_and_forgotten(
    panel: flask.Flask, database: ModuleDatabase, broken: str
) -> None:
    who, path = hire(panel, StaffRole.OWNER), f"/kuyruklar/mail/{broken}"
    assert "figures.count" in who.get("/kuyruklar/").text
    page = who.get("/kuyruklar/mail/").text
    assert "mail_away" in page and "mail.send" in page and "Traceback" not in page
    assert "/kuyruklar/mail/" in who.get("/").text, "the owner's work"
    assert who.post(f"{path}/yinele").status_code == 302
    with panel.app_context():
        target = queues.queue(redis(), "mail")
        assert (target.count, len(target.failed_job_registry)) == (1, 0)
    who.post(f"{path}/yinele")
    assert "There is no such record" in who.get("/").text
    assert [one.verb for one in events(database, who)] == ["job.retried"]
    assert hire(panel, StaffRole.AUDITOR).post(f"{path}/yinele").status_code == 403
    assert hire(panel, StaffRole.SUPPORT).get("/kuyruklar/").status_code == 403


def test_forgetting_a_job_asks_first(
    panel: flask.Flask, database: ModuleDatabase, broken: str
) -> None:
    who, path = hire(panel, StaffRole.OWNER), f"/kuyruklar/mail/{broken}/unut"
    asked = who.post(path)
    assert asked.status_code == 200 and "This cannot be undone" in asked.text
    who.post(path, confirmed="1")
    with panel.app_context():
        assert len(queues.queue(redis(), "mail").failed_job_registry) == 0
    assert events(database, who)[-1].verb == "job.dropped"


def test_filters_are_chips_that_take_themselves_away(panel: flask.Flask, shop: Customer) -> None:
    who = hire(panel, StaffRole.OWNER)
    page = who.get("/kampanyalar/?flt0_0=running&flt1_1=marketing").text
    assert page.count('class="chip"') == 2 and "Remove all" in page
    assert 'href="?flt1_1=marketing"' in page and 'href="?flt0_0=running"' in page
    none = who.get("/kampanyalar/?flt0_0=refused").text
    assert "No row fits all the filters" in none


def test_a_list_that_would_walk_for_long_is_cut_off(
    panel: flask.Flask, shop: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from whatstr.admin.registers.traffic import Lines

    who = hire(panel, StaffRole.OWNER)
    monkeypatch.setattr("whatstr.admin.listing.LIST_TIMEOUT_MS", 50)
    get_query = Lines.get_query
    monkeypatch.setattr(
        Lines, "get_query", lambda self: get_query(self).filter(sa.text("pg_sleep(1) IS NOT NULL"))
    )
    page = who.get("/hatlar/")
    assert page.status_code == 200 and "took too long" in page.text


def test_a_timeline_shows_one_s_own_acts_and_the_auditor_all(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    one, two = hire(panel, StaffRole.BILLING), hire(panel, StaffRole.BILLING)
    one.post(f"/paketler/{shop.plan}/cek", confirmed="1")
    path = f"/paketler/details/?id={shop.plan}"
    assert "Plan taken off sale" in one.get(path).text
    assert "Plan taken off sale" not in two.get(path).text
    assert "Plan taken off sale" in hire(panel, StaffRole.AUDITOR).get(path).text


def test_refusals_are_seen_without_whose_they_are(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    with as_owner(database) as owner:
        owner.execute(
            sa.text(
                "INSERT INTO s_optout (organization_id, recipient_ix, via, at)"
                " VALUES (:o, decode('00112233445566778899aabbccddeeff', 'hex'), 'link', now())"
            ),
            {"o": shop.organization},
        )
    page = hire(panel, StaffRole.SUPPORT).get("/engeller/?via=link").text
    assert f"/isletme/{shop.organization}/" in page and "00112233" not in page
    story = hire(panel, StaffRole.SUPPORT).get(f"/isletme/{shop.organization}/").text
    assert "Opt-outs in a thousand" in story


def test_the_story_of_a_customer_by_role(panel: flask.Flask, shop: Customer) -> None:
    path = f"/isletme/{shop.organization}/"
    support, abuse = hire(panel, StaffRole.SUPPORT), hire(panel, StaffRole.ABUSE_OPERATOR)
    seen = support.get(path).text
    for title in ("Payments and refunds", "Support requests", "Accepted documents", "Sign-ins"):
        assert title in seen, title
    assert "Edit contact data" in seen and "Open a case" not in seen
    seen = abuse.get(path).text
    assert "Payments and refunds" not in seen and "Edit contact data" not in seen
    assert "Open a case" in seen and "Support requests" not in seen
