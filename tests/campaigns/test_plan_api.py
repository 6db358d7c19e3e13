"""The plan before the click and the hours of an organization, over the portal."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import flask
import pytest
import sqlalchemy as sa

from tests.apps import as_owner, error_of, role_app
from tests.campaigns.shop import Shop, instant
from tests.services import ModuleDatabase
from whatstr.audit.models import AuditEvent
from whatstr.campaigns.models import CampaignState, MessageStatus
from whatstr.core import clock
from whatstr.lines.models import LineState
from whatstr.local.valkey import EmbeddedValkey

NOON = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)  # 12:00 in Istanbul
SETTINGS = {
    "window": {"from": "10:00", "to": "20:30", "time_zone": "Europe/Berlin"},
    "informational_any_time": True,
    "resend_unknown": False,
}


@pytest.fixture(scope="module")
def web(database: ModuleDatabase, valkey_server: EmbeddedValkey) -> Iterator[flask.Flask]:
    with role_app("web", database, valkey_server, WHATSTR_RAMP_UP="500 2000") as app:
        yield app


@pytest.fixture
def calm(shop: Shop) -> Iterator[Shop]:
    """A line without limits at noon, of an organization that sent often; nothing is new."""
    with clock.frozen(NOON):
        shop.set_line(throughput=80, quality="GREEN", limit_tier="TIER_UNLIMITED")
        earlier = shop.launch(rows=60)
        shop.set_campaign(
            earlier,
            state=CampaignState.DONE,
            totals={"delivered": 40, "read": 20},
            started_at=NOON - timedelta(days=5),
            finished_at=NOON - timedelta(days=5),
        )
        yield shop


def told(shop: Shop, rows: int, more: str = "") -> dict[str, object]:
    answer = shop.client.get(f"lines/{shop.line.hex}/plan?rows={rows}&kind=marketing{more}")
    assert answer.status_code == 200, answer.get_json()
    found: dict[str, object] = answer.get_json()
    return found


def codes(plan: dict[str, object]) -> list[str]:
    limits = plan["limits"]
    assert isinstance(limits, list)
    assert all(limit["sentence"] for limit in limits)
    return [limit["code"] for limit in limits]


def test_a_launch_that_nothing_holds_back(calm: Shop) -> None:
    plan = told(calm, 8_000)
    assert (plan["credits"], plan["available"], plan["enough"]) == (8_000, 9_940, True)
    assert (plan["rate"], plan["seconds"], plan["fits"], plan["unfit"]) == (80, 100, True, None)
    assert plan["starts_at"] == "2026-11-27T09:00:00Z"
    assert plan["finishes_at"] == "2026-11-27T09:01:40Z"
    assert plan["days"] == [
        {
            "date": "2026-11-27",
            "starts_at": "2026-11-27T09:00:00Z",
            "ends_at": "2026-11-27T09:01:40Z",
            "messages": 8_000,
        }
    ]
    assert plan["canary"] is None
    assert codes(plan) == ["line_rate"]
    assert not told(calm, 9_941)["enough"]


def test_what_it_says_in_both_languages(calm: Shop) -> None:
    (turkish,) = told(calm, 1)["limits"]  # type: ignore[misc]
    calm.client.headers["Accept-Language"] = "en"
    calm.client.put("preferences", {"email": True, "sms": True, "whatsapp": True, "language": "en"})
    (english,) = told(calm, 1)["limits"]  # type: ignore[misc]
    assert turkish["sentence"] == "Hat saniyede en çok 80 mesaj gönderir."
    assert english["sentence"] == "The line sends up to 80 messages a second."


def test_a_later_start_at_night_waits_for_the_window(calm: Shop) -> None:
    plan = told(calm, 80, f"&due_at={instant(NOON + timedelta(hours=11))}")
    assert plan["starts_at"] == "2026-11-28T06:00:00Z"
    window = plan["limits"][0]  # type: ignore[index]
    assert (window["code"], window["from"], window["to"]) == ("window", "09:00", "21:00")
    assert window["opens_at"] == "2026-11-28T06:00:00Z"


def test_informational_ones_go_at_night_if_the_organization_says_so(calm: Shop) -> None:
    night = f"lines/{calm.line.hex}/plan?rows=80&due_at={instant(NOON + timedelta(hours=11))}"
    assert calm.client.get(f"{night}&kind=informational").get_json()["days"][0]["date"] == (
        "2026-11-28"
    )
    assert calm.client.put("sending-settings", SETTINGS).status_code == 200
    free = calm.client.get(f"{night}&kind=informational").get_json()
    assert free["starts_at"] == "2026-11-27T20:00:00Z"
    bound = calm.client.get(f"{night}&kind=marketing").get_json()
    assert (bound["starts_at"], bound["time_zone"]) == ("2026-11-28T09:00:00Z", "Europe/Berlin")


def test_the_portfolio_s_people_are_shared_by_its_lines(calm: Shop) -> None:
    other = calm.connect()
    with as_owner(calm.database) as owner:
        owner.execute(
            sa.text("UPDATE line SET portfolio_ix = :p, limit_tier = 'TIER_1K' WHERE id = ANY(:l)"),
            {"p": uuid.uuid4().bytes, "l": [calm.line, other]},
        )
    earlier = calm.launch(rows=400, line=other.hex)
    calm.set_campaign(earlier, state=CampaignState.RUNNING, started_at=NOON)
    calm.add_messages(earlier, [MessageStatus.SENT] * 300, accepted_at=NOON - timedelta(hours=2))
    plan = told(calm, 1_000)
    limit = plan["limits"][0]  # type: ignore[index]
    assert (limit["code"], limit["limit"], limit["used"], limit["free"]) == (
        "portfolio_limit",
        1_000,
        300,
        700,
    )
    # 100 more of the other campaign take of the same 700 as ours.
    assert [day["messages"] for day in plan["days"]] == [600, 400]  # type: ignore[attr-defined]


def test_a_new_organization_starts_slowly_and_with_a_canary(shop: Shop) -> None:
    with clock.frozen(NOON):
        shop.set_line(throughput=80, quality="GREEN", limit_tier="TIER_UNLIMITED")
        plan = told(shop, 1_000)
        assert codes(plan) == ["ramp_up", "canary", "line_rate"]
        ramp = plan["limits"][0]  # type: ignore[index]
        assert (ramp["limit"], ramp["free"], ramp["next_limit"]) == (500, 500, 2_000)
        assert ramp["next_at"] == "2026-11-28T09:00:00Z"
        canary = plan["canary"]
        assert isinstance(canary, dict)
        assert (canary["rows"], canary["reason"]) == (50, "organization")
        assert [day["messages"] for day in plan["days"]] == [500, 500]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("line", "more", "reason"),
    [
        ({}, "&new_template=1", "template"),
        ({"quality": "YELLOW"}, "", "quality"),
        ({"quality": "UNKNOWN"}, "", "quality"),
    ],
)
def test_why_a_canary_goes_first(calm: Shop, line: dict[str, str], more: str, reason: str) -> None:
    if line:
        calm.set_line(**line)
    canary = told(calm, 6_000, more)["canary"]
    assert isinstance(canary, dict)
    assert (canary["rows"], canary["reason"]) == (60, reason)
    assert told(calm, 50, more)["canary"] is None


def test_a_new_line_of_a_known_organization_begins_with_a_canary(calm: Shop) -> None:
    calm.line = calm.connect()
    calm.set_line(quality="GREEN", limit_tier="TIER_UNLIMITED")
    canary = told(calm, 1_000)["canary"]
    assert isinstance(canary, dict)
    assert canary["reason"] == "line"


def test_campaigns_launched_before_go_first(calm: Shop) -> None:
    calm.launch(rows=800)
    plan = told(calm, 80)
    assert codes(plan) == ["queue", "line_rate"]
    queue = plan["limits"][0]  # type: ignore[index]
    assert (queue["campaigns"], queue["messages"]) == (1, 800)
    assert queue["until"] == plan["starts_at"] == "2026-11-27T09:00:10Z"


def test_what_does_not_fit_is_said_with_a_remedy(calm: Shop) -> None:
    calm.set_line(limit_tier="TIER_250")
    plan = told(calm, 2_000)
    assert (plan["fits"], plan["finishes_at"]) == (False, None)
    unfit = plan["unfit"]
    assert isinstance(unfit, dict)
    assert (unfit["code"], unfit["messages"]) == ("too_long", 2_000 - 7 * 250)
    assert "250" in unfit["sentence"]


def test_a_line_that_stands_is_said_first(calm: Shop) -> None:
    calm.set_line(state=LineState.HELD, state_reason="meta:131042")
    assert codes(told(calm, 10))[0] == "line_stopped"


def test_a_question_that_is_none(calm: Shop) -> None:
    base = f"lines/{calm.line.hex}/plan"
    assert calm.client.get(f"{base}?rows=-1").status_code == 400
    assert calm.client.get(f"{base}?rows=1&kind=spam").status_code == 400
    assert calm.client.get(f"lines/{uuid.uuid4().hex}/plan?rows=1").status_code == 404


# Settings -------------------------------------------------------------------------------------


def test_an_organization_sets_its_hours(shop: Shop) -> None:
    first = shop.client.get("sending-settings").get_json()
    assert first["window"] == {"from": "09:00", "to": "21:00", "time_zone": "Europe/Istanbul"}
    assert (first["informational_any_time"], first["resend_unknown"]) == (False, True)
    for _ in range(2):
        assert shop.client.put("sending-settings", SETTINGS).status_code == 200
    found = shop.client.get("sending-settings").get_json()
    assert {name: found[name] for name in SETTINGS} == SETTINGS
    assert found["default"]["window"] == first["window"]
    back = shop.client.put("sending-settings", {**SETTINGS, "window": None}).get_json()
    assert back["window"] == first["window"]
    with as_owner(shop.database) as owner:
        noted = owner.scalars(
            sa.select(AuditEvent.verb).where(AuditEvent.organization_id == shop.id)
        ).all()
    assert noted.count("organization.sending_settings") == 2


@pytest.mark.parametrize(
    ("window", "field", "reason"),
    [
        ({"from": "9", "to": "21:00", "time_zone": "UTC"}, "window.from", "not_a_time"),
        ({"from": "09:00", "to": "09:30", "time_zone": "UTC"}, "window.to", "window_too_short"),
        ({"from": "09:00", "to": "21:00", "time_zone": "X"}, "window.time_zone", "not_a_zone"),
    ],
)
def test_hours_that_are_none(shop: Shop, window: dict[str, str], field: str, reason: str) -> None:
    refused = shop.client.put("sending-settings", {**SETTINGS, "window": window})
    error = error_of(refused)
    assert (refused.status_code, error["field"], error["reason"]) == (400, field, reason)
    assert error["message"]


def test_only_who_may_change_settings_does(shop: Shop) -> None:
    shop.as_billing_clerk()
    assert shop.client.get("sending-settings").status_code == 200
    assert shop.client.put("sending-settings", SETTINGS).status_code == 403
