"""What a message costs in a campaign of 10,000, 100,000 and 1,000,000 rows: it should not grow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from benchmarks import seeding
from benchmarks.measure import Result, machine, main
from benchmarks.sender import send_all
from benchmarks.world import World, world

MOST = 1.2
TABLES = ("message", "s_frank", "s_wamid", "s_alias")
_TICK = os.sysconf("SC_CLK_TCK")


def database_cpu(made: World) -> float:
    """Seconds of the processor that PostgreSQL's living processes and their dead used so far."""
    root, total = made.postgres.pid, 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(folder.name) == root:
            total += sum(map(int, fields[11:15]))  # its own and its ended children's
        elif int(fields[1]) == root:
            total += sum(map(int, fields[11:13]))
    return total / _TICK


def database_bytes(made: World) -> int:
    """Tables and indexes a campaign fills."""
    sizes = " + ".join(f"pg_total_relation_size('{table}')" for table in TABLES)
    (found,) = made.stage.sql(f"SELECT {sizes} AS n")
    return int(found["n"])


def written(made: World) -> int:
    """Bytes of write-ahead log so far."""
    (found,) = made.stage.sql("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS n")
    return int(found["n"])


def cost(made: World, rows: int, *, left: int) -> dict[str, Any]:
    """Of one message among the last `left` of a campaign."""
    campaign = seeding.nearly_done(made, rows, left=left)
    before, log, used = database_bytes(made), written(made), database_cpu(made)
    sent = send_all(made, made.stage.line)
    assert made.stage.counts(campaign)["accepted"] == left
    found = {
        "sender_cpu_ms": round(1_000 * sent.cpu / left, 3),
        "database_cpu_ms": round(1_000 * (database_cpu(made) - used) / left, 3),
        "bytes": round((database_bytes(made) - before) / left),
        "wal_bytes": round((written(made) - log) / left),
    }
    made.clear()
    return found


def run(quick: bool) -> Result:
    sizes, left = ((300, 3_000), 300) if quick else ((10_000, 100_000, 1_000_000), 10_000)
    with world() as made:
        cost(made, left, left=left)
        found = {size: cost(made, size, left=left) for size in sizes}
    small, large = found[sizes[0]], found[sizes[-1]]
    ratio = large["sender_cpu_ms"] / small["sender_cpu_ms"]
    return Result(
        value=ratio,
        unit="x the sender's CPU a message of a small campaign",
        bar=f"<= {MOST} (linear)",
        ok=ratio <= MOST,
        detail={"by_rows": found, "measured_rows": left, **machine()},
    )


if __name__ == "__main__":
    main("growth", run)
