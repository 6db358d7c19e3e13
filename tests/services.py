"""Real servers for a test run, a migrated database per module, and the network guard."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask_migrate
import redis
from psycopg import sql

from whatstr.local.postgres import OWNER, EmbeddedPostgres
from whatstr.local.valkey import EmbeddedValkey

ROOT = Path(__file__).parent.parent
_OURS = ("WHATSTR_", "META_", "STRIPE_", "MAIL_", "DATABASE_", "REDIS_", "SENDER_", "PG", "FLASK_")
_KEPT = {"WHATSTR_CHROMIUM", "WHATSTR_PICTURES"}


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for one run, with a short path (sockets) that the server's account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="whatstr-tests-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class ModuleDatabase:
    """A migrated database of one test module."""

    server: EmbeddedPostgres
    name: str

    def url(self, role: str = OWNER) -> str:
        """SQLAlchemy URL for one of the roles of whatstr.local.postgres.ROLES."""
        return self.server.url(role, database=self.name)


def new_name(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(6)}"


@contextlib.contextmanager
def migrated_template(server: EmbeddedPostgres) -> Iterator[str]:
    """A database brought to the newest migration once, for clone() to copy."""
    name = new_name("template")
    create_database(server, name)
    migrate(server.url(database=name))
    try:
        yield name
    finally:
        drop_database(server, name)


@contextlib.contextmanager
def clone(server: EmbeddedPostgres, template: str) -> Iterator[ModuleDatabase]:
    """A copy of the template, dropped afterwards together with what is still connected to it."""
    name = new_name("test")
    create_database(server, name, template=template)
    try:
        yield ModuleDatabase(server, name)
    finally:
        drop_database(server, name)


def create_database(server: EmbeddedPostgres, name: str, template: str = "template1") -> None:
    """An empty database, or a copy of the template, that belongs to the owner's role."""
    # Nothing of it is to survive a crash: the files are copied without a log of each page.
    statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY")
    with server.superuser() as connection:
        connection.execute(
            statement.format(sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template))
        )


_WITH_THOSE_THAT_REFER = """
WITH RECURSIVE found(oid) AS (
  SELECT CAST(CAST(unnest(CAST(%s AS text[])) AS regclass) AS oid)
  UNION SELECT conrelid FROM pg_constraint JOIN found ON confrelid = found.oid AND contype = 'f'
) SELECT oid::regclass::text FROM found
"""


@contextlib.contextmanager
def forgetting(database: ModuleDatabase, *tables: str) -> Iterator[Callable[[], None]]:
    """Something to call that leaves no row in these tables and in those that refer to them.

    Without triggers, and not with TRUNCATE: that makes new files for each table and index, which
    takes a hundred times as long.
    """
    with database.server.superuser(database.name) as connection:
        connection.execute("SET session_replication_role = replica")
        names = connection.execute(_WITH_THOSE_THAT_REFER, [list(tables)]).fetchall()
        deletes = ";".join(f"DELETE FROM {name}" for (name,) in names)
        yield lambda: connection.execute(deletes.encode()) and None


def drop_database(server: EmbeddedPostgres, name: str) -> None:
    with server.superuser() as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def migrate(url: str) -> None:
    """Run every migration, as `flask db upgrade` does, with the application's own set-up."""
    from whatstr import create_app
    from whatstr.config import Settings
    from whatstr.core.db import db

    environment = {"WHATSTR_ROLE": "tool", "WHATSTR_ENV": "test", "DATABASE_URL": url}
    app = create_app(Settings.from_environment(environment))
    with app.app_context():
        try:
            flask_migrate.upgrade(directory=str(ROOT / "migrations"))
        finally:
            db.session.remove()
            db.engine.dispose()


def empty(server: EmbeddedValkey) -> None:
    """Forget every key of a queue server."""
    with redis.Redis.from_url(server.url) as client:
        client.flushall()


def forget_tries(connection: redis.Redis, *, within: int) -> None:
    """As if the time of every rate limit had passed; each has one, of so many seconds at most."""
    for key in connection.scan_iter("limit:*"):
        assert 0 < connection.ttl(key) <= within
        connection.delete(key)


def tidy(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterator[bytes]]:
    """The same for Werkzeug's server, which closes no answer when the browser has gone."""

    def call(environ: Any, start_response: Any) -> Iterator[bytes]:
        answer = app(environ, start_response)
        try:
            yield from answer
        finally:
            if hasattr(answer, "close"):
                answer.close()

    return call


def forget_own_environment() -> None:
    """No setting of the person who runs the tests may change what they show."""
    for name in list(os.environ):
        proxy = name.lower().endswith("_proxy")
        if proxy or (name.startswith(_OURS) and name not in _KEPT):
            del os.environ[name]


class OutsideConnection(AssertionError):
    """A test reached for another machine."""


def refuse_other_hosts() -> None:
    """From now on a connection or a look-up beyond this machine raises OutsideConnection.

    An audit hook (PEP 578) sees every socket of Python, whichever library opens it, and cannot be
    taken out by a test. The browser is held back by its own arguments (whatstr.local.chromium).
    """
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple) and not _is_here(address[0]):
            raise OutsideConnection(f"{event} to {address[0]}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and not _is_here(arguments[0]):
        raise OutsideConnection(f"look-up of {arguments[0]}")


def _is_here(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host or "localhost"
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name in ("localhost", socket.gethostname())
    return address.is_loopback or address.is_unspecified
