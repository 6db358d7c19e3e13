"""The portal over real services."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from tests.apps import ApiClient, as_owner, role_app
from tests.services import ModuleDatabase
from whatstr.accounts.models import OutboundMail
from whatstr.local.valkey import EmbeddedValkey

Mails = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def web(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None
) -> Iterator[flask.Flask]:
    with role_app("web", database, valkey_server) as app:
        yield app


@pytest.fixture
def client(web: flask.Flask) -> ApiClient:
    return ApiClient(web)


@pytest.fixture
def mails(database: ModuleDatabase) -> Mails:
    """Values of the e-mails of a kind to an address, oldest first; web itself may not read them."""

    def find(kind: str, to: str) -> list[dict[str, Any]]:
        with as_owner(database) as owner:
            rows = owner.scalars(
                sa.select(OutboundMail)
                .where(OutboundMail.kind == kind)
                .options(undefer_group("pii"))
                .order_by(OutboundMail.created_at)
            )
            return [json.loads(row.values_json) for row in rows if row.to == to]

    return find
