"""Whoever copies the database or the queue finds no profile in it, and no secret of the vault.

The small form of the scan of vault design 20.1, over everything that accounts store.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import flask
import pytest
import sqlalchemy as sa
from redis import Redis

from tests.accounts.people import Business, login_part
from tests.apps import ApiClient, as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.documents import DocumentName
from whatstr.accounts.models import Organization
from whatstr.local.valkey import EmbeddedValkey
from whatstr.vault import keys

ADDRESS = "203.0.113.77"
PLANTED = {
    "e-mail": "gizli.ayse@gulcicek-butik.com.tr",
    "mail host": "gulcicek-butik",
    "phone": "905329876543",
    "contact": "Ayşe Yılmazoğlu",
    "business": "Gülçiçek Butik",
    "street": "Bağdat Cad. 123",
    "tax number": "1234567890",
    "address": ADDRESS,
    "browser": "Test browser 1.0",
    "password": "uzun bir kasa parolası 42",
}


def forms(text: str) -> set[bytes]:
    """A value as it might stand in a dump: UTF-8, UTF-16, hex, base64 at three offsets, hashes."""
    raw = text.encode()
    found = {raw, text.encode("utf-16-le"), raw.hex().encode()}
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        found.add(coded[4 if shift else 0 : -4])
    for name in ("md5", "sha1", "sha256"):
        digest = hashlib.new(name, raw, usedforsecurity=False)
        found |= {digest.hexdigest().encode(), base64.b64encode(digest.digest())}
    return {form for form in found if len(form) > 7}


def dump(database: ModuleDatabase) -> bytes:
    """Every row of every table as text."""
    with as_owner(database) as owner:
        tables = sa.inspect(owner.connection()).get_table_names()
        rows = [
            str(row)
            for table in tables
            for row in owner.scalars(sa.text(f'SELECT t::text FROM "{table}" AS t'))
        ]
    return "\n".join(rows).encode()


def hits(blob: bytes, planted: dict[str, bytes | str]) -> list[str]:
    folded = blob.lower()
    return [
        name
        for name, value in planted.items()
        for form in ({value} if isinstance(value, bytes) else forms(value))
        if form in blob or form.lower() in folded
    ]


@pytest.fixture
def busy_account(web: flask.Flask) -> Iterator[Business]:
    """Sign-up, sign-in, a wrong try, recovery asked for, password changed, preferences set."""
    client = ApiClient(web)
    client.browser.environ_base["REMOTE_ADDR"] = ADDRESS
    business = Business(PLANTED["e-mail"])
    assert client.post("enrol", business.enrolment()).status_code == 201
    client.post("login", {"email": business.email, "auth": base64.b64encode(bytes(32)).decode()})
    client.post("recovery/start", {"email": business.email})
    new = login_part("değişen parola 99", member=business.member, uk=business.uk)
    assert client.post("password", {"old_auth": business.auth(), **new}).status_code == 204
    wanted = {"email": True, "sms": True, "whatsapp": False, "language": "en"}
    assert client.put("preferences", wanted).status_code == 200
    yield business


def test_a_dump_holds_no_profile_and_no_key(
    busy_account: Business, database: ModuleDatabase, valkey_server: EmbeddedValkey
) -> None:
    blob = dump(database)
    with Redis.from_url(valkey_server.url) as connection:
        blob += b"".join(connection.dump(key) or b"" for key in connection.keys("*"))
        blob += b" ".join(connection.keys("*"))
    secrets: dict[str, bytes | str] = dict(PLANTED)
    for name, value in {
        "uk": busy_account.uk,
        "ak": busy_account.ak,
        "recovery secret": busy_account.rc,
        "auth": base64.b64decode(busy_account.auth()),
        "rauth": keys.recovery_auth(busy_account.rc, busy_account.member),
    }.items():
        secrets[name] = value.hex().encode()
        secrets[f"{name} base64"] = base64.b64encode(value)
    assert hits(blob, secrets) == []

    # The same scan finds what must be there, and a value that somebody stores in the clear.
    assert busy_account.member_id.hex[:8].encode() in blob
    assert DocumentName.PROCESSING.encode() in blob
    with as_owner(database) as owner:
        organization = owner.get_one(Organization, busy_account.organization_id)
        organization.state_reason = f"asked by {PLANTED['e-mail']}".encode().hex()
    assert hits(dump(database), secrets) == ["e-mail", "mail host"]
