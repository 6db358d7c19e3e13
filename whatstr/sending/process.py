"""The role `sender`: a dispatcher, send workers and a doors worker, each a child process.

`main()` is what `flask whatstr run sender` calls. Workers start from here, never from RQ's own
command line, which imports classes by name (vault design, 2).
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

from rq.serializers import JSONSerializer

from whatstr import create_app, settings_of
from whatstr.config import Role, Settings
from whatstr.core.database import redis
from whatstr.core.hygiene import harden, say_codes_only
from whatstr.core.logs import configure, get_logger
from whatstr.core.queues import SafeWorker, queue
from whatstr.sending import context
from whatstr.sending.dispatcher import DOORS, SLICES, Dispatcher

log = get_logger(__name__)

DOOR_MODULES = tuple(f"whatstr.sending.{one}" for one in ("inbox", "requests", "departures"))
KINDS = ("dispatcher", "slices", "doors")
STOP_SECONDS = 90.0
"""A slice finishes what is in flight and writes it; Meta answers within 30 s."""
BACKOFF_SECONDS = (0.5, 1, 2, 5, 10, 30)
STEADY_SECONDS = 60.0


# Children -------------------------------------------------------------------------------------


def run_child(kind: str) -> None:
    """Be one child until SIGTERM."""
    harden(die_with_parent=True)
    say_codes_only()
    app = create_app()
    with app.app_context():
        if kind == "dispatcher":
            dispatcher = Dispatcher()
            signal.signal(signal.SIGTERM, dispatcher.stop)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            dispatcher.run()
        elif kind == "slices":
            work(SLICES, ("whatstr.sending.slices", "whatstr.sending.health_sync"))
        elif kind == "doors":
            work(
                DOORS,
                ("whatstr.sending.inbox", "whatstr.sending.requests", "whatstr.sending.departures"),
            )
        else:
            raise SystemExit(f"unknown kind of sender process: {kind}")


def work(name: str, modules: tuple[str, ...], *, burst: bool = False) -> None:
    """Work one queue of the sender; `modules` register its tasks. Needs an application context."""
    for module in modules:
        importlib.import_module(module)
    worker = SafeWorker(
        [queue(redis(), name)],
        connection=redis(),
        serializer=JSONSerializer,
        job_monitoring_interval=5,
        maintenance_interval=30,
        log_job_description=False,
    )
    worker.work(burst=burst, with_scheduler=not burst, logging_level="WARNING")


# Parent ---------------------------------------------------------------------------------------


@dataclass
class _Child:
    kind: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    crashes: int = 0
    restart_at: float = field(default=0.0)

    def start(self) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own module, no outside argument
            [sys.executable, "-m", "whatstr.sending.process", self.kind],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.started = time.monotonic()
        log.info("sender.started", kind=self.kind, pid=self.process.pid)

    def watch(self) -> None:
        """Start again what ended, after a wait that grows while it keeps ending."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.restart_at:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            if self.crashes and now - self.started > STEADY_SECONDS:
                self.crashes = 0
            return
        self.process = None
        wait = BACKOFF_SECONDS[min(self.crashes, len(BACKOFF_SECONDS) - 1)]
        self.crashes += 1
        self.restart_at = now + wait
        log.error("sender.ended", kind=self.kind, code=code, wait=wait)

    def ask(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def finish(self, until: float) -> None:
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, until - time.monotonic()))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None


class Sender:
    """All children of one sender. `run` returns after SIGTERM or SIGINT, with none left."""

    def __init__(self, *, workers: int) -> None:
        self._dispatcher = _Child("dispatcher")
        self._workers = [_Child("slices") for _ in range(max(1, workers))] + [_Child("doors")]
        self._stopping = False

    def stop(self, *_: object) -> None:
        self._stopping = True

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        try:
            while not self._stopping:
                for child in (self._dispatcher, *self._workers):
                    child.watch()
                time.sleep(0.2)
        finally:
            # No new work first, then the workers finish what is in flight.
            self._dispatcher.ask()
            self._dispatcher.finish(time.monotonic() + 10)
            for child in self._workers:
                child.ask()
            until = time.monotonic() + STOP_SECONDS
            for child in self._workers:
                child.finish(until)


def main() -> None:
    """Run the role `sender` until SIGTERM. Raises ConfigError when a setting is missing."""
    settings = Settings.from_environment()
    if settings.role is not Role.SENDER:
        raise SystemExit("WHATSTR_ROLE must be sender")
    harden()
    configure(settings["WHATSTR_LOG_LEVEL"])
    app = create_app(settings)
    with app.app_context():
        # A missing or too widely readable keyring is said here, once, not by every child.
        context.keyring()
        workers = int(settings_of()["WHATSTR_SEND_WORKERS"])
    Sender(workers=workers).run()


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1] in KINDS:
        run_child(sys.argv[1])
    else:
        main()
