"""What Meta says of a line and its account, and what that stops."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doors.stage import LINE, Doors, envelope, now
from tests.sending.stage import people
from whatstr.simulator.meta import seed


def line(doors: Doors) -> dict[str, Any]:
    (row,) = doors.sql("SELECT * FROM line")
    return row


def told(doors: Doors, field: str, value: dict[str, Any], **entry: Any) -> None:
    body = envelope(field, value)
    body["entry"][0] |= entry
    assert doors.post(body) == 200
    doors.drain()


def test_a_change_of_limits_is_stored_and_the_line_is_asked_again(doors: Doors) -> None:
    doors.subscribe()
    doors.ask(
        "POST",
        "/_sim/quality",
        {
            "phone_number_id": LINE,
            "quality_rating": "YELLOW",
            "throughput": "HIGH",
            "current_limit": "TIER_10K",
            "event": "THROUGHPUT_UPGRADE",
        },
    )
    doors.settle()

    row = line(doors)
    assert (row["quality"], row["throughput"], row["limit_tier"]) == ("YELLOW", 1000, "TIER_10K")
    assert row["checked_at"] is not None


def history(doors: Doors) -> list[tuple[str, str | None, str]]:
    rows = doors.sql("SELECT kind, before, after FROM line_event ORDER BY id")
    return [(row["kind"], row["before"], row["after"]) for row in rows]


def test_what_meta_changed_is_a_history_and_what_it_repeats_is_none(doors: Doors) -> None:
    doors.subscribe()
    change = {"phone_number_id": LINE, "quality_rating": "YELLOW", "current_limit": "TIER_10K"}
    doors.ask("POST", "/_sim/quality", {**change, "event": "FLAGGED"})
    doors.settle()

    told_now = history(doors)
    assert ("quality", "GREEN", "YELLOW") in told_now
    assert ("limit_tier", "TIER_UNLIMITED", "TIER_10K") in told_now

    doors.ask("POST", "/_sim/quality", {**change, "event": "FLAGGED"})
    doors.settle()
    assert history(doors) == told_now


@pytest.mark.parametrize(
    ("field", "value", "event"),
    [
        ("account_alerts", {"alert_type": "ACCOUNT_DEACTIVATED"}, ("alert", "ACCOUNT_DEACTIVATED")),
        ("account_review_update", {"decision": "REJECTED"}, ("review", "REJECTED")),
        ("phone_number_name_update", {"decision": "APPROVED"}, ("name", "APPROVED")),
    ],
)
def test_alerts_reviews_and_names_are_noted_without_anybodys_words(
    doors: Doors, field: str, value: dict[str, Any], event: tuple[str, str]
) -> None:
    told(doors, field, {**value, "alert_description": "Ayşe", "requested_verified_name": "Ayşe"})
    assert event in [(kind, after) for kind, _, after in history(doors)]

    told(doors, field, {**value, "decision": "çok kötü", "alert_type": "çok kötü"})
    assert "çok kötü" not in [after for _, _, after in history(doors)]


def test_a_line_that_meta_blocks_is_held_and_freed_once_it_is_asked_again(doors: Doors) -> None:
    campaign = doors.campaign(people(2))
    doors.ask("POST", f"/_sim/lines/{LINE}", {"status": "FLAGGED"})
    told(doors, "phone_number_quality_update", {"event": "FLAGGED"})

    row = line(doors)
    assert (row["state"], row["hold_code"]) == ("held", 141000)
    assert doors.state(campaign) == ("held", "meta:141000")
    assert ("can_send", None, "BLOCKED") in history(doors)

    doors.ask("POST", f"/_sim/lines/{LINE}", {"status": "CONNECTED"})
    doors.result("line_info", {"line": doors.line.hex})
    assert line(doors)["state"] == "connected"
    # What was held waits until its owner has looked at it.
    assert doors.state(campaign)[0] == "held"


@pytest.mark.parametrize(
    ("limit", "tier"), [("TIER_2K", "TIER_2K"), (2000, "TIER_2K"), (-1, "TIER_UNLIMITED")]
)
def test_the_limit_comes_as_a_name_or_as_a_number(
    doors: Doors, limit: object, tier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whatstr.sending.health.refresh", lambda accounts: None)

    told(doors, "business_capability_update", {"max_daily_conversations_per_business": limit})

    assert line(doors)["limit_tier"] == tier


def test_half_a_character_keeps_no_change_out(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON can carry one ("\\ud83d" alone), no database takes it."""
    monkeypatch.setattr("whatstr.sending.health.refresh", lambda accounts: None)
    limit = {"max_daily_conversations_per_business": 2000, "reason": "half \ud83d"}

    told(doors, "business_capability_update", limit)

    assert line(doors)["limit_tier"] == "TIER_2K"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}, 368),
        ({"event": "PARTNER_REMOVED"}, 200),
        ({"event": "ACCOUNT_DELETED"}, 33),
        (
            {
                "event": "ACCOUNT_RESTRICTION",
                "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING"}],
            },
            368,
        ),
    ],
)
def test_an_account_that_was_stopped_holds_its_lines_and_campaigns(
    doors: Doors, value: dict[str, Any], code: int
) -> None:
    campaign = doors.campaign(people(2))

    told(doors, "account_update", value, time=now())

    row = line(doors)
    assert (row["state"], row["hold_code"]) == ("held", code)
    assert doors.state(campaign) == ("held", f"meta:{code}")


def test_a_restriction_for_a_time_ends_by_itself(doors: Doors) -> None:
    info = {
        "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING",
        "expiration": now() + 86_400,
    }

    told(doors, "account_update", {"event": "ACCOUNT_RESTRICTION", "restriction_info": [info]})

    assert line(doors)["hold_until"] is not None


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ({"event": "PARTNER_ADDED"}, 0),
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}, 0),
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}, 86_400),
    ],
)
def test_good_news_and_old_news_hold_nothing(
    doors: Doors, value: dict[str, Any], time: int
) -> None:
    told(doors, "account_update", value, time=now() - time)
    assert line(doors)["state"] == "connected"


def test_the_same_news_again_does_not_hold_what_was_mended(doors: Doors) -> None:
    value, at = {"event": "PARTNER_REMOVED"}, now()
    told(doors, "account_update", value, time=at)
    assert line(doors)["state"] == "held"
    doors.sql("UPDATE line SET state = 'connected', hold_code = NULL")

    told(doors, "account_update", value, time=at)

    assert line(doors)["state"] == "connected"


def test_news_of_another_account_touch_nobody(doors: Doors) -> None:
    body = envelope("account_update", {"event": "ACCOUNT_DELETED"}, waba="719999999999999")
    assert doors.post(body) == 200
    doors.drain()
    assert line(doors)["state"] == "connected"


def test_a_changed_template_wakes_the_line(doors: Doors) -> None:
    doors.owner.execute("LISTEN whatstr_sender")
    try:
        told(
            doors,
            "message_template_status_update",
            {"event": "PAUSED", "message_template_id": 740000000000009},
        )
        heard = {one.payload for one in doors.owner.notifies(timeout=5, stop_after=2)}
    finally:
        doors.owner.execute("UNLISTEN whatstr_sender")
    assert doors.line.hex in heard
    assert seed.WABA_ID not in heard
