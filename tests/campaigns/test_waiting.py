"""What a campaign says of what it waits for, and how late it may begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.apps import error_of
from tests.campaigns.shop import Shop, instant
from whatstr.campaigns.models import CampaignState
from whatstr.campaigns.pacing import Wait
from whatstr.core import clock
from whatstr.lines.models import LineState

NOON = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)  # 12:00 in Istanbul


def scheduled(shop: Shop, hours: int, **more: object) -> str:
    due = NOON + timedelta(hours=hours)
    return shop.launch(due_at=instant(due), expires_at=instant(due + timedelta(days=2)), **more)


@pytest.mark.parametrize("wait", list(Wait))
def test_every_wait_has_its_sentence(shop: Shop, wait: Wait) -> None:
    campaign = shop.launch()
    shop.set_campaign(campaign, state=CampaignState.RUNNING, wait_code=wait, wait_until=NOON)
    turkish = shop.read(campaign)["waiting"]
    assert (turkish["code"], turkish["until"]) == (wait, "2026-11-27T09:00:00Z")
    shop.client.put("preferences", {"email": True, "sms": True, "whatsapp": True, "language": "en"})
    english = shop.read(campaign)["waiting"]
    assert turkish["sentence"] != english["sentence"]
    assert "None" not in turkish["sentence"] + english["sentence"]


def test_times_are_those_of_the_organization(shop: Shop) -> None:
    campaign = shop.launch()
    shop.set_campaign(campaign, wait_code=Wait.WINDOW, wait_until=NOON)
    assert "12:00" in shop.read(campaign)["waiting"]["sentence"]


def test_one_that_somebody_stopped_waits_for_nothing(shop: Shop) -> None:
    campaign = shop.launch()
    shop.set_campaign(campaign, wait_code=Wait.WINDOW)
    shop.set_line(state=LineState.HELD, state_reason="meta:131042")
    assert shop.read(campaign)["waiting"] is None
    assert shop.read(campaign)["reason"]["code"] == "meta:131042"
    shop.set_line(state=LineState.CONNECTED, state_reason=None)
    shop.steer(campaign, "pause")
    assert shop.read(campaign)["waiting"] is None


def test_the_second_on_a_line_says_that_it_comes_later(shop: Shop) -> None:
    with clock.frozen(NOON) as advance:
        first = shop.launch()
        advance(timedelta(seconds=1))
        second = shop.launch()
    other = shop.launch(line=shop.connect().hex)
    assert shop.read(first)["waiting"] is None
    assert shop.read(second)["waiting"]["code"] == "queue"
    assert shop.read(other)["waiting"] is None
    shown = shop.client.get("campaigns").get_json()["campaigns"]
    assert {one["id"]: one["waiting"] and one["waiting"]["code"] for one in shown} == {
        first: None,
        second: "queue",
        other: None,
    }
    # One that only waits for its hours does not stand in the way.
    shop.set_campaign(first, wait_code=Wait.WINDOW)
    assert shop.read(second)["waiting"] is None


def test_a_scheduled_campaign_has_a_latest_start(shop: Shop) -> None:
    with clock.frozen(NOON):
        usual = scheduled(shop, 1)
        chosen = scheduled(shop, 1, late_limit_minutes=30)
        at_night = scheduled(shop, 11)
        at_once = shop.launch()
    assert shop.read(usual)["late_after"] == "2026-11-27T12:00:00Z"
    assert shop.read(chosen)["late_after"] == "2026-11-27T10:30:00Z"
    # The window opens at 09:00 of the next day; it is late two hours after that.
    assert shop.read(at_night)["late_after"] == "2026-11-28T08:00:00Z"
    assert shop.read(at_once)["late_after"] is None


@pytest.mark.parametrize("minutes", [4, 7 * 24 * 60 + 1, "30"])
def test_a_limit_that_is_none(shop: Shop, minutes: object) -> None:
    with clock.frozen(NOON):
        refused = shop.client.post("campaigns", shop.body(late_limit_minutes=minutes))
    assert refused.status_code == 400
    assert error_of(refused)["field"] == "late_limit_minutes"


def test_who_resumes_a_late_one_starts_it_now(shop: Shop) -> None:
    due = NOON + timedelta(minutes=5)
    with clock.frozen(NOON) as advance:
        campaign = shop.launch(due_at=instant(due), expires_at=instant(due + timedelta(days=2)))
        advance(timedelta(minutes=20))
        shop.set_campaign(campaign, state=CampaignState.HELD, reason_code="late_start")
        held = shop.read(campaign)
        assert (held["reason"]["code"], held["resumable"]) == ("late_start", True)
        assert held["reason"]["sentence"]
        resumed = shop.steer(campaign, "resume").get_json()
    assert (resumed["state"], resumed["late_after"]) == ("queued", None)


def test_a_pause_before_the_start_keeps_the_limit(shop: Shop) -> None:
    with clock.frozen(NOON):
        campaign = scheduled(shop, 1)
        shop.steer(campaign, "pause")
        resumed = shop.steer(campaign, "resume").get_json()
    assert (resumed["state"], resumed["late_after"]) == ("scheduled", "2026-11-27T12:00:00Z")
