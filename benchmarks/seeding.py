"""Campaigns that were sent already, made in a moment: COPY instead of a day of sending."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from benchmarks.world import World, numbers
from tests.sending.stage import job_rows
from whatstr.core.prf import prf16
from whatstr.sending.mref import new_mref
from whatstr.vault.indexes import Purpose, account_index_key

TAGS = 48
"""Bytes of franking tags of the seeded template: three lines."""


def accepted(world: World, campaign: uuid.UUID, people: Sequence[str]) -> list[bytes]:
    """The rows of `people` as Meta has just taken them, in order from row 0; gives their mrefs."""
    stage, now = world.stage, datetime.now(UTC)
    key = account_index_key(stage.keyring.ik, Purpose.RECIPIENT, stage.organization.bytes)
    mrefs = [new_mref() for _ in people]
    indexes = [prf16(key, "v", number) for number in people]
    _copy(world, campaign, mrefs, indexes, "accepted", now)
    return mrefs


def nearly_done(world: World, rows: int, *, left: int) -> uuid.UUID:
    """A sealed campaign of `rows` people of which only the last `left` are still to be sent."""
    stage, now = world.stage, datetime.now(UTC) - timedelta(hours=1)
    campaign = stage.launch(stage.seal(job_rows(numbers(rows))))
    done = rows - left
    if done:
        mrefs, indexes = _random(done), _random(done)
        _copy(world, campaign, mrefs, indexes, "delivered", now)
        kid = stage.keyring.franking_key(now)[0]
        with stage.owner.cursor() as cursor:
            with cursor.copy(
                "COPY s_frank (mref, organization_id, line_id, campaign_id, row, recipient_ix, kid,"
                " hour, tags) FROM STDIN"
            ) as copy:
                hour = now.replace(minute=0, second=0, microsecond=0)
                for row, (mref, index) in enumerate(zip(mrefs, indexes, strict=True)):
                    copy.write_row(
                        (
                            *(mref, stage.organization, stage.line, campaign, row, index),
                            *(kid, hour, os.urandom(TAGS)),
                        )
                    )
            with cursor.copy("COPY s_wamid (wamid_ix, mref, at) FROM STDIN") as copy:
                for index, mref in zip(_random(done), mrefs, strict=True):
                    copy.write_row((index, mref, now))
        stage.sql("ANALYZE message, s_frank, s_wamid")
    return campaign


def _random(count: int) -> list[bytes]:
    every = os.urandom(16 * count)
    return [every[n : n + 16] for n in range(0, len(every), 16)]


def _copy(
    world: World,
    campaign: uuid.UUID,
    mrefs: Sequence[bytes],
    indexes: Sequence[bytes],
    status: str,
    at: datetime,
) -> None:
    with (
        world.stage.owner.cursor() as cursor,
        cursor.copy(
            "COPY message (campaign_id, row, status, attempts, mref, recipient_ix, handed_at,"
            " accepted_at, sent_at, delivered_at) FROM STDIN"
        ) as copy,
    ):
        told = None if status == "accepted" else at
        for row, (mref, index) in enumerate(zip(mrefs, indexes, strict=True)):
            copy.write_row((campaign, row, status, 1, mref, index, at, at, told, told))
