"""Starts the processes of one machine, watches them, and leaves none behind."""

from __future__ import annotations

import fcntl
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Protocol, Self
from urllib.parse import urlsplit

from whatstr.local import guardian
from whatstr.local.errors import LocalServiceError, shown
from whatstr.local.processes import ChildProcess

Ready = Callable[[], bool] | str | None

_POLL_SECONDS = 0.05
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MAX_RESTARTS = 5
_RESTART_WINDOW_SECONDS = 60.0


class Server(Protocol):
    """A server that starts and stops itself, as EmbeddedPostgres and EmbeddedValkey do."""

    @property
    def name(self) -> str: ...
    @property
    def pid(self) -> int | None: ...
    def start(self) -> None: ...
    def stop(self, *, grace: float = ...) -> None: ...
    def exit_code(self) -> int | None: ...
    def ended_sentence(self) -> str: ...


@dataclass
class _Entry:
    server: Server
    process: ChildProcess | None = None  # None for a server that starts itself
    ready: Ready = None
    restart: bool = False
    batch: int = 0
    started: bool = False
    healthy: bool = False
    restarts: list[float] = field(default_factory=list)


class Supervisor:
    """A group of processes that live and die together. Use it as a context manager.

    Inside the block SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread; leaving
    the block, in whatever way, stops everything in reverse order of starting, and a further signal
    then kills at once. A supervisor that is itself killed takes its processes along
    (processes.py, guardian.py). One supervisor per data folder.
    """

    def __init__(
        self, data_dir: Path, *, start_limit: float = 60.0, stop_grace: float = 20.0
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._start_limit = start_limit
        self._grace = stop_grace
        self._entries: list[_Entry] = []
        self._batch = 0
        self._stopping = False
        self._hurry = False
        self._lock: IO[str] | None = None
        self._guardian: subprocess.Popen[str] | None = None
        self._handlers: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Self:
        self._take_folder()
        for number in _SIGNALS:
            self._handlers[number] = signal.signal(number, self._on_signal)
        # Its own session: what kills this process group does not reach it.
        self._guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(guardian.__file__)), str(self._grace)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if self._guardian is not None:
            self._guardian.communicate()
            self._guardian = None
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if self._lock is not None:
            self._lock.close()

    def add_server(self, server: Server) -> None:
        """Register a server; the next start() starts it and waits until it answers."""
        self._entries.append(_Entry(server, batch=self._batch))

    def add(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        ready: Ready = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        restart: bool = False,
        cwd: Path | None = None,
    ) -> None:
        """Register a program; the next start() starts it.

        `env` is its whole environment. It is healthy when `ready` returns True, or the URL answers
        200, or, without either, once it runs. Its output goes to `data_dir/logs/<name>.log`. With
        `restart` an end is answered by a new start, up to five times a minute.
        """
        if any(entry.server.name == name for entry in self._entries):
            raise ValueError(f"{name} is there already")
        process = ChildProcess(
            name,
            argv,
            log_file=self.data_dir / "logs" / f"{name}.log",
            env=env,
            cwd=cwd,
            stop_signal=stop_signal,
        )
        self._entries.append(_Entry(process, process, ready, restart, self._batch))

    def start(self) -> None:
        """Start what was added since the last call, in that order, and wait until all is healthy.

        Servers answer before the next one is started; programs come up side by side. Raises
        LocalServiceError with one sentence when one ends or is not healthy within the limit.
        """
        pending = [entry for entry in self._entries if not entry.started]
        self._batch += 1
        for entry in pending:
            self._start_entry(entry)
        end = time.monotonic() + self._start_limit
        while waiting := [entry for entry in pending if not self._is_healthy(entry)]:
            self.check()
            if time.monotonic() >= end:
                slow = waiting[0].server
                raise LocalServiceError(
                    f'The process "{slow.name}" did not become ready within '
                    f"{self._start_limit:.0f} s; its log is {shown(self._log_of(slow.name))}."
                )
            time.sleep(_POLL_SECONDS)

    def check(self) -> None:
        """Raise LocalServiceError when a process has ended; call it during long work."""
        for entry in self._entries:
            if not entry.started or entry.server.exit_code() is None:
                continue
            now = time.monotonic()
            recent = [at for at in entry.restarts if now - at < _RESTART_WINDOW_SECONDS]
            if not entry.restart or len(recent) >= _MAX_RESTARTS:
                raise LocalServiceError(entry.server.ended_sentence())
            entry.restarts = [*recent, now]
            self._stop_entry(entry)  # what it may have left in its group
            self._start_entry(entry)

    def wait(self) -> None:
        """Watch until a signal (KeyboardInterrupt) or the end of a process (LocalServiceError)."""
        while True:
            self.check()
            time.sleep(_POLL_SECONDS * 4)

    def pids(self) -> dict[str, int]:
        """The process ids by name, of what runs."""
        found = {entry.server.name: entry.server.pid for entry in self._entries}
        return {name: pid for name, pid in found.items() if pid is not None}

    def stop(self) -> None:
        """Stop everything, last started first; the members of one start() end side by side."""
        self._stopping = True
        for batch in range(self._batch, -1, -1):
            members = [entry for entry in reversed(self._entries) if entry.batch == batch]
            programs = [entry.process for entry in members if entry.process is not None]
            for process in programs:
                process.signal_stop()
            end = time.monotonic() + self._grace
            while any(process.is_running() for process in programs):
                if self._hurry or time.monotonic() >= end:
                    break
                time.sleep(_POLL_SECONDS)
            for entry in members:
                self._stop_entry(entry)
        self._entries.clear()

    def _stop_entry(self, entry: _Entry) -> None:
        pid = entry.server.pid
        if entry.process is not None:
            entry.process.finish(grace=0)
        else:
            entry.server.stop(grace=0 if self._hurry else self._grace)
        if pid is not None:
            self._tell_guardian(f"-{pid}")

    def _start_entry(self, entry: _Entry) -> None:
        entry.started = True
        entry.server.start()
        if entry.server.pid is not None:
            self._tell_guardian(f"+{entry.server.pid}")

    def _is_healthy(self, entry: _Entry) -> bool:
        if not entry.healthy:
            match entry.ready:
                case None:
                    entry.healthy = True
                case str(url):
                    entry.healthy = answers(url)
                case ready:
                    entry.healthy = ready()
        return entry.healthy

    def _log_of(self, name: str) -> Path:
        return self.data_dir / "logs" / f"{name}.log"

    def _tell_guardian(self, line: str) -> None:
        if self._guardian is not None and self._guardian.stdin is not None:
            try:
                self._guardian.stdin.write(line + "\n")
                self._guardian.stdin.flush()
            except BrokenPipeError:  # somebody ended it; the kernel's signal still works
                return

    def _take_folder(self) -> None:
        """One supervisor per folder, by a lock that the kernel drops with the process."""
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = open(self.data_dir / "supervisor.lock", "a+")  # noqa: SIM115
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            other = lock.read().strip()
            lock.close()
            raise LocalServiceError(
                f"WhatsTR already runs in {shown(self.data_dir)} (process {other}); stop it there, "
                "or choose another data folder."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:
            self._hurry = True
            return
        raise KeyboardInterrupt


def answers(url: str) -> bool:
    """Whether a GET of a loopback address is answered with 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
