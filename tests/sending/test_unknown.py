"""A message whose outcome was lost: a webhook settles it, or it is handed over once more."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import redis

from tests.sending.stage import Stage, fault, people, soon, within
from whatstr.local.valkey import EmbeddedValkey
from whatstr.sending import leases, sweeps

WAIT = timedelta(seconds=900)


def settled(stage: Stage) -> int:
    """How many are handed over once more when the wait is over."""
    late = datetime.now(UTC) + WAIT + timedelta(seconds=10)
    done: int = within(stage, lambda: sweeps.settle_unknown(now=late, wait=WAIT))
    return done


def test_an_unknown_outcome_is_handed_over_once_more_at_most(
    stage: Stage, valkey_sender_server: EmbeddedValkey
) -> None:
    campaign = stage.campaign(people(20))
    fault(stage, kind="drop_before", count=3)
    stage.run()
    assert stage.counts(campaign) == {"accepted": 17, "unknown": 3}
    assert stage.state(campaign)[0] == "running"

    assert settled(stage) == 0, "no webhook arrives: nothing is re-sent"
    stage.sql(
        "UPDATE message SET status = 'sent', sent_at = now() + interval '1 second'"
        " WHERE status = 'accepted'"
    )
    assert settled(stage) == 3
    soon(stage)
    with redis.Redis.from_url(valkey_sender_server.url) as client:
        client.flushall()  # the wait between two messages to one person is long over
    fault(stage, kind="drop_before", count=1)
    stage.run()
    assert stage.counts(campaign) == {"sent": 17, "accepted": 2, "unknown": 1}
    assert settled(stage) == 0, "a second unknown stays unknown"
    assert stage.ledger()["rows"] == 19
    assert stage.ledger()["taken_twice_or_more"] == 0

    stage.sql("UPDATE message SET unknown_at = now() - interval '1 hour' WHERE status = 'unknown'")
    assert within(stage, lambda: sweeps.finish_campaigns(unknown_wait=WAIT)) == 1
    (row,) = stage.sql("SELECT totals FROM campaign")
    assert row["totals"]["unknown"] == 1


def test_an_answer_lost_after_the_message_was_taken_is_settled_by_its_receipt(
    stage: Stage,
) -> None:
    campaign = stage.campaign(people(10))
    fault(stage, kind="drop_after", count=2)
    stage.run()
    assert stage.counts(campaign) == {"accepted": 8, "unknown": 2}

    # What the receipt does, by the mref that every webhook carries.
    stage.sql(
        "UPDATE message SET status = 'delivered', delivered_at = now() WHERE status = 'unknown'"
    )
    assert settled(stage) == 0
    assert within(stage, lambda: sweeps.finish_campaigns(unknown_wait=WAIT)) == 1
    assert stage.ledger()["rows"] == 10
    assert stage.ledger()["taken_twice_or_more"] == 0


def test_a_backlog_of_webhooks_forbids_a_second_try(stage: Stage) -> None:
    stage.campaign(people(20))
    fault(stage, kind="drop_before", count=1)
    stage.run()
    stage.sql(
        "UPDATE message SET status = 'sent', sent_at = now() + interval '1 second'"
        " WHERE status = 'accepted'"
    )

    stage.sql("INSERT INTO hook_inbox (at, sealed) VALUES (now(), '')")
    assert settled(stage) == 0, "its receipt may lie in the inbox"
    stage.sql("DELETE FROM hook_inbox")
    stage.sql("UPDATE message SET status = 'accepted' WHERE row < 10 AND status = 'sent'")
    assert settled(stage) == 0, "others wait for their receipts as well"
    stage.sql("UPDATE message SET status = 'sent' WHERE status = 'accepted'")
    stage.sql("UPDATE s_instance SET late_at = now() + interval '11 seconds'")
    assert settled(stage) == 0, "a webhook came late: others may still be on their way"
    stage.sql("UPDATE s_instance SET late_at = now()")
    stage.sql("UPDATE message SET status = 'failed', failed_at = now() WHERE status = 'sent'")
    stage.sql("UPDATE message SET accepted_at = NULL WHERE status = 'failed'")
    assert settled(stage) == 0, "what Meta refused at once tells nothing of webhooks"
    stage.sql("UPDATE message SET accepted_at = now() WHERE status = 'failed'")
    assert settled(stage) == 1, "the late webhook is longer ago than the wait"
    stage.sql("UPDATE s_instance SET late_at = NULL")


def test_what_was_told_before_the_outcome_was_lost_proves_nothing(stage: Stage) -> None:
    """Rows of a batch leave one after the other: webhooks of the first say nothing of the last,
    which may have left just before the webhooks ceased."""
    stage.campaign(people(20))
    fault(stage, kind="drop_before", count=1)
    stage.run()

    stage.sql("UPDATE message SET handed_at = now() - interval '40 seconds'")
    stage.sql(
        "UPDATE message SET status = 'sent', sent_at = now() - interval '20 seconds'"
        " WHERE status = 'accepted'"
    )
    assert settled(stage) == 0
    stage.sql("UPDATE message SET delivered_at = now() + interval '1 second' WHERE row = 3")
    assert settled(stage) == 1


def test_messages_around_an_unknown_one_show_whether_webhooks_came(stage: Stage) -> None:
    """A small campaign's line may have nothing else in the same minute."""
    stage.campaign(people(20))
    fault(stage, kind="drop_before", count=1)
    stage.run()
    stage.sql(
        "UPDATE message SET status = 'sent', handed_at = now() + interval '10 minutes',"
        " sent_at = now() + interval '11 minutes' WHERE status = 'accepted'"
    )

    assert settled(stage) == 0, "what came ten minutes later says nothing of then"
    stage.sql("UPDATE message SET handed_at = now() + interval '4 minutes' WHERE status = 'sent'")
    assert settled(stage) == 1


def test_an_organization_may_forbid_the_second_try(stage: Stage) -> None:
    stage.sql("UPDATE organization SET resend_unknown = false")
    stage.campaign(people(5))
    fault(stage, kind="drop_before", count=1)
    stage.run()
    stage.sql(
        "UPDATE message SET status = 'sent', sent_at = now() + interval '1 second'"
        " WHERE status = 'accepted'"
    )

    assert settled(stage) == 0


def test_what_a_killed_slice_had_in_hand_becomes_unknown(stage: Stage) -> None:
    campaign = stage.campaign(people(10))
    stage.run()
    stage.sql(
        "UPDATE message SET status = 'handing', claim = %s, accepted_at = NULL,"
        " handed_at = now() - interval '1 minute' WHERE row < 4",
        (owner := uuid.uuid4()),
    )
    within(stage, lambda: leases.take(stage.line, owner=owner))

    sweep = lambda: sweeps.orphans_to_unknown(now=datetime.now(UTC))  # noqa: E731
    assert within(stage, sweep) == 0, "its lease is alive"
    stage.sql("UPDATE s_lease SET until = now() - interval '1 second'")
    assert within(stage, sweep) == 4
    assert stage.counts(campaign) == {"accepted": 6, "unknown": 4}
