"""Columns are classified, models equal the migrated schema, every role has its rights only."""

from __future__ import annotations

from collections.abc import Iterator

import flask
import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.exc import ProgrammingError

from tests.services import ROOT, ModuleDatabase
from whatstr import Settings, create_app, models  # noqa: F401 - completes the metadata
from whatstr.core.crypto import PiiType
from whatstr.core.db import Base, Tier, db

# Public bytes: public keys, salts that the browser must learn before it can sign in.
PUBLIC_BYTES = {"member.salt", "member.member_pk", "sender_cert.cert"}


@pytest.fixture
def app(database: ModuleDatabase) -> Iterator[flask.Flask]:
    app = create_app(
        Settings.from_environment({"WHATSTR_ROLE": "tool", "DATABASE_URL": database.url()})
    )
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def columns() -> list[tuple[str, sa.Column[object]]]:
    return [(f"{t.name}.{c.name}", c) for t in Base.metadata.tables.values() for c in t.columns]


@pytest.mark.parametrize(("name", "column"), columns(), ids=[name for name, _ in columns()])
def test_every_column_is_classified(name: str, column: sa.Column[object]) -> None:
    tier = column.info.get("tier")
    assert isinstance(tier, Tier), f"{name} says nothing about what it holds"
    if isinstance(column.type, PiiType):
        assert tier is Tier.PERSONAL
        assert column.type.context == name, "a sealed value is bound to its own table and column"
    elif isinstance(column.type, sa.LargeBinary) and name not in PUBLIC_BYTES:
        assert tier is not Tier.PUBLIC, f"{name} holds bytes and is called public"


def test_models_equal_the_migrated_schema(app: flask.Flask) -> None:
    flask_migrate.check(directory=str(ROOT / "migrations"))


def test_migrations_have_one_head_and_numbers() -> None:
    scripts = ScriptDirectory(str(ROOT / "migrations"))
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert len(scripts.get_heads()) == 1
    assert sorted(revisions) == [f"{n:04d}" for n in range(1, len(revisions) + 1)]


def test_migrations_go_down_and_up_again(app: flask.Flask) -> None:
    directory = str(ROOT / "migrations")
    flask_migrate.downgrade(directory=directory, revision="base")
    left = sa.inspect(db.engine).get_table_names()
    assert left == ["alembic_version"]
    flask_migrate.upgrade(directory=directory)
    flask_migrate.check(directory=directory)


FORBIDDEN = [
    ("web", "SELECT token_hash FROM staff_session"),
    ("web", "SELECT sealed FROM s_conn"),
    ("web", "SELECT recipient_ix FROM s_optout"),
    ("web", "SELECT tags FROM s_frank"),
    ("web", "SELECT header FROM campaign_seal"),
    ("web", "SELECT mref FROM message"),
    ("web", "SELECT recipient_ix FROM message"),
    ("web", "UPDATE message SET status = 'read'"),
    ("web", "SELECT sealed FROM hook_inbox"),
    ("web", "INSERT INTO hook_inbox (at, origin, sealed) VALUES (now(), 'whatstr_hook', '')"),
    ("web", "SELECT sealed FROM abuse_report"),
    ("web", "INSERT INTO sender_cert VALUES (1, '', now(), now())"),
    ("web", "UPDATE line SET state = 'connected'"),
    ("web", "DELETE FROM audit_event"),
    ("admin", "SELECT wrap_pw FROM member"),
    ("admin", "SELECT wrap_recovery FROM member"),
    ("admin", "SELECT auth_hash FROM member"),
    ("admin", "SELECT half FROM member_session"),
    ("admin", "SELECT data FROM list_chunk"),
    ("admin", "SELECT manifest FROM contact_list"),
    ("admin", "SELECT data FROM campaign_chunk"),
    ("admin", "SELECT record FROM campaign"),
    ("admin", "SELECT jk_wrap FROM campaign"),
    ("admin", "SELECT data FROM vault_record"),
    ("admin", "SELECT sealed FROM notice"),
    ("admin", "SELECT mref FROM message"),
    ("admin", "SELECT template_ix FROM message_template"),
    ("admin", "SELECT account_ix FROM message_template"),
    ("admin", "UPDATE message_template SET status = 'APPROVED'"),
    ("admin", "UPDATE audit_event SET verb = 'x'"),
    ("admin", "DELETE FROM audit_event"),
    ("hook", "SELECT sealed FROM hook_inbox"),
    ("hook", "SELECT id FROM organization"),
    ("hook", "SELECT row FROM message"),
    ("sender", "SELECT name FROM organization"),
    ("sender", "SELECT email FROM member"),
    ("sender", "SELECT display_number FROM line"),
    ("sender", "SELECT data FROM list_chunk"),
    ("sender", "SELECT jk_wrap FROM campaign"),
    ("sender", "SELECT id FROM payment"),
    ("worker", "SELECT wrap_pw FROM member"),
    ("worker", "SELECT data FROM campaign_chunk"),
    ("worker", "SELECT sealed FROM s_conn"),
    ("worker", "DELETE FROM audit_event"),
    ("scheduler", "SELECT id FROM organization"),
]


@pytest.mark.parametrize(("role", "statement"), FORBIDDEN)
def test_a_role_is_refused_what_is_not_its_own(
    database: ModuleDatabase, role: str, statement: str
) -> None:
    engine = sa.create_engine(database.url(f"whatstr_{role}"), poolclass=sa.NullPool)
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(sa.text(statement))
