"""What a test module gets from `database`: the migrated schema, and nobody else's rows."""

from __future__ import annotations

import sqlalchemy as sa

from tests.services import ModuleDatabase
from whatstr.local.postgres import ROLES


def test_schema_is_migrated_and_belongs_to_the_owner(database: ModuleDatabase) -> None:
    engine = sa.create_engine(database.url(), poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM alembic_version")).scalar() == 1
        owners = connection.execute(
            sa.text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        )
        assert owners.scalars().all() == ["whatstr_owner"]


def test_every_role_can_connect(database: ModuleDatabase) -> None:
    for role in ROLES:
        engine = sa.create_engine(database.url(role), poolclass=sa.NullPool)
        with engine.connect() as connection:
            found = connection.execute(sa.text("SELECT current_user, current_database()")).one()
        assert found == (role, database.name)
