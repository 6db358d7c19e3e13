"""The hook: what is not signed by Meta's app secret is nothing, what is lies sealed."""

from __future__ import annotations

import contextlib
import json
import os
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.doors.conftest import close
from tests.doors.stage import VERIFY, Doors, Server, envelope, signature
from tests.sending.stage import people
from whatstr import create_app
from whatstr.config import Settings
from whatstr.vault.seals import open_sender_seal, seal_to_sender

BODY = json.dumps(envelope("messages", {"messages": []})).encode()


def stored(doors: Doors) -> list[dict[str, object]]:
    return doors.sql("SELECT * FROM hook_inbox ORDER BY id")


def get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read()


def test_a_signed_body_lies_sealed_to_the_sender(doors: Doors) -> None:
    assert doors.post(BODY) == 200

    (row,) = stored(doors)
    assert row["origin"] == "whatstr_hook"
    sealed = bytes(row["sealed"])  # type: ignore[call-overload]
    assert BODY not in sealed
    assert open_sender_seal(doors.keyring.epoch_keys(), sealed)[1] == BODY


@pytest.mark.parametrize(
    "mark",
    ["", "sha256=", signature(BODY, "another secret"), signature(BODY)[7:], signature(BODY + b" ")],
)
def test_a_forged_signature_stores_nothing(doors: Doors, mark: str) -> None:
    assert doors.post(BODY, mark=mark) == 403
    assert stored(doors) == []


def test_a_changed_body_stores_nothing(doors: Doors) -> None:
    assert doors.post(BODY + b" ", mark=signature(BODY)) == 403
    assert stored(doors) == []


def test_a_body_beyond_metas_limit_is_refused(doors: Doors) -> None:
    body = b"x" * (3 * 1024 * 1024 + 1)
    with contextlib.suppress(urllib.error.URLError, ConnectionError):
        # The server may hang up before the body is through.
        assert doors.post(body) == 413
    assert stored(doors) == []


def test_without_a_certificate_of_ident_meta_keeps_the_body(
    doors: Doors, hook_environment: dict[str, str]
) -> None:
    forged = replace(doors.keyring, ident=os.urandom(32))
    doors.sql("UPDATE sender_cert SET cert = %s", forged.certificate(datetime.now(UTC)))
    app = create_app(Settings.from_environment(hook_environment))

    with Server(app) as fresh:
        doors.hook_url = fresh.url
        assert doors.post(BODY) == 503
        assert get(f"{fresh.url}/health")[0] == 503
    close(app)
    assert stored(doors) == []


def test_two_secrets_hold_for_the_day_of_a_change(
    doors: Doors, hook_environment: dict[str, str]
) -> None:
    both = hook_environment | {"META_APP_SECRET": "new-secret, sim-app-secret"}
    app = create_app(Settings.from_environment(both))

    with Server(app) as fresh:
        doors.hook_url = fresh.url
        assert doors.post(BODY) == 200
        assert doors.post(BODY, mark=signature(BODY, "new-secret")) == 200
        assert doors.post(BODY, mark=signature(BODY, "")) == 403
    close(app)
    assert len(stored(doors)) == 2


def test_a_comma_too_many_lets_nobody_in(doors: Doors, hook_environment: dict[str, str]) -> None:
    app = create_app(Settings.from_environment(hook_environment | {"META_APP_SECRET": "a, ,"}))

    with Server(app) as fresh:
        doors.hook_url = fresh.url
        assert doors.post(BODY, mark=signature(BODY, "")) == 403
    close(app)
    assert stored(doors) == []


def test_the_handshake_gives_the_challenge_back_to_those_who_know_the_token(doors: Doors) -> None:
    asked = f"{doors.hook_url}/meta?hub.mode=subscribe&hub.challenge=42&hub.verify_token="

    assert get(asked + VERIFY) == (200, b"42")
    assert get(asked + "wrong")[0] == 403
    assert get(asked.replace("subscribe", "other") + VERIFY)[0] == 403


def test_the_hook_says_whether_it_could_store(doors: Doors) -> None:
    assert get(f"{doors.hook_url}/health") == (200, b"ok")


# What the sender makes of the inbox -----------------------------------------------------------


def dur(doors: Doors, number: str) -> dict[str, object]:
    """DUR as Meta tells it."""
    message = {
        "id": "wamid.1",
        "from": number,
        "timestamp": str(int(datetime.now(UTC).timestamp())),
        "type": "text",
        "text": {"body": "DUR"},
    }
    value = {
        "metadata": {"phone_number_id": doors.connection().phone_number_id},
        "messages": [message],
    }
    return envelope("messages", value)


@pytest.mark.parametrize("role", ["whatstr_web", "whatstr_admin", "whatstr_owner"])
def test_a_body_of_meta_from_another_role_is_not_believed(doors: Doors, role: str) -> None:
    (number,) = people(1)

    doors.internal(role, dur(doors, number))

    assert doors.refusals() == {} and doors.notices() == []


def test_what_admin_may_say_web_may_not(doors: Doors) -> None:
    (number,) = people(1)
    doors.sql(
        "INSERT INTO abuse_report (id, received_at, channel, category, state, verdict,"
        " organization_id, sealed) VALUES (%s, now(), 'forward', 'other', 'verified', 'verified',"
        " %s, '')",
        doors.line,
        doors.organization,
    )
    message = {"t": "desk_optout", "report": doors.line.hex, "from": number}

    doors.internal("whatstr_web", message)
    assert doors.refusals() == {}
    doors.internal("whatstr_admin", message)
    assert doors.refusals() == {doors.recipient_ix(number): "desk"}
    assert doors.notices() == []  # it would name the reporter


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[1, 2]",
        b'{"object": "page"}',
        b'{"object": "whatsapp_business_account", "entry": 7}',
        b'{"object": "whatsapp_business_account", "entry": [null, {"id": 1, "changes": [3]}]}',
        json.dumps(envelope("messages", {"statuses": [1, {}], "messages": [{}, 2]})).encode(),
        json.dumps(envelope("messages", {"messages": "x", "metadata": 3})).encode(),
        json.dumps(envelope("user_preferences", {"user_preferences": [{"a": 1}]})).encode(),
        json.dumps(envelope("account_update", {"event": 3})).encode(),
    ],
)
def test_what_makes_no_sense_is_dropped_and_the_next_is_heard(doors: Doors, body: bytes) -> None:
    (number,) = people(1)

    assert doors.post(body) == 200
    assert doors.post(dur(doors, number)) == 200
    doors.drain()

    assert doors.refusals() == {doors.recipient_ix(number): "word"}


def test_a_seal_that_does_not_open_is_dropped(doors: Doors) -> None:
    for sealed in (b"\x11" + os.urandom(80), seal_to_sender(1, os.urandom(32), BODY), b""):
        doors.insert_as("whatstr_hook", sealed)

    doors.drain()


def test_half_a_character_does_not_lose_what_came_with_it(doors: Doors) -> None:
    (number,) = people(1)
    body = json.loads(json.dumps(dur(doors, number)))
    value = body["entry"][0]["changes"][0]["value"]
    odd = {**value["messages"][0], "id": "wamid.2", "text": {"body": "\ud83d merhaba"}}
    value["messages"].insert(0, odd)

    assert doors.post(body) == 200
    doors.drain()

    assert [one["t"] for one in doors.notices()] == ["reply", "optout"]
