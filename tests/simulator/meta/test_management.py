from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.simulator.meta.stage import LINE, OTHER_LINE, WABA, Stage, staged, until
from whatstr.simulator.meta.model import Line
from whatstr.simulator.meta.templates import variables


@staged()
async def test_a_line_shows_the_asked_fields(stage: Stage) -> None:
    status, line = await stage.get(LINE)
    assert status == 200 and line["id"] == LINE
    assert line["display_phone_number"] == "+90 850 555 00 01" and line["status"] == "CONNECTED"
    fields = "quality_rating,whatsapp_business_manager_messaging_limit,health_status"
    _, line = await stage.get(LINE, fields=fields)
    assert line.keys() == {"id", *fields.split(",")}
    assert line["health_status"]["can_send_message"] == "AVAILABLE"
    kinds = [entity["entity_type"] for entity in line["health_status"]["entities"]]
    assert kinds == ["PHONE_NUMBER", "WABA", "BUSINESS", "APP"]
    status, answer = await stage.get(LINE, fields="nothing")
    assert status == 400 and answer["error"]["code"] == 100
    assert (await stage.get("999"))[1]["error"]["error_subcode"] == 33


@staged()
async def test_lists_are_paged_with_cursors(stage: Stage) -> None:
    _, first = await stage.get(f"{WABA}/phone_numbers", limit="1")
    assert [line["id"] for line in first["data"]] == [LINE] and "next" in first["paging"]
    after = first["paging"]["cursors"]["after"]
    _, second = await stage.get(f"{WABA}/phone_numbers", limit="1", after=after)
    assert [line["id"] for line in second["data"]] == [OTHER_LINE]
    assert "next" not in second["paging"]
    before = second["paging"]["cursors"]["before"]
    _, back = await stage.get(f"{WABA}/phone_numbers", limit="1", before=before)
    assert back["data"] == first["data"]
    headers = {"Authorization": f"Bearer {stage.token}"}
    async with stage.http.get(first["paging"]["next"], headers=headers) as answer:
        assert (await answer.json())["data"] == second["data"]
    for wrong in ({"limit": "0"}, {"limit": "x"}, {"after": "x"}):
        assert (await stage.get(f"{WABA}/phone_numbers", **wrong))[0] == 400


NEW = {
    "name": "bahar",
    "language": "tr",
    "category": "MARKETING",
    "components": [{"type": "BODY", "text": "Merhaba {{1}}, bahar geldi, bekleriz efendim."}],
}


@staged()
async def test_a_template_from_draft_to_deletion(stage: Stage) -> None:
    status, made = await stage.post(f"{WABA}/message_templates", NEW)
    assert status == 200 and made["status"] == "PENDING" and made["category"] == "MARKETING"
    template = stage.meta.world.templates[made["id"]]
    assert (await stage.post(f"{WABA}/message_templates", NEW))[1]["error"][
        "error_subcode"
    ] == 2388024
    await until(lambda: template.status == "APPROVED")
    _, listed = await stage.get(f"{WABA}/message_templates", name="bahar", fields="status")
    assert listed["data"] == [{"id": made["id"], "status": "APPROVED"}]
    assert (await stage.post(made["id"], {"components": NEW["components"]}))[1] == {"success": True}
    await until(lambda: template.status == "APPROVED")
    assert (await stage.post(f"{made['id']}/unpause"))[1]["success"] is False
    await stage.sim(f"templates/{made['id']}", {"status": "PAUSED"})
    assert (await stage.post(f"{made['id']}/unpause"))[1] == {"success": True}
    deleted = await stage.delete(f"{WABA}/message_templates", name="bahar", hsm_id=made["id"])
    assert deleted == (200, {"success": True})
    assert (await stage.get(made["id"]))[0] == 400
    assert (await stage.delete(f"{WABA}/message_templates", name="bahar"))[0] == 400
    await stage.quiet()
    told = [v["event"] for v in stage.receiver.values("message_template_status_update")]
    assert told == ["APPROVED", "APPROVED", "PAUSED", "APPROVED"]


@staged()
async def test_a_template_may_be_rejected(stage: Stage) -> None:
    _, made = await stage.post(f"{WABA}/message_templates", {**NEW, "name": "reject_me"})
    template = stage.meta.world.templates[made["id"]]
    await until(lambda: template.status == "REJECTED")
    _, shown = await stage.get(made["id"], fields="rejected_reason,status")
    assert shown["rejected_reason"] == "PROMOTIONAL"


