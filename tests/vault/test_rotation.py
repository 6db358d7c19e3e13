"""The keys of the staff tier change by command while people sign up and sign in."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.accounts.people import Business, sign_up
from tests.apps import RING, ApiClient, b64, role_app
from tests.rules.source import modules
from tests.services import ROOT, ModuleDatabase
from whatstr.accounts.models import Member
from whatstr.core import reseal
from whatstr.core.crypto import PiiType, Ring, blind_index, name_head, norm_email
from whatstr.local.valkey import EmbeddedValkey
from whatstr.vault.wire import unb64


@pytest.fixture
def ring_file(tmp_path: Path, database: ModuleDatabase) -> Path:
    """A new ring, and a database that knows no other."""
    names = ", ".join(table.name for table, _ in reseal.sealed_tables())
    engine = sa.create_engine(database.url())
    with engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {names} CASCADE"))
    engine.dispose()
    path = tmp_path / "ring.json"
    path.write_text(RING)
    path.chmod(0o400)
    return path


@pytest.fixture
def web(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None, ring_file: Path
) -> Iterator[flask.Flask]:
    with role_app(
        "web", database, valkey_server, WHATSTR_STAFF_RING=str(ring_file), WHATSTR_PROXIES="1"
    ) as app:
        yield app
    Ring.clear()


class Traffic(threading.Thread):
    """Somebody signs up or signs in all the time, and finds what they typed."""

    def __init__(self, app: flask.Flask) -> None:
        super().__init__()
        self.app = app
        self.stop = threading.Event()
        self.businesses: list[Business] = []
        self.failure: BaseException | None = None
        self.calls = 0

    def run(self) -> None:
        try:
            for number in itertools.count():
                if self.stop.is_set():
                    return
                self.once(number)
                self.calls += 1
        except BaseException as error:
            self.failure = error

    def once(self, number: int) -> None:
        client = ApiClient(self.app)
        client.headers["X-Forwarded-For"] = f"203.0.{number // 250 % 250}.{number % 250}"
        if number % 5 == 0:
            self.businesses.append(sign_up(client, f"donen{uuid.uuid4().hex[:8]}@firma.com"))
            business = self.businesses[-1]
            said = client.post("login", {"email": business.email, "auth": business.auth()})
            assert said.status_code == 200, said.text
            assert business.open_vault(said.get_json()) == business.uk
        for business in (self.businesses[0], self.businesses[-1]):
            # For an unknown address the salt is another one, for a known one sign-up is refused.
            said = client.post("prelogin", {"email": business.email})
            assert unb64(said.get_json()["salt"]) == business.salt
            twice = client.post("enrol", Business(business.email).enrolment())
            assert twice.status_code == 409, twice.text

    def __enter__(self) -> Traffic:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.join()
        if self.failure is not None:
            raise self.failure


def command(database: ModuleDatabase, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "WHATSTR_ROLE": "tool",
        "DATABASE_URL": database.url(),
        "FLASK_APP": "wsgi",
    }
    return subprocess.run(
        [sys.executable, "-m", "flask", "whatstr", "staff-ring", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def kids(database: ModuleDatabase) -> set[int]:
    engine = sa.create_engine(database.url())
    with Session(engine) as session:
        found = set(reseal.counts(session))
    engine.dispose()
    return found


def indexes(database: ModuleDatabase) -> dict[uuid.UUID, bytes]:
    engine = sa.create_engine(database.url())
    with Session(engine) as session:
        found = {
            row.id: row.email_ix for row in session.execute(sa.select(Member.id, Member.email_ix))
        }
    engine.dispose()
    return found


def test_the_key_changes_while_people_sign_in(
    web: flask.Flask, database: ModuleDatabase, ring_file: Path
) -> None:
    with Traffic(web) as traffic:
        _until(lambda: len(traffic.businesses) >= 2, traffic)
        done = command(database, "rotate", str(ring_file))
        assert done.returncode == 0, done.stdout + done.stderr
        after = traffic.calls
        _until(lambda: traffic.calls > after + 3, traffic)
    ring = json.loads(ring_file.read_text())
    assert (ring["current"], list(ring["keys"])) == (2, ["2"])
    assert kids(database) == {2}
    assert ring_file.stat().st_mode & 0o777 == 0o400
    assert json.loads(done.stdout.splitlines()[-1])["values"] > 10
    Ring.load(RING)
    Ring._file = None
    with pytest.raises(Exception, match="email"):
        _first_email(database)


def test_the_index_key_changes_while_people_sign_in(
    web: flask.Flask, database: ModuleDatabase, ring_file: Path
) -> None:
    with Traffic(web) as traffic:
        _until(lambda: len(traffic.businesses) >= 2, traffic)
        before = indexes(database)
        done = command(database, "rotate", "--index", str(ring_file))
        assert done.returncode == 0, done.stdout + done.stderr
        after = traffic.calls
        _until(lambda: traffic.calls > after + 3, traffic)
    assert set(json.loads(ring_file.read_text())) == {"current", "keys", "index"}
    now = indexes(database)
    assert len(before) >= 2 and all(now[row] != index for row, index in before.items())
    Ring.load(ring_file.read_text())
    mine = {one.member_id: norm_email(one.email) for one in traffic.businesses}
    computed = {row: blind_index("member.email", text) for row, text in mine.items()}
    assert computed.items() <= now.items()
    heads = {name_head("organization.name", "Gülçiçek Butik Ltd. Şti.", n) for n in (4, 8)}
    assert heads == _heads(database)


def test_a_stopped_rotation_goes_on(database: ModuleDatabase, ring_file: Path) -> None:
    """Each `--step` is a run of its own, as after a crash."""
    Ring.load(RING)
    heads = []
    while True:
        done = command(database, "rotate", "--step", str(ring_file))
        assert done.returncode == 0, done.stdout + done.stderr
        ring = json.loads(ring_file.read_text())
        heads.append((ring["current"], sorted(ring["keys"])))
        if len(ring["keys"]) == 1:
            break
    assert heads == [(1, ["1", "2"]), (2, ["1", "2"]), (2, ["2"])]


def test_a_value_that_does_not_open_keeps_the_old_key(
    web: flask.Flask, database: ModuleDatabase, ring_file: Path
) -> None:
    business = sign_up(ApiClient(web), "bozuk@firma.com")
    engine = sa.create_engine(database.url())
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE member SET phone = left(phone, 60) || 'AAAA' WHERE id = :i"),
            {"i": business.member_id},
        )
    done = command(database, "rotate", str(ring_file))
    assert done.returncode == 1
    assert "a value of member.phone does not open" in done.stderr
    assert "Traceback" not in done.stderr
    assert set(json.loads(ring_file.read_text())["keys"]) == {"1", "2"}
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE member SET phone = NULL"))
    engine.dispose()


@pytest.mark.parametrize("act", ["status", "rotate"])
def test_another_ring_is_told_plainly_and_changes_nothing(
    web: flask.Flask, database: ModuleDatabase, ring_file: Path, act: str
) -> None:
    """The ring was lost and somebody made a new one: its first key has the same number."""
    sign_up(ApiClient(web), "halka@kayip.com")
    other = json.dumps({**json.loads(RING), "keys": {"1": b64(os.urandom(32))}})
    made = ring_file.with_name("other.json")
    made.write_text(other)
    made.chmod(0o400)
    done = command(database, act, str(made))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "nothing that is stored opens with this ring" in done.stderr
    assert made.read_text() == other


@pytest.mark.parametrize("words", ["", "{}", "not json"])
def test_a_file_that_is_no_ring_changes_nothing(
    web: flask.Flask, ring_file: Path, words: str
) -> None:
    keys = Ring.keys
    new = ring_file.with_name("new")
    new.write_text(words)
    new.chmod(0o400)
    new.replace(ring_file)
    Ring._looked = -1000
    Ring.refresh()
    assert Ring.keys is keys


def test_a_ring_that_others_may_read_is_refused(ring_file: Path) -> None:
    ring_file.chmod(0o440)
    with pytest.raises(ValueError, match="open to others"):
        Ring.open(str(ring_file))


def test_every_search_looks_under_both_keys() -> None:
    """Only core writes an index; everybody else asks `matches`."""
    for module in modules():
        if module.area != "core":
            assert "blind_index(" not in module.path.read_text(), module.name


def _heads(database: ModuleDatabase) -> set[int]:
    engine = sa.create_engine(database.url())
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT name_head4, name_head8 FROM organization")).all()
    engine.dispose()
    return {value for row in rows for value in row}


def _until(condition: object, traffic: Traffic) -> None:
    end = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert traffic.is_alive() and time.monotonic() < end, traffic.failure
        time.sleep(0.02)


def _first_email(database: ModuleDatabase) -> str:
    engine = sa.create_engine(database.url())
    try:
        with engine.connect() as connection:
            stored = connection.scalar(sa.text("SELECT email FROM member LIMIT 1"))
    finally:
        engine.dispose()
    return str(PiiType("member.email").process_result_value(stored, None))
