"""The keys that an organization is pinned to: changed by both keys, or after a reset by Meta."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from nacl import bindings

from tests.doors.stage import LINE, Doors, now
from tests.doors.test_requests import OTHER_LINE, connect_args
from tests.sending.stage import people
from whatstr.core.db import transaction
from whatstr.sending import connections
from whatstr.sending.connections import Pins
from whatstr.vault import rpc

Pair = tuple[bytes, bytes]
GOING = {"running", "done"}


def new_keys() -> tuple[Pair, Pair]:
    sign = bindings.crypto_sign_seed_keypair(os.urandom(32))
    return sign, bindings.crypto_box_seed_keypair(os.urandom(32))


def repin(
    doors: Doors,
    sign: Pair,
    box: Pair,
    *,
    old: Pair | None = None,
    proof: Pair | None = None,
    proof_id: uuid.UUID | None = None,
    read: Pair | None = None,
) -> rpc.Answer | None:
    """Ask for it as the owner's browser does; `proof` and `proof_id` lie."""
    row, kid = uuid.uuid4(), doors.keyring.current_kid(datetime.now(UTC))
    args = rpc.repin_args(
        rpc=(proof_id or row).bytes,
        account=doors.organization.bytes,
        sign_pk=sign[0],
        box_pk=box[0],
        new_sign_sk=(proof or sign)[1],
    )
    request = rpc.Request(
        row.bytes, doors.organization.bytes, kid, now(), now() + 600, rpc.Op.REPIN, args
    )
    seal = rpc.seal_request(
        request, sign_sk=(old or doors.sign)[1], epoch_pk=doors.keyring.epoch_public(kid)
    )
    doors.leave(row, "repin", seal)
    doors.serve()
    return doors.answer(row, box=read or box)


def pins(doors: Doors) -> Pins | None:
    with doors.app.app_context(), transaction():
        return connections.pins(doors.organization)


def test_old_and_new_key_together_change_the_pins(doors: Doors) -> None:
    doors.add_line(uuid.uuid4(), OTHER_LINE)
    sign, box = new_keys()

    answer = repin(doors, sign, box)

    assert answer is not None and answer.result == {"lines": 2}
    assert pins(doors) == Pins(sign[0], box[0])
    # Requests and answers go by the new keys from here on.
    assert doors.result("templates", {"line": doors.line.hex}, sign=sign, box=box)
    assert doors.refusal("templates", {"line": doors.line.hex}, box=box) == "signature"


@pytest.mark.parametrize("lie", ["old", "proof", "proof_id"])
def test_one_key_alone_changes_nothing(doors: Doors, lie: str) -> None:
    sign, box = new_keys()
    other = new_keys()[0]
    before = pins(doors)
    lies: dict[str, Any] = {
        "old": {"old": other},
        "proof": {"proof": other},
        "proof_id": {"proof_id": uuid.uuid4()},
    }

    answer = repin(doors, sign, box, read=doors.box, **lies[lie])

    assert answer is not None and not answer.ok
    assert pins(doors) == before


def test_an_answer_that_was_lost_is_asked_for_again(doors: Doors) -> None:
    sign, box = new_keys()
    repin(doors, sign, box)
    again = repin(doors, sign, box)
    assert again is not None and again.ok
    # Two keys back is gone for good.
    third = new_keys()
    repin(doors, *third, old=sign)
    stale = repin(doors, sign, box, read=third[1])
    assert stale is not None and stale.error == "signature"
    assert pins(doors) == Pins(third[0][0], third[1][0])


def test_campaigns_under_way_go_on_and_no_other_header_does(doors: Doors) -> None:
    numbers, later_numbers = people(3), people(2)
    launched = doors.campaign(numbers)
    scheduled = doors.campaign(later_numbers, state="scheduled")
    old = doors.sign
    sign, box = new_keys()
    repin(doors, sign, box)
    later = new_keys()
    repin(doors, *later, old=sign)  # and over a second change, too

    doors.run()
    assert doors.state(launched)[0] in GOING and doors.sent_to(numbers[0])
    doors.sql("UPDATE campaign SET state = 'queued' WHERE id = %s", scheduled)
    doors.run()
    assert doors.state(scheduled)[0] in GOING and doors.sent_to(later_numbers[0])

    # Whoever knew the old key can make no new campaign with it, under a kept id neither.
    forged = doors.campaign(people(1))
    doors.run()
    assert doors.state(forged) == ("refused", "signature")
    doors.sign = later[0]
    kept = doors.campaign(people(1), state="scheduled")
    another = new_keys()
    repin(doors, *another, old=later[0])
    swapped = doors.seal([], campaign=kept, sign_sk=old[1], changes={"rows": 1, "chunks": 1})
    doors.sql("UPDATE campaign_seal SET header = %s WHERE campaign_id = %s", swapped.sealed, kept)
    doors.sql("UPDATE campaign SET state = 'queued' WHERE id = %s", kept)
    doors.run()
    assert doors.state(kept) == ("refused", "signature")


# After a reset to an empty vault -----------------------------------------------------------------


@pytest.fixture
def emptied(doors: Doors) -> Doors:
    """The vault was emptied after the line was connected; nobody has the old keys."""
    doors.add_line(uuid.uuid4(), OTHER_LINE)
    doors.sql("UPDATE s_conn SET updated_at = now() - interval '1 hour'")
    doors.sql("UPDATE organization SET vault_reset_at = now() - interval '1 minute'")
    return doors


def test_a_line_from_before_brings_the_new_keys(emptied: Doors) -> None:
    sign, box = new_keys()

    result = emptied.result("connect", connect_args(phone_number_id=LINE), sign=sign, box=box)

    assert result["line"] == emptied.line.hex
    assert pins(emptied) == Pins(sign[0], box[0])
    states = {row["id"]: row["state"] for row in emptied.sql("SELECT id, state FROM line")}
    assert states[emptied.line] == "connected"
    assert sorted(states.values()) == ["connected", "disconnected"]
    # Now a further line comes with the same two keys, and with no others.
    assert emptied.result("connect", connect_args(), sign=sign, box=box)
    third = new_keys()
    row = emptied.request("connect", connect_args(), sign=third[0], box=third[1])
    emptied.serve()
    answer = emptied.answer(row, box=box)
    assert answer is not None and not answer.ok


def test_a_line_that_was_never_theirs_brings_none(emptied: Doors) -> None:
    emptied.sql("DELETE FROM s_conn WHERE line_id <> %s", emptied.line)
    before = pins(emptied)
    sign, box = new_keys()
    refused = emptied.refusal("connect", connect_args(), sign=sign, box=box)
    assert refused == "reconnect_first"
    assert pins(emptied) == before


def test_without_metas_word_no_key_changes(emptied: Doors) -> None:
    before = pins(emptied)
    sign, box = new_keys()
    args = connect_args(phone_number_id=LINE, token="EAA-not-a-token")
    assert emptied.refusal("connect", args, sign=sign, box=box) == "token_invalid"
    assert pins(emptied) == before


def test_without_a_reset_metas_word_changes_no_key(doors: Doors) -> None:
    sign, box = new_keys()
    row = doors.request("connect", connect_args(phone_number_id=LINE), sign=sign, box=box)
    doors.serve()
    answer = doors.answer(row)
    assert answer is not None and answer.error == "signature"
