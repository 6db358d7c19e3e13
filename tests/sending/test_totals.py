"""A campaign's figures are its rows, whatever happens to them and in whatever order."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sending.stage import Stage, people
from whatstr.campaigns.models import CampaignState, MessageStatus
from whatstr.core.db import transaction
from whatstr.lines.cloud_api import Accepted
from whatstr.sending import leases, progress, receipts, results, rows, sweeps
from whatstr.sending.results import Outcome, Result
from whatstr.sending.rows import Batch, Candidate, Halted
from whatstr.sending.statuses import Receipt

ROWS = 7
SOME = st.integers(1, 4)
TOLD = [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.FAILED]
STEPS = st.one_of(
    st.tuples(st.just("claim"), SOME, st.just(None)),
    st.tuples(st.just("write"), SOME, st.sampled_from(list(Result))),
    st.tuples(st.just("tell"), SOME, st.sampled_from(TOLD)),
    st.tuples(st.just("refuse"), SOME, st.sampled_from([131049, 131026, 131050])),
    st.tuples(st.sampled_from(["die", "settle", "finish", "sweep"]), st.just(0), st.just(None)),
    st.tuples(st.just("move"), st.just(0), st.sampled_from(["cancelled", "paused", "queued"])),
    st.tuples(st.just("move"), st.just(0), st.just("expired")),
)


class Hands:
    """One campaign, and whoever has its rows in hand."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.numbers = people(ROWS)
        self.campaign = stage.campaign(self.numbers)
        self.owner = uuid.uuid4()
        stage.sql("DELETE FROM s_lease")
        stage.sql("UPDATE campaign SET state = 'running' WHERE id = %s", self.campaign)
        leases.take(stage.line, owner=self.owner)

    def rows_in(self, where: str, count: int) -> list[dict[str, Any]]:
        return self.stage.sql(
            f"SELECT row, mref FROM message WHERE campaign_id = %s AND {where} ORDER BY row"
            f" LIMIT {count}",
            self.campaign,
        )

    def candidates(self, count: int) -> list[Candidate]:
        late = datetime.now(UTC) + timedelta(days=3)
        again = rows.due_retries(self.campaign, now=late, limit=count)
        taken = rows.taken_rows(self.campaign, first=0, last=ROWS - 1)
        fresh = [row for row in range(ROWS) if row not in taken][: count - len(again)]
        found = [(one.row, one.mref, True) for one in again]
        found += [(row, os.urandom(16), False) for row in fresh]
        return [
            Candidate(
                row=row,
                to=self.numbers[row],
                recipient_ix=self.stage.recipient_ix(self.numbers[row]),
                mref=mref,
                again=known,
            )
            for row, mref, known in found
        ]

    def claim(self, count: int, _: Any) -> None:
        now = datetime.now(UTC) - timedelta(minutes=20)
        batch = Batch(
            self.campaign, self.stage.organization, self.stage.line, self.owner, kid=202611, now=now
        )
        try:
            rows.claim(batch, self.candidates(count))
        except Halted:
            return

    def write(self, count: int, result: Result) -> None:
        found = self.rows_in("status = 'handing'", count)
        outcomes = [
            Outcome(
                Candidate(one["row"], self.numbers[one["row"]], b"", bytes(one["mref"])),
                result,
                datetime.now(UTC),
                131026 if result is Result.FAILED else None,
                datetime.now(UTC) if result is Result.LATER else None,
                Accepted(None, None, None) if result is Result.ACCEPTED else None,
            )
            for one in found
        ]
        results.write(
            outcomes,
            campaign_id=self.campaign,
            organization_id=self.stage.organization,
            claim=self.owner,
        )

    def tell(self, count: int, status: MessageStatus, code: int | None = None) -> None:
        now = datetime.now(UTC)
        found = self.rows_in("handed_at IS NOT NULL", count)
        receipts.apply(
            [Receipt(bytes(one["mref"]), "", status, now, code, "", "") for one in found]
        )

    def refuse(self, count: int, code: int) -> None:
        self.tell(count, MessageStatus.FAILED, code)

    def die(self, *_: Any) -> None:
        """Another slice takes the line, once the lease has run out and the sweep has been."""
        self.stage.sql("DELETE FROM s_lease")
        sweeps.orphans_to_unknown(now=datetime.now(UTC))
        self.owner = uuid.uuid4()
        leases.take(self.stage.line, owner=self.owner)

    def settle(self, *_: Any) -> None:
        sweeps.settle_unknown(now=datetime.now(UTC), wait=timedelta(minutes=15))

    def finish(self, *_: Any) -> None:
        progress.finish_if_done(self.campaign, unknown_wait=timedelta(minutes=15))

    def sweep(self, *_: Any) -> None:
        sweeps.close_over()
        sweeps.recount()

    def move(self, _: int, after: str) -> None:
        progress.move([self.campaign], CampaignState(after))

    def check(self) -> None:
        """The figures, beside the rows counted by hand."""
        totals = progress.count(self.campaign)
        counted = self.stage.counts(self.campaign)
        state, _ = self.stage.state(self.campaign)
        assert sum(totals.values()) == ROWS
        assert all(count >= 0 for count in totals.values())
        rest = {"cancelled": "cancelled", "expired": "expired"}.get(state, "pending")
        untouched = ROWS - sum(counted.values())
        expected = counted | {rest: counted.get(rest, 0) + untouched}
        assert {key: count for key, count in totals.items() if count} == {
            key: count for key, count in expected.items() if count
        }


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, min_size=4, max_size=14))
def test_the_figures_are_the_rows(stage: Stage, steps: Sequence[tuple[str, int, Any]]) -> None:
    with stage.app.app_context():
        with transaction():
            hands = Hands(stage)
        for name, count, what in steps:
            with transaction():
                getattr(hands, name)(count, what)
            with transaction():
                hands.check()
        with transaction():
            hands.move(0, "cancelled")
            hands.die()
            sweeps.close_over()
        with transaction():
            hands.tell(2, MessageStatus.READ)
        with transaction():
            sweeps.recount()
        stored = stage.sql("SELECT totals FROM campaign WHERE id = %s", hands.campaign)[0]["totals"]
    assert sum(stored.values()) == ROWS
    assert stored["handing"] == stored["pending"] == 0
    assert {key: n for key, n in stored.items() if n and key not in ("cancelled", "expired")} == {
        key: n
        for key, n in stage.counts(hands.campaign).items()
        if key not in ("cancelled", "expired")
    }
