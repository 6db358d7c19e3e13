"""People known by a number, by a user id, or by both: one person, one refusal, one message."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.doors.stage import LINE, Doors, now
from tests.sending.stage import people
from whatstr.lines.error_policy import DUPLICATE, OPTED_OUT
from whatstr.sending import context
from whatstr.vault.indexes import Purpose, ix
from whatstr.vault.rows import JobRow


def user_id(doors: Doors, number: str) -> str:
    """The user id that Meta gives this person towards the line's business."""
    world = doors.meta.simulator.world
    waba = world.wabas[world.lines[LINE].waba_id]
    return str(world.bsuid(waba.business_id, number))


def alias(doors: Doors, name: str) -> bytes:
    return ix(doors.keyring.ik, Purpose.ALIAS, doors.organization.bytes, name)


def campaign(doors: Doors, *names: str) -> uuid.UUID:
    with doors.app.app_context():
        context.pace_redis().flushdb()
    made = doors.launch(doors.seal([JobRow(name, ("Kişi", "%20")) for name in names]))
    doors.run()
    return made


@pytest.fixture
def hidden(doors: Doors) -> Doors:
    """Everybody hides their number."""
    doors.settings(withhold_numbers=True, webhook_hold=False)
    doors.subscribe()
    return doors


def test_a_row_with_a_user_id_is_sent_to_it_and_followed_to_the_end(hidden: Doors) -> None:
    (number,) = people(1, ending="021")
    name = user_id(hidden, number)

    made = campaign(hidden, name)
    hidden.settle()

    assert hidden.counts(made) == {"read": 1}
    (sent,) = hidden.meta.simulator.world.messages.values()
    assert sent.by_bsuid


def test_statuses_without_a_number_reach_their_rows(hidden: Doors) -> None:
    made = campaign(hidden, *people(4, ending="020"))
    hidden.settle()

    assert hidden.counts(made) == {"delivered": 4}


def test_a_stop_of_the_user_id_binds_the_number(hidden: Doors) -> None:
    (number,) = people(1, ending="020")
    campaign(hidden, number)
    hidden.settle()  # a status ties the two

    hidden.says(from_user_id=user_id(hidden, number), text="DUR")

    made = campaign(hidden, number)
    assert hidden.codes(made) == {OPTED_OUT: 1}


@pytest.mark.parametrize("how", ["says", "switch", "customer"])
def test_a_stop_of_the_number_binds_the_user_id(doors: Doors, how: str) -> None:
    (number,) = people(1)
    name = user_id(doors, number)
    if how == "says":
        doors.says(**{"from": number, "from_user_id": name, "text": "DUR"})
    elif how == "switch":
        prefer(doors, wa_id=number, user_id=name)
    else:
        doors.says(**{"from": number, "from_user_id": name, "text": "Merhaba"})
        doors.result("optout_add", {"numbers": [name]})

    made = campaign(doors, name)

    assert doors.codes(made) == {OPTED_OUT: 1}
    assert set(doors.refusals()) == {doors.recipient_ix(number)}


def prefer(doors: Doors, **names: Any) -> None:
    entry = names | {"category": "marketing_messages", "value": "stop", "timestamp": now()}
    doors.tell(
        "user_preferences", {"metadata": {"phone_number_id": LINE}, "user_preferences": [entry]}
    )


def test_a_stop_under_a_user_id_alone_binds_a_row_with_it(doors: Doors) -> None:
    prefer(doors, user_id="TR.unknown")

    made = campaign(doors, "TR.unknown", *people(1))

    assert doors.counts(made) == {"suppressed": 1, "accepted": 1}


def test_number_and_user_id_of_one_person_get_one_message(doors: Doors) -> None:
    (number,) = people(1)
    name = user_id(doors, number)
    doors.says(**{"from": number, "from_user_id": name, "text": "Merhaba"})

    made = campaign(doors, number, name)

    assert doors.counts(made) == {"accepted": 1, "suppressed": 1}
    assert doors.codes(made) == {DUPLICATE: 1}


def test_a_number_told_later_joins_what_was_sent_to_the_user_id(doors: Doors) -> None:
    (number,) = people(1)
    name = user_id(doors, number)
    doors.settings(webhook_hold=True)
    campaign(doors, name)
    (row,) = doors.sql("SELECT mref, recipient_ix FROM message")
    assert bytes(row["recipient_ix"]) == alias(doors, name)
    (message,) = doors.ask("GET", "/_sim/messages")["messages"]
    doors.says(from_user_id=name, text="DUR")

    doors.status(id=message["id"], status="sent", recipient_id=number, recipient_user_id=name)

    assert doors.refusals()[doors.recipient_ix(number)] == "word"
    made = campaign(doors, number)
    assert doors.codes(made) == {OPTED_OUT: 1}


def test_the_customer_is_told_by_which_name_somebody_stopped(doors: Doors) -> None:
    doors.says(from_user_id="TR.nobody", text="DUR")

    (notice,) = doors.notices()
    assert (notice["t"], notice["user"]) == ("optout", "TR.nobody")
    assert "from" not in notice
