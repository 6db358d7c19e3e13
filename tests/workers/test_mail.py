"""E-mails from the row to the reader, through RQ and SMTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta

import flask
import pytest
import sqlalchemy as sa
from redis import Redis
from sqlalchemy.orm import undefer_group

from tests.apps import as_owner, role_app
from tests.services import ModuleDatabase
from tests.workers.conftest import Postbox
from whatstr.accounts.mail import MailKind, queue_mail
from whatstr.accounts.models import OutboundMail
from whatstr.core import clock
from whatstr.core.db import db, transaction
from whatstr.core.queues import TASKS, Refused
from whatstr.local.valkey import EmbeddedValkey
from whatstr.workers.run import run_worker

URL = "http://localhost/onay#0123456789abcdef.geheim"


@pytest.fixture(autouse=True)
def no_mail_before(database: ModuleDatabase) -> Iterator[None]:
    yield
    with as_owner(database) as owner:
        owner.execute(sa.delete(OutboundMail))


def queued(
    app: flask.Flask,
    kind: MailKind = MailKind.CONFIRM_EMAIL,
    language: str = "tr",
    **values: object,
) -> uuid.UUID:
    with app.app_context(), transaction():
        return queue_mail(
            kind,
            to="ayse@gulcicek.example",
            values=values or {"url": URL},
            language=language,
            organization_id=None,
        ).id


def stored(database: ModuleDatabase, mail_id: uuid.UUID) -> OutboundMail:
    with as_owner(database) as owner:
        row = owner.get_one(OutboundMail, mail_id, options=[undefer_group("pii")])
        owner.expunge(row)
        return row


def send(app: flask.Flask, mail_id: uuid.UUID) -> None:
    """What a job does, without the fork."""
    with app.app_context():
        try:
            TASKS["mail.send"](mail_id.hex)
        finally:
            db.session.remove()


def test_the_queue_brings_it_to_the_reader(
    worker: flask.Flask, postbox: tuple[Postbox, str], database: ModuleDatabase
) -> None:
    mail_id = queued(worker)
    run_worker(worker, burst=True)
    (letter,) = postbox[0].received
    assert "e-posta" in letter["Subject"].lower()
    assert letter["To"] == "ayse@gulcicek.example"
    assert letter["From"].addresses[0].addr_spec == "bildirim@whatstr.example"
    assert letter["Auto-Submitted"] == "auto-generated" and letter["Message-ID"]
    text, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert text is not None and html is not None
    assert URL in text.get_content() and URL in html.get_content()
    assert "<script" not in html.get_content()
    row = stored(database, mail_id)
    assert row.sent_at is not None and row.failed_code is None
    # The link opens an account: nobody needs it here any more.
    assert row.values_json == "{}"


def test_each_kind_is_written_in_both_languages(
    worker: flask.Flask, postbox: tuple[Postbox, str]
) -> None:
    notice = {"subject": "Konu\r\nBcc: x@y.example", "paragraphs": ["Bir <b>satır</b>."]}
    for language in ("tr", "en"):
        for kind, values in (
            (MailKind.CONFIRM_EMAIL, {"url": URL}),
            (MailKind.RESET_LINK, {"url": URL}),
            (MailKind.NOTICE, notice),
        ):
            send(worker, queued(worker, kind, language, **values))
    subjects = [letter["Subject"] for letter in postbox[0].received]
    assert len(subjects) == 6 and len(set(subjects)) == 5
    last = postbox[0].received[-1]
    assert last["Bcc"] is None
    html = last.get_body(("html",))
    assert html is not None and "Bir &lt;b&gt;satır&lt;/b&gt;." in html.get_content()


def test_it_is_sent_once_however_often_it_is_queued(
    worker: flask.Flask, postbox: tuple[Postbox, str]
) -> None:
    mail_id = queued(worker)
    for _ in range(3):
        send(worker, mail_id)
    assert len(postbox[0].received) == 1


def test_a_refusal_leaves_a_code_and_is_tried_again(
    worker: flask.Flask, postbox: tuple[Postbox, str], database: ModuleDatabase
) -> None:
    mail_id = queued(worker)
    postbox[0].refuse = "451 ayse@gulcicek.example try later"
    with pytest.raises(Refused) as refused:
        send(worker, mail_id)
    assert str(refused.value) == "mail_not_sent"
    assert stored(database, mail_id).failed_code == "smtp_451"
    postbox[0].refuse = ""
    send(worker, mail_id)
    row = stored(database, mail_id)
    assert row.sent_at is not None and row.attempts == 2


def test_without_a_server_it_stays_and_says_why(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None
) -> None:
    with role_app("worker", database, valkey_server) as app:
        mail_id = queued(app)
        send(app, mail_id)
    row = stored(database, mail_id)
    assert (row.sent_at, row.failed_code, row.attempts) == (None, "no_mail_server", 0)


def test_the_sweep_finds_what_the_queue_lost(
    worker: flask.Flask, postbox: tuple[Postbox, str], valkey_server: EmbeddedValkey
) -> None:
    with clock.frozen(clock.now() - timedelta(minutes=5)):
        queued(worker)
    young = queued(worker)
    with Redis.from_url(valkey_server.url) as connection:
        connection.flushall()
        with worker.app_context():
            TASKS["mail.sweep"]()
            db.session.remove()
        assert connection.llen("rq:queue:mail") == 1
    run_worker(worker, burst=True)
    assert len(postbox[0].received) == 1
    assert young.hex not in postbox[0].received[0]["Message-ID"]


def test_redis_and_the_log_hold_no_address(
    worker: flask.Flask, valkey_server: EmbeddedValkey, capfd: pytest.CaptureFixture[str]
) -> None:
    queued(worker)
    with Redis.from_url(valkey_server.url) as connection:
        held = b"".join(connection.dump(key) or b"" for key in connection.keys("*"))
    assert b"mail.send" in held and b"gulcicek" not in held
    run_worker(worker, burst=True)
    assert "gulcicek" not in capfd.readouterr().err
