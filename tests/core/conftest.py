"""The web role over real services, with views of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator

import flask
import pytest

from tests.apps import role_app
from tests.services import ModuleDatabase
from whatstr.local.valkey import EmbeddedValkey


@pytest.fixture(scope="module")
def web(database: ModuleDatabase, valkey_server: EmbeddedValkey) -> Iterator[flask.Flask]:
    with role_app("web", database, valkey_server) as app:
        yield app
