"""A private PostgreSQL for the demo and the tests, from the wheel, on a Unix socket only."""

from __future__ import annotations

import contextlib
import shutil
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import URL

from whatstr.local import pg_cluster, pg_programs
from whatstr.local.errors import LocalServiceError, shown
from whatstr.local.folders import drop_socket_folder, socket_folder
from whatstr.local.pg_cluster import SUPERUSER
from whatstr.local.processes import ChildProcess, command_line, wait_until
from whatstr.local.secrets import RoleSecrets

OWNER = "whatstr_owner"
DATABASE = "whatstr"
# One login role per process role (vault.md §2), and the owner, which only migrations use.
ROLES = (
    OWNER,
    "whatstr_web",
    "whatstr_admin",
    "whatstr_hook",
    "whatstr_sender",
    "whatstr_worker",
    "whatstr_scheduler",
)
_READY_SECONDS = 30.0
_OTHER_SERVER_SECONDS = 15.0
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A failing statement and its DETAIL line quote the row, hence personal data: never log them.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# A test run that is cut off is thrown away, so nothing has to survive a crash.
_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
}


class EmbeddedPostgres:
    """One server over `data_dir`, started and stopped by this process.

    `data_dir/secrets` holds a password per role, `data_dir/postgres` the cluster (see
    pg_programs.server_home), `data_dir/logs/postgres.log` the log. With `durable=False` a crash may
    lose data; `settings` are added to the server's own. Not for production: backups, upgrades and
    TLS are somebody else's there.
    """

    name = "postgres"

    def __init__(
        self, data_dir: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.log_file = self.data_dir / "logs" / "postgres.log"
        self._durable = durable
        self._settings = dict(settings or {})
        self._secrets = RoleSecrets(self.data_dir / "secrets")
        self._process: ChildProcess | None = None
        self._sockets: Path | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def exit_code(self) -> int | None:
        """None while the server runs or was never started."""
        return None if self._process is None else self._process.exit_code()

    def ended_sentence(self) -> str:
        """One sentence for a server that ended on its own."""
        if self._process is None:
            raise RuntimeError("the server was not started")
        return self._process.ended_sentence()

    def start(self) -> None:
        """Create the cluster if there is none, start it, make sure of the roles and the database.

        Does nothing when it already runs. Raises LocalServiceError with one sentence.
        """
        if self._process is not None and self._process.is_running():
            return
        self._account = pg_programs.server_account()
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._account is not None:  # the folder itself is ours to open; those above are not
            self.data_dir.chmod(self.data_dir.stat().st_mode | 0o011)
        self._home = pg_programs.server_home(self.data_dir, account=self._account)
        self._programs = pg_programs.programs(self._home, account=self._account)
        self._cluster = pg_cluster.open_cluster(
            self._home,
            programs=self._programs,
            account=self._account,
            password=self._secrets.create,
            durable=self._durable,
        )
        self._clear_old_server()
        self._sockets = socket_folder(self._home / "sockets", account=self._account)
        try:
            self._launch()
            self._make_roles()
        except BaseException:
            self.stop()
            raise

    def stop(self, *, grace: float = 20.0) -> None:
        """End every connection and stop (PostgreSQL's fast shutdown). Data stays."""
        if self._process is not None:
            self._process.stop(grace=grace)
            self._process = None
        if self._sockets is not None:
            drop_socket_folder(self._home / "sockets")
            self._sockets = None

    def destroy(self) -> None:
        """Stop and delete the cluster, its passwords and its log."""
        self.stop()
        pg_programs.remove_home(self.data_dir)
        shutil.rmtree(self.data_dir / "secrets", ignore_errors=True)
        self.log_file.unlink(missing_ok=True)

    def url(self, role: str = OWNER, password: str | None = None, database: str = DATABASE) -> str:
        """A SQLAlchemy URL (psycopg 3) for a running server; without a password, the role's own."""
        if self._sockets is None:
            raise LocalServiceError("PostgreSQL is not running yet; start it first.")
        address = URL.create(
            "postgresql+psycopg",
            username=role,
            password=password or self.password(role),
            database=database,
            query={"host": str(self._sockets)},
        )
        return address.render_as_string(hide_password=False)

    def password(self, role: str) -> str:
        """The stored password of a role."""
        found = self._secrets.read(role)
        if found is None:
            raise LocalServiceError(f"There is no password file for the database role {role}.")
        return found

    @contextlib.contextmanager
    def superuser(self, database: str = "postgres") -> Iterator[psycopg.Connection]:
        """A connection of the superuser, in autocommit, for what no application role may do."""
        with psycopg.connect(
            host=str(self._sockets),
            user=SUPERUSER,
            password=self.password(SUPERUSER),
            dbname=database,
            autocommit=True,
        ) as connection:
            yield connection

    def _clear_old_server(self) -> None:
        """Wait for a server that is still ending; drop the pid file of one that is gone.

        PostgreSQL itself takes any living process with the old number for a server.
        """
        if not wait_until(lambda: self._other_server() is None, seconds=_OTHER_SERVER_SECONDS):
            raise LocalServiceError(
                f"Another PostgreSQL already uses {shown(self.data_dir)} (process "
                f"{self._other_server()}); stop it first."
            )
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _other_server(self) -> int | None:
        try:
            pid = int((self._cluster / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if str(self._cluster) in command_line(pid) else None

    def _launch(self) -> None:
        settings = _SETTINGS | {"unix_socket_directories": str(self._sockets)}
        if not self._durable:
            settings |= _NOT_DURABLE
        settings |= self._settings
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        self._process = ChildProcess(
            self.name,
            [str(self._programs / "postgres"), "-D", str(self._cluster), *options],
            log_file=self.log_file,
            env=pg_cluster.ENVIRONMENT,
            cwd=self._home,
            stop_signal=signal.SIGINT,  # fast shutdown; SIGTERM would wait for every client
            account=self._account,
        )
        self._process.start()
        wait_until(lambda: self._answers() or not self._is_running(), seconds=_READY_SECONDS)
        if not self._is_running():
            raise LocalServiceError(self._process.ended_sentence())
        if not self._answers():
            raise LocalServiceError(
                f"PostgreSQL did not answer within {_READY_SECONDS:.0f} s; its log is "
                f"{shown(self.log_file)}."
            )

    def _is_running(self) -> bool:
        return self._process is not None and self._process.is_running()

    def _answers(self) -> bool:
        """Whether the server says `ready` in the last line of its pid file, as pg_ctl reads it."""
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready" and lines[0] == str(self.pid)

    def _make_roles(self) -> None:
        if self._secrets.read(SUPERUSER) is None:
            raise LocalServiceError(
                f"The password file {shown(self._secrets.path(SUPERUSER))} is missing; put it back "
                f"or delete {shown(self.data_dir)} to begin anew."
            )
        with self.superuser() as connection:
            found = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
            for role in ROLES:
                if role in found and self._secrets.read(role) is not None:
                    continue
                verb: LiteralString = "ALTER" if role in found else "CREATE"
                connection.execute(
                    sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}").format(
                        sql.Identifier(role), sql.Literal(self._secrets.create(role))
                    )
                )
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if known.fetchone() is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(OWNER)
                    )
                )
