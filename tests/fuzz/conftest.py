"""The doors, the desk and the contact page of the other tests; the plan of `make fuzz`."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.billing.conftest import desk
from tests.contacts.conftest import contact_page, contact_server
from tests.doors.conftest import (
    app,
    doors,
    forget,
    hook_environment,
    hook_url,
    keyring,
    meta,
    owner,
    sender_environment,
)
from tests.fuzz.plan import Plan

__all__ = [
    "app", "contact_page", "contact_server", "desk", "doors", "forget", "hook_environment",
    "hook_url", "keyring", "meta", "owner", "sender_environment",
]  # fmt: skip
PLAN = "whatstr-fuzz-plan"
CONTAINED = {
    "inbox.poisoned", "inbox.one_by_one", "inbox.change_lost", "request.failed", "request.crashed",
    "task.failed",
}  # fmt: skip
"""What our own code logs when an exception got further than the parser it came from."""


@pytest.fixture(scope="session")
def plan(request: pytest.FixtureRequest) -> Plan:
    """That of `make fuzz`, or the short one."""
    found = request.config.pluginmanager.get_plugin(PLAN)
    return found if isinstance(found, Plan) else Plan()


class _Watch(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() in CONTAINED:
            fields = getattr(record, "fields", {})
            self.seen.append(f"{record.getMessage()} {fields.get('error', '')}")


@pytest.fixture
def contained() -> Iterator[list[str]]:
    """Names of exceptions that were caught far from where they belong."""
    watch = _Watch()
    logger = logging.getLogger("whatstr")
    level = logger.level
    logger.addHandler(watch)
    yield watch.seen
    logger.removeHandler(watch)
    logger.setLevel(level)
