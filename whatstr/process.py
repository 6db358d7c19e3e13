"""`python -m whatstr.process ROLE`: what a process of that role runs until it is stopped."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from whatstr.config import ConfigError, Role, Settings

HTTP_ROLES = (Role.WEB, Role.ADMIN, Role.HOOK)


def server_command(*, host: str, port: int, workers: int) -> list[str]:
    """The command line of the HTTP server for a web role."""
    return [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        str(workers),
        "--blocking-threads",
        "4",
        "--no-ws",
        "--log-level",
        "warning",
        "wsgi:app",
    ]


def _run_queue_role(role: Role) -> int:
    from whatstr import create_app

    if role is Role.SENDER:
        from whatstr.sending import process

        process.main()
        return 0
    from whatstr.workers import run

    app = create_app()
    if role is Role.WORKER:
        run.run_worker(app)
    else:
        run.run_scheduler(app)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one role. Exit status 2 with a sentence when the environment cannot be used."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    role = Role(given[0])
    os.environ["WHATSTR_ROLE"] = role
    try:
        settings = Settings.from_environment()
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command's own words
        return 2
    if role in HTTP_ROLES:
        host, _, port = settings["WHATSTR_BIND"].rpartition(":")
        workers = int(settings["WHATSTR_WEB_WORKERS"])
        command = server_command(host=host, port=int(port), workers=workers)
        os.execv(command[0], command)  # noqa: S606 - no shell, our own words
    return _run_queue_role(role)


if __name__ == "__main__":
    sys.exit(main())
