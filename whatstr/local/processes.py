"""One child process: its own session, its output in a log file, dead when its parent is dead."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from whatstr.local.errors import LocalServiceError, shown

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_POLL_SECONDS = 0.02
_LONGEST_LOG = 16 * 1024 * 1024  # bytes; a longer one is put aside at the next start
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Account:
    """An operating-system account that a process runs as; only root can choose one."""

    uid: int
    gid: int


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Poll until the condition holds (True) or the time is over (False)."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def group_exists(pid: int) -> bool:
    """Whether the process group led by `pid` has a member left."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def command_line(pid: int) -> str:
    """How a running process was called, arguments joined by spaces; empty when there is none."""
    try:
        if sys.platform == "linux":
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
            return raw.replace(b"\0", b" ").decode(errors="replace")
        return subprocess.run(
            ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return ""


class ChildProcess:
    """A process that is started, watched and stopped by this one.

    It leads its own session, so Ctrl-C at the terminal reaches the parent alone. On Linux the
    kernel sends it `stop_signal` when the thread that started it ends, even by kill -9: start it
    from a thread that lives as long as the process should.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log_file: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        account: Account | None = None,
    ) -> None:
        self.name = name
        self.log_file = log_file
        self._argv = list(argv)
        self._env = None if env is None else dict(env)
        self._cwd = cwd
        self._stop_signal = stop_signal
        self._account = account
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, also its group's, or None before the start and after the stop."""
        return None if self._popen is None else self._popen.pid

    def start(self) -> None:
        """Start the process. Raises LocalServiceError when its program cannot be run."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.log_file.exists() and self.log_file.stat().st_size > _LONGEST_LOG:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        account = self._account
        with open(self.log_file, "ab") as log:
            try:
                self._popen = subprocess.Popen(
                    self._argv,
                    env=self._env,
                    cwd=self._cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    user=None if account is None else account.uid,
                    group=None if account is None else account.gid,
                    extra_groups=None if account is None else [],
                    preexec_fn=_die_with_parent(self._stop_signal),
                )
            except FileNotFoundError:
                raise LocalServiceError(
                    f'The program {self._argv[0]} that "{self.name}" needs is missing; run '
                    "`make env`."
                ) from None
            except (OSError, subprocess.SubprocessError) as error:
                raise LocalServiceError(f'"{self.name}" could not be started: {error}.') from None

    def exit_code(self) -> int | None:
        """None while it runs or was never started; negative when a signal ended it."""
        return None if self._popen is None else self._popen.poll()

    def is_running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def signal_stop(self) -> None:
        """Ask it to end, without waiting."""
        if self._popen is not None and self._popen.poll() is None:
            self._popen.send_signal(self._stop_signal)

    def finish(self, *, grace: float) -> None:
        """Wait for its end up to `grace` seconds, then kill what is left of its group."""
        if self._popen is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(grace)
        # Its own children may have outlived it, or it the grace.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        self._popen = None

    def stop(self, *, grace: float = 20.0) -> None:
        """Ask, wait, then kill. Does nothing when it is not running."""
        self.signal_stop()
        self.finish(grace=grace)

    def ended_sentence(self) -> str:
        """One sentence for a process that ended on its own."""
        code = self.exit_code() or 0
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return f'The process "{self.name}" ended with {how}; its log is {shown(self.log_file)}.'


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """What the child does before it becomes the program. Runs after the change of account,

    because that change clears the setting (prctl(2), PR_SET_PDEATHSIG).
    """
    if _libc is None:
        return None
    prctl, parent = _libc.prctl, os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before the setting was made
            os._exit(1)

    return ask
