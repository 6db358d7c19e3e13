"""The first few of a campaign go ahead, and the rest waits for what becomes of them."""

from __future__ import annotations

import os
import uuid

from tests.sending.conftest import Tune
from tests.sending.gates import told
from tests.sending.stage import Stage, people


def tell(stage: Stage, campaign: uuid.UUID, status: str, count: int) -> None:
    """As if Meta had told this of so many accepted rows."""
    stage.sql(
        f"UPDATE message SET status = '{status}', {status}_at = now()"
        " WHERE campaign_id = %s AND row IN (SELECT row FROM message WHERE campaign_id = %s"
        " AND status = 'accepted' ORDER BY row LIMIT %s)",
        campaign,
        campaign,
        count,
    )


def later(stage: Stage, campaign: uuid.UUID, minutes: int) -> None:
    """As if so much time had passed since it was sent."""
    stage.sql(
        "UPDATE message SET handed_at = handed_at - make_interval(mins => %s)"
        " WHERE campaign_id = %s",
        minutes,
        campaign,
    )
    stage.sql(
        "UPDATE campaign SET canary_since = canary_since - make_interval(mins => %s) WHERE id = %s",
        minutes,
        campaign,
    )


def test_the_first_ones_go_and_the_rest_waits_for_them(stage: Stage, tune: Tune) -> None:
    tune(WHATSTR_CANARY_ROWS="20")
    campaign = stage.campaign(people(100))

    stage.run()
    assert stage.counts(campaign) == {"accepted": 20}
    row = told(stage, campaign)
    assert (row["canary_size"], row["canary_reason"]) == (20, "organization")

    stage.run()
    assert stage.counts(campaign) == {"accepted": 20}
    assert told(stage, campaign)["wait_code"] == "canary"

    tell(stage, campaign, "delivered", 15)
    stage.run()
    assert sum(stage.counts(campaign).values()) == 20

    tell(stage, campaign, "delivered", 1)
    stage.run()
    assert stage.counts(campaign) == {"accepted": 84, "delivered": 16}
    assert told(stage, campaign)["canary_passed_at"] is not None


def test_what_is_proven_needs_no_canary(stage: Stage, tune: Tune) -> None:
    tune(WHATSTR_CANARY_ROWS="20")
    first = stage.campaign(people(100))
    stage.run()
    tell(stage, first, "delivered", 20)
    stage.run()

    second = stage.campaign(people(100))
    stage.run()
    assert stage.counts(second) == {"accepted": 100}

    stage.set_tier("TIER_UNLIMITED", quality_rating="YELLOW")
    third = stage.campaign(people(100))
    stage.run()
    assert told(stage, third)["canary_reason"] == "quality"
    assert stage.counts(third) == {"accepted": 20}


def test_another_template_begins_anew(stage: Stage, tune: Tune) -> None:
    tune(WHATSTR_CANARY_ROWS="20")
    first = stage.campaign(people(100))
    stage.run()
    tell(stage, first, "delivered", 20)
    stage.run()
    stage.sql("UPDATE campaign SET template_ix = %s", os.urandom(16))

    second = stage.campaign(people(100))
    stage.run()

    assert told(stage, second)["canary_reason"] == "template"


def test_a_canary_that_fails_holds_the_campaign_and_asks(stage: Stage, tune: Tune) -> None:
    tune(WHATSTR_CANARY_ROWS="20")
    campaign = stage.campaign(people(100))
    stage.run()
    tell(stage, campaign, "failed", 5)
    tell(stage, campaign, "delivered", 15)
    stage.run()
    assert stage.state(campaign) == ("held", "canary_failed")

    # Resumed, it is looked at again: still bad, so as many more go first, and no others.
    stage.sql("UPDATE campaign SET state = 'queued', state_changed_at = now()")
    stage.run()
    assert stage.counts(campaign) == {"failed": 5, "delivered": 15, "accepted": 20}
    tell(stage, campaign, "failed", 20)
    stage.run()
    assert stage.state(campaign) == ("held", "canary_failed")

    stage.sql("UPDATE campaign SET state = 'queued', state_changed_at = now()")
    stage.run()
    tell(stage, campaign, "delivered", 20)
    stage.run()
    assert sum(stage.counts(campaign).values()) == 100


def test_a_silent_canary_holds_after_half_an_hour(stage: Stage, tune: Tune) -> None:
    tune(WHATSTR_CANARY_ROWS="20")
    campaign = stage.campaign(people(100))
    stage.run()
    tell(stage, campaign, "delivered", 9)
    later(stage, campaign, 29)
    stage.run()
    assert told(stage, campaign)["wait_code"] == "canary"
    later(stage, campaign, 2)
    stage.run()
    assert stage.state(campaign) == ("held", "canary_silent")

    # Its statuses came after all: resuming needs no second one.
    tell(stage, campaign, "delivered", 11)
    stage.sql("UPDATE campaign SET state = 'queued', state_changed_at = now()")
    stage.run()
    assert stage.counts(campaign) == {"accepted": 80, "delivered": 20}
