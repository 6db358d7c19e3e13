"""`python -m whatstr.process ROLE`: what a process of that role runs until it is stopped."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence

from whatstr import ROOT
from whatstr.config import ConfigError, Role, Settings
from whatstr.core import logs
from whatstr.core.hygiene import harden, say_codes_only

HTTP_ROLES = (Role.WEB, Role.ADMIN, Role.HOOK)


def _serve(*, host: str, port: int, workers: int) -> int:
    """Be the HTTP server of a web role. Its workers are forks, not new programs: an exec would
    make the process readable again."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    multiprocessing.set_start_method("fork", force=True)
    sys.path.insert(0, str(ROOT))
    Server(
        "wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=4,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()
    return 0


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
    harden()
    logs.configure(settings["WHATSTR_LOG_LEVEL"], strict=not settings.production)
    say_codes_only()
    if role in HTTP_ROLES:
        host, _, port = settings["WHATSTR_BIND"].rpartition(":")
        workers = int(settings["WHATSTR_WEB_WORKERS"])
        return _serve(host=host, port=int(port), workers=workers)
    return _run_queue_role(role)


if __name__ == "__main__":
    sys.exit(main())
