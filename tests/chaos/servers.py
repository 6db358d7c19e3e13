"""The service as processes that may be killed at any moment, one by one or together."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import psycopg
import redis

from whatstr.config import Role
from whatstr.local.postgres import OWNER
from whatstr.local.processes import ChildProcess, wait_until
from whatstr.local.stack import Ports, Stack, call, url
from whatstr.local.supervisor import Ready, Supervisor, answers
from whatstr.local.valkey import EmbeddedValkey

ROLES = (Role.WEB, Role.HOOK, Role.SENDER)
"""The others take no part in sending."""
_EVENT = re.compile(r'"event": "([a-z_.]+)"')
_ABSENT = {"simulator-mail", "simulator-stripe"}


class _Folder:
    """What `Stack` asks of a supervisor: a folder, and somebody to whom programs are named. Nobody
    restarts anything behind our back."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.programs: dict[str, tuple[ChildProcess, Ready]] = {}

    def add(
        self,
        name: str,
        argv: list[str],
        env: Mapping[str, str],
        *,
        ready: Ready = None,
        cwd: Path | None = None,
    ) -> None:
        if name in _ABSENT:
            return
        if name == "simulator-meta":
            # Nobody kills Meta, so its ledger is held in memory: what is not written costs nothing.
            argv = argv[: argv.index("--data")]
        log = self.data_dir / "logs" / f"{name}.log"
        self.programs[name] = (ChildProcess(name, argv, log_file=log, env=env, cwd=cwd), ready)


class Mortals(Stack):
    """Every process of the service, by name. Use as a context manager."""

    def __init__(
        self, data_dir: Path, *, settings: Mapping[str, Any], sender: Mapping[str, str]
    ) -> None:
        self._folder = _Folder(data_dir)
        super().__init__(cast(Supervisor, self._folder), Ports.free())
        self._settings = settings
        self._sender = sender
        self.kills = 0

    @property
    def meta_url(self) -> str:
        return url(self.ports.meta)

    def environment(self, role: Role) -> dict[str, str]:
        quiet = {"WHATSTR_LOG_LEVEL": "WARNING"}
        own = {Role.WEB: {"WHATSTR_WEB_WORKERS": "1"}, Role.SENDER: self._sender}
        return {**super().environment(role), **quiet, **own.get(role, {})}

    def __enter__(self) -> Self:
        try:
            self._add_simulators()
            self.start_again("simulator-meta")
            for server in (self.postgres, self.queue, self.sender_queue):
                server.start()
            call(f"{self.meta_url}/_sim/settings", self._settings)
            self._prepare()
            self._open_abuse_line()
            for role in ROLES:
                self._add_role(role)
            for role in ROLES:
                self.begin(str(role))
            for role in ROLES:
                self.await_ready(str(role))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in (Role.SENDER, Role.HOOK, Role.WEB, "simulator-meta"):
            program = self._folder.programs.get(str(name))
            if program is not None:
                program[0].signal_stop()
        for process, _ in self._folder.programs.values():
            process.finish(grace=10)
        for server in (self.sender_queue, self.queue, self.postgres):
            server.stop()

    def connect(self) -> psycopg.Connection[Any]:
        """As the owner of the tables; waits for a server that is still coming up."""
        address = self.postgres.url(OWNER).replace("postgresql+psycopg://", "postgresql://")
        for _ in range(200):
            try:
                return psycopg.connect(address, autocommit=True)
            except psycopg.OperationalError:
                time.sleep(0.1)
        return psycopg.connect(address, autocommit=True)

    def logged(self) -> Counter[str]:
        """How often each program wrote each event of its log, since the service was started."""
        found: Counter[str] = Counter()
        for file in (self._folder.data_dir / "logs").glob("*.log"):
            for event in _EVENT.findall(file.read_text(errors="replace")):
                found[f"{file.stem} {event}"] += 1
        return found

    # Programs ---------------------------------------------------------------------------------

    def begin(self, name: str) -> None:
        self._folder.programs[name][0].start()

    def await_ready(self, name: str) -> None:
        ready = self._folder.programs[name][1]
        check: Callable[[], bool] = (
            (lambda: answers(ready)) if isinstance(ready, str) else (ready or (lambda: True))
        )
        assert wait_until(check, seconds=120), f"{name} does not come up"

    def start_again(self, name: str) -> None:
        """Start what was killed; returns when it is there."""
        self.begin(name)
        self.await_ready(name)

    def kill_program(self, name: str) -> None:
        """A program with everything it has started, each with -9."""
        process = self._folder.programs[name][0]
        if process.pid is not None:
            self._kill(process.pid, *descendants(process.pid))
            process.finish(grace=5)

    def kill_sender_part(self, kind: str, *, horse: bool, every: bool = False) -> bool:
        """A child of the sender (`dispatcher`, `slices`, `doors`), or only the job it works on;
        the first of its kind, or every one of them."""
        parent = self._folder.programs[str(Role.SENDER)][0].pid
        found = [
            pid
            for pid, above in _children(parent)
            if command(pid).endswith(f"whatstr.sending.process {kind}")
            and (above != parent) is horse
        ]
        if found:
            self._kill(*(sorted(found) if every else [min(found)]))
        return bool(found)

    def kill_postgres(self) -> None:
        """The server and every connection it serves, at the same moment."""
        pid = self.postgres.pid
        if pid is not None:
            self._kill(pid, *descendants(pid))
            wait_until(lambda: self.postgres.exit_code() is not None, seconds=10)

    def kill_valkey(self, server: EmbeddedValkey) -> None:
        if server.pid is not None:
            self._kill(server.pid)
            wait_until(lambda: server.exit_code() is not None, seconds=10)

    def empty_valkey(self) -> None:
        """Everything the sender's queue server knew."""
        with redis.Redis.from_url(self.sender_queue.url) as client:
            client.flushall()

    def _kill(self, *pids: int) -> None:
        self.kills += 1
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def command(pid: int) -> str:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")


def _children(root: int | None) -> list[tuple[int, int]]:
    """(pid, parent) of everything below a process."""
    above: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        above[int(folder.name)] = int(fields[1])
    found: list[tuple[int, int]] = []
    wanted = {root}
    while wanted:
        layer = [(pid, parent) for pid, parent in above.items() if parent in wanted]
        found += layer
        wanted = {pid for pid, _ in layer}
    return found


def descendants(root: int) -> list[int]:
    return [pid for pid, _ in _children(root)]
