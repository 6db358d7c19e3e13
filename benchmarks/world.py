"""Servers, a sender's application and a customer with lines: what each measurement stands on.

Everything is real (PostgreSQL with fsync, Valkey, sealed campaigns) but Meta, which costs almost
nothing (`benchmarks.fake_meta`). The sender has the first core for itself where there are two.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import flask
import psycopg

from benchmarks import cluster, fake_meta
from benchmarks.measure import cores, on_cores
from tests.sending.stage import Stage, open_owner
from tests.services import empty, private_folder
from whatstr import create_app
from whatstr.config import Settings
from whatstr.local.postgres import EmbeddedPostgres
from whatstr.local.valkey import EmbeddedValkey
from whatstr.sending.keyring import Keyring
from whatstr.simulator.meta import MetaThread, seed

UNLIMITED = 1_000_000
"""Messages a second of a line: what is measured is the sender, not Meta's patience."""


@dataclass(frozen=True)
class _Address:
    url: str


@dataclass
class World:
    """Open servers and one organization with one line."""

    stage: Stage
    environment: dict[str, str]
    postgres: EmbeddedPostgres
    queue: EmbeddedValkey
    meta_url: str
    sender_core: int
    other_cores: tuple[int, ...]

    def campaign(self, rows: int, *, line: uuid.UUID | None = None) -> uuid.UUID:
        """A sealed campaign to people nobody wrote to before."""
        return self.stage.campaign(numbers(rows), line=line)

    def new_app(self) -> flask.Flask:
        return create_app(Settings.from_environment(self.environment))

    def login(self, role: str) -> psycopg.Connection[dict[str, Any]]:
        """A connection with the login of a role."""
        return open_owner(self.postgres.url(role))

    def clear(self) -> None:
        """No campaign, no message, no mark in Redis; the tables as small as on the first day."""
        self.stage.sql(
            "TRUNCATE campaign, message, s_frank, s_wamid, s_alias, s_lease, hook_inbox CASCADE"
        )
        empty(self.queue)


_next = 0


def numbers(count: int) -> list[str]:
    """Turkish mobile numbers, each given once in a run."""
    global _next
    first, _next = _next, _next + count
    return [f"9053{n:08d}" for n in range(first, first + count)]


def templates() -> bytes:
    """The answer to a question for templates: what the simulator's business has."""
    found = [
        {
            "id": one.id,
            "name": one.name,
            "language": one.language,
            "category": one.category,
            "status": one.status,
            "components": one.components,
        }
        for one in seed.templates_of(seed.WABA_ID, 740000000000001)
    ]
    return json.dumps({"data": found}).encode()


@contextmanager
def world(*, meta_url: str = "") -> Iterator[World]:
    """Start everything; with `meta_url` that server is Meta."""
    mine, *others = cores()
    rest = tuple(others) or (mine,)
    with ExitStack() as stack:
        folder = stack.enter_context(private_folder())
        with on_cores(*rest):
            postgres = cluster.started(folder)
            stack.callback(postgres.stop)
            queue = EmbeddedValkey(folder, "sender-queue")
            queue.start()
            stack.callback(queue.stop)
        url = meta_url or stack.enter_context(fake_meta.running(templates(), *rest))
        keyring = Keyring.create(folder / "keyring.json")
        environment = {
            "WHATSTR_ROLE": "sender",
            "WHATSTR_ENV": "test",
            "DATABASE_URL": postgres.url("whatstr_sender"),
            "SENDER_REDIS_URL": queue.url,
            "WHATSTR_DESK_PUBLIC": base64.b64encode(bytes(32)).decode(),
            "WHATSTR_SENDER_KEYRING": str(keyring.path),
            "META_BASE_URL": url,
            "META_APP_SECRET": "sim-app-secret",
            "WHATSTR_SETTLE_WAIT": "0",
            "WHATSTR_LOG_LEVEL": "ERROR",
            "WHATSTR_SEND_WINDOW": "00:00-24:00 UTC",
            "WHATSTR_RAMP_UP": "none",
            "WHATSTR_CANARY_ROWS": "0",
        }
        owner = stack.enter_context(open_owner(postgres.url()))
        app = create_app(Settings.from_environment(environment))
        stage = Stage(app=app, owner=owner, meta=cast(MetaThread, _Address(url)), keyring=keyring)
        stack.callback(stage.close)
        stage.set_up()
        stage.sql("UPDATE line SET throughput = %s", UNLIMITED)
        yield World(stage, environment, postgres, queue, url, mine, rest)
