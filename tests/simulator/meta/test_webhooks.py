from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.simulator.meta.stage import CALM, LINE, WABA, Receiver, Stage, staged, until
from whatstr.simulator.meta import MetaConfig, MetaSimulator

PEOPLE = [f"+9053212{n:03d}10" for n in range(30)]


@staged()
async def test_envelope_and_signature(stage: Stage) -> None:
    await stage.sent(PEOPLE[0])
    await stage.quiet()
    # The receiver answers 403 to a body whose signature is wrong and keeps none of those.
    assert stage.meta.webhooks.tally.refused == 0
    body = json.loads(stage.receiver.bodies[0])
    assert body["object"] == "whatsapp_business_account"
    [entry] = body["entry"]
    assert entry["id"] == WABA
    value = entry["changes"][0]["value"]
    assert value["metadata"] == {"display_phone_number": "908505550001", "phone_number_id": LINE}


@staged()
async def test_a_wrong_secret_is_noticed(stage: Stage) -> None:
    stage.receiver.secret = b"another"
    await stage.sent(PEOPLE[0])
    await until(lambda: stage.meta.webhooks.tally.refused > 0)
    assert not stage.receiver.bodies
    stage.receiver.secret = b"sim-app-secret"
    await stage.quiet()
    assert {s["status"] for s in stage.receiver.statuses} == {"sent", "delivered", "read"}


@staged()
async def test_500_then_200_loses_nothing(stage: Stage) -> None:
    stage.receiver.answers = [500, 503, 404, 302]
    for number, person in enumerate(PEOPLE):
        await stage.sent(person, f"m{number}")
    found = await stage.quiet()
    assert found["refused"] == 4 and found["updates_acknowledged"] == 90
    pairs = {(s["biz_opaque_callback_data"], s["status"]) for s in stage.receiver.statuses}
    assert len(pairs) == 90
    first, again = [b for b in stage.receiver.bodies if stage.receiver.bodies.count(b) > 1][:2]
    assert first == again


@staged(webhook_duplicate=1.0)
async def test_duplicates_are_the_same_bytes(stage: Stage) -> None:
    await stage.sent(PEOPLE[0])
    await stage.quiet()
    tally = stage.meta.webhooks.tally
    # A post is counted before it arrives: the last copy may still be on its way.
    await until(lambda: tally.updates == 3 and len(stage.receiver.bodies) == 2 * tally.copies)
    assert tally.posts == 2 * tally.copies
    assert tally.copies == len(set(stage.receiver.bodies))
    assert tally.updates == 3


@staged(webhook_shuffle=1.0, webhook_wait_ms=60, seed=3)
async def test_order_is_not_kept_when_shuffled(stage: Stage) -> None:
    for person in PEOPLE:
        await stage.sent(person, person)
    await stage.quiet()
    seen: dict[str, list[str]] = {}
    for status in stage.receiver.statuses:
        seen.setdefault(status["biz_opaque_callback_data"], []).append(status["status"])
    assert len(seen) == 30 and all(len(names) == 3 for names in seen.values())
    assert any(names != ["sent", "delivered", "read"] for names in seen.values())


@staged(webhook_hold=True, webhook_batch=7, webhook_merge=1.0)
async def test_batches_are_bounded(stage: Stage) -> None:
    for person in PEOPLE:
        await stage.sent(person)
    await until(lambda: not stage.meta.outcomes.planned)
    assert not stage.receiver.bodies
    assert (await stage.sim("webhooks"))["pending"] == 90
    await stage.sim("settings", {"webhook_hold": False})
    await stage.quiet()
    sizes = []
    for body in stage.receiver.bodies:
        changes = [c for e in json.loads(body)["entry"] for c in e["changes"]]
        sizes.append(sum(len(c["value"]["statuses"]) for c in changes))
        assert len(changes) == 1
    assert max(sizes) == 7 and sum(sizes) == 90


@staged(webhook_lose_delivered=1.0)
async def test_delivered_may_be_lost_before_read(stage: Stage) -> None:
    await stage.sent(PEOPLE[0])
    await stage.quiet()
    assert [s["status"] for s in stage.receiver.statuses] == ["sent", "read"]


@staged()
async def test_only_subscribed_accounts_are_told(stage: Stage) -> None:
    assert (await stage.get(f"{WABA}/subscribed_apps"))[1]["data"]
    await stage.delete(f"{WABA}/subscribed_apps")
    assert (await stage.get(f"{WABA}/subscribed_apps"))[1] == {"data": []}
    await stage.sent(PEOPLE[0])
    found = await stage.quiet()
    assert found["not_subscribed"] == 3 and not stage.receiver.bodies


