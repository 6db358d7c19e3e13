"""A webhook that came late is remembered: silence means nothing for a while (decision 0017)."""

from __future__ import annotations

import pytest

from tests.doors.stage import LINE, Doors, now
from tests.doors.test_receipts import message
from whatstr.sending.mref import opaque_of


@pytest.mark.parametrize(
    ("seconds_ago", "noted"),
    [([0], False), ([200], False), ([260], True), ([1, 500, 1], True)],
)
def test_what_took_more_than_a_quarter_of_the_wait_is_late(
    doors: Doors, seconds_ago: list[int], *, noted: bool
) -> None:
    """The wait is 900 seconds; one late webhook among others counts."""
    doors.sql("UPDATE s_instance SET late_at = NULL")
    statuses = [
        {
            "id": f"wamid.{ago}",
            "status": "sent",
            "timestamp": str(now() - ago),
            "biz_opaque_callback_data": opaque_of(message(doors)[0]),
        }
        for ago in seconds_ago
    ]

    doors.tell("messages", {"metadata": {"phone_number_id": LINE}, "statuses": statuses})

    (row,) = doors.sql("SELECT late_at FROM s_instance")
    assert (row["late_at"] is not None) is noted
