"""What the portal tells of a line's health, and of templates without knowing which they are."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import flask
import pytest

from tests.apps import as_owner
from tests.campaigns.shop import Shop, open_shop
from tests.services import ModuleDatabase
from whatstr.core import clock
from whatstr.lines.health_words import troubles
from whatstr.lines.models import LineEvent, LineEventKind, MessageTemplate

BLOCKED = {
    "can_send": "BLOCKED",
    "entities": [
        {"type": "PHONE_NUMBER", "can_send": "AVAILABLE", "codes": []},
        {"type": "BUSINESS", "can_send": "LIMITED", "codes": []},
        {"type": "WABA", "can_send": "BLOCKED", "codes": [131042]},
    ],
}


def test_what_stands_in_the_way_is_told_in_words_the_worst_first(shop: Shop) -> None:
    shop.set_line(health=BLOCKED)
    (line,) = shop.client.get("lines").get_json()["lines"]

    assert [one["entity"] for one in line["troubles"]] == ["WABA", "BUSINESS"]
    assert line["troubles"][0]["codes"] == [131042]
    assert "ödeme" in line["troubles"][0]["sentence"]


@pytest.mark.parametrize("entity", ["PHONE_NUMBER", "WABA", "BUSINESS", "APP", "SOMETHING_NEW"])
@pytest.mark.parametrize("state", ["LIMITED", "BLOCKED"])
def test_every_level_has_a_sentence_in_both_languages(entity: str, state: str) -> None:
    health = {"entities": [{"type": entity, "can_send": state, "codes": [999_999, 141_002]}]}
    (turkish,), (english,) = (troubles(health, language) for language in ("tr", "en"))
    assert turkish.sentence != english.sentence
    # An unknown code explains nothing, and Meta's 141xxx only repeat the level.
    assert "999" not in turkish.sentence and "sorun bildiriyor" not in turkish.sentence


def test_the_history_of_a_line_is_its_owners(
    shop: Shop, web: flask.Flask, database: ModuleDatabase
) -> None:
    with as_owner(database) as owner:
        for days, before, after in [(2, "GREEN", "YELLOW"), (1, "YELLOW", "RED")]:
            owner.add(
                LineEvent(
                    line_id=shop.line,
                    at=clock.now() - timedelta(days=days),
                    kind=LineEventKind.QUALITY,
                    before=before,
                    after=after,
                )
            )
    path = f"lines/{shop.line.hex}/health"
    events = shop.client.get(path).get_json()["events"]
    assert [(one["before"], one["after"]) for one in events] == [
        ("YELLOW", "RED"),
        ("GREEN", "YELLOW"),
    ]
    assert open_shop(web, database).client.get(path).status_code == 404


def test_states_of_templates_come_under_their_keys(
    shop: Shop, web: flask.Flask, database: ModuleDatabase
) -> None:
    until = clock.now() + timedelta(hours=3)
    key = uuid.uuid4().bytes
    with as_owner(database) as owner:
        owner.add(
            MessageTemplate(
                organization_id=shop.id,
                template_ix=key,
                account_ix=b"account",
                status="PAUSED",
                quality="RED",
                category="MARKETING",
                paused_until=until,
                changed_at=clock.now(),
                checked_at=clock.now(),
            )
        )

    def states(of: Shop) -> dict[str, Any]:
        found: dict[str, Any] = of.client.get("template-states").get_json()["templates"]
        return found

    assert list(states(shop)) == [key.hex()]
    assert states(shop)[key.hex()]["status"] == "PAUSED"
    assert states(shop)[key.hex()]["paused_until"] is not None
    assert states(open_shop(web, database)) == {}
