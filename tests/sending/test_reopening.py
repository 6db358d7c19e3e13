"""A receipt opens a row again at the moment in which its campaign would end: the row still goes."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from tests.sending.stage import Stage, people
from whatstr.campaigns.models import MessageStatus
from whatstr.core.db import transaction
from whatstr.sending import progress, receipts
from whatstr.sending.statuses import Receipt

TOMORROW = 131049
"""Meta will not reach this person today: the row waits for its second try."""


def test_no_campaign_ends_while_a_receipt_opens_a_row_again(stage: Stage) -> None:
    campaign = stage.campaign(people(2))
    stage.run()
    stage.sql("UPDATE campaign SET state = 'running', finished_at = NULL")
    stage.sql("UPDATE message SET handed_at = now() - interval '1 minute'")
    (first, _) = stage.sql("SELECT mref FROM message ORDER BY row")
    told = Receipt(
        bytes(first["mref"]), "", MessageStatus.FAILED, datetime.now(UTC), TOMORROW, "", ""
    )
    opened, may_commit = threading.Event(), threading.Event()
    ended: list[bool] = []

    def drain() -> None:
        with stage.app.app_context(), transaction():
            assert receipts.apply([told]) == 1
            opened.set()
            assert may_commit.wait(20)

    def finish() -> None:
        with stage.app.app_context(), transaction():
            ended.append(progress.finish_if_done(campaign, unknown_wait=timedelta(0)))

    draining, finishing = threading.Thread(target=drain), threading.Thread(target=finish)
    draining.start()
    assert opened.wait(20)
    finishing.start()
    finishing.join(1)
    waits = finishing.is_alive()
    may_commit.set()
    draining.join(20)
    finishing.join(20)

    assert waits, "it waits for the receipt"
    assert ended == [False]
    assert stage.state(campaign)[0] == "running"
    assert stage.counts(campaign) == {"pending": 1, "accepted": 1}


def test_an_end_that_comes_first_leaves_the_row_as_it_failed(stage: Stage) -> None:
    campaign = stage.campaign(people(2))
    stage.run()
    assert stage.state(campaign)[0] == "done"
    (first, _) = stage.sql("SELECT mref FROM message ORDER BY row")
    told = Receipt(
        bytes(first["mref"]), "", MessageStatus.FAILED, datetime.now(UTC), TOMORROW, "", ""
    )

    with stage.app.app_context(), transaction():
        receipts.apply([told])

    assert stage.counts(campaign) == {"failed": 1, "accepted": 1}
