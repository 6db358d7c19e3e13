"""Binding of database, migrations, key ring and Redis to an application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flask
import sqlalchemy as sa
from flask_migrate import Migrate
from redis import Redis

from whatstr.config import Role, Settings
from whatstr.core.crypto import Ring
from whatstr.core.db import db
from whatstr.core.queues import connect

migrate = Migrate()
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
STATEMENT_TIMEOUT_MS = {Role.WEB: 15_000, Role.ADMIN: 10_000, Role.HOOK: 5_000}


def database_role(role: Role) -> str:
    """Name of the PostgreSQL role that a process acts as."""
    return f"whatstr_{role}"


def _on_connect(settings: Settings) -> Any:
    wanted = database_role(settings.role)
    timeout = STATEMENT_TIMEOUT_MS.get(settings.role, 0)

    def prepare(connection: Any, record: Any) -> None:
        """Act as the role's own PostgreSQL role, whoever signed in."""
        before = connection.autocommit
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
            if timeout:
                cursor.execute(f"SET statement_timeout = {timeout:d}")
            if settings.role is not Role.TOOL:
                user = cursor.execute("SELECT current_user").fetchone()[0]
                if user != wanted:
                    cursor.execute(f'SET ROLE "{wanted}"')
        connection.autocommit = before

    return prepare


def init_app(app: flask.Flask, settings: Settings) -> None:
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url
        if settings.get("DATABASE_URL")
        else "postgresql+psycopg://",
        SQLALCHEMY_ENGINE_OPTIONS={
            "hide_parameters": True,
            "pool_pre_ping": True,
            "pool_size": 5,
            "max_overflow": 10,
            "pool_timeout": 10,
        },
    )
    db.init_app(app)
    migrate.init_app(app, db, directory=str(MIGRATIONS))
    with app.app_context():
        sa.event.listen(db.engine, "connect", _on_connect(settings))
    ring = settings.get("WHATSTR_STAFF_RING")
    if ring:
        Ring.open(ring)
    name = "SENDER_REDIS_URL" if settings.role is Role.SENDER else "REDIS_URL"
    url = settings.get(name)
    if url:
        app.extensions["whatstr_redis"] = connect(url)


def redis() -> Redis:
    """The Redis of this process: the sender's own, or the one of everybody else."""
    found: Redis = flask.current_app.extensions["whatstr_redis"]
    return found
