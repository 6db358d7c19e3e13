"""The worker over real services, and a mail server that keeps what it gets."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import flask
import pytest
from aiosmtpd.controller import Controller

from tests.apps import role_app
from tests.services import ModuleDatabase
from whatstr.local.ports import free_port
from whatstr.local.valkey import EmbeddedValkey


class Postbox:
    """Keeps e-mails; answers `refuse` instead while it is set."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.refuse = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuse:
            return self.refuse
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.received.append(parsed)
        return "250 OK"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, str]]:
    """The postbox and its MAIL_URL."""
    box, port = Postbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, f"smtp://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def worker(
    database: ModuleDatabase,
    valkey_server: EmbeddedValkey,
    empty_queues: None,
    postbox: tuple[Postbox, str],
) -> Iterator[flask.Flask]:
    with role_app("worker", database, valkey_server, MAIL_URL=postbox[1]) as app:
        yield app
