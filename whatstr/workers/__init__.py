"""The shell of background work: RQ tasks of mail, billing, abuse and housekeeping.

The role `worker` runs them (`whatstr.workers.run.run_worker`), the role `scheduler` puts those of
the timetable on their queues (`whatstr.workers.cron`). A task takes ids, opens a transaction,
calls a service and is safe to run twice.
"""

from __future__ import annotations

import importlib
from types import ModuleType

import flask

from whatstr.workers.cron import Entry

# Every queue that anything is put on; a test holds this list against the code.
QUEUES = ("mail", "billing", "abuse", "housekeeping")
# Modules whose import registers tasks.
TASK_MODULES = (
    "whatstr.workers.mail",
    "whatstr.workers.housekeeping",
    "whatstr.workers.billing",
    "whatstr.workers.cases",
    "whatstr.workers.figures",
    "whatstr.workers.resets",
    "whatstr.workers.exports",
    "whatstr.workers.audit",
)


def load_tasks() -> list[ModuleType]:
    """Import what registers tasks; only worker and scheduler need them."""
    return [importlib.import_module(name) for name in TASK_MODULES]


def timetable() -> tuple[Entry, ...]:
    """What every task module wants to have done, and how often."""
    found: list[Entry] = []
    for module in load_tasks():
        found.extend(getattr(module, "TIMETABLE", ()))
    return tuple(found)


def init_app(app: flask.Flask) -> None:
    load_tasks()
