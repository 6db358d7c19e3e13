"""The audit trail: one chain, whoever writes, and nothing in it changes unseen."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer_group

from tests.apps import as_owner, role_app
from tests.services import ModuleDatabase
from whatstr.audit.models import ActorKind, AuditEvent
from whatstr.audit.queries import ChainCheck, check_chain
from whatstr.audit.services import GENESIS, SYSTEM, Actor, record
from whatstr.core import clock
from whatstr.core.crypto import Ring
from whatstr.core.db import session, transaction
from whatstr.local.valkey import EmbeddedValkey

ACTOR = Actor(ActorKind.MEMBER, uuid.uuid4(), "203.0.113.7")


@pytest.fixture(autouse=True)
def empty_trail(database: ModuleDatabase) -> None:
    with as_owner(database) as owner:
        owner.execute(sa.text("TRUNCATE audit_event"))


@pytest.fixture
def web(database: ModuleDatabase, valkey_server: EmbeddedValkey) -> Iterator[flask.Flask]:
    with role_app("web", database, valkey_server) as app:
        yield app


@contextmanager
def written(app: flask.Flask) -> Iterator[None]:
    with app.app_context(), transaction():
        yield


def write(app: flask.Flask, number: int = 1, **changes: Any) -> None:
    for place in range(number):
        values: dict[str, Any] = {
            "actor": ACTOR,
            "verb": "thing.done",
            "subject_kind": "thing",
            "subject_id": uuid.UUID(int=place),
            **changes,
        }
        with written(app):
            record(**values)


def check(database: ModuleDatabase) -> ChainCheck:
    with role_app("tool", database, None) as app, app.app_context():
        return check_chain()


def seqs(database: ModuleDatabase) -> list[int]:
    with as_owner(database) as owner:
        return list(owner.scalars(sa.select(AuditEvent.seq).order_by(AuditEvent.seq)))


def test_a_chain_of_events_proves_itself(web: flask.Flask, database: ModuleDatabase) -> None:
    assert check(database) == ChainCheck(0, None)
    write(web, 4)
    assert check(database) == ChainCheck(4, None)
    with as_owner(database) as owner:
        first, second, *_ = owner.scalars(sa.select(AuditEvent).order_by(AuditEvent.seq))
        assert first.previous == GENESIS and second.previous == first.hash


@pytest.mark.parametrize(
    "detail",
    [
        {"before": 1, "after": "x", "list": [1, 2.5, None, True], "deep": {"ş": "ğ"}},
        {2: "two", 10: "ten", 1: "one"},
        {"pair": (1, 2), "kind": ActorKind.STAFF},
        {"big": 2**60, "small": -0.000125},
    ],
)
def test_a_detail_hashes_as_the_database_gives_it_back(
    web: flask.Flask, database: ModuleDatabase, detail: dict[Any, Any]
) -> None:
    write(web, detail=detail)
    assert check(database) == ChainCheck(1, None)


def test_microseconds_and_zones_do_not_break_the_chain(
    web: flask.Flask, database: ModuleDatabase
) -> None:
    summer = datetime(2026, 3, 29, 1, 0, 0, 7, tzinfo=UTC)
    for at in (datetime(2026, 11, 23, 9, tzinfo=UTC), summer):
        with clock.frozen(at):
            write(web)
    with as_owner(database) as owner:
        owner.execute(sa.text(f"ALTER DATABASE {database.name} SET timezone = 'Europe/Istanbul'"))
    assert check(database) == ChainCheck(2, None)


@pytest.mark.parametrize(
    "change",
    [
        "verb = 'thing.undone'",
        "actor_kind = 'staff'",
        "actor_id = gen_random_uuid()",
        "at = at + interval '1 microsecond'",
        "subject_id = 'other'",
        "subject_kind = 'other'",
        "organization_id = gen_random_uuid()",
        "reason = 'none'",
        "detail = '{\"rows\": 2}'",
        "request_id = 'r00000000000'",
        "id = gen_random_uuid()",
        "previous = decode('00', 'hex')",
        "hash = sha256('x')",
    ],
)
def test_a_changed_event_is_found(web: flask.Flask, database: ModuleDatabase, change: str) -> None:
    write(web, 3)
    middle = seqs(database)[1]
    with as_owner(database) as owner:
        owner.execute(sa.text(f"UPDATE audit_event SET {change} WHERE seq = {middle}"))
    found = check(database)
    assert found.broken_at == middle and found.events == 1


def test_a_missing_event_is_found(web: flask.Flask, database: ModuleDatabase) -> None:
    write(web, 3)
    _, middle, last = seqs(database)
    with as_owner(database) as owner:
        owner.execute(sa.delete(AuditEvent).where(AuditEvent.seq == middle))
    assert check(database) == ChainCheck(1, last)


def test_a_missing_first_event_is_found(web: flask.Flask, database: ModuleDatabase) -> None:
    write(web, 2)
    first, last = seqs(database)
    with as_owner(database) as owner:
        owner.execute(sa.delete(AuditEvent).where(AuditEvent.seq == first))
    assert check(database) == ChainCheck(0, last)


def renumber(owner: Session, old: int, new: int) -> None:
    """What only the owner of the database can do to a number."""
    for words in (
        "ALTER TABLE audit_event ALTER COLUMN seq SET GENERATED BY DEFAULT",
        f"UPDATE audit_event SET seq = {new} WHERE seq = {old}",
        "ALTER TABLE audit_event ALTER COLUMN seq SET GENERATED ALWAYS",
    ):
        owner.execute(sa.text(words))


def test_two_events_that_changed_places_are_found(
    web: flask.Flask, database: ModuleDatabase
) -> None:
    write(web, 4)
    _, one, two, _ = seqs(database)
    with as_owner(database) as owner:
        for old, new in ((one, -1), (two, one), (-1, two)):
            renumber(owner, old, new)
    assert check(database) == ChainCheck(1, one)


def head_of(database: ModuleDatabase) -> dict[int, str]:
    """What the nightly log keeps of the trail."""
    with role_app("tool", database, None) as app, app.app_context():
        found = check_chain()
    return {found.seq: found.head.hex()[:32]}


def test_a_kept_head_finds_a_cut_and_a_trail_written_anew(
    web: flask.Flask, database: ModuleDatabase
) -> None:
    write(web, 3)
    kept = head_of(database)
    (last,) = kept
    write(web, 1)
    with role_app("tool", database, None) as app, app.app_context():
        assert check_chain(heads=kept) == ChainCheck(4, None)
    with as_owner(database) as owner:
        owner.execute(sa.delete(AuditEvent).where(AuditEvent.seq >= last))
    with role_app("tool", database, None) as app, app.app_context():
        assert check_chain() == ChainCheck(2, None), "the chain alone does not see a cut"
        assert check_chain(heads=kept) == ChainCheck(2, last)
    with as_owner(database) as owner:
        owner.execute(sa.text("TRUNCATE audit_event"))
    write(web, 1)
    with as_owner(database) as owner:
        renumber(owner, owner.scalars(sa.select(AuditEvent.seq)).one(), last)
    with role_app("tool", database, None) as app, app.app_context():
        assert check_chain(heads=kept).broken_at == last


def test_the_command_takes_heads(web: flask.Flask, database: ModuleDatabase) -> None:
    write(web, 2)
    ((number, digest),) = head_of(database).items()
    with role_app("tool", database, None) as app:
        run = app.test_cli_runner().invoke
        good = run(args=["whatstr", "verify-audit", "--head", f"{number}:{digest}"])
        assert good.exit_code == 0 and f"head {number}:{digest}" in good.output
        other = f"{number}:{'0' * 32}"
        assert run(args=["whatstr", "verify-audit", "--head", other]).exit_code == 1
        assert run(args=["whatstr", "verify-audit", "--head", "nonsense"]).exit_code == 1


def test_writers_at_the_same_moment_keep_one_chain(
    web: flask.Flask, database: ModuleDatabase
) -> None:
    start, errors = threading.Barrier(6), []

    def writer() -> None:
        start.wait(timeout=20)
        try:
            write(web, 8)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=writer) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert check(database) == ChainCheck(48, None)


def test_an_event_lives_and_dies_with_its_transaction(
    web: flask.Flask, database: ModuleDatabase
) -> None:
    write(web)
    with pytest.raises(ZeroDivisionError), written(web):
        record(actor=ACTOR, verb="a.b", subject_kind="thing", subject_id="1")
        raise ZeroDivisionError
    write(web)
    assert check(database) == ChainCheck(2, None)


@pytest.mark.parametrize("role", ["web", "admin", "worker"])
def test_every_writing_role_may_continue_the_chain(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, role: str
) -> None:
    with role_app(role, database, valkey_server) as app:
        write(app, 2)
    assert check(database) == ChainCheck(2, None)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET verb = 'x'", "DELETE FROM audit_event"]
)
@pytest.mark.parametrize("role", ["web", "admin", "worker", "sender", "hook"])
def test_no_role_may_change_what_is_written(
    database: ModuleDatabase, role: str, statement: str
) -> None:
    engine = sa.create_engine(database.url(f"whatstr_{role}"))
    try:
        with engine.connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="denied"):
            connection.execute(sa.text(statement))
    finally:
        engine.dispose()


def test_the_address_is_sealed(web: flask.Flask, database: ModuleDatabase) -> None:
    write(web)
    with as_owner(database) as owner:
        stored = owner.execute(sa.text("SELECT address FROM audit_event")).scalar_one()
        assert ACTOR.address and ACTOR.address not in stored
        event = owner.scalars(sa.select(AuditEvent).options(undefer_group("pii"))).one()
        assert event.address == ACTOR.address


def test_a_process_without_the_ring_leaves_the_address_out(
    web: flask.Flask, database: ModuleDatabase
) -> None:
    ring = (Ring.keys, Ring.current, Ring.index_key)
    Ring.clear()
    try:
        write(web)
    finally:
        Ring.keys, Ring.current, Ring.index_key = ring
    with as_owner(database) as owner:
        assert owner.execute(sa.text("SELECT address FROM audit_event")).scalar_one() is None
    assert check(database) == ChainCheck(1, None)


def test_the_reference_of_the_request_is_kept(web: flask.Flask, database: ModuleDatabase) -> None:
    with web.test_request_context("/"), transaction():
        event = record(actor=SYSTEM, verb="a.b", subject_kind="thing", subject_id="1")
        assert event.request_id == flask.g.request_id and len(event.request_id) == 12
    with web.app_context(), transaction():
        assert record(actor=SYSTEM, verb="a.b", subject_kind="t", subject_id="1").request_id == ""
        assert session().scalar(sa.select(sa.func.count(AuditEvent.seq))) == 2
