"""What one message costs from the claim to the last of its three statuses: CPU and bytes."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime

from benchmarks.growth import database_bytes, database_cpu, written
from benchmarks.intake import posts
from benchmarks.measure import Result, machine, main, on_cores
from benchmarks.sender import send_all
from benchmarks.world import World, numbers, world
from whatstr.sending import inbox
from whatstr.vault.seals import seal_to_sender


def told(made: World, rows: int) -> tuple[float, float, int]:
    """Send a campaign and hear of it: CPU-ms a message of the worker, of the drain, and how many
    updates that were."""
    stage, people = made.stage, numbers(rows)
    campaign = stage.campaign(people)
    sent = send_all(made, stage.line)
    found = stage.sql("SELECT mref FROM message WHERE campaign_id = %s ORDER BY row", campaign)
    bodies = posts(people, [bytes(row["mref"]) for row in found], random.Random(3))
    kid = stage.keyring.current_kid(datetime.now(UTC))
    key = stage.keyring.epoch_public(kid)
    with (
        made.login("whatstr_hook") as hook,
        hook.cursor() as cursor,
        cursor.copy("COPY hook_inbox (at, sealed) FROM STDIN") as copy,
    ):
        for _, body in bodies:
            copy.write_row((datetime.now(UTC), seal_to_sender(kid, key, body)))
    used = time.process_time()
    with on_cores(made.sender_core), stage.app.app_context():
        while inbox.drain(inbox.BATCH):
            continue
    drained = time.process_time() - used
    assert stage.counts(campaign) == {"read": rows}
    return 1_000 * sent.cpu / rows, 1_000 * drained / rows, sum(count for count, _ in bodies)


def run(quick: bool) -> Result:
    rows = 300 if quick else 10_000
    with world() as made:
        told(made, 300)
        made.clear()
        before, log, used = database_bytes(made), written(made), database_cpu(made)
        sender, drain, updates = told(made, rows)
        kept = (database_bytes(made) - before) / rows
        logged = (written(made) - log) / rows
        database = 1_000 * (database_cpu(made) - used) / rows
    return Result(
        value=sender + drain + database,
        unit="CPU-ms a message",
        bar="reported",
        ok=None,
        detail={
            "sender_cpu_ms": round(sender, 3),
            "drain_cpu_ms": round(drain, 3),
            "database_cpu_ms": round(database, 3),
            "bytes": round(kept),
            "wal_bytes": round(logged),
            "updates": updates,
            "rows": rows,
            **machine(),
        },
    )


if __name__ == "__main__":
    main("cost", run)
