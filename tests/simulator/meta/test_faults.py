from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.simulator.meta.stage import LINE, OTHER_LINE, WABA, Stage, message, staged

PERSON = "+905321234500"


async def fault(stage: Stage, **members: Any) -> None:
    await stage.sim("faults", members)


@staged()
async def test_a_connection_dropped_after_the_message_was_taken(stage: Stage) -> None:
    await fault(stage, kind="drop_after", count=1)
    with pytest.raises(aiohttp.ClientError):
        await stage.send(PERSON, "m1:x")
    await stage.quiet()
    assert {s["biz_opaque_callback_data"] for s in stage.receiver.statuses} == {"m1:x"}
    assert (await stage.summary())["reached_once"] == 1
    # A sender that hands it over again reaches the person twice, and the ledger says so.
    await stage.sent(PERSON, "m1:x")
    await stage.quiet()
    found = await stage.summary()
    assert (found["reached_once"], found["reached_twice_or_more"]) == (0, 1)
    [row] = (await stage.sim("ledger", prefix="m1:"))["rows"]
    assert (row["taken"], row["reached"], row["to_ends"]) == (2, 2, "4500")
    assert PERSON[1:] not in str(row)


@staged()
async def test_a_connection_dropped_before_takes_nothing(stage: Stage) -> None:
    await fault(stage, kind="drop_before", count=1)
    with pytest.raises(aiohttp.ClientError):
        await stage.send(PERSON)
    assert (await stage.summary())["messages"] == 0
    await stage.sent(PERSON)


@staged(drop_after_probability=1.0)
async def test_dropping_by_probability(stage: Stage) -> None:
    with pytest.raises(aiohttp.ClientError):
        await stage.send(PERSON)
    assert (await stage.summary())["messages"] == 1


@staged()
async def test_5xx_with_and_without_taking(stage: Stage) -> None:
    for taken, count in ((False, 0), (True, 1)):
        await fault(stage, kind="http", status=502, taken=taken, count=1)
        url = f"{stage.meta.url}/v25.0/{LINE}/messages"
        headers = {"Authorization": f"Bearer {stage.token}"}
        async with stage.http.post(url, json=message(PERSON), headers=headers) as answer:
            assert answer.status == 502 and not await answer.read()
        assert (await stage.summary())["messages"] == count
    await stage.sim("settings", {"error_rate_5xx": 1.0})
    status, told = await stage.send(PERSON)
    assert (status, told["error"]["code"]) == (500, 131000)


CODES = [(130429, 429), (131057, 500), (131048, 429), (132015, 400), (368, 403), (131042, 400)]


@pytest.mark.parametrize(("code", "status"), CODES)
def test_codes_by_setting_for_one_line_and_a_count(code: int, status: int) -> None:
    @staged()
    async def scenario(stage: Stage) -> None:
        await fault(stage, code=code, phone_number_id=LINE, count=1)
        await stage.sent(PERSON, line=OTHER_LINE)
        got, answer = await stage.send(PERSON)
        assert (got, answer["error"]["code"]) == (status, code)
        await stage.sent(PERSON)
        await stage.sim("settings", {"http_status": {str(code): 418}})
        await fault(stage, code=code, to_ending="4500", count=1)
        assert (await stage.send(PERSON))[0] == 418
        assert (await stage.summary())["messages"] == 2

    scenario()


@staged()
async def test_a_code_by_webhook_is_accepted_first(stage: Stage) -> None:
    await fault(stage, code=131042, where="webhook", count=1)
    await stage.sent(PERSON)
    await stage.quiet()
    [failed] = stage.receiver.statuses
    assert failed["errors"][0]["code"] == 131042 and failed["errors"][0]["title"]
    assert (await stage.summary())["by_code"] == {"131042": 1}


@staged()
async def test_a_fault_ends_with_its_time(stage: Stage) -> None:
    await fault(stage, code=131057, seconds=60.0)
    assert (await stage.send(PERSON))[1]["error"]["code"] == 131057
    [struck] = stage.meta.world.settings.faults
    struck.started -= 61
    await stage.sent(PERSON)
    assert not (await stage.sim("settings"))["faults"]


@staged()
async def test_a_dead_token_on_every_call(stage: Stage) -> None:
    await fault(stage, code=190, scope="all", phone_number_id=WABA)
    assert (await stage.get(WABA))[1]["error"]["code"] == 190
    assert (await stage.get(LINE))[0] == 200


