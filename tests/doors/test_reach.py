"""Who is not written to any more because nobody is there, and what is tried again tomorrow."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.doors.stage import Doors, now
from tests.sending.stage import people
from whatstr.core.db import transaction
from whatstr.lines.error_policy import OPTED_OUT, UNREACHABLE
from whatstr.sending import context, sweeps
from whatstr.sending.mref import opaque_of

DAY = timedelta(days=1)


def posted(doors: Doors, number: str, **clear: object) -> tuple[uuid.UUID, bytes]:
    """A message that Meta has accepted, of a campaign that goes on."""
    doors.settings(webhook_hold=True)
    campaign = doors.campaign([number], **clear)
    run(doors)
    (row,) = doors.sql("SELECT mref FROM message WHERE campaign_id = %s", campaign)
    return campaign, bytes(row["mref"])


def run(doors: Doors) -> None:
    """A slice, long after anything was sent to these people."""
    with doors.app.app_context():
        context.pace_redis().flushdb()
    doors.run()


def told(doors: Doors, mref: bytes, status: str, code: int = 131026, at: int | None = None) -> None:
    doors.status(
        status=status,
        biz_opaque_callback_data=opaque_of(mref),
        errors=[{"code": code}],
        timestamp=str(at or now()),
    )


def missed(doors: Doors, number: str, times: int) -> bytes:
    for _ in range(times):
        _, mref = posted(doors, number)
        told(doors, mref, "failed")
    return mref


def test_three_in_a_row_that_found_nobody_end_it(doors: Doors) -> None:
    (number,) = people(1)
    missed(doors, number, 2)
    assert doors.refusals() == {}

    mref = missed(doors, number, 1)
    told(doors, mref, "failed")  # once more the same

    assert doors.refusals() == {doors.recipient_ix(number): "unreachable"}
    assert [one["via"] for one in doors.notices()] == ["unreachable"]
    campaign, _ = posted_off(doors, number)
    assert doors.counts(campaign) == {"suppressed": 1}
    assert doors.codes(campaign) == {UNREACHABLE: 1}


def posted_off(doors: Doors, number: str) -> tuple[uuid.UUID, None]:
    campaign = doors.campaign([number])
    run(doors)
    return campaign, None


@pytest.mark.parametrize("proof", ["delivered", "read", "writes"])
def test_a_sign_of_life_begins_the_count_anew(doors: Doors, proof: str) -> None:
    (number,) = people(1)
    mref = missed(doors, number, 2)

    if proof == "writes":
        doors.says(**{"from": number, "text": "Merhaba"})
    else:
        told(doors, mref, proof)
    missed(doors, number, 2)

    assert doors.refusals() == {}


@pytest.mark.parametrize("proof", ["delivered", "read", "writes"])
def test_a_sign_of_life_undoes_what_was_concluded(doors: Doors, proof: str) -> None:
    (number,) = people(1)
    mref = missed(doors, number, 3)

    if proof == "writes":
        doors.says(**{"from": number, "text": "Merhaba"})
    else:
        told(doors, mref, proof)

    assert doors.refusals() == {}
    kinds = [(one["t"], one.get("via")) for one in doors.notices()]
    assert ("optout_lifted", "unreachable") in kinds
    campaign, _ = posted(doors, number)
    assert doors.counts(campaign) == {"accepted": 1}


def test_a_delivery_does_not_lift_what_the_person_said(doors: Doors) -> None:
    (number,) = people(1)
    mref = missed(doors, number, 3)
    doors.says(**{"from": number, "text": "DUR"})

    told(doors, mref, "delivered")

    assert doors.refusals() == {doors.recipient_ix(number): "word"}
    campaign, _ = posted_off(doors, number)
    assert doors.codes(campaign) == {OPTED_OUT: 1}


def test_whom_the_business_blocked_is_spared_until_a_receipt(doors: Doors) -> None:
    (number,) = people(1)
    _, mref = posted(doors, number)
    told(doors, mref, "failed", 130403)
    assert doors.refusals() == {doors.recipient_ix(number): "blocked"}
    campaign, _ = posted_off(doors, number)
    assert doors.codes(campaign) == {130403: 1}

    doors.says(**{"from": number, "text": "Merhaba"})

    assert doors.refusals() == {}


def test_the_experiment_of_meta_fails_the_row_and_nothing_else(doors: Doors) -> None:
    (number,) = people(1)
    campaign, mref = posted(doors, number)

    told(doors, mref, "failed", 130472)

    assert doors.codes(campaign) == {130472: 1}
    assert doors.refusals() == {} and doors.state(campaign)[0] != "held"


# Held back today, tried again tomorrow ---------------------------------------------------------


def row_of(doors: Doors, mref: bytes) -> dict[str, object]:
    (found,) = doors.sql("SELECT * FROM message WHERE mref = %s", mref)
    return found


def test_a_full_day_of_the_person_is_tried_once_more_a_day_later(doors: Doors) -> None:
    (number,) = people(1)
    campaign, mref = posted(doors, number)
    at = now()
    assert doors.state(campaign)[0] == "running"

    told(doors, mref, "failed", 131049, at)
    told(doors, mref, "failed", 131049, at)

    row = row_of(doors, mref)
    assert (row["status"], row["code"], row["attempts"]) == ("pending", 131049, 2)
    assert row["not_before"] == datetime.fromtimestamp(at, UTC) + DAY
    doors.run()
    assert doors.ledger()["messages"] == 1, "not before its time"

    tomorrow(doors)
    run(doors)
    assert doors.ledger()["messages"] == 2
    told(doors, mref, "failed", 131049, at - 86_400)  # the first one, told again
    assert row_of(doors, mref)["status"] == "accepted"
    told(doors, mref, "failed", 131049)

    row = row_of(doors, mref)
    assert (row["status"], row["code"], row["not_before"]) == ("failed", 131049, None)
    doors.run()
    assert doors.ledger()["messages"] == 2, "once more, not for ever"


def tomorrow(doors: Doors) -> None:
    """A day passes: what was, was a day earlier."""
    doors.sql(
        "UPDATE message SET not_before = not_before - interval '1 day',"
        " failed_at = failed_at - interval '1 day', handed_at = handed_at - interval '1 day'"
    )


def test_a_delivery_after_all_is_not_sent_again(doors: Doors) -> None:
    (number,) = people(1)
    _, mref = posted(doors, number)
    told(doors, mref, "failed", 131049)

    told(doors, mref, "delivered")
    tomorrow(doors)
    run(doors)

    assert row_of(doors, mref)["status"] == "delivered"
    assert doors.ledger()["messages"] == 1


def test_what_does_not_fit_into_the_campaign_s_time_fails_today(doors: Doors) -> None:
    (number,) = people(1)
    ends = datetime.now(UTC) + timedelta(hours=23)
    campaign, mref = posted(doors, number, expires_at=ends)

    told(doors, mref, "failed", 131049)

    assert row_of(doors, mref)["status"] == "failed"
    assert doors.codes(campaign) == {131049: 1}


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_what_waited_when_the_campaign_ended_has_failed(doors: Doors, end: str) -> None:
    (number,) = people(1)
    campaign, mref = posted(doors, number)
    told(doors, mref, "failed", 131049)
    doors.sql("UPDATE campaign SET state = %s, finished_at = now() WHERE id = %s", end, campaign)

    with doors.app.app_context(), transaction():
        sweeps.close_over()

    assert row_of(doors, mref)["status"] == "failed"
    assert doors.codes(campaign) == {131049: 1}
