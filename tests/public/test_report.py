"""Reporting a message and stopping them: sealed at once, and the answer tells nothing."""

from __future__ import annotations

import base64
import json
import re
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.orm import undefer

from tests.apps import DESK_SECRET, as_owner
from tests.public.conftest import Visitor
from tests.services import ModuleDatabase
from whatstr.abuse.models import AbuseReport, ReportChannel, ReportProof, ReportState
from whatstr.abuse.reports import MAX_TEXT, proof_hash
from whatstr.accounts.models import Organization
from whatstr.core import clock
from whatstr.lines.models import Line, LineState
from whatstr.vault.models import HookInbox
from whatstr.vault.seals import open_desk_seal, open_sender_seal

Keys = dict[int, bytes]
FORM = {
    "number": "0850 111 22 33",
    "category": "fraud",
    "text": "Tebrikler!\n\n  Kart numaranızı yazın  ",
    "contact": "ayse@ornek.com.tr",
}


@pytest.fixture
def line(database: ModuleDatabase) -> uuid.UUID:
    """A line of a customer with the number of FORM."""
    organization, line_id = uuid.uuid4(), uuid.uuid4()
    with as_owner(database) as owner:
        owner.add(Organization(id=organization, created_at=clock.now(), name="Firma"))
        owner.flush()
        line = Line(
            id=line_id,
            organization_id=organization,
            state=LineState.CONNECTED,
            connected_at=clock.now(),
        )
        line.display_number = "+90 850 111 22 33"
        owner.add(line)
    return line_id


def reports(database: ModuleDatabase) -> list[AbuseReport]:
    with as_owner(database) as owner:
        query = sa.select(AbuseReport).options(undefer(AbuseReport.sealed))
        found = list(owner.scalars(query.order_by(AbuseReport.number)))
        owner.expunge_all()
    return found


def inbox(database: ModuleDatabase, sender: Keys) -> list[tuple[str, Any]]:
    """(who wrote, what was sealed) of every row for the sender."""
    with as_owner(database) as owner:
        rows = owner.execute(sa.select(HookInbox.origin, HookInbox.sealed).order_by(HookInbox.id))
        return [(origin, json.loads(open_sender_seal(sender, blob)[1])) for origin, blob in rows]


@pytest.fixture(autouse=True)
def no_reports(database: ModuleDatabase) -> None:
    with as_owner(database) as owner:
        owner.execute(sa.text("TRUNCATE abuse_report, abuse_proof, hook_inbox"))


def masked(page: str) -> str:
    """A page without what differs from report to report."""
    page = re.sub(r"[0-9A-Z]{5}-[0-9A-Z]{5}", "CODE", page)
    return re.sub(r"\d+", "N", page)


def test_a_report_is_sealed_to_the_desk_and_to_the_sender(
    visitor: Visitor, database: ModuleDatabase, sender: Keys, line: uuid.UUID
) -> None:
    answer = visitor.send("/bildir?lang=tr", FORM)
    assert answer.status_code == 200
    (report,) = reports(database)
    assert (report.line_id, report.channel, report.state) == (
        line,
        ReportChannel.WEB,
        ReportState.RECEIVED,
    )
    page = answer.get_data(as_text=True)
    assert str(report.number) in page
    words = json.loads(open_desk_seal(DESK_SECRET, report.sealed))
    assert (words["number"], words["contact"]) == ("908501112233", "ayse@ornek.com.tr")
    assert [one["text"] for one in words["lines"]] == ["Tebrikler!", "Kart numaranızı yazın"]
    code = re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}", page)
    assert code and f"wa.me/908500000000?text=BILDIRIM%20{code[0]}" in page
    with as_owner(database) as owner:
        proof = owner.scalars(
            sa.select(ReportProof).options(
                undefer(ReportProof.sealed), undefer(ReportProof.code_hash)
            )
        ).one()
        assert proof.code_hash == proof_hash(code[0].lower().replace("-", " "))
        _, opened = open_sender_seal(sender, proof.sealed)
    assert json.loads(opened) == {
        "report": report.id.hex,
        "lines": ["Tebrikler!", "Kart numaranızı yazın"],
        "typed": {"number": "908501112233", "contact": "ayse@ornek.com.tr"},
    }


def test_nothing_readable_is_stored(
    visitor: Visitor, database: ModuleDatabase, sender: Keys, line: uuid.UUID
) -> None:
    visitor.send("/bildir", FORM)
    with as_owner(database) as owner:
        stored = repr(owner.execute(sa.text("SELECT * FROM abuse_report, abuse_proof")).all())
    for planted in ("Tebrikler", "Kart", "8501112233", "ayse@"):
        assert planted not in stored
        assert base64.b64encode(planted.encode()).decode().rstrip("=") not in stored


