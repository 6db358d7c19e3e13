from __future__ import annotations

import random

import pytest

from tests.simulator.meta.stage import LINE, Stage, staged
from whatstr.simulator.meta.behaviours import BEHAVIOURS, behaviour_of, is_opt_out

START = "+90532123"


def number(ending: str) -> str:
    return (START + "4567890")[: 13 - len(ending)] + ending


ENDS: list[tuple[str, list[str], int]] = [
    ("9", ["sent", "delivered"], 0),
    ("8", ["sent", "delivered", "read"], 0),
    ("11", ["failed"], 131026),
    ("13", ["failed"], 131050),
    ("14", ["failed"], 131049),
    ("15", ["sent"], 0),
    ("20", ["sent", "delivered"], 0),
    ("21", ["sent", "delivered", "read"], 0),
    ("281", ["sent", "read"], 0),
    ("282", ["sent", "failed", "delivered", "read"], 131026),
    ("291", ["failed"], 131000),
    ("292", ["failed"], 130472),
]


@pytest.mark.parametrize(("ending", "statuses", "code"), ENDS)
def test_a_number_ends_as_the_table_says(ending: str, statuses: list[str], code: int) -> None:
    @staged()
    async def scenario(stage: Stage) -> None:
        await stage.sent(number(ending), "m")
        await stage.quiet()
        told = stage.receiver.statuses
        assert [s["status"] for s in told] == statuses
        assert [s["errors"][0]["code"] for s in told if "errors" in s] == ([code] if code else [])
        reached = int(bool({"delivered", "read"} & set(statuses)))
        assert (await stage.summary())["reached_once"] == reached

    scenario()


WRITES = [(e, b.reply) for e, b in BEHAVIOURS.items() if b.reply and not b.hides_number]


@pytest.mark.parametrize(("ending", "said"), WRITES)
def test_a_person_who_writes_writes_after_the_delivery(ending: str, said: str) -> None:
    @staged()
    async def scenario(stage: Stage) -> None:
        wamid = await stage.sent(number(ending))
        await stage.quiet()
        [written] = stage.receiver.written
        assert written["text"]["body"] == said and written["from"] == number(ending)[1:]
        bound = BEHAVIOURS[ending].reply_with_context
        assert (written.get("context", {}).get("id") == wamid) is bound
        assert (await stage.summary())["opted_out_people"] == int(is_opt_out(said))

    scenario()


@staged()
async def test_the_opt_out_button_is_tapped_with_its_payload(stage: Stage) -> None:
    button = {
        "type": "button",
        "sub_type": "quick_reply",
        "index": "0",
        "parameters": [{"type": "payload", "payload": "optout"}],
    }
    values = [{"type": "text", "text": "Ali"}, {"type": "text", "text": "%5"}]
    parts = [{"type": "body", "parameters": values}, button]
    template = {
        "name": "hafta_sonu_firsati",
        "language": {"code": "tr"},
        "components": parts,
    }
    wamid = await stage.sent(number("230"), template=template)
    await stage.quiet()
    [written] = stage.receiver.written
    assert written["type"] == "button" and written["context"]["id"] == wamid
    assert written["button"] == {"payload": "optout", "text": "Dur"}


@staged()
async def test_the_stop_switch_then_131050_until_resumed(stage: Stage) -> None:
    person = number("296")
    await stage.sent(person)
    await stage.quiet()
    [value] = stage.receiver.values("user_preferences")
    [preference] = value["user_preferences"]
    assert preference["value"] == "stop" and isinstance(preference["timestamp"], int)
    await stage.sent(person)
    await stage.quiet()
    assert (await stage.summary())["by_code"] == {"131050": 1}
    await stage.sim("preferences", {"phone_number_id": LINE, "from": person, "value": "resume"})
    await stage.sent(person)
    assert (await stage.summary())["reached_once"] >= 1
    await stage.quiet()
    assert (await stage.summary())["by_code"] == {"131050": 1}


@staged()
async def test_a_changed_number_and_another_wa_id(stage: Stage) -> None:
    await stage.sent(number("297"))
    _, answer = await stage.send(number("295"))
    assert answer["contacts"][0]["wa_id"] != number("295")[1:]
    await stage.quiet()
    [told] = [m for m in stage.receiver.written if m["type"] == "system"]
    assert told["system"]["type"] == "user_changed_number"


@staged()
async def test_a_behaviour_can_be_given_to_any_number(stage: Stage) -> None:
    await stage.sim("people", {"to": number("8"), "behaviour": "silent"})
    await stage.sent(number("8"))
    await stage.quiet()
    assert [s["status"] for s in stage.receiver.statuses] == ["sent"]


def test_of_random_people_about_95_in_100_get_their_message() -> None:
    dice = random.Random(7)
    people = [behaviour_of(f"9053{dice.randrange(10**8):08d}") for _ in range(20_000)]
    arrive = sum(p.delivered and (not p.error or p.revives) for p in people)
    assert 0.94 < arrive / len(people) < 0.96
    assert sum(is_opt_out(p.reply) or p.taps_opt_out for p in people) < 0.02 * len(people)


@pytest.mark.parametrize("said", ["DUR", "dur", " İptal. ", "ıptal", "iptal", "STOP", "çık", "Ret"])
def test_words_of_refusal(said: str) -> None:
    assert is_opt_out(said)


@pytest.mark.parametrize("said", ["Durun", "DUR lütfen", "", "Teşekkürler", "ŞİKAYET"])
def test_words_that_are_none(said: str) -> None:
    assert not is_opt_out(said)
