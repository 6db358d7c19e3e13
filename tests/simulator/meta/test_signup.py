from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.simulator.meta.stage import LINE, WABA, Stage, staged

BACK = "https://panel.example.com/lines/back?from=meta"


def asked(stage: Stage, **changes: str) -> dict[str, str]:
    return {
        "client_id": stage.meta.config.app_id,
        "redirect_uri": BACK,
        "state": "s<'\">",
        "response_type": "code",
        **changes,
    }


async def confirm(stage: Stage, **form: str) -> dict[str, str]:
    """Post the page's form; what comes back in the query."""
    data = asked(stage) | form
    url = f"{stage.meta.url}/v25.0/dialog/oauth"
    async with stage.http.post(url, data=data, allow_redirects=False) as answer:
        assert answer.status == 302
        place = urlsplit(answer.headers["Location"])
    assert (place.netloc, place.path) == ("panel.example.com", "/lines/back")
    return {k: v[0] for k, v in parse_qs(place.query).items()}


async def exchange(stage: Stage, code: str, **changes: str) -> tuple[int, Any]:
    query = {
        "client_id": stage.meta.config.app_id,
        "client_secret": stage.meta.config.app_secret,
        "code": code,
        **changes,
    }
    url = f"{stage.meta.url}/v25.0/oauth/access_token"
    async with stage.http.get(url, params=query) as answer:
        return answer.status, await answer.json()


async def debug(stage: Stage, token: str) -> dict[str, Any]:
    url = f"{stage.meta.url}/debug_token"
    app = f"{stage.meta.config.app_id}|{stage.meta.config.app_secret}"
    query = {"input_token": token, "access_token": app}
    async with stage.http.get(url, params=query) as answer:
        found: dict[str, Any] = (await answer.json())["data"]
        return found


@staged()
async def test_the_page_shows_the_lines_and_nothing_inline(stage: Stage) -> None:
    url = f"{stage.meta.url}/dialog/oauth"
    async with stage.http.get(url, params=asked(stage)) as answer:
        text = await answer.text()
    assert answer.status == 200 and LINE in text and "+90 850 555 00 02" in text
    assert "<script" not in text and "style=" not in text and "s<'" not in text
    assert re.search(r'name="state" value="s&lt;&#x27;&quot;&gt;"', text)
    for wrong in ({"client_id": "1"}, {"redirect_uri": "javascript:alert(1)"}):
        async with stage.http.get(url, params=asked(stage, **wrong)) as answer:
            assert answer.status == 400


@staged()
async def test_from_the_page_to_a_token_that_sends(stage: Stage) -> None:
    back = await confirm(stage, line=LINE, choice="yes")
    assert (back["waba_id"], back["phone_number_id"]) == (WABA, LINE)
    assert (back["state"], back["from"]) == ("s<'\">", "meta")
    status, token = await exchange(stage, back["code"])
    assert status == 200 and token["token_type"] == "bearer"
    assert (await exchange(stage, back["code"]))[0] == 400
    stage.token = token["access_token"]
    await stage.sent("+905321234500")
    shown = await debug(stage, stage.token)
    assert shown["is_valid"] and shown["app_id"] == stage.meta.config.app_id
    granted = {g["scope"]: g["target_ids"] for g in shown["granular_scopes"]}
    assert granted["whatsapp_business_messaging"] == [WABA]
    assert not (await debug(stage, "nonsense"))["is_valid"]


@staged()
async def test_a_new_business_and_a_refusal(stage: Stage) -> None:
    back = await confirm(stage, line="new", choice="yes")
    assert back["waba_id"] != WABA
    _, token = await exchange(stage, back["code"])
    stage.token = token["access_token"]
    _, listed = await stage.get(f"{back['waba_id']}/phone_numbers")
    assert [line["id"] for line in listed["data"]] == [back["phone_number_id"]]
    assert (await stage.get(WABA))[0] == 400
    refused = await confirm(stage, choice="no")
    assert refused["error"] == "access_denied" and "code" not in refused


@staged(code_seconds=0.0)
async def test_a_code_lives_shortly(stage: Stage) -> None:
    code = (await stage.sim("codes", {"phone_number_id": LINE}))["code"]
    status, answer = await exchange(stage, code)
    assert status == 400 and answer["error"]["error_subcode"] == 36009
    await stage.sim("settings", {"code_seconds": 60.0})
    assert (await exchange(stage, code, client_secret="x"))[1]["error"]["code"] == 1
    assert (await exchange(stage, code, client_id="x"))[1]["error"]["code"] == 101
    assert (await exchange(stage, code, redirect_uri="https://a.example"))[0] == 400
    assert (await exchange(stage, code))[0] == 200
