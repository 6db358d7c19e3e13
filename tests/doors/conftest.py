"""Fixtures of the doors: a hook that Meta's simulator posts to, one customer a test."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import psycopg
import pytest

from tests.doors.stage import (
    ABUSE_LINE,
    ABUSE_NUMBER,
    DESK_PK,
    SECRET,
    VERIFY,
    Doors,
    Server,
)
from tests.sending.stage import CALM, open_owner
from tests.services import ModuleDatabase, empty, forgetting
from whatstr import create_app
from whatstr.config import Settings
from whatstr.core.db import db
from whatstr.local.valkey import EmbeddedValkey
from whatstr.sending.keyring import Keyring
from whatstr.simulator.meta import MetaConfig, MetaThread, run_in_thread

_TABLES = (
    *("organization", "audit_event", "s_lease", "s_frank", "s_wamid", "s_seen", "abuse_report"),
    *("abuse_proof", "hook_inbox", "sender_cert"),
)


def close(app: flask.Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def owner(database: ModuleDatabase) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with open_owner(database.url()) as connection:
        yield connection


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return Keyring.create(tmp_path_factory.mktemp("keys") / "keyring.json")


@pytest.fixture(scope="module")
def hook_environment(database: ModuleDatabase, keyring: Keyring) -> dict[str, str]:
    return {
        "WHATSTR_ROLE": "hook",
        "WHATSTR_ENV": "test",
        "DATABASE_URL": database.url("whatstr_hook"),
        "WHATSTR_IDENT_PUBLIC": base64.b64encode(keyring.ident_public).decode(),
        "META_APP_SECRET": SECRET,
        "META_VERIFY_TOKEN": VERIFY,
        "WHATSTR_LOG_LEVEL": "ERROR",
    }


@pytest.fixture(scope="module")
def hook_url(hook_environment: dict[str, str]) -> Iterator[str]:
    app = create_app(Settings.from_environment(hook_environment))
    with Server(app) as server:
        yield server.url
    close(app)


@pytest.fixture(scope="module")
def meta(hook_url: str) -> Iterator[MetaThread]:
    with run_in_thread(MetaConfig(webhook_url=f"{hook_url}/meta")) as running:
        yield running


@pytest.fixture
def sender_environment(
    database: ModuleDatabase,
    valkey_sender_server: EmbeddedValkey,
    meta: MetaThread,
    keyring: Keyring,
) -> dict[str, str]:
    return {
        "WHATSTR_ROLE": "sender",
        "WHATSTR_ENV": "test",
        "DATABASE_URL": database.url("whatstr_sender"),
        "SENDER_REDIS_URL": valkey_sender_server.url,
        "WHATSTR_DESK_PUBLIC": base64.b64encode(DESK_PK).decode(),
        "WHATSTR_SENDER_KEYRING": str(Path(keyring.path)),
        "WHATSTR_ABUSE_LINE": ABUSE_NUMBER,
        "WHATSTR_ABUSE_LINE_ID": ABUSE_LINE,
        "META_BASE_URL": meta.url,
        "META_APP_ID": meta.simulator.config.app_id,
        "META_APP_SECRET": SECRET,
        # The tests run at night too.
        "WHATSTR_SEND_WINDOW": "00:00-24:00 UTC",
        "WHATSTR_LOG_LEVEL": "ERROR",
    }


@pytest.fixture
def app(sender_environment: dict[str, str]) -> flask.Flask:
    return create_app(Settings.from_environment(sender_environment))


@pytest.fixture(scope="module")
def forget(database: ModuleDatabase) -> Iterator[Callable[[], None]]:
    with forgetting(database, *_TABLES) as made:
        yield made


@pytest.fixture
def doors(
    app: flask.Flask,
    forget: Callable[[], None],
    owner: psycopg.Connection[dict[str, Any]],
    meta: MetaThread,
    keyring: Keyring,
    hook_url: str,
    database: ModuleDatabase,
    valkey_sender_server: EmbeddedValkey,
) -> Iterator[Doors]:
    forget()
    empty(valkey_sender_server)
    made = Doors(
        app=app, owner=owner, meta=meta, keyring=keyring, hook_url=hook_url, login=database.url
    )
    made.ask("POST", "/_sim/reset", {})
    calm = {"webhook_hold": False, "webhook_duplicate": 0.0, "webhook_late": 0.0}
    made.settings(**{**CALM, **calm}, faults=[])
    made.set_up()
    made.publish()
    yield made
    # What this test left under way must not arrive in the next one.
    made.settings(webhook_hold=False)
    made.ask("GET", "/_sim/webhooks?wait=10")
    made.close()
