"""A program under a supervisor, for tests that end it from outside: `supervised.py FOLDER [NAME…]`.

Prints the process ids as JSON once all is healthy, then waits as the demo does. NAME adds:
`servers` (PostgreSQL and Valkey), `stubborn` (a process that ignores SIGTERM and has a child),
`patient` (a grace of ten minutes instead of a second).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from whatstr.local.errors import LocalServiceError
from whatstr.local.postgres import EmbeddedPostgres
from whatstr.local.supervisor import Supervisor
from whatstr.local.valkey import EmbeddedValkey

SLEEPER = "import time; time.sleep(600)"
STUBBORN = f"""
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", {SLEEPER!r}])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(600)
"""


def main(folder: Path, names: list[str]) -> None:
    environment = dict(os.environ)
    grandchild = folder / "grandchild"
    grandchild.unlink(missing_ok=True)
    grace = 600 if "patient" in names else 1
    with Supervisor(folder, stop_grace=grace) as supervisor:
        if "servers" in names:
            supervisor.add_server(EmbeddedPostgres(folder, durable=False))
            supervisor.add_server(EmbeddedValkey(folder, "queue"))
        supervisor.add("sleeper", [sys.executable, "-c", SLEEPER], environment)
        if "stubborn" in names:
            supervisor.add(
                "stubborn",
                [sys.executable, "-c", STUBBORN, str(grandchild)],
                environment,
                ready=lambda: grandchild.exists() and grandchild.read_text() != "",
            )
        supervisor.start()
        pids = supervisor.pids()
        if grandchild.exists():
            pids["grandchild"] = int(grandchild.read_text())
        print(json.dumps(pids), flush=True)
        supervisor.wait()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2:])
    except KeyboardInterrupt:
        sys.exit(130)
    except LocalServiceError as error:
        sys.exit(str(error))
