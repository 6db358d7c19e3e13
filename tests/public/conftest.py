"""The public pages over real services, with a sender whose keys the tests hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from nacl import bindings
from werkzeug.test import TestResponse

from tests.apps import IDENT_SECRET, as_owner, role_app
from tests.services import ModuleDatabase, empty
from whatstr.core import clock
from whatstr.local.valkey import EmbeddedValkey
from whatstr.vault.certificate import Certificate, make_certificate
from whatstr.vault.models import HookInbox, SenderCertificate

KID = 2948
EPOCH_PUBLIC, EPOCH_SECRET = bindings.crypto_box_seed_keypair(bytes(range(96, 128)))
ABUSE_LINE = "908500000000"


@dataclass
class Visitor:
    """Somebody with a browser and no account. Forms are sent with the token of their page."""

    browser: FlaskClient

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.browser.get(path, **more)

    def send(self, path: str, form: dict[str, str], **more: Any) -> TestResponse:
        page = self.browser.get(path, **more).get_data(as_text=True)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token, page[:300]
        return self.browser.post(path, data={"csrf_token": token[1], **form}, **more)


@pytest.fixture(scope="module")
def web(database: ModuleDatabase, valkey_server: EmbeddedValkey) -> Iterator[flask.Flask]:
    with role_app("web", database, valkey_server, WHATSTR_ABUSE_LINE=ABUSE_LINE) as app:
        yield app


@pytest.fixture
def visitor(web: flask.Flask, valkey_server: EmbeddedValkey) -> Visitor:
    empty(valkey_server)  # nobody has tried anything yet
    return Visitor(web.test_client())


@pytest.fixture
def sender(database: ModuleDatabase) -> Iterator[dict[int, bytes]]:
    """A sender whose certificate is published; gives what opens its seals."""
    now = clock.now()
    first, last = now - timedelta(days=1), now + timedelta(days=6)
    cert = Certificate(KID, EPOCH_PUBLIC, int(first.timestamp()), int(last.timestamp()))
    with as_owner(database) as owner:
        blob = make_certificate(cert, IDENT_SECRET)
        owner.add(SenderCertificate(kid=KID, cert=blob, not_before=first, not_after=last))
    yield {KID: EPOCH_SECRET}
    with as_owner(database) as owner:
        owner.execute(sa.delete(SenderCertificate))
        owner.execute(sa.delete(HookInbox))