def body(text: str) -> dict[str, Any]:
    return {**NEW, "components": [{"type": "BODY", "text": text}]}


def with_part(part: dict[str, Any]) -> dict[str, Any]:
    return {**NEW, "components": [*NEW["components"], part]}


QUICK = {"type": "QUICK_REPLY", "text": "Dur"}
BAD: list[dict[str, Any]] = [
    {**NEW, "name": "Bahar"},
    {**NEW, "name": ""},
    {**NEW, "category": "ADS"},
    {**NEW, "components": []},
    body("{{1}} merhaba, bahar geldi, bekleriz efendim."),
    body("Bahar geldi, bekleriz efendim {{1}}"),
    body("Merhaba {{1}}{{2}}, bahar geldi, bekleriz efendim, buyrun."),
    body("Merhaba {{2}}, bahar geldi, bekleriz efendim."),
    body("x" * 1025),
    with_part({"type": "FOOTER", "text": "x" * 61}),
    with_part({"type": "HEADER", "format": "TEXT", "text": "x" * 61}),
    with_part({"type": "HEADER", "format": "GIF"}),
    with_part({"type": "BUTTONS", "buttons": [QUICK] * 11}),
    with_part({"type": "BUTTONS", "buttons": [{**QUICK, "text": "x" * 26}]}),
    with_part({"type": "BUTTONS", "buttons": [QUICK, {"type": "URL", "text": "a"}, QUICK]}),
]


@pytest.mark.parametrize("wrong", BAD)
def test_templates_that_cannot_be_made(wrong: dict[str, Any]) -> None:
    @staged()
    async def scenario(stage: Stage) -> None:
        status, answer = await stage.post(f"{WABA}/message_templates", wrong)
        assert status == 400 and answer["error"]["code"] == 100

    scenario()


@staged()
async def test_named_parameters(stage: Stage) -> None:
    named = {
        "waba_id": WABA,
        "name": "adli",
        "parameter_format": "NAMED",
        "components": [{"type": "BODY", "text": "Merhaba {{ad}}, bekleriz efendim."}],
    }
    await stage.sim("templates", named)
    value = {"type": "text", "text": "Ayşe", "parameter_name": "ad"}
    for parameter, wanted in ((value, 200), ({**value, "parameter_name": "soyad"}, 400)):
        parts = [{"type": "body", "parameters": [parameter]}]
        template = {"name": "adli", "language": {"code": "tr"}, "components": parts}
        assert (await stage.send("+905321234500", template=template))[0] == wanted
    [seen] = (await stage.sim("messages", to="+905321234500"))["messages"]
    assert seen["seen"]["body"] == "Merhaba Ayşe, bekleriz efendim."
    assert variables("{{1}} {{ad}} {{1}}") == ("1", "ad")


def upload(data: bytes, mime: str, **fields: str) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", data, filename="a", content_type=mime)
    for name, value in ({"messaging_product": "whatsapp", "type": mime} | fields).items():
        form.add_field(name, value)
    return form


