"""A migrated PostgreSQL with fsync: made anew, or a copy of one that was made before.

Making one takes longer than a quick run measures, so whoever runs several names a folder in
`BENCH_CLUSTER` that `prepare` has filled.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.services import migrate
from whatstr.local.postgres import EmbeddedPostgres

READY = "BENCH_CLUSTER"


def started(folder: Path) -> EmbeddedPostgres:
    """A running, migrated server over an empty folder; the caller stops it."""
    ready = os.environ.get(READY)
    if ready:
        # With owners and modes: PostgreSQL refuses a cluster that others may read.
        subprocess.run(["cp", "-a", f"{ready}/.", str(folder)], check=True)
    server = EmbeddedPostgres(folder)
    server.start()
    if not ready:
        migrate(server.url())
    return server


def prepare(folder: Path) -> None:
    """Fill an empty folder with a migrated cluster that nobody serves."""
    started(folder).stop()
