"""Sealed requests: who is served, who is not, and what connecting a line proves."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime

import pytest
from nacl import bindings

from tests.doors.stage import LINE, Doors, now
from tests.sending.stage import people
from whatstr.simulator.meta import seed
from whatstr.vault import wire
from whatstr.vault.signed import Label, verify

OTHER_LINE = seed.LINE_IDS[1]


def connect_args(**changes: object) -> dict[str, object]:
    args: dict[str, object] = {
        "line": uuid.uuid4().hex,
        "method": "token",
        "token": seed.TOKEN,
        "waba_id": seed.WABA_ID,
        "phone_number_id": OTHER_LINE,
    }
    return args | changes


@pytest.fixture
def unconnected(doors: Doors) -> Doors:
    """The customer before the first line."""
    doors.sql("DELETE FROM s_conn")
    doors.sql("DELETE FROM line")
    return doors


def lines(doors: Doors) -> dict[str, dict[str, object]]:
    return {row["id"].hex: row for row in doors.sql("SELECT * FROM line")}


def test_a_line_is_connected_by_token(unconnected: Doors) -> None:
    args = connect_args(phone_number_id=LINE)

    result = unconnected.result("connect", args)

    assert result["line"] == args["line"]
    assert result["status"] == "CONNECTED" and result["throughput"] == 80
    assert {one["name"] for one in result["templates"]} >= {"hafta_sonu_firsati"}
    row = lines(unconnected)[str(args["line"])]
    assert row["state"] == "connected" and row["quality"] == result["quality"]
    assert row["display_number"] is None  # WEB alone seals it, from the signed statement
    body = verify(
        Label.LINE_LABEL, wire.unb64(result["statement"]), unconnected.keyring.ident_public
    )
    said = wire.load(body)
    assert said["account"] == unconnected.organization.hex and said["line"] == args["line"]
    assert said["display_number"] == result["display_number"]
    (kept,) = unconnected.sql("SELECT sealed FROM s_conn")
    assert seed.TOKEN.encode() not in bytes(kept["sealed"])
    subscribed = unconnected.ask("GET", "/_sim/seed")
    assert subscribed["app_id"] == unconnected.meta.simulator.config.app_id
    assert unconnected.meta.simulator.world.wabas[seed.WABA_ID].subscribed


def test_a_line_is_connected_by_the_code_of_the_dialog_once(unconnected: Doors) -> None:
    back = "https://panel.example/hatlar"
    made = unconnected.ask("POST", "/_sim/codes", {"phone_number_id": LINE, "redirect_uri": back})
    args = connect_args(
        method="code", code=made["code"], redirect_uri=back, phone_number_id=LINE, token=None
    )

    assert unconnected.result("connect", args)["line"] == args["line"]
    assert unconnected.refusal("connect", args) == "code_used"


def test_an_unregistered_line_is_registered(unconnected: Doors) -> None:
    line = unconnected.meta.simulator.world.lines[LINE]
    line.registered, line.status = False, "PENDING"

    result = unconnected.result("connect", connect_args(phone_number_id=LINE, pin="123456"))

    assert result["status"] == "CONNECTED"
    assert line.registered and line.pin == "123456"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "EAA-not-a-token"}, "token_invalid"),
        ({"token": ""}, "bad_arguments"),
        ({"method": "magic"}, "bad_arguments"),
        ({"waba_id": "710000000000099"}, "other_account"),
        ({"waba_id": "71; DROP"}, "bad_arguments"),
        ({"phone_number_id": "729999999999999"}, "other_account"),
        ({"pin": "12"}, "bad_pin"),
        ({"line": "not hex"}, "bad_arguments"),
    ],
)
def test_what_meta_does_not_vouch_for_is_refused(
    unconnected: Doors, changes: dict[str, object], code: str
) -> None:
    assert unconnected.refusal("connect", connect_args(**changes)) == code
    assert unconnected.sql("SELECT * FROM s_conn") == []
    assert lines(unconnected) == {}


def test_a_token_of_another_account_opens_nothing(unconnected: Doors) -> None:
    world = unconnected.meta.simulator.world
    world.add(*seed.another_business(2, "Başka", digits="908505557777"))
    token = seed.business_token("710000000000002", "x")
    world.add(token)

    refused = unconnected.refusal("connect", connect_args(token=token.value))

    assert refused == "other_account"


def test_a_line_of_another_organization_is_not_taken_over(doors: Doors) -> None:
    other, sign = doors.add_organization(), _sign()
    box = bindings.crypto_box_seed_keypair(os.urandom(32))
    options = {"organization": other, "sign": sign, "box": box}

    taken = connect_args(phone_number_id=LINE)
    assert doors.refusal("connect", taken, **options) == "line_taken"
    foreign = connect_args(line=doors.line.hex)
    assert doors.refusal("connect", foreign, **options) == "bad_arguments"
    assert [row["organization_id"] for row in doors.sql("SELECT * FROM s_conn")] == [
        doors.organization
    ]


def test_every_further_line_comes_with_the_same_keys(doors: Doors) -> None:
    box = bindings.crypto_box_seed_keypair(os.urandom(32))

    # Another box key: the answer goes to the pinned one all the same.
    row = doors.request("connect", connect_args(), box=box)
    doors.serve()
    answer = doors.answer(row)
    assert answer is not None and answer.error == "pin_mismatch"
    # Another sign key is no signature of this organization.
    assert doors.refusal("connect", connect_args(), sign=_sign()) == "signature"
    assert doors.result("connect", connect_args())["line"]
    assert len(doors.sql("SELECT * FROM s_conn")) == 2


def test_the_same_number_keeps_its_line_and_its_pause(doors: Doors) -> None:
    doors.sql("UPDATE line SET state = 'paused', state_reason = 'policy'")

    result = doors.result("connect", connect_args(phone_number_id=LINE))
    assert result["line"] == doors.line.hex
    doors.result("disconnect", {"line": doors.line.hex})
    doors.result("connect", connect_args(phone_number_id=LINE))

    (row,) = doors.sql("SELECT id, state, state_reason FROM line")
    assert row == {"id": doors.line, "state": "paused", "state_reason": "policy"}


def test_connecting_again_mends_a_hold(doors: Doors) -> None:
    doors.sql("UPDATE line SET state = 'held', hold_code = 190, state_reason = 'meta:190'")

    doors.result("connect", connect_args(line=doors.line.hex, phone_number_id=LINE))

    (row,) = doors.sql("SELECT state, hold_code, state_reason FROM line")
    assert row == {"state": "connected", "hold_code": None, "state_reason": None}


def test_disconnecting_forgets_the_token_and_ends_the_webhooks(doors: Doors) -> None:
    doors.subscribe()

    assert doors.result("disconnect", {"line": doors.line.hex}) == {"line": doors.line.hex}

    assert doors.sql("SELECT * FROM s_conn") == []
    assert lines(doors)[doors.line.hex]["state"] == "disconnected"
    assert not doors.meta.simulator.world.wabas[seed.WABA_ID].subscribed
    assert doors.asked("line_info", {"line": doors.line.hex}) is None  # nobody's key is known


# Who is served --------------------------------------------------------------------------------


def test_an_expired_request_is_refused(doors: Doors) -> None:
    old = {"iat": now() - 700, "exp": now() - 100}
    assert doors.refusal("line_info", {"line": doors.line.hex}, **old) == "expired"
    long = {"exp": now() + 3_600}
    assert doors.refusal("line_info", {"line": doors.line.hex}, **long) == "expired"


def test_a_request_for_another_row_or_account_is_refused(doors: Doors) -> None:
    args = {"line": doors.line.hex}
    assert doors.refusal("line_info", args, rpc=os.urandom(16)) == "context"
    assert doors.refusal("line_info", args, account=os.urandom(16)) == "context"
    assert doors.refusal("line_info", args, kid=1) == "sender_key_gone"


def test_a_replayed_request_is_refused(doors: Doors) -> None:
    numbers = people(1)
    row = doors.request("optout_add", {"numbers": numbers})
    (kept,) = doors.sql("SELECT request FROM sender_rpc WHERE id = %s", row)
    doors.serve()
    answer = doors.answer(row)
    assert answer is not None and answer.ok
    again = uuid.uuid4()

    doors.leave(again, "optout_add", bytes(kept["request"]))
    doors.serve()

    answer = doors.answer(again)
    assert answer is not None and answer.error == "context"


def test_a_request_said_to_be_another_operation_is_refused(doors: Doors) -> None:
    row = doors.request("optout_add", {"numbers": people(1)})
    doors.sql("UPDATE sender_rpc SET op = 'line_info' WHERE id = %s", row)
    doors.serve()

    answer = doors.answer(row)
    assert answer is not None and answer.error == "context"
    assert doors.refusals() == {}


def test_rubbish_is_answered_and_does_not_stop_the_next(doors: Doors) -> None:
    row = uuid.uuid4()
    doors.leave(row, "line_info", b"\x11" + os.urandom(100))
    good = doors.request("line_info", {"line": doors.line.hex})

    doors.serve()

    refused, served = doors.answer(row), doors.answer(good)
    assert refused is not None and not refused.ok
    assert served is not None and served.ok


def test_before_the_first_line_only_connecting_is_served(unconnected: Doors) -> None:
    assert unconnected.asked("optout_add", {"numbers": people(1)}) is None
    assert unconnected.refusals() == {}


# Operations -----------------------------------------------------------------------------------


def test_line_info_writes_health_and_lifts_a_mended_hold(doors: Doors) -> None:
    doors.sql("UPDATE line SET state = 'held', hold_code = 368, state_reason = 'meta:368'")
    line = doors.meta.simulator.world.lines[LINE]
    line.quality = "YELLOW"

    result = doors.result("line_info", {"line": doors.line.hex})

    assert result["quality"] == "YELLOW" and result["limit_tier"].startswith("TIER_")
    (row,) = doors.sql("SELECT state, quality, health, checked_at FROM line")
    assert row["state"] == "connected" and row["quality"] == "YELLOW"
    assert row["health"]["can_send"] == "AVAILABLE" and row["checked_at"] is not None
    assert seed.WABA_ID not in str(row["health"])


def test_a_hold_for_a_time_is_not_lifted_by_looking(doors: Doors) -> None:
    doors.sql("UPDATE line SET state = 'held', hold_until = now() + interval '1 hour'")

    doors.result("line_info", {"line": doors.line.hex})

    assert lines(doors)[doors.line.hex]["state"] == "held"


def test_templates_come_as_meta_has_them(doors: Doors) -> None:
    result = doors.result("templates", {"line": doors.line.hex})

    assert {(one["name"], one["status"]) for one in result["templates"]} >= {
        ("hafta_sonu_firsati", "APPROVED"),
        ("son_gunler", "PAUSED"),
    }
    assert datetime.fromisoformat(result["at"]).tzinfo is UTC or result["at"].endswith("Z")


def test_an_error_of_meta_comes_with_its_sentence(doors: Doors) -> None:
    doors.ask("POST", "/_sim/tokens", {"value": seed.TOKEN, "valid": False})
    try:
        assert doors.refusal("templates", {"line": doors.line.hex}) == "meta:190"
    finally:
        doors.ask("POST", "/_sim/tokens", {"value": seed.TOKEN, "valid": True})


def test_a_test_message_reaches_one_person_franked(doors: Doors) -> None:
    (number,) = people(1)
    args = {
        "line": doors.line.hex,
        "template": {"name": "hafta_sonu_firsati", "lang": "tr", "id": "740000000000001"},
        "to": number,
        "params": ["Elif", "%20"],
    }

    assert doors.result("test_send", args) == {"outcome": "accepted"}
    assert len(doors.sent_to(number)) == 1
    assert len(doors.sql("SELECT * FROM s_frank WHERE campaign_id IS NULL")) == 1
    doors.opt_out(number)
    refused = doors.result("test_send", args)
    assert refused["outcome"] == "failed" and refused["tr"] and refused["en"]
    assert doors.refusal("test_send", args | {"to": "+90 532"}) == "bad_number"


def test_the_customers_own_entries_are_added_and_taken_back(doors: Doors) -> None:
    first, second, third = people(3)
    doors.opt_out(third)

    assert doors.result("optout_add", {"numbers": [first, second]}) == {"changed": 2}
    assert doors.result("optout_add", {"numbers": [first]}) == {"changed": 0}
    assert doors.result("optout_remove", {"numbers": [first, third]}) == {"changed": 1}

    # What the person said themselves is not the customer's to take back.
    assert doors.refusals() == {
        doors.recipient_ix(second): "customer",
        doors.recipient_ix(third): "word",
    }
    assert doors.refusal("optout_add", {"numbers": ["0532"]}) == "bad_number"


def test_another_organizations_line_is_not_there(doors: Doors) -> None:
    other, sign = doors.add_organization(), _sign()
    box = bindings.crypto_box_seed_keypair(os.urandom(32))
    options = {"organization": other, "sign": sign, "box": box}
    made = connect_args(phone_number_id=OTHER_LINE)
    doors.result("connect", made, **options)

    assert doors.refusal("templates", {"line": doors.line.hex}, **options) == "no_connection"
    assert doors.refusal("disconnect", {"line": doors.line.hex}, **options) == "no_connection"


def _sign() -> tuple[bytes, bytes]:
    public, secret = bindings.crypto_sign_seed_keypair(os.urandom(32))
    return public, secret