@staged()
async def test_media_from_upload_to_deletion(stage: Stage) -> None:
    picture = b"\x89PNG" + b"x" * 500
    status, made = await stage.call("POST", f"{LINE}/media", data=upload(picture, "image/png"))
    assert status == 200 and made.keys() == {"id"}
    _, shown = await stage.get(made["id"])
    assert shown["mime_type"] == "image/png" and shown["file_size"] == "504"
    headers = {"Authorization": f"Bearer {stage.token}"}
    async with stage.http.get(shown["url"], headers=headers) as answer:
        assert await answer.read() == picture
    async with stage.http.get(shown["url"]) as answer:
        assert answer.status == 401
    async with stage.http.get(shown["url"].replace("ext=", "ext=1"), headers=headers) as answer:
        assert answer.status == 404
    template = {
        "name": "yeni_urunler",
        "language": {"code": "tr"},
        "components": [
            {"type": "header", "parameters": [{"type": "image", "image": {"id": made["id"]}}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Ayşe"}]},
        ],
    }
    await stage.sent("+905321234500", template=template)
    assert (await stage.delete(made["id"]))[1] == {"success": True}
    assert (await stage.send("+905321234500", template=template))[1]["error"]["code"] == 131053
    wrong = upload(b"x", "image/tiff")
    assert (await stage.call("POST", f"{LINE}/media", data=wrong))[0] == 400
    large = upload(b"x" * (500 * 1024 + 1), "image/webp")
    _, answer = await stage.call("POST", f"{LINE}/media", data=large)
    assert answer["error"]["code"] == 131053


@staged()
async def test_profile_settings_and_blocking(stage: Stage) -> None:
    path = f"{LINE}/whatsapp_business_profile"
    change = {"messaging_product": "whatsapp", "about": "Çiçekçi"}
    assert (await stage.post(path, change))[1] == {"success": True}
    _, shown = await stage.get(path, fields="about,email")
    assert shown["data"] == [{"about": "Çiçekçi", "messaging_product": "whatsapp"}]
    assert (await stage.get(f"{LINE}/settings"))[1]["storage_configuration"]["status"] == "default"
    users = {"messaging_product": "whatsapp", "block_users": [{"user": "+905321234500"}]}
    _, told = await stage.post(f"{LINE}/block_users", users)
    [added] = told["block_users"]["added_users"]
    assert added == {"input": "+905321234500", "wa_id": "905321234500"}
    assert (await stage.get(f"{LINE}/block_users"))[1]["data"][0]["wa_id"] == "905321234500"
    await stage.sent("+905321234500")
    await stage.quiet()
    assert (await stage.summary())["by_code"] == {"130403": 1}
    assert (await stage.call("DELETE", f"{LINE}/block_users", json=users))[0] == 200
    assert (await stage.get(f"{LINE}/block_users"))[1]["data"] == []


@staged()
async def test_registering_and_the_state_of_a_line(stage: Stage) -> None:
    person = "+905321234500"
    assert (await stage.post(f"{LINE}/deregister"))[1] == {"success": True}
    assert (await stage.send(person))[1]["error"]["code"] == 133010
    assert (await stage.post(f"{LINE}/register", {"pin": "12"}))[0] == 400
    pin = {"messaging_product": "whatsapp", "pin": "123456"}
    assert (await stage.post(f"{LINE}/register", pin))[1] == {"success": True}
    wrong = {**pin, "pin": "654321"}
    assert (await stage.post(f"{LINE}/register", wrong))[1]["error"]["code"] == 133005
    for change, code in (
        ({"status": "RESTRICTED"}, 131048),
        ({"status": "BANNED"}, 131045),
        ({"status": "CONNECTED", "account_mode": "SANDBOX"}, 131030),
    ):
        await stage.sim(f"lines/{LINE}", change)
        assert (await stage.send(person))[1]["error"]["code"] == code
    await stage.sim(f"lines/{LINE}", {"allowed": [person[1:]]})
    wamid = await stage.sent(person)
    await stage.quiet()
    _, history = await stage.get(f"{LINE}/message_history", message_id=wamid)
    events = [e["delivery_status"] for e in history["data"][0]["events"]["data"]]
    assert events == ["SENT", "DELIVERED", "READ"]


@staged()
async def test_the_app_and_the_business(stage: Stage) -> None:
    _, found = await stage.get("700000000000001/owned_whatsapp_business_accounts")
    assert [waba["id"] for waba in found["data"]] == [WABA]
    app = stage.meta.config.app_id
    assert (await stage.get(f"{app}/subscriptions"))[0] == 400
    stage.token = f"{app}|{stage.meta.config.app_secret}"
    _, shown = await stage.get(f"{app}/subscriptions")
    assert shown["data"][0]["callback_url"] == stage.receiver.url
    asked = {"callback_url": stage.receiver.url, "verify_token": "no"}
    assert (await stage.post(f"{app}/subscriptions", asked))[1]["error"]["code"] == 2200


@staged()
async def test_the_seed_and_further_businesses(stage: Stage) -> None:
    shown = await stage.sim("seed")
    [waba] = shown["businesses"][0]["wabas"]
    assert [line["id"] for line in waba["lines"]] == [LINE, OTHER_LINE]
    assert [t["status"] for t in waba["templates"]] == [
        "APPROVED",
        "APPROVED",
        "APPROVED",
        "PAUSED",
    ]
    made = await stage.sim("lines", {"name": "Ege Balık", "number": "+90 850 777 00 11"})
    assert made["lines"][0]["number"] == "+908507770011" and len(made["templates"]) == 4
    stage.token = made["tokens"][0]
    assert (await stage.get(f"{made['id']}/phone_numbers"))[1]["data"][0]["id"]
    assert (await stage.get(WABA))[0] == 400
    assert {row["ending"] for row in (await stage.sim("behaviours"))["behaviours"]} >= {"220", "11"}


def test_a_line_is_shown_with_its_country() -> None:
    assert Line("1", "2", "15551234567", "x").display == "+15551234567"
