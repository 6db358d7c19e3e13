"""The shell of background work: RQ tasks of mail, billing, abuse and housekeeping.

The role `worker` runs them (`whatstr.workers.run.run_worker`), the role `scheduler` puts those of
the timetable (`whatstr.workers.cron`) on their queues. A task takes ids, opens a transaction,
calls a service and is safe to run twice.
"""

from __future__ import annotations

import importlib
import importlib.util

import flask

# Every queue that anything is put on; a test holds this list against the code.
QUEUES = ("mail", "billing", "abuse", "housekeeping")
# Modules whose import registers tasks.
TASK_MODULES = (
    "whatstr.workers.mail",
    "whatstr.workers.housekeeping",
    "whatstr.workers.billing",
    "whatstr.workers.cases",
)


def load_tasks() -> None:
    """Import what registers tasks; only a process that works queues needs them."""
    for name in TASK_MODULES:
        if importlib.util.find_spec(name):
            importlib.import_module(name)


def init_app(app: flask.Flask) -> None:
    load_tasks()
