"""The simulator's answers and webhooks against Meta's own OpenAPI file (facebook/openapi).

The file is not part of this repository. It is looked for beside it, in ../shared/specs; where it
is missing these tests are skipped and say so.

Known differences, in which Meta's newer pages win over the file of November 2025:
`status` of a line is CONNECTED, phone numbers have the tier TIER_2K, statuses carry
`recipient_user_id`, a template may be PAUSED, `context.referred_product` is not always there.
"""

from __future__ import annotations

import copy
import functools
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.simulator.meta.stage import LINE, WABA, Stage, message, staged
from tests.simulator.meta.test_management import NEW, upload

NAME = "meta-business-messaging-v23.openapi.yaml"
FILE = Path(__file__).parents[4] / "shared" / "specs" / NAME

pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason=f"Meta's OpenAPI file is not there: ../shared/specs/{NAME}"
)


@functools.cache
def spec() -> dict[str, Any]:
    """The file, with the known differences taken out."""
    with FILE.open(encoding="utf-8") as text:
        found: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)  # type: ignore[attr-defined]
    schemas = found["components"]["schemas"]
    schemas["WhatsAppPhoneNumberStatus"]["enum"].append("CONNECTED")
    # In webhooks the plain names point at the objects of requests: `body` without `from`.
    mapping = schemas["IncomingMessage"]
    mapping.pop("discriminator", None)
    kinds = [ref["$ref"].rsplit("/", 1)[1] for ref in mapping["oneOf"]]
    mapping["oneOf"] = [
        {"$ref": f"#/components/schemas/{name + '_2' if name == 'TextMessage' else name}"}
        for name in kinds
    ]
    for name in ("ButtonMessage", "TextMessage_2"):
        base = schemas[name]["allOf"][0]
        base["$ref"] = "#/components/schemas/BaseMessageProperties_1"
    schemas["ContextObject"]["required"] = ["from", "id"]
    return found


def check(schema: dict[str, Any], value: Any) -> None:
    """Fail with the first place where the value is not what the schema says."""
    whole = copy.copy(schema) | {"components": spec()["components"]}
    errors = sorted(Draft202012Validator(whole).iter_errors(value), key=lambda e: list(e.path))
    assert not errors, [(list(e.path), e.message) for e in errors[:5]]


def answer_schema(path: str, method: str, status: int = 200) -> dict[str, Any]:
    """The schema of an answer by the file's path."""
    found = spec()["paths"]["/{Version}/" + path][method]["responses"][str(status)]
    while "$ref" in found:
        found = spec()["components"]["responses"][found["$ref"].rsplit("/", 1)[1]]
    schema: dict[str, Any] = found["content"]["application/json"]["schema"]
    return schema


def test_the_check_itself_finds_what_is_wrong() -> None:
    schema = answer_schema("{WABA-ID}/phone_numbers", "get")
    with pytest.raises(AssertionError, match="required"):
        check(schema, {"data": [{"id": "1"}]})


@staged()
async def test_answers_of_lines_and_accounts(stage: Stage) -> None:
    expected = [
        ("{Phone-Number-ID}", LINE),
        ("{WABA-ID}", WABA),
        ("{WABA-ID}/phone_numbers", f"{WABA}/phone_numbers"),
        ("{WABA-ID}/subscribed_apps", f"{WABA}/subscribed_apps"),
        ("{WABA-ID}/message_templates", f"{WABA}/message_templates"),
        ("{Phone-Number-ID}/settings", f"{LINE}/settings"),
        ("{Phone-Number-ID}/whatsapp_business_profile", f"{LINE}/whatsapp_business_profile"),
        ("{Phone-Number-ID}/block_users", f"{LINE}/block_users"),
        ("{Phone-Number-ID}/message_history", f"{LINE}/message_history"),
    ]
    for template, path in expected:
        # code_verification_status: the file says UNVERIFIED and NOT_VERIFIED; ours is VERIFIED.
        query = {"message_id": "x"} if "history" in path else {}
        status, answer = await stage.get(path, **query)
        assert status == 200
        check(answer_schema(template, "get"), answer)


@staged()
async def test_answers_of_changes(stage: Stage) -> None:
    pin = {"messaging_product": "whatsapp", "pin": "123456"}
    users = {"messaging_product": "whatsapp", "block_users": [{"user": "+905321234500"}]}
    about = {"messaging_product": "whatsapp", "about": "a"}
    calls: list[tuple[str, str, Any]] = [
        ("{Phone-Number-ID}/messages", f"{LINE}/messages", message("+905321234502")),
        (
            "{Phone-Number-ID}/marketing_messages",
            f"{LINE}/marketing_messages",
            message("+905321234504"),
        ),
        ("{Phone-Number-ID}/register", f"{LINE}/register", pin),
        ("{Phone-Number-ID}/block_users", f"{LINE}/block_users", users),
        ("{Phone-Number-ID}/whatsapp_business_profile", f"{LINE}/whatsapp_business_profile", about),
        ("{WABA-ID}/subscribed_apps", f"{WABA}/subscribed_apps", {}),
        ("{WABA-ID}/message_templates", f"{WABA}/message_templates", NEW),
        ("{Phone-Number-ID}/deregister", f"{LINE}/deregister", {}),
    ]
    for template, path, body in calls:
        status, answer = await stage.post(path, body)
        assert status == 200, answer
        check(answer_schema(template, "post"), answer)
    _, made = await stage.call("POST", f"{LINE}/media", data=upload(b"x", "image/png"))
    check(answer_schema("{Phone-Number-ID}/media", "post"), made)
    check(answer_schema("{Media-ID}", "get"), (await stage.get(made["id"]))[1])
    check(answer_schema("{Media-ID}", "delete"), (await stage.delete(made["id"]))[1])


@staged()
async def test_refusals(stage: Stage) -> None:
    schema = {"$ref": "#/components/schemas/GraphAPIError"}
    check(schema, (await stage.get("1"))[1])
    check(schema, (await stage.send("+905321234500", template=None))[1])
    check(schema, (await stage.post(f"{WABA}/message_templates", {**NEW, "name": "A"}))[1])
    stage.token = "x"
    check(schema, (await stage.get(LINE))[1])


@staged()
async def test_webhooks(stage: Stage) -> None:
    for ending in ("500", "511", "220", "230", "240", "282"):
        await stage.sent(f"+90532123{'0' * (4 - len(ending))}{ending}", "m")
    await stage.quiet()
    kinds = {m["type"] for m in stage.receiver.written}
    assert kinds == {"text", "button"}
    assert {s["status"] for s in stage.receiver.statuses} == {"sent", "delivered", "read", "failed"}
    schema = {"$ref": "#/components/schemas/Change"}
    for change in stage.receiver.changes:
        check(schema, change)
