"""Fixtures of the send engine: one simulator and one database a module, one organization a test."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import psycopg
import pytest

from tests.sending.stage import CALM, Stage, open_owner
from tests.services import ModuleDatabase, empty, forgetting
from whatstr import create_app
from whatstr.config import Settings
from whatstr.local.valkey import EmbeddedValkey
from whatstr.sending.keyring import Keyring
from whatstr.simulator.meta import MetaConfig, MetaThread, run_in_thread

Tune = Callable[..., None]


@pytest.fixture(scope="module")
def meta() -> Iterator[MetaThread]:
    with run_in_thread(MetaConfig()) as running:
        yield running


@pytest.fixture(scope="module")
def owner(database: ModuleDatabase) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with open_owner(database.url()) as connection:
        yield connection


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return Keyring.create(tmp_path_factory.mktemp("keys") / "keyring.json")


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
        "WHATSTR_DESK_PUBLIC": base64.b64encode(bytes(32)).decode(),
        "WHATSTR_SENDER_KEYRING": str(Path(keyring.path)),
        "META_BASE_URL": meta.url,
        "META_APP_SECRET": "sim-app-secret",
        "WHATSTR_UNKNOWN_WAIT": "900",
        "WHATSTR_SEND_WINDOW": "00:00-24:00 UTC",
        "WHATSTR_RAMP_UP": "none",
        "WHATSTR_CANARY_ROWS": "0",
        "WHATSTR_SETTLE_WAIT": "0",
        "WHATSTR_LOG_LEVEL": "ERROR",
    }


@pytest.fixture
def app(sender_environment: dict[str, str]) -> flask.Flask:
    return create_app(Settings.from_environment(sender_environment))


@pytest.fixture(scope="module")
def forget(database: ModuleDatabase) -> Iterator[Callable[[], None]]:
    tables = ("organization", "audit_event", "s_lease", "s_frank", "s_wamid")
    with forgetting(database, *tables) as made:
        yield made


@pytest.fixture
def stage(
    app: flask.Flask,
    forget: Callable[[], None],
    owner: psycopg.Connection[dict[str, Any]],
    meta: MetaThread,
    keyring: Keyring,
    valkey_sender_server: EmbeddedValkey,
) -> Iterator[Stage]:
    forget()
    empty(valkey_sender_server)
    made = Stage(app=app, owner=owner, meta=meta, keyring=keyring)
    made.ask("POST", "/_sim/reset", {})
    made.settings(**CALM, faults=[])
    made.set_tier("TIER_UNLIMITED")
    made.set_up()
    yield made
    made.close()


@pytest.fixture
def tune(stage: Stage) -> Tune:
    """Other settings for this sender."""

    def change(**values: str) -> None:
        found: Settings = stage.app.extensions["whatstr_settings"]
        stage.app.extensions["whatstr_settings"] = Settings(found.role, {**found.values, **values})

    return change
