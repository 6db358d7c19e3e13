"""The nightly proof of the trail: its head leaves, a broken chain is told, many reveals too."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import flask
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from tests.apps import as_owner, role_app
from tests.services import ModuleDatabase
from whatstr.accounts import reveal_alerts, staff
from whatstr.accounts.models import OutboundMail, StaffRole
from whatstr.audit.models import ActorKind, AuditEvent, Reveal
from whatstr.audit.services import SYSTEM, Actor, record
from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.core.queues import Refused
from whatstr.local.valkey import EmbeddedValkey
from whatstr.workers import audit

PASSWORD = "görevli parolası 2026"


@pytest.fixture(autouse=True)
def one_owner(database: ModuleDatabase) -> None:
    """A fresh trail, no mail, and one owner who can sign in."""
    with as_owner(database) as owner:
        owner.execute(sa.text("TRUNCATE audit_event, outbound_mail, reveal, staff_user CASCADE"))
    with role_app("tool", database, None) as app, app.app_context(), transaction():
        for name, role in (("sahip", StaffRole.OWNER), ("destek", StaffRole.SUPPORT)):
            staff.create_staff(
                actor=SYSTEM,
                email=f"{name}@whatstr.example",
                name=name,
                roles=[role],
                password=PASSWORD,
                language="en",
            )


@pytest.fixture
def mailing(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None
) -> Iterator[flask.Flask]:
    """The worker with the head of the trail sent to the owners."""
    yes = {"WHATSTR_AUDIT_HEAD_MAIL": "yes"}
    with role_app("worker", database, valkey_server, **yes) as app, app.app_context():
        yield app


def letters(database: ModuleDatabase) -> list[tuple[str, str]]:
    """Receiver and first paragraph of every e-mail."""
    with as_owner(database) as owner:
        rows = owner.scalars(sa.select(OutboundMail).options(undefer_group("pii"))).all()
        return [(row.to, json.loads(row.values_json)["paragraphs"][0]) for row in rows]


def test_the_head_goes_to_the_owners_and_into_the_trail(
    mailing: flask.Flask, database: ModuleDatabase
) -> None:
    with as_owner(database) as owner:
        last = owner.scalars(sa.select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).one()
        digest, seq = last.hash.hex(), last.seq
    audit.verify()
    ((to, words),) = letters(database)
    assert to == "sahip@whatstr.example" and digest in words and str(seq) in words
    with as_owner(database) as owner:
        event = owner.scalars(sa.select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).one()
        assert (event.verb, event.detail["broken_at"]) == ("audit.verified", None)


def test_without_the_setting_nothing_is_mailed(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None
) -> None:
    with role_app("worker", database, valkey_server) as app, app.app_context():
        audit.verify()
    assert letters(database) == []


def test_a_broken_chain_is_told(mailing: flask.Flask, database: ModuleDatabase) -> None:
    with as_owner(database) as owner:
        owner.execute(sa.text("UPDATE audit_event SET verb = 'nothing.happened'"))
    audit.verify()
    ((_to, words),) = letters(database)
    assert "does not hold at event" in words


def reveal(staff_id: uuid.UUID) -> None:
    session().add(
        Reveal(
            at=clock.now(),
            staff_id=staff_id,
            staff_roles="support",
            organization_id=uuid.uuid4(),
            subject_kind="member",
            subject_id=uuid.uuid4(),
            field="email",
            reason="support",
            note="Müşteri aramamızı istedi.",
        )
    )
    session().flush()
    reveal_alerts.watch_reveals(actor=Actor(ActorKind.STAFF, staff_id), staff_id=staff_id)


def test_more_than_thirty_reveals_a_day_are_told_once(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None
) -> None:
    who, other = uuid.uuid4(), uuid.uuid4()
    with role_app("admin", database, valkey_server) as app, app.app_context():
        with transaction():
            for _ in range(30):
                reveal(who)
            reveal(other)
        assert letters(database) == []
        with transaction():
            for _ in range(5):
                reveal(who)
    ((to, words),) = letters(database)
    assert to == "sahip@whatstr.example" and "31 masked values" in words
    with as_owner(database) as owner:
        assert owner.scalars(sa.select(AuditEvent.verb)).all().count("reveal.alarm") == 1


def test_a_failing_proof_fails_as_a_job(mailing: flask.Flask, database: ModuleDatabase) -> None:
    with transaction():
        record(actor=SYSTEM, verb="a.b", subject_kind="thing", subject_id="1")
    with as_owner(database) as owner:
        owner.execute(sa.text("ALTER TABLE audit_event RENAME TO trail_away"))
    try:
        with pytest.raises(Refused):
            audit.verify()
    finally:
        with as_owner(database) as owner:
            owner.execute(sa.text("ALTER TABLE trail_away RENAME TO audit_event"))
