from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.simulator.meta.stage import LINE, OTHER_LINE, WABA, Stage, message, staged

PERSON = "+905321234500"


def code_of(answer: tuple[int, Any]) -> int:
    """The code of a refusal in Meta's shape."""
    error = answer[1]["error"]
    assert error["type"] == "OAuthException" and error["message"] and error["fbtrace_id"]
    return int(error["code"])


@staged()
async def test_a_template_is_taken_told_and_seen(stage: Stage) -> None:
    status, answer = await stage.send(PERSON, "m1:abc")
    assert status == 200
    wamid = answer["messages"][0]["id"]
    assert answer == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": PERSON, "wa_id": PERSON[1:]}],
        "messages": [{"id": wamid, "message_status": "accepted"}],
    }
    assert PERSON[1:].encode() in base64.b64decode(wamid.removeprefix("wamid."))
    await stage.quiet()
    told = stage.receiver.statuses
    assert [s["status"] for s in told] == ["sent", "delivered", "read"]
    assert {s["id"] for s in told} == {wamid}
    assert {s["biz_opaque_callback_data"] for s in told} == {"m1:abc"}
    assert told[0]["pricing"]["category"] == "marketing" and told[0]["pricing"]["billable"]
    assert "conversation" not in told[0]
    [seen] = (await stage.sim("messages", to=PERSON))["messages"]
    assert seen["seen"]["body"].startswith("Merhaba Ali, bu hafta sonu tüm siparişlerde %10")
    assert seen["seen"]["header"] == "Hafta sonu fırsatı"


@staged()
async def test_tokens_versions_and_owners(stage: Stage) -> None:
    body = message(PERSON)
    url = f"{stage.meta.url}/v99.0/{LINE}/messages"
    async with stage.http.post(url, json=body) as answer:
        assert (await answer.json())["error"]["code"] == 2500
    other = await stage.sim("lines", {"name": "Başka"})
    assert code_of(await stage.post(f"{other['lines'][0]['id']}/messages", body)) == 100
    stage.token = ""
    assert code_of(await stage.send(PERSON)) == 104
    stage.token = "EAAwrong"
    assert (await stage.send(PERSON))[0] == 401
    assert code_of(await stage.send(PERSON)) == 190
    stage.token = other["tokens"][0]
    await stage.sim("tokens", {"value": stage.token, "valid": False})
    answer = await stage.get(other["id"])
    assert code_of(answer) == 190 and answer[1]["error"]["error_subcode"] == 463


def template(**changes: Any) -> dict[str, Any]:
    return {**message(PERSON)["template"], **changes}


def body_part(*parameters: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "body", "parameters": list(parameters)}]


ALI = {"type": "text", "text": "Ali"}
WRONG: list[tuple[int, dict[str, Any]]] = [
    (132000, {"values": ("Ali",)}),
    (132000, {"values": ("Ali", "b", "c")}),
    (132000, {"template": template(components=None)}),
    (132001, {"template": template(name="yok")}),
    (132001, {"template": template(language={"code": "en"})}),
    (132015, {"template": template(name="son_gunler")}),
    (131008, {"template": {"name": "hafta_sonu_firsati"}}),
    (131008, {"values": ("Ali", "  ")}),
    (132012, {"values": ("Ali", "a\nb")}),
    (132012, {"template": template(components=body_part(ALI, {"type": "image", "image": {}}))}),
    (132005, {"values": ("Ali", "x" * 1000)}),
    (132012, {"template": template(name="yeni_urunler", components=body_part(ALI))}),
    (100, {"messaging_product": None}),
    (100, {"to": None}),
    (100, {"type": "telegram"}),
    (100, {"priority": "high"}),
    (131009, {"to": "abc"}),
    (131009, {"biz_opaque_callback_data": "x" * 513}),
    (131008, {"type": "text", "template": None}),
    (131009, {"type": "text", "template": None, "text": {"body": "x" * 4097}}),
    (131008, {"type": "image", "template": None, "image": {}}),
    (131053, {"type": "image", "template": None, "image": {"id": "1"}}),
    (131021, {"to": "+908505550001"}),
]


@pytest.mark.parametrize(("code", "changes"), WRONG)
def test_what_is_wrong_is_refused_with_its_code(code: int, changes: dict[str, Any]) -> None:
    @staged()
    async def scenario(stage: Stage) -> None:
        changed = dict(changes)
        to = changed.pop("to", PERSON)
        assert code_of(await stage.send(to, **changed)) == code
        assert (await stage.summary())["messages"] == 0

    scenario()


@staged()
async def test_a_disabled_template_is_132016(stage: Stage) -> None:
    _, listed = await stage.get(f"{WABA}/message_templates", name="hafta_sonu_firsati")
    await stage.sim(f"templates/{listed['data'][0]['id']}", {"status": "DISABLED"})
    assert code_of(await stage.send(PERSON)) == 132016
    await stage.quiet()
    [value] = stage.receiver.values("message_template_status_update")
    assert value["event"] == "DISABLED" and isinstance(value["message_template_id"], int)


