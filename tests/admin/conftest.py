"""The staff panel over real services, with the admin role's own database login."""

from __future__ import annotations

from collections.abc import Iterator

import flask
import pytest

from tests.admin.customers import Customer, open_shop
from tests.apps import role_app
from tests.services import ModuleDatabase
from whatstr.local.valkey import EmbeddedValkey


@pytest.fixture
def panel(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None
) -> Iterator[flask.Flask]:
    with role_app("admin", database, valkey_server) as app:
        yield app


@pytest.fixture
def shop(panel: flask.Flask, database: ModuleDatabase) -> Customer:
    return open_shop(database)
