"""The whole service, as talkative as it can be made, seen through a reverse proxy."""

from __future__ import annotations

from typing import Any

from tests.leaks.cast import ADDRESS
from whatstr.config import Role
from whatstr.local.postgres import DATABASE, EmbeddedPostgres
from whatstr.local.stack import Stack
from whatstr.vault.client import VaultClient
from whatstr.vault.http import ApiSession


class LoudStack(Stack):
    """The service with every log as talkative as it gets, behind one trusted proxy."""

    def environment(self, role: Role) -> dict[str, str]:
        loud = {"WHATSTR_LOG_LEVEL": "DEBUG"}
        proxied = {"WHATSTR_PROXIES": "1"} if role in (Role.WEB, Role.ADMIN, Role.HOOK) else {}
        return super().environment(role) | loud | proxied

    def log_statements(self) -> None:
        """Let PostgreSQL log each statement with its values, from the first connection on, and keep
        all of its write-ahead log.

        Settings of a database come after those of the command line (PostgreSQL 18, 19.1), which
        forbid exactly this.
        """
        server = EmbeddedPostgres(self.data_dir)
        server.start()
        try:
            with server.superuser() as connection:
                for name, value in _TALKATIVE.items():
                    connection.execute(f"ALTER DATABASE {DATABASE} SET {name} = '{value}'")
                connection.execute("ALTER SYSTEM SET wal_keep_size = '2GB'")
        finally:
            server.stop()


_TALKATIVE = {
    "log_statement": "all",
    "log_min_error_statement": "error",
    "log_error_verbosity": "verbose",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
}


class _Forwarded(ApiSession):
    """As a reverse proxy hands a call on: with the caller's address."""

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        return super()._exchange(method, path, body, headers | {"X-Forwarded-For": ADDRESS})


def through_proxy(client: VaultClient) -> VaultClient:
    """The same client, seen by the service as coming from ADDRESS."""
    client.api.__class__ = _Forwarded  # its parts share this very session
    return client
