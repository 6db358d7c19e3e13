"""Accounts and sessions of WhatsTR's own people, with the admin role's own rights."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import flask
import pytest
import sqlalchemy as sa
from redis import Redis
from sqlalchemy.orm import undefer, undefer_group

from tests.apps import PEPPER, role_app
from tests.services import ModuleDatabase, forget_tries
from whatstr.accounts import staff, staff_sessions
from whatstr.accounts.limits import Limits
from whatstr.accounts.models import LoginEvent, StaffRole, StaffState, StaffUser
from whatstr.accounts.permissions import StaffPermission
from whatstr.audit.queries import check_chain
from whatstr.audit.services import SYSTEM
from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.core.errors import InvalidInput, TooMany
from whatstr.local.valkey import EmbeddedValkey

PASSWORD = "görevli parolası 2026"


@pytest.fixture
def admin(database: ModuleDatabase, valkey_server: EmbeddedValkey) -> Iterator[flask.Flask]:
    with role_app("admin", database, valkey_server) as app, app.app_context():
        yield app


def person(email: str, *roles: StaffRole) -> StaffUser:
    with transaction():
        return staff.create_staff(
            actor=SYSTEM,
            email=email,
            name="Deniz",
            roles=roles or (StaffRole.SUPPORT,),
            password=PASSWORD,
        )


def verify(email: str, password: str = PASSWORD) -> StaffUser | None:
    with transaction():
        return staff.verify_staff(
            email=email, password=password, address="203.0.113.9", browser="Test"
        )


def test_a_password_is_kept_as_argon2id_only(admin: flask.Flask) -> None:
    made = person("deniz@whatstr.example", StaffRole.BILLING, StaffRole.SUPPORT)
    stored = session().scalar(sa.select(StaffUser.password_hash).where(StaffUser.id == made.id))
    assert stored is not None and stored.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert made.roles == ["billing", "support"]
    assert verify("DENIZ@whatstr.example") is not None
    assert verify("deniz@whatstr.example", "wrong") is None
    assert verify("nobody@whatstr.example") is None
    events = session().scalars(
        sa.select(LoginEvent).options(undefer_group("pii")).order_by(LoginEvent.at)
    )
    assert [(e.outcome, e.address) for e in events] == [
        ("ok", "203.0.113.9"),
        ("failed", "203.0.113.9"),
        ("failed", "203.0.113.9"),
    ]
    assert check_chain().broken_at is None


def test_a_short_password_and_a_known_address_are_refused(admin: flask.Flask) -> None:
    person("once@whatstr.example")
    with pytest.raises(staff.EmailTaken):
        person("ONCE@whatstr.example")
    with pytest.raises(InvalidInput):
        staff.create_staff(
            actor=SYSTEM,
            email="b@whatstr.example",
            name="B",
            roles=[StaffRole.OWNER],
            password="short",
        )


def test_a_locked_person_cannot_enter_and_falls_out(admin: flask.Flask) -> None:
    made = person("locked@whatstr.example")
    with transaction():
        token = staff_sessions.start_session(staff_id=made.id).token
    assert staff_sessions.find_staff_session(token) is not None
    with transaction():
        session().execute(
            sa.update(StaffUser).where(StaffUser.id == made.id).values(state=StaffState.LOCKED)
        )
    assert staff_sessions.find_staff_session(token) is None
    session().expire_all()
    assert verify("locked@whatstr.example") is None


def test_a_session_is_short_and_ends_on_demand(admin: flask.Flask) -> None:
    with clock.frozen(datetime(2026, 11, 23, 8, 0, tzinfo=UTC)) as advance:
        made = person("short@whatstr.example", StaffRole.AUDITOR)
        with transaction():
            first = staff_sessions.start_session(staff_id=made.id)
            second = staff_sessions.start_session(staff_id=made.id)
        found = staff_sessions.find_staff_session(first.token)
        assert found is not None and found.staff_id == made.id
        assert found.may(StaffPermission.AUDIT_READ)
        assert not found.may(StaffPermission.CASES_WRITE)
        assert found.stepped_up()
        advance(timedelta(minutes=16))
        assert not found.stepped_up()
        with transaction():
            staff_sessions.step_up(first.id)
            staff_sessions.touch_staff_session(first.id)
        again = staff_sessions.find_staff_session(first.token)
        assert again is not None and again.stepped_up()
        advance(timedelta(minutes=15))
        assert staff_sessions.find_staff_session(second.token) is None
        assert [row.id for row in staff_sessions.live_staff_sessions(made.id)] == [first.id]
        with transaction():
            staff_sessions.revoke_staff_session(first.id)
        assert staff_sessions.find_staff_session(first.token) is None


def test_a_new_password_ends_every_session(admin: flask.Flask) -> None:
    made = person("fresh@whatstr.example")
    with transaction():
        token = staff_sessions.start_session(staff_id=made.id).token
        staff.set_staff_password(actor=SYSTEM, staff_id=made.id, password="başka bir parola 1")
    assert staff_sessions.find_staff_session(token) is None
    assert verify("fresh@whatstr.example") is None
    assert verify("fresh@whatstr.example", "başka bir parola 1") is not None


def test_staff_tries_are_counted(valkey_server: EmbeddedValkey, empty_queues: None) -> None:
    with Redis.from_url(valkey_server.url) as connection:
        limits = Limits(connection, PEPPER)
        with clock.frozen(datetime(2026, 11, 23, 8, 0, 1, tzinfo=UTC)):
            for _ in range(10):
                assert limits.staff_sign_in(email="a@b.example", address="203.0.113.1") == 0
            with pytest.raises(TooMany):
                limits.staff_sign_in(email="A@b.example", address="203.0.113.1")
            # Redis learns neither address nor e-mail.
            keys = b" ".join(connection.keys("*"))
    assert b"203.0" not in keys and b"b.example" not in keys


def test_a_stranger_slows_an_account_and_never_closes_it(
    valkey_server: EmbeddedValkey, empty_queues: None
) -> None:
    with Redis.from_url(valkey_server.url) as connection:
        limits = Limits(connection, PEPPER)
        for n in range(200):
            limits.staff_sign_in(email="a@b.example", address=f"198.51.100.{n}")
        # From an address of their own the person gets in, three seconds late at most.
        assert limits.staff_sign_in(email="a@b.example", address="203.0.113.1") == 3.0
        assert limits.staff_sign_in(email="b@b.example", address="203.0.113.1") == 0
        forget_tries(connection, within=900)
        assert limits.staff_sign_in(email="a@b.example", address="203.0.113.1") == 0


def test_only_wrong_factors_are_counted_and_end_after_twenty(
    valkey_server: EmbeddedValkey, empty_queues: None
) -> None:
    with Redis.from_url(valkey_server.url) as connection:
        limits = Limits(connection, PEPPER)
        with clock.frozen(datetime(2026, 11, 23, 8, 0, 1, tzinfo=UTC)):
            for n in range(40):
                limits.staff_factor(staff="one", address=f"198.51.100.{n}")
            for n in range(20):
                limits.staff_factor(staff="one", address=f"203.0.113.{n}")
                limits.staff_factor_wrong(staff="one")
            with pytest.raises(TooMany):
                limits.staff_factor(staff="one", address="192.0.2.1")
            limits.staff_factor(staff="two", address="192.0.2.1")


def test_admin_reads_no_password_proof_of_a_member(admin: flask.Flask) -> None:
    for column in ("auth_hash", "recovery_hash", "wrap_pw", "wrap_recovery", "wrap_organization"):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            session().execute(sa.text(f"SELECT {column} FROM member"))
        session().rollback()
    made = person("rights@whatstr.example")
    assert session().get(StaffUser, made.id, options=[undefer(StaffUser.password_hash)])