def test_the_answer_does_not_tell_whose_number_it_is(
    visitor: Visitor, database: ModuleDatabase, sender: Keys, line: uuid.UUID
) -> None:
    ours = visitor.send("/bildir", FORM)
    foreign = visitor.send("/bildir", {**FORM, "number": "0850 999 88 77"})
    assert ours.status_code == foreign.status_code == 200
    assert masked(ours.text) == masked(foreign.text)
    assert [report.line_id for report in reports(database)] == [line, None]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": ""}, "number"),
        ({"number": "12"}, "number"),
        ({"category": ""}, "category"),
        ({"category": "dislike"}, "category"),
        ({"text": "  \n "}, "text"),
        ({"text": "x" * (MAX_TEXT + 1)}, "text"),
    ],
)
def test_an_error_keeps_what_was_typed(
    visitor: Visitor, database: ModuleDatabase, sender: Keys, change: dict[str, str], field: str
) -> None:
    form = {**FORM, **change}
    answer = visitor.send("/bildir?lang=tr", form)
    assert answer.status_code == 400
    page = answer.get_data(as_text=True)
    assert f'href="#f-{field}"' in page and 'aria-invalid="true"' in page
    for name in {"number", "contact"} - {field}:
        assert f'value="{form[name]}"' in page
    if field != "text":
        assert "Tebrikler!" in page
    if field != "category":
        assert re.search(r'<option value="fraud"[^>]* selected', page)
    assert reports(database) == []


def test_typed_words_are_shown_as_words(visitor: Visitor, sender: Keys) -> None:
    form = {**FORM, "number": '"><script>x</script>', "text": "</textarea><script>y</script>"}
    page = visitor.send("/bildir", form).get_data(as_text=True)
    assert "<script>x" not in page and "<script>y" not in page


def test_a_machine_is_thanked_and_ignored(
    visitor: Visitor, database: ModuleDatabase, sender: Keys
) -> None:
    answer = visitor.send("/bildir", {**FORM, "website": "https://spam.example"})
    assert answer.status_code == 200
    assert reports(database) == []


def test_without_a_sender_the_desk_still_gets_the_report(
    visitor: Visitor, database: ModuleDatabase, line: uuid.UUID
) -> None:
    """Only the proof by WhatsApp needs the sender's key."""
    answer = visitor.send("/bildir", FORM)
    assert answer.status_code == 200
    (report,) = reports(database)
    assert report.line_id == line and str(report.number) in answer.get_data(as_text=True)
    assert "wa.me" not in answer.get_data(as_text=True)


def test_twenty_reports_an_hour_from_one_address(visitor: Visitor, sender: Keys) -> None:
    page = visitor.get("/bildir").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    empty = {"csrf_token": token[1]}
    codes = [visitor.browser.post("/bildir", data=empty).status_code for _ in range(21)]
    assert codes == [400] * 20 + [429]
    other = {"REMOTE_ADDR": "10.9.9.9"}
    assert visitor.browser.post("/bildir", data=empty, environ_overrides=other).status_code == 400


def test_a_report_through_the_link_of_a_message(
    visitor: Visitor, database: ModuleDatabase, sender: Keys
) -> None:
    code = base64.urlsafe_b64encode(bytes(16)).decode().rstrip("=")
    refused = visitor.send(f"/bildir/{code}", {"category": "", "text": "abc def"})
    assert refused.status_code == 400 and "abc def" in refused.get_data(as_text=True)
    answer = visitor.send(f"/bildir/{code}", {"category": "told_to_stop", "text": " a \n\n b"})
    assert answer.status_code == 200
    assert inbox(database, sender) == [
        (
            "whatstr_web",
            {"t": "report_link", "code": code, "category": "told_to_stop", "lines": ["a", "b"]},
        )
    ]
    assert reports(database) == []


def test_stopping_leaves_one_sealed_row_in_the_name_of_web(
    visitor: Visitor, database: ModuleDatabase, sender: Keys
) -> None:
    assert visitor.get("/dur/abc_DEF-123").status_code == 200
    assert inbox(database, sender) == []  # a look, or a preview of the link, stops nothing
    answer = visitor.send("/dur/abc_DEF-123?lang=tr", {})
    assert answer.status_code == 200 and "/bildir/abc_DEF-123" in answer.get_data(as_text=True)
    assert inbox(database, sender) == [("whatstr_web", {"t": "optout_link", "code": "abc_DEF-123"})]
    with as_owner(database) as owner:
        stored = owner.scalars(sa.select(HookInbox.sealed)).one()
    assert b"abc_DEF" not in stored


def test_stopping_without_a_sender_says_so(visitor: Visitor, database: ModuleDatabase) -> None:
    """Nothing may be promised that nobody will carry out."""
    answer = visitor.send("/dur/abc", {})
    assert answer.status_code == 503
    with as_owner(database) as owner:
        assert owner.scalars(sa.select(HookInbox.id)).all() == []


def test_a_code_of_any_length_is_no_address(visitor: Visitor) -> None:
    assert visitor.get("/dur/" + "x" * 65).status_code == 404
    assert visitor.get("/bildir/" + "x" * 65).status_code == 404


def test_forms_work_over_https_without_a_referer(
    visitor: Visitor, database: ModuleDatabase, sender: Keys
) -> None:
    """Our own policy keeps browsers from sending one."""
    answer = visitor.send("/bildir", FORM, base_url="https://localhost")
    assert answer.status_code == 200 and len(reports(database)) == 1
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_without_the_counters_no_report_is_taken(
    visitor: Visitor, database: ModuleDatabase, sender: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visitor.get("/bildir").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    with Redis(port=1, retry=Retry(NoBackoff(), 0)) as away:
        monkeypatch.setitem(visitor.browser.application.extensions, "whatstr_redis", away)
        answer = visitor.browser.post("/bildir", data={"csrf_token": token[1], **FORM})
    assert answer.status_code == 503
    assert reports(database) == []
