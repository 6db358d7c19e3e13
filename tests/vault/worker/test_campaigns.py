"""Lines, campaigns and their reports in the Worker."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vault.fake_world import TEMPLATE
from tests.vault.worker.panel import MAPPING, Panel
from whatstr.vault import rows, wire

pytestmark = pytest.mark.browser


def test_a_line_its_templates_and_test_message(panel: Panel) -> None:
    panel.enrol()
    line = panel.line()
    kept = panel.call("lines.templates", line=line)["templates"]
    assert kept == [TEMPLATE]
    assert [r.op for r in panel.world.asked] == ["connect"]
    panel.call("lines.templates", line=line, refresh=True)
    # What Meta has told since is known by the template's key.
    panel.world.template_state = {"status": "PAUSED", "quality": "RED", "category": ""}
    (now,) = panel.call("lines.templates", line=line)["templates"]
    assert (now["status"], now["told"]["quality"]) == ("PAUSED", "RED")
    assert now["category"] == TEMPLATE["category"]
    told = panel.call("lines.test", line=line, template=TEMPLATE, to="905301112233",
                      params=["a", "b", "c"])  # fmt: skip
    assert told == {"outcome": "accepted"}
    assert panel.world.asked[-1].args["template"] == {"name": "bahar", "lang": "tr", "id": "77"}
    bad = {"method": "token", "token": "bad", "waba_id": "1", "phone_number_id": "2"}
    assert panel.refused("lines.connect", **bad) == "sender_refused"
    assert panel.told["data"]["tr"] == "Belirteç geçersiz."


def test_preview_plan_and_launch(panel: Panel) -> None:
    panel.enrol()
    line, name = panel.line(), panel.saved_list()
    shown = panel.call("campaigns.preview", list=name, template=TEMPLATE, mapping=MAPPING, row=1)
    assert shown["header"] == "Merhaba Kişi 1"
    assert shown["body"] == "Sayın Kişi 1, İl 1 şubemizde indirim. Kod: {kod}"
    assert shown["buttons"][1]["url"] == "https://ornek.com.tr/bahar"
    panel.call("optouts.add", numbers=["905301000000", "905301000001"])
    plan = panel.call("campaigns.plan", list=name, template=TEMPLATE, mapping=MAPPING)
    assert (plan["rows"], plan["suppressed"], plan["in_list"]) == (1_201, 2, 1_203)
    job = panel.call("campaigns.launch", **panel.launch_args(line, name))
    assert job == {"id": job["id"], "state": "queued", "rows": 1_201}
    header = panel.world.open_header(job["id"])
    stored = panel.world.campaigns[job["id"]]
    opened = [row for no in range(3) for row in rows.open_job_chunk(
        header.jk, stored["parts"][no], account=header.account, job=header.job, no=no, chunks=3
    )]  # fmt: skip
    assert opened[0] == rows.JobRow(
        "905301000002", ("Kişi 2", "İl 2", "{kod}"), ("Kişi 2",), ("bahar",)
    )
    assert len(opened) == 1_201
    (shown,) = panel.call("campaigns.all")
    assert (shown["title"], shown["list"]["name"]) == ("Bahar", "Bahar listesi")


def test_a_campaign_whose_key_is_gone_is_sealed_again(panel: Panel) -> None:
    """Same campaign, same parts, another header that the sender opens (vault design, 22)."""
    panel.enrol()
    line, name = panel.line(), panel.saved_list()
    job = panel.call("campaigns.launch", **panel.launch_args(line, name))["id"]
    stored = panel.world.campaigns[job]
    before, first = dict(stored), panel.world.open_header(job)
    stored.update(state="held", kid=1, header="")
    panel.open()
    assert panel.call("campaigns.reseal", id=job) == {"id": job, "state": "queued"}
    second = panel.world.open_header(job)
    same = ("account", "job", "conn", "template", "chunks", "rows", "media", "jk")
    assert {n: getattr(first, n) for n in same} == {n: getattr(second, n) for n in same}
    assert stored["header"] != before["header"] and stored["parts"] == before["parts"]
    panel.world.campaigns[job]["record"] = wire.b64(bytes(138))
    assert panel.refused("campaigns.reseal", id=job) == "campaign_damaged"


def test_a_broken_launch_continues_after_a_reload(panel: Panel) -> None:
    panel.enrol()
    line, name = panel.line(), panel.saved_list()
    panel.call("optouts.add", numbers=["905301000000"])
    job = panel.call("campaigns.launch", **panel.launch_args(line, name))["id"]
    stored = panel.world.campaigns[job]
    before = dict(stored["parts"])
    stored["state"] = "uploading"
    del stored["parts"][1]
    panel.call("optouts.add", numbers=["905301000009"])  # learned since: the rows must not shift
    panel.open()
    assert panel.call("campaigns.continue", id=job)["state"] == "queued"
    assert stored["parts"].keys() == before.keys()
    header = panel.world.open_header(job)
    place: dict[str, Any] = {"account": header.account, "job": header.job, "no": 1, "chunks": 3}
    assert rows.open_job_chunk(header.jk, stored["parts"][1], **place) == rows.open_job_chunk(
        header.jk, before[1], **place
    )


def test_the_report_joins_states_with_people(panel: Panel) -> None:
    panel.enrol()
    line, name = panel.line(), panel.saved_list(5)
    job = panel.call("campaigns.launch", **panel.launch_args(line, name))["id"]
    at = "2026-11-23T11:05:07Z"
    panel.world.campaigns[job]["messages"] = [
        [0, "read", None, at, at, at, at, None],
        [2, "failed", 131026, at, None, None, None, at],
        [3, "accepted", None, at, None, None, None, None],
        [4, "unknown", None, None, None, None, None, None],
    ]
    page = panel.call("campaigns.rows", id=job, **{"from": 0, "count": 10})
    assert [row["status"] for row in page["rows"]] == [
        "read", "pending", "failed", "accepted", "unknown",
    ]  # fmt: skip
    assert page["rows"][0]["name"] == "Kişi 0"
    failed = panel.call("campaigns.rows", id=job, status="failed", **{"from": 0, "count": 10})
    assert [row["to"] for row in failed["rows"]] == ["905301000002"]
    csv = panel.call("campaigns.csv", id=job, lang="tr")
    assert csv["filename"] == "Bahar.csv"
    assert "0530 100 00 00;Kişi 0;Okundu;2026-11-23 14:05:07;" in csv["text"]
    assert ";131026;Yok." in csv["text"]
    assert "Meta'nın mesajı alıp almadığı bilinmiyor" in csv["text"]
    # What was never sent says so once the campaign is refused.
    panel.world.campaigns[job]["state"] = "refused"
    csv = panel.call("campaigns.csv", id=job, lang="en")
    assert "Cancelled" in csv["text"] and "the credit returned" in csv["text"]


def test_the_values_a_template_needs(panel: Panel) -> None:
    named = {
        "components": [
            {"type": "BODY", "text": "{{sehir}} için {{ad}}: {{sehir}}"},
            {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "text": "Kopyala"}]},
        ]
    }
    slots = panel.call("templates.slots", template=named)
    assert slots["body"] == ["sehir", "ad"]
    assert slots["buttons"] == [{"index": 0, "text": "Kopyala", "name": "code"}]
    carousel = {"components": [{"type": "BODY", "text": "x"}, {"type": "CAROUSEL", "cards": []}]}
    assert panel.call("templates.slots", template=carousel)["reason"] == "component"
