"""Passkeys in a real Chromium with a virtual authenticator, under the panel's own policy."""

from __future__ import annotations

import json
import re
import socket
import uuid
from collections.abc import Iterator
from typing import Any

import flask
import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.admin.office import PASSWORD, Colleague, hire, served
from tests.admin.test_browser import no_violation, quiet  # noqa: F401 - a fixture
from tests.apps import role_app
from tests.services import ModuleDatabase
from whatstr.accounts import passkeys, staff_factors, staff_sessions
from whatstr.accounts.models import StaffRole, StaffUser
from whatstr.core.db import session, transaction
from whatstr.local.valkey import EmbeddedValkey


@pytest.fixture
def named(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, empty_queues: None
) -> Iterator[tuple[flask.Flask, str]]:
    """The panel at a name: browsers refuse passkeys at a bare IP address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://localhost:{port}"
    with (
        role_app("admin", database, valkey_server, WHATSTR_ADMIN_URL=address) as app,
        served(app, port=port),
    ):
        yield app, address


def authenticator(page: Page) -> tuple[CDPSession, str]:
    """A security key that says yes by itself."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return cdp, made["authenticatorId"]


def first_step(page: Page, address: str, who: Colleague) -> None:
    page.goto(address + "/giris?lang=en")
    page.get_by_label("E-mail").fill(who.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


@pytest.mark.browser
def test_a_passkey_is_made_used_and_removed(
    quiet: Page,  # noqa: F811
    named: tuple[flask.Flask, str],
) -> None:
    app, address = named
    who = hire(app, StaffRole.OWNER)
    with app.app_context(), transaction():
        staff_factors.forget_factors(who.id)
    cdp, key = authenticator(quiet)
    first_step(quiet, address, who)
    expect(quiet.get_by_role("heading", level=1, name="Set up a second factor")).to_be_visible()
    no_violation(quiet)
    quiet.get_by_label("Name of this passkey").fill("Ofis bilgisayarı")
    quiet.get_by_role("button", name="Make a passkey").click()
    expect(quiet.get_by_role("heading", level=1, name="Recovery codes")).to_be_visible()
    no_violation(quiet)
    quiet.get_by_role("link", name="I have kept them").click()
    expect(quiet.get_by_role("heading", level=1, name="My work")).to_be_visible()
    quiet.goto(address + "/hesabim/")
    expect(quiet.get_by_text("Ofis bilgisayarı")).to_be_visible()
    quiet.locator(".rail").get_by_role("button", name="Sign out").click()
    first_step(quiet, address, who)
    quiet.get_by_role("button", name="Use a passkey").click()
    expect(quiet.get_by_role("heading", level=1, name="My work")).to_be_visible()
    quiet.goto(address + "/dogrula")
    quiet.get_by_role("button", name="Use a passkey").click()
    expect(quiet.get_by_role("heading", level=1, name="My work")).to_be_visible()
    cdp.send("WebAuthn.clearCredentials", {"authenticatorId": key})
    quiet.goto(address + "/dogrula")
    cdp.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": key, "enabled": False})
    quiet.get_by_role("button", name="Use a passkey").click()
    expect(quiet.get_by_text("Answer the question of your browser.")).to_be_visible()


@pytest.mark.browser
def test_an_invitation_takes_its_code_out_of_the_address(
    quiet: Page,  # noqa: F811
    named: tuple[flask.Flask, str],
) -> None:
    _app, address = named
    code = uuid.uuid4().hex
    quiet.goto(f"{address}/davet#{code}")
    expect(quiet.locator("[name=token]")).to_have_value(code)
    expect(quiet).to_have_url(re.compile("/davet$"))
    no_violation(quiet)


def answered(app: flask.Flask, who: Colleague, answer: str) -> bool:
    """Whether an answer would let the person in."""
    with app.app_context(), transaction():
        user = session().get_one(StaffUser, who.id)
        waiting = staff_sessions.begin(user=user)
        site = passkeys.Site("http://localhost:1")
        staff_sessions.new_challenge(waiting.id)
        return passkeys.check_passkey(
            site=site, session_id=waiting.id, staff_id=who.id, answer=answer
        )


NONSENSE: list[Any] = [
    "",
    "null",
    "[]",
    "{}",
    '{"id": "%%%", "response": {}}',
    json.dumps({"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"x": 1}}),
    json.dumps({"id": 7, "response": {"clientDataJSON": "e30"}}),
]


@pytest.mark.parametrize("answer", NONSENSE)
def test_what_is_no_answer_opens_nothing(panel: flask.Flask, answer: str) -> None:
    assert answered(panel, hire(panel, StaffRole.OWNER), answer) is False


def test_a_challenge_is_good_for_one_answer(panel: flask.Flask) -> None:
    who = hire(panel, StaffRole.OWNER)
    with panel.app_context(), transaction():
        waiting = staff_sessions.begin(user=session().get_one(StaffUser, who.id))
        made = staff_sessions.new_challenge(waiting.id)
        assert staff_sessions.take_challenge(waiting.id) == made
        session().flush()
        assert staff_sessions.take_challenge(waiting.id) is None