@staged()
async def test_every_type_is_taken_within_the_window(stage: Stage) -> None:
    await stage.sim("inbound", {"phone_number_id": LINE, "from": PERSON, "text": "Merhaba"})
    link = {"link": "https://example.com/a"}
    reply = {"type": "reply", "reply": {"id": "1", "title": "Evet"}}
    rows = [{"title": "A", "rows": [{"id": "1", "title": "Bir"}]}]
    types: list[tuple[str, Any]] = [
        ("text", {"body": "Merhaba", "preview_url": False}),
        ("image", {**link, "caption": "Resim"}),
        ("video", link),
        ("audio", link),
        ("document", {**link, "filename": "a.pdf"}),
        ("sticker", link),
        ("location", {"latitude": 41.0, "longitude": 29.0}),
        ("contacts", [{"name": {"formatted_name": "Ali"}}]),
        ("reaction", {"message_id": "wamid.x", "emoji": "👍"}),
        (
            "interactive",
            {"type": "button", "body": {"text": "?"}, "action": {"buttons": [reply]}},
        ),
        (
            "interactive",
            {"type": "list", "body": {"text": "?"}, "action": {"button": "Aç", "sections": rows}},
        ),
    ]
    for kind, part in types:
        await stage.sent(PERSON, template=None, type=kind, **{kind: part})
    status, answer = await stage.post(
        f"{LINE}/messages",
        {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x"},
    )
    assert (status, answer) == (200, {"success": True})
    await stage.quiet()
    assert (await stage.summary())["reached_once"] == len(types)
    assert not stage.receiver.statuses[0]["pricing"]["billable"]


@staged()
async def test_free_text_outside_the_window_fails_131047(stage: Stage) -> None:
    text = {"type": "text", "template": None, "text": {"body": "Selam"}}
    await stage.sent(PERSON, **text)
    await stage.quiet()
    [failed] = stage.receiver.statuses
    assert failed["status"] == "failed" and failed["errors"][0]["code"] == 131047
    await stage.sim("settings", {"window_error": "response"})
    assert code_of(await stage.send(PERSON, **text)) == 131047


@staged()
async def test_marketing_messages_take_marketing_only(stage: Stage) -> None:
    status, answer = await stage.post(f"{LINE}/marketing_messages", message(PERSON))
    assert status == 200 and answer["messages"][0]["message_status"] == "accepted"
    order = template(name="siparis_yolda")
    refused = await stage.post(f"{LINE}/marketing_messages", message(PERSON, template=order))
    assert code_of(refused) == 134100


@staged()
async def test_without_a_plus_the_country_is_put_in_front(stage: Stage) -> None:
    _, answer = await stage.send("532 123 45-00")
    assert answer["contacts"] == [{"input": "532 123 45-00", "wa_id": "905321234500"}]
    await stage.sim("settings", {"to_without_plus": "wa_id"})
    _, answer = await stage.send("905321234500")
    assert answer["contacts"][0]["wa_id"] == "905321234500"


@staged()
async def test_a_hidden_person_is_written_to_by_user_id(stage: Stage) -> None:
    hidden = "905321234251"
    await stage.sent("+" + hidden)
    await stage.quiet()
    [written] = stage.receiver.written
    assert "from" not in written and written["text"]["body"] == "DUR"
    bsuid = written["from_user_id"]
    assert bsuid == stage.receiver.statuses[0]["recipient_user_id"]
    stage.receiver.bodies.clear()
    await stage.sent(None, recipient=bsuid)
    await stage.quiet()
    assert {s["recipient_user_id"] for s in stage.receiver.statuses} == {bsuid}
    assert hidden not in stage.receiver.bodies[0].decode()
    assert (await stage.sim("people", to=hidden))["reached"] == 2


@staged(pacing_after=2, pacing_hold_ms=40, message_status="paced")
async def test_paced_messages_are_held_then_released(stage: Stage) -> None:
    answers = [(await stage.send(f"+90532123450{n}"))[1]["messages"][0] for n in (0, 2, 4)]
    assert "message_status" not in answers[0]
    assert answers[2]["message_status"] == "held_for_quality_assessment"
    while (await stage.summary())["by_status"].get("held"):
        await stage.quiet()
    await stage.quiet()
    assert (await stage.summary())["reached_once"] == 3


@staged(pacing_after=1, pacing_hold_ms=20, pacing_outcome="pause")
async def test_paced_messages_fail_132015_when_the_template_is_paused(stage: Stage) -> None:
    await stage.sent("+905321234500")
    await stage.sent("+905321234502")
    while (await stage.summary())["by_status"].get("held"):
        await stage.quiet()
    await stage.quiet()
    assert (await stage.summary())["by_code"] == {"132015": 1}
    assert code_of(await stage.send("+905321234504")) == 132015
    [value] = stage.receiver.values("message_template_status_update")
    assert value["other_info"]["title"] == "RATE_LIMITING_PAUSE"


@staged()
async def test_the_old_version_tells_of_conversations(stage: Stage) -> None:
    url = f"{stage.meta.url}/v23.0/{OTHER_LINE}/messages"
    headers = {"Authorization": f"Bearer {stage.token}"}
    async with stage.http.post(url, json=message(PERSON), headers=headers) as answer:
        assert answer.headers["facebook-api-version"] == "v23.0"
    await stage.quiet()
    assert stage.receiver.statuses[0]["conversation"]["origin"] == {"type": "marketing"}
