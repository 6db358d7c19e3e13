"""`flask whatstr doctor`: is everything there that a process needs, and how is it mended."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from whatstr.config import PROCESSES, VARIABLES, Settings
from whatstr.core import clock
from whatstr.core.crypto import Ring
from whatstr.core.queues import connect

ROTATION_GRACE = timedelta(hours=2)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `words` say how to mend it when it is not fine."""

    what: str
    fine: bool
    words: str


def examine(settings: Settings) -> list[Finding]:
    """Everything that can be checked from here, without changing anything."""
    return [
        *_variables(settings),
        *_database(settings),
        *_redis(settings, "REDIS_URL"),
        *_redis(settings, "SENDER_REDIS_URL"),
        *_keys(settings),
    ]


def _variables(settings: Settings) -> Iterator[Finding]:
    for variable in VARIABLES:
        if not variable.required:
            continue
        roles = ", ".join(sorted(variable.required & PROCESSES))
        if settings.get(variable.name):
            yield Finding(variable.name, True, "is set")
        else:
            yield Finding(variable.name, False, f"is not set; {roles} need it: {variable.about}")


def _database(settings: Settings) -> Iterator[Finding]:
    if not settings.get("DATABASE_URL"):
        return
    engine = sa.create_engine(settings.database_url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            version = connection.scalar(sa.text("SHOW server_version_num"))
            number = int(str(version))
            yield Finding(
                "PostgreSQL",
                number >= 150000,
                f"version {number // 10000}; 15 or newer is needed",
            )
            found = connection.scalar(sa.text("SELECT to_regclass('alembic_version')"))
            at = found and connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
            newest = _newest_migration()
            yield Finding(
                "schema", at == newest, f"at {at or 'nothing'}; `flask db upgrade` brings {newest}"
            )
    except SQLAlchemyError as error:
        reason = type(error).__name__
        yield Finding("PostgreSQL", False, f"{reason}: is it running, is DATABASE_URL right?")


def _newest_migration() -> str:
    from alembic.script import ScriptDirectory

    from whatstr.core.database import MIGRATIONS

    return str(ScriptDirectory(str(MIGRATIONS)).get_current_head())


def _redis(settings: Settings, name: str) -> Iterator[Finding]:
    url = settings.get(name)
    if not url:
        return
    try:
        connect(url).ping()
    except (RedisError, ValueError) as error:
        yield Finding(name, False, f"{type(error).__name__}: is the server running there?")
    else:
        yield Finding(name, True, "answers")


def _keys(settings: Settings) -> Iterator[Finding]:
    ring = settings.get("WHATSTR_STAFF_RING")
    if ring:
        yield _try(
            "staff ring", lambda: Ring.open(ring), "`flask whatstr keys staff-ring` makes one"
        )
    for name in ("WHATSTR_DESK_KEY", "WHATSTR_DESK_PUBLIC", "WHATSTR_WEB_PEPPER"):
        value = settings.get(name)
        if value:
            fine = _is_key(value)
            yield Finding(name, fine, "32 bytes" if fine else "must be 32 bytes in base64")
    path = settings.get("WHATSTR_SENDER_KEYRING")
    if path:
        from whatstr.sending.keyring import Keyring

        if settings.get("DATABASE_URL"):
            yield _instance()
        yield _try(
            "sender keyring",
            lambda: Keyring.load(Path(path)),
            "mode 0600, made by `flask whatstr keys sender PATH`",
        )
        yield from _rotation(Path(path))


def _rotation(path: Path) -> Iterator[Finding]:
    """Whether the sender changed its weekly and monthly keys; it tries every hour."""
    from whatstr.sending.keyring import Keyring, KeyringError

    try:
        due = Keyring.load(path).due(clock.now() - ROTATION_GRACE)
    except KeyringError:
        return  # said above
    missing = len(due.epochs_made) + len(due.months_made)
    old = len(due.epochs_destroyed) + len(due.months_destroyed)
    words = (
        f"the change of keys did not happen: {missing} missing, {old} past their day; is the role"
        " sender running, may it write the keyring's folder?"
        if due
        else "weekly and monthly keys are up to date"
    )
    yield Finding("sender keys", not due, words)


def _instance() -> Finding:
    """Whether this sender host may send from this database: a restored copy may not."""
    from whatstr.core.db import transaction
    from whatstr.sending import instance

    remedy = "`flask whatstr release-instance` lets it send, once no other copy does (operations)"
    try:
        with transaction():
            fault = instance.fault()
    except SQLAlchemyError as error:
        return Finding("instance", False, f"{type(error).__name__}: run this as the sender")
    words = f"this database is {fault} to this host; {remedy}" if fault else "may send from here"
    return Finding("instance", fault is None, words)


def _try(what: str, act: Callable[[], object], remedy: str) -> Finding:
    try:
        act()
    except Exception as error:
        return Finding(what, False, f"{type(error).__name__}; {remedy}")
    return Finding(what, True, "can be used")


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 32
    except ValueError:
        return False
