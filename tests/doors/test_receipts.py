"""Statuses: late, twice, in any order, with or without our own data in them."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doors.stage import Doors, now
from tests.sending.stage import people
from whatstr.campaigns.models import MessageStatus
from whatstr.sending.mref import opaque_of
from whatstr.sending.statuses import RANK, Progress, Receipt

_S = MessageStatus
BASE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def receipts() -> st.SearchStrategy[Receipt]:
    def made(status: MessageStatus, second: int, code: int) -> Receipt:
        failed = status is _S.FAILED
        at = BASE + timedelta(seconds=second)
        return Receipt(b"m" * 16, "", status, at, code if failed else None, "", "")

    told = st.sampled_from([_S.SENT, _S.DELIVERED, _S.READ, _S.FAILED])
    return st.builds(made, told, st.integers(0, 9), st.sampled_from([131026, 131049]))


def after(start: Progress, told: list[Receipt]) -> Progress:
    for one in told:
        start = start.after(one)
    return start


@given(st.lists(receipts(), min_size=1, max_size=8), st.data())
def test_order_and_repetition_change_nothing(told: list[Receipt], data: st.DataObject) -> None:
    start = Progress(_S.ACCEPTED, accepted_at=BASE)
    again = data.draw(st.permutations(told)) + data.draw(st.lists(st.sampled_from(told)))

    assert after(start, again) == after(start, told)


@given(st.lists(receipts(), min_size=1, max_size=6))
def test_the_row_shows_the_furthest_and_the_earliest_of_what_was_told(told: list[Receipt]) -> None:
    row = after(Progress(_S.ACCEPTED, accepted_at=BASE), told)

    assert row.status is max((one.status for one in told), key=RANK.__getitem__)
    for name in ("sent", "delivered", "read", "failed"):
        times = [one.at for one in told if one.status == name]
        assert getattr(row, f"{name}_at") == (min(times) if times else None)
    assert (row.code is not None) == (row.status is _S.FAILED)


def test_delivery_overrides_a_failure_and_nothing_else_does() -> None:
    def one(status: MessageStatus, code: int | None = None) -> Receipt:
        return Receipt(None, "", status, BASE, code, "", "")

    failed = Progress(_S.SENT).after(one(_S.FAILED, 131026))
    assert (failed.status, failed.code) == (_S.FAILED, 131026)
    assert failed.after(one(_S.SENT)).status is _S.FAILED
    for better in (_S.DELIVERED, _S.READ):
        healed = failed.after(one(better))
        assert (healed.status, healed.code, healed.failed_at) == (better, None, BASE)
        assert healed.after(one(_S.FAILED, 131026)).status is better


# Over HTTP, into PostgreSQL -------------------------------------------------------------------


def message(doors: Doors, *, status: str = "accepted", number: str = "") -> tuple[bytes, uuid.UUID]:
    """One row of a campaign in hand; its mref and its campaign."""
    number = number or people(1)[0]
    campaign, mref = doors.campaign([number], state="running"), uuid.uuid4().bytes
    doors.sql(
        "INSERT INTO message (campaign_id, row, status, attempts, mref, recipient_ix, handed_at,"
        " claim) VALUES (%s, 0, %s, 1, %s, %s, now(), %s)",
        campaign,
        status,
        mref,
        doors.recipient_ix(number),
        uuid.uuid4() if status == "handing" else None,
    )
    return mref, campaign


def row(doors: Doors, mref: bytes) -> dict[str, Any]:
    (found,) = doors.sql("SELECT * FROM message WHERE mref = %s", mref)
    return found


def test_a_campaign_is_followed_to_the_end(doors: Doors) -> None:
    doors.subscribe()
    numbers = (
        people(6, ending="020")
        + people(5, ending="021")
        + people(3, ending="011")
        + people(2, ending="281")
        + people(2, ending="282")
    )
    doors.settings(webhook_duplicate=0.5, webhook_shuffle=1.0, webhook_late=0.3, webhook_late_ms=30)
    campaign = doors.campaign(numbers)

    doors.run()
    doors.settle()

    counts = doors.counts(campaign)
    assert counts["delivered"] + counts["read"] == len(numbers) - 3
    assert counts["delivered"] >= 6 and counts["read"] >= 5 + 2
    assert doors.codes(campaign) == {131026: 3}
    for found in doors.sql("SELECT * FROM message WHERE status IN ('delivered', 'read')"):
        assert found["code"] is None and found["accepted_at"] is not None
    assert doors.ledger()["reached_twice_or_more"] == 0


@pytest.mark.parametrize("status", ["handing", "unknown", "pending", "expired"])
@pytest.mark.parametrize("told", ["sent", "delivered", "failed"])
def test_a_receipt_settles_a_row_whose_answer_was_never_seen(
    doors: Doors, status: str, told: str
) -> None:
    mref, _ = message(doors, status=status)

    doors.status(status=told, biz_opaque_callback_data=opaque_of(mref), errors=[{"code": 131026}])

    found = row(doors, mref)
    assert found["status"] == told
    assert found["accepted_at"] is not None and found["claim"] is None
    assert found["not_before"] is None


def test_every_order_of_the_same_statuses_ends_alike(doors: Doors) -> None:
    ends = set()
    for order in itertools.permutations(("sent", "delivered", "failed")):
        mref, _ = message(doors)
        for told in order:
            doors.status(
                status=told,
                timestamp="1790000000",
                biz_opaque_callback_data=opaque_of(mref),
                errors=[{"code": 131026}],
            )
        found = row(doors, mref)
        ends.add((found["status"], found["code"], found["sent_at"], found["failed_at"]))
    assert len(ends) == 1
    assert ends.pop()[0] == "delivered"


def test_a_status_without_our_data_is_found_by_its_id(doors: Doors) -> None:
    doors.subscribe()
    (number,) = people(1, ending="20")
    campaign = doors.campaign([number])
    doors.settings(webhook_hold=True)
    doors.run()
    (sent,) = doors.sent_to(number)
    wamid = sent["id"] if "id" in sent else sent["wamid"]

    doors.status(id=wamid, status="delivered")

    assert doors.counts(campaign) == {"delivered": 1}
    (kept,) = doors.sql("SELECT wamid_ix FROM s_wamid")
    assert wamid.encode() not in bytes(kept["wamid_ix"])


@pytest.mark.parametrize(
    "entry",
    [
        {"biz_opaque_callback_data": opaque_of(bytes(16))},
        {"biz_opaque_callback_data": "not ours"},
        {"status": "deleted"},
        {"timestamp": "soon"},
        {"timestamp": "99999999999999"},
    ],
)
def test_a_status_that_names_no_row_of_ours_changes_none(
    doors: Doors, entry: dict[str, object]
) -> None:
    mref, _ = message(doors)
    before = row(doors, mref)

    doors.status(**entry)

    assert row(doors, mref) == before


def test_whom_meta_names_as_having_stopped_is_not_written_to_again(doors: Doors) -> None:
    (number,) = people(1)
    mref, campaign = message(doors, number=number)

    doors.status(
        status="failed", biz_opaque_callback_data=opaque_of(mref), errors=[{"code": 131050}]
    )

    assert doors.refusals() == {doors.recipient_ix(number): "meta_error"}
    (notice,) = doors.notices()
    assert notice["t"] == "optout" and notice["via"] == "meta_error"
    assert (notice["job"], notice["row"]) == (campaign.hex, 0)


@pytest.mark.parametrize(
    ("code", "campaign_state", "line_state"),
    [
        (131042, "held", "connected"),
        (132015, "held", "connected"),
        (131048, "held", "held"),
        (368, "held", "held"),
        (131026, "running", "connected"),
    ],
)
def test_a_code_that_reaches_further_holds_as_far_as_it_reaches(
    doors: Doors, code: int, campaign_state: str, line_state: str
) -> None:
    mref, campaign = message(doors)

    doors.status(status="failed", biz_opaque_callback_data=opaque_of(mref), errors=[{"code": code}])

    assert doors.state(campaign)[0] == campaign_state
    (line,) = doors.sql("SELECT state, hold_code FROM line")
    assert line["state"] == line_state
    assert line["hold_code"] == (code if line_state == "held" else None)


def test_a_failure_told_again_or_late_does_not_hold_what_was_mended(doors: Doors) -> None:
    mref, campaign = message(doors)
    failure = {"status": "failed", "biz_opaque_callback_data": opaque_of(mref)}
    failure |= {"errors": [{"code": 131042}]}  # type: ignore[dict-item]
    doors.status(**failure)
    assert doors.state(campaign)[0] == "held"
    doors.sql("UPDATE campaign SET state = 'running', reason_code = NULL")

    doors.status(**failure)
    assert doors.state(campaign) == ("running", None)

    old, other = message(doors)
    late = failure | {"biz_opaque_callback_data": opaque_of(old), "timestamp": str(now() - 7_200)}
    doors.status(**late)
    assert row(doors, old)["status"] == "failed"
    assert doors.state(other) == ("running", None)
