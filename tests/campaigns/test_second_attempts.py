"""A second attempt: only for what passes or can be mended, once, when the first is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import flask
import pytest

from tests.apps import error_of
from tests.campaigns.shop import Shop, open_shop
from tests.services import ModuleDatabase
from whatstr.campaigns.models import CampaignKind, CampaignState, MessageStatus
from whatstr.core import clock

S = MessageStatus
PASSING, OWN_FAULT, HELD_BACK = 131000, 131026, 131049


def over(shop: Shop, codes: Sequence[int | None], **values: Any) -> str:
    """A campaign that is over; a row failed with each code, or was delivered (None)."""
    campaign = shop.launch(rows=len(codes))
    long_ago = clock.now() - timedelta(days=2)
    for row, code in enumerate(codes):
        status = S.DELIVERED if code is None else S.FAILED
        failed = {"code": code, "failed_at": None if code is None else long_ago}
        shop.add_message(campaign, row, status, **{**failed, **values})
    shop.set_campaign(campaign, state=CampaignState.DONE, finished_at=clock.now())
    return campaign


def rows(shop: Shop, campaign: str) -> Any:
    return shop.client.get(f"campaigns/{campaign}/resendable").get_json()["rows"]


def resend(shop: Shop, original: str, count: int, **changes: Any) -> Any:
    body = shop.body(rows=count, resend_of=original, **changes)
    return shop.client.post("campaigns", body)


def test_only_what_passes_is_sent_again(shop: Shop) -> None:
    campaign = over(shop, [None, PASSING, OWN_FAULT, 987_654, 132015, HELD_BACK])
    assert rows(shop, campaign) == [1, 4, 5]

    made = resend(shop, campaign, 3)

    assert made.status_code == 201
    assert shop.read(made.get_json()["id"])["resend_of"] == campaign


def test_no_row_is_taken_twice(shop: Shop) -> None:
    campaign = over(shop, [PASSING, PASSING])
    assert resend(shop, campaign, 2).status_code == 201

    assert rows(shop, campaign) == []
    assert resend(shop, campaign, 2).status_code == 409
    assert resend(shop, campaign, 1).status_code == 409


def test_the_same_launch_again_is_the_same_attempt(shop: Shop) -> None:
    campaign = over(shop, [PASSING])
    body = shop.body(rows=1, resend_of=campaign)

    answers = [shop.client.post("campaigns", body).status_code for _ in range(2)]

    assert answers == [201, 200]


def test_an_attempt_that_never_left_gives_its_rows_back(shop: Shop) -> None:
    campaign = over(shop, [PASSING])
    attempt = resend(shop, campaign, 1).get_json()["id"]
    shop.set_campaign(attempt, state=CampaignState.CANCELLED)
    assert rows(shop, campaign) == [0]
    assert resend(shop, campaign, 1).status_code == 201

    begun = over(shop, [PASSING])
    attempt = resend(shop, begun, 1).get_json()["id"]
    shop.set_campaign(attempt, state=CampaignState.CANCELLED, started_at=clock.now())
    assert rows(shop, begun) == []


def test_whom_meta_held_back_rests_for_a_day(shop: Shop) -> None:
    young = clock.now() - timedelta(hours=23)
    assert rows(shop, over(shop, [HELD_BACK], failed_at=young)) == []
    assert rows(shop, over(shop, [PASSING], failed_at=young)) == [0]


@pytest.mark.parametrize("state", [CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.HELD])
def test_not_before_the_first_is_over(shop: Shop, state: CampaignState) -> None:
    campaign = over(shop, [PASSING])
    shop.set_campaign(campaign, state=state)

    assert rows(shop, campaign) == []
    assert error_of(resend(shop, campaign, 1))["code"] == "not_resendable"


def test_there_is_no_third_attempt(shop: Shop) -> None:
    first = over(shop, [PASSING])
    second = resend(shop, first, 1).get_json()["id"]
    shop.add_message(second, 0, S.FAILED, code=PASSING, failed_at=clock.now())
    shop.set_campaign(second, state=CampaignState.DONE)

    assert rows(shop, second) == []
    assert error_of(resend(shop, second, 1))["code"] == "not_resendable"


def test_another_kind_or_line_is_no_second_attempt(shop: Shop) -> None:
    campaign = over(shop, [PASSING])

    other = resend(shop, campaign, 1, kind=str(CampaignKind.INFORMATIONAL))
    assert error_of(other)["code"] == "not_resendable"
    assert error_of(resend(shop, campaign, 1, line=shop.connect().hex))["code"] == "not_resendable"


def test_nobody_resends_what_is_another_s(
    shop: Shop, web: flask.Flask, database: ModuleDatabase
) -> None:
    rival = open_shop(web, database)
    campaign = over(rival, [PASSING])

    assert shop.client.get(f"campaigns/{campaign}/resendable").status_code == 404
    assert resend(shop, campaign, 1).status_code == 404