@staged()
async def test_an_address_of_its_own_needs_the_handshake(stage: Stage) -> None:
    own = await Receiver(verify_token="mine").start()
    asked = {"override_callback_uri": own.url, "verify_token": "wrong"}
    status, answer = await stage.post(f"{WABA}/subscribed_apps", asked)
    assert status == 400 and answer["error"]["code"] == 2200
    status, answer = await stage.post(f"{WABA}/subscribed_apps", {**asked, "verify_token": "mine"})
    assert status == 200 and answer["data"][0]["override_callback_uri"] == own.url
    await stage.sent(PEOPLE[0])
    await stage.quiet()
    assert len(own.statuses) == 3 and not stage.receiver.bodies
    assert own.runner is not None
    await own.runner.cleanup()


def test_nothing_is_posted_to_an_address_that_fails_the_handshake() -> None:
    async def play() -> None:
        receiver = await Receiver(verify_token="another").start()
        config = MetaConfig(webhook_url=receiver.url, settings=CALM)
        async with MetaSimulator(config) as meta:
            waba = meta.world.wabas[WABA]
            waba.subscribed = True
            meta.webhooks.tell(WABA, "account_update", {"event": "ACCOUNT_DELETED"})
            assert not await meta.webhooks.handshake(receiver.url, "sim-verify-token")
            assert meta.webhooks.pending == 1 and not receiver.bodies
            receiver.verify_token = "sim-verify-token"
            await until(lambda: not meta.webhooks.pending)
        assert [c["field"] for c in receiver.changes] == ["account_update"]
        assert receiver.runner is not None
        await receiver.runner.cleanup()

    asyncio.run(play())


@staged()
async def test_events_of_lines_accounts_and_templates(stage: Stage) -> None:
    _, listed = await stage.get(f"{WABA}/message_templates", name="siparis_yolda")
    item = listed["data"][0]["id"]
    await stage.sim(f"templates/{item}", {"quality": "RED"})
    await stage.sim(f"templates/{item}", {"correct_category": "MARKETING"})
    await stage.sim(f"templates/{item}", {"category": "MARKETING"})
    await stage.sim(f"templates/{item}", {"status": "PAUSED"})
    await stage.sim(
        "quality",
        {
            "phone_number_id": LINE,
            "event": "THROUGHPUT_UPGRADE",
            "throughput": "HIGH",
            "current_limit": "TIER_UNLIMITED",
        },
    )
    update: dict[str, Any] = {"waba_id": WABA, "event": "ACCOUNT_RESTRICTION", "blocked_code": 368}
    await stage.sim("account_update", update)
    await stage.quiet()
    fields = [change["field"] for change in stage.receiver.changes]
    assert sorted(fields) == [
        "account_update",
        "message_template_quality_update",
        "message_template_status_update",
        "phone_number_quality_update",
        "template_category_update",
        "template_category_update",
    ]
    [quality] = stage.receiver.values("message_template_quality_update")
    assert (quality["previous_quality_score"], quality["new_quality_score"]) == ("GREEN", "RED")
    [paused] = stage.receiver.values("message_template_status_update")
    assert paused["event"] == "PAUSED" and paused["other_info"]["title"] == "FIRST_PAUSE"
    _, line = await stage.get(LINE, fields="throughput,whatsapp_business_manager_messaging_limit")
    assert line["throughput"] == {"level": "HIGH"}
    status, answer = await stage.send(PEOPLE[0])
    assert (status, answer["error"]["code"]) == (403, 368)
    _, found = await stage.get(LINE, fields="health_status")
    assert found["health_status"]["can_send_message"] == "BLOCKED"


@staged(clock_speed=1_000_000.0)
async def test_pauses_end_and_the_third_disables(stage: Stage) -> None:
    _, listed = await stage.get(f"{WABA}/message_templates", name="siparis_yolda")
    item = listed["data"][0]["id"]
    for wanted in ("APPROVED", "APPROVED", "DISABLED"):
        await stage.sim(f"templates/{item}", {"status": "PAUSED"})
        template = stage.meta.world.templates[item]
        await until(lambda template=template, wanted=wanted: template.status == wanted)
    await stage.quiet()
    events = [v["event"] for v in stage.receiver.values("message_template_status_update")]
    assert events == ["PAUSED", "APPROVED", "PAUSED", "APPROVED", "DISABLED"]
