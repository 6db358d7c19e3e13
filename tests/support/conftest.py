"""A signed-up customer in the portal, and our support at the panel, over the same database."""

from __future__ import annotations

from collections.abc import Iterator

import flask
import pytest

from tests.apps import role_app
from tests.services import ModuleDatabase
from whatstr.local.valkey import EmbeddedValkey


@pytest.fixture
def web(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None
) -> Iterator[flask.Flask]:
    with role_app("web", database, valkey_server) as app:
        yield app


@pytest.fixture
def panel(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None
) -> Iterator[flask.Flask]:
    with role_app("admin", database, valkey_server) as app:
        yield app