@staged(slow_ms=1)
async def test_slow_answers_come_all_the_same(stage: Stage) -> None:
    await fault(stage, kind="slow", ms=1)
    await stage.sent(PERSON)


@staged()
async def test_senseless_settings_are_refused(stage: Stage) -> None:
    url = f"{stage.meta.url}/_sim/settings"
    for wrong in (
        {"unknown": 1},
        {"slow_ms": "x"},
        {"faults": [{"kind": "error"}]},
        {"faults": [{"kind": "no"}]},
        {"webhook_hold": 1},
    ):
        async with stage.http.post(url, json=wrong) as answer:
            assert answer.status == 400 and (await answer.json())["error"]


# Limits -------------------------------------------------------------------------------------


@staged(line_limit=True, line_burst_seconds=0.05)
async def test_the_line_has_a_pace(stage: Stage) -> None:
    answers = await asyncio.gather(*(stage.send(f"+9053212{n:05d}") for n in range(60)))
    codes = {a["error"]["code"] for status, a in answers if status != 200}
    assert codes == {130429} and any(status == 200 for status, _ in answers)


@staged(pair_burst=3)
async def test_one_person_is_not_flooded(stage: Stage) -> None:
    for _ in range(3):
        await stage.sent(PERSON)
    status, answer = await stage.send(PERSON)
    assert (status, answer["error"]["code"]) == (429, 131056)
    await stage.sent("+905321234502")


@staged(portfolio_limit=2)
async def test_the_portfolio_has_its_people_of_the_day(stage: Stage) -> None:
    for ending, line in (("8", LINE), ("6", OTHER_LINE), ("8", OTHER_LINE), ("4", LINE)):
        await stage.sent(f"+90532123456{ending}", line=line)
    await stage.quiet()
    found = await stage.summary()
    assert found["by_code"] == {"131049": 1} and found["people_reached"] == 2


@staged(marketing_cap=1)
async def test_marketing_to_one_person_is_capped(stage: Stage) -> None:
    await stage.sent(PERSON)
    await stage.sent(PERSON)
    await stage.quiet()
    assert (await stage.summary())["by_code"] == {"131049": 1}


@staged(management_per_hour=2)
async def test_management_calls_are_counted(stage: Stage) -> None:
    await stage.get(WABA)
    status, answer = await stage.get(WABA)
    assert (status, answer["error"]["code"]) == (429, 80007)


# Opt-outs -----------------------------------------------------------------------------------


@staged(opt_out_grace_s=0.0)
async def test_messages_after_an_acknowledged_opt_out_are_counted(stage: Stage) -> None:
    refuses, other = "+905321234220", "+905321234500"
    await stage.sent(refuses, "a")
    await stage.quiet()
    assert (await stage.summary())["opted_out_reached"] == 0
    await stage.sent(refuses, "b", line=OTHER_LINE)
    await stage.sent(other, "c")
    text = {"type": "text", "template": None, "text": {"body": "Listeden çıktınız."}}
    await stage.sent(refuses, "d", **text)
    found = await stage.summary()
    assert (found["opted_out_reached"], found["opted_out_answered"]) == (1, 1)
    assert (await stage.summary(opted_out=other))["opted_out_reached"] == 2
    assert (await stage.sim("people", to=refuses))["after_opt_out"] == 2


@staged(opt_out_grace_s=60.0)
async def test_the_grace_is_kept(stage: Stage) -> None:
    await stage.sent("+905321234220")
    await stage.quiet()
    await stage.sent("+905321234220")
    assert (await stage.summary())["opted_out_reached"] == 0


@staged(opt_out_grace_s=0.0)
async def test_an_opt_out_counts_from_its_acknowledgement(stage: Stage) -> None:
    await stage.sim("settings", {"webhook_hold": True})
    await stage.sim("inbound", {"phone_number_id": LINE, "from": PERSON, "text": "DUR"})
    await stage.sent(PERSON)
    assert (await stage.summary())["opted_out_reached"] == 0
    await stage.sim("settings", {"webhook_hold": False})
    await stage.quiet()
    await stage.sent(PERSON)
    assert (await stage.summary())["opted_out_reached"] == 1
