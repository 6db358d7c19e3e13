"""What Meta says of message templates: whom it stops, and what of it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.doors.stage import Doors, envelope, now
from tests.sending.stage import TEMPLATE, people
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.sending import health_sync
from whatstr.simulator.meta import seed

STATUS, CATEGORY = "message_template_status_update", "template_category_update"


@pytest.fixture(autouse=True)
def approved(doors: Doors) -> Iterator[None]:
    """The template is what it was, whatever a test did to it."""
    yield
    fresh = {"status": "APPROVED", "category": "MARKETING", "quality": "GREEN"}
    doors.ask("POST", f"/_sim/templates/{TEMPLATE.id}", fresh)


def told(doors: Doors, field: str, when: int | None = None, **value: Any) -> None:
    """An update about the template of the campaigns, taken and drained."""
    value = {"message_template_id": int(TEMPLATE.id), **value}
    body = envelope(field, value)
    body["entry"][0]["time"] = when or now()
    assert doors.post(body) == 200
    doors.drain()


def kept(doors: Doors) -> dict[str, Any]:
    (row,) = doors.sql("SELECT * FROM message_template")
    return row


def informational(doors: Doors, campaign: Any) -> None:
    doors.sql("UPDATE campaign SET kind = 'informational' WHERE id = %s", campaign)


@pytest.mark.parametrize(
    ("event", "running", "scheduled"),
    [
        ("PAUSED", ("held", "meta:132015"), ("scheduled", None)),
        ("DISABLED", ("held", "meta:132016"), ("held", "meta:132016")),
        ("REJECTED", ("held", "template_rejected"), ("held", "template_rejected")),
        ("PENDING_DELETION", ("held", "meta:132001"), ("held", "meta:132001")),
        ("FLAGGED", ("queued", None), ("scheduled", None)),
    ],
)
def test_a_template_stops_what_uses_it(
    doors: Doors, event: str, running: tuple[str, str | None], scheduled: tuple[str, str | None]
) -> None:
    one = doors.campaign(people(2))
    later = doors.campaign(
        people(2), state="scheduled", due_at=datetime.now(UTC) + timedelta(hours=9)
    )

    told(doors, STATUS, event=event, reason="NONE")

    assert doors.state(one) == running
    assert doors.state(later) == scheduled


def test_another_template_stops_nobody(doors: Doors) -> None:
    one = doors.campaign(people(2))
    told(doors, STATUS, event="DISABLED", message_template_id=740000000000002)
    assert doors.state(one)[0] == "queued"


def test_yesterdays_news_stop_nobody(doors: Doors) -> None:
    one = doors.campaign(people(2))
    told(doors, STATUS, now() - 86_400, event="DISABLED")
    assert doors.state(one)[0] == "queued"


def test_a_pause_says_until_when_and_its_end_ends_it(doors: Doors) -> None:
    at = now()
    told(doors, STATUS, at - 10, event="PAUSED", other_info={"title": "FIRST_PAUSE"})
    row = kept(doors)
    assert (row["status"], row["reason"]) == ("PAUSED", "FIRST_PAUSE")
    (event,) = doors.sql(
        "SELECT verb, detail FROM audit_event WHERE subject_kind = 'message_template'"
        " AND subject_id = %s",
        row["id"].hex,
    )
    assert event["verb"] == "template.told" and event["detail"]["status"] == "PAUSED"
    assert row["paused_until"] == datetime.fromtimestamp(at - 10, UTC) + timedelta(hours=3)

    told(doors, STATUS, at, event="APPROVED", other_info={"title": "UNPAUSE"})
    row = kept(doors)
    assert (row["status"], row["reason"], row["paused_until"]) == ("APPROVED", None, None)

    # What comes late does not undo what came after it.
    told(doors, STATUS, at - 60, event="DISABLED")
    assert kept(doors)["status"] == "APPROVED"


def test_marketing_stops_what_was_prepared_as_information(doors: Doors) -> None:
    marketing, information = doors.campaign(people(2)), doors.campaign(people(2))
    informational(doors, information)

    told(doors, CATEGORY, new_category="UTILITY", correct_category="MARKETING",
         category_update_timestamp=now() + 86_400)  # fmt: skip
    assert doors.state(information)[0] == "queued"
    assert kept(doors)["next_category"] == "MARKETING"

    told(doors, CATEGORY, new_category="MARKETING", previous_category="UTILITY")
    assert doors.state(information) == ("held", "template_marketing")
    assert doors.state(marketing)[0] == "queued"
    assert (kept(doors)["category"], kept(doors)["next_category"]) == ("MARKETING", None)


def test_a_slice_looks_at_the_category_itself(doors: Doors) -> None:
    information = doors.campaign(people(2))
    informational(doors, information)
    doors.run()
    assert doors.state(information) == ("held", "template_marketing")
    assert doors.ledger()["messages"] == 0


def test_the_browser_gets_keys_and_the_database_no_name(doors: Doors) -> None:
    templates = doors.result("templates", {"line": doors.line.hex})["templates"]
    rows = doors.sql("SELECT * FROM message_template")
    assert {one["key"] for one in templates} == {bytes(row["template_ix"]).hex() for row in rows}
    held = repr(rows)
    for one in templates:
        assert one["name"] not in held and str(one["id"]) not in held

    # One that Meta does not list any more was deleted.
    doors.sql("UPDATE message_template SET template_ix = 'gone' WHERE template_ix = %s",
              bytes.fromhex(templates[0]["key"]))  # fmt: skip
    doors.result("templates", {"line": doors.line.hex})
    (gone,) = doors.sql("SELECT status FROM message_template WHERE template_ix = 'gone'")
    assert gone["status"] == "DELETED"


def test_every_night_meta_is_asked_once(doors: Doors) -> None:
    doors.sql("UPDATE s_conn SET updated_at = now() - interval '2 days'")
    doors.ask("POST", f"/_sim/templates/{TEMPLATE.id}", {"quality": "RED"})
    with doors.app.app_context():
        assert health_sync.due(now=clock.now())
        session().rollback()
        health_sync.sync.__wrapped__()
        assert not health_sync.due(now=clock.now())
        assert health_sync.due(now=clock.now() + timedelta(days=1))
    assert "RED" in {row["quality"] for row in doors.sql("SELECT quality FROM message_template")}
    (row,) = doors.sql("SELECT checked_at, meta_status FROM line")
    assert row["checked_at"] is not None and row["meta_status"] == "CONNECTED"


def test_a_token_that_is_no_longer_good_is_found_at_night(doors: Doors) -> None:
    campaign = doors.campaign(people(2))
    doors.sql("UPDATE s_conn SET updated_at = now() - interval '2 days'")
    doors.ask("POST", "/_sim/tokens", {"value": seed.TOKEN, "valid": False})
    try:
        with doors.app.app_context():
            health_sync.sync.__wrapped__()
    finally:
        doors.ask("POST", "/_sim/tokens", {"value": seed.TOKEN, "valid": True})
    (row,) = doors.sql("SELECT state, hold_code FROM line")
    assert (row["state"], row["hold_code"]) == ("held", 190)
    assert doors.state(campaign) == ("held", "meta:190")


@pytest.mark.parametrize(
    ("utc", "night"),
    [("2026-11-27T23:30", "2026-11-27T00:00"), ("2026-11-28T00:30", "2026-11-28T00:00")],
)
def test_the_night_is_istanbuls(utc: str, night: str) -> None:
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert health_sync.last_night(at) == datetime.fromisoformat(night).replace(tzinfo=UTC)
