"""All benchmarks, one after the other: `python -m benchmarks [--quick] [NAME …]`.

One line of JSON for each on standard output. Exit status 1 when a bar was missed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from benchmarks.cluster import READY, prepare
from tests.services import ROOT, private_folder

NAMES = (
    "throughput",
    "two_workers",
    "upload",
    "intake",
    "memory",
    "growth",
    "sender_plans",
    "cost",
    "rq_job",
    "open_pages",
    "vault",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="small runs, only to see them work")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    given = parser.parse_args()
    unknown = set(given.names) - set(NAMES)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    missed = 0
    with private_folder() as ready:
        prepare(ready)
        environment = {**os.environ, READY: str(ready)}
        for name in given.names or NAMES:
            print(f"{name} …", file=sys.stderr, flush=True)
            command = [sys.executable, "-m", f"benchmarks.{name}", *(["--quick"] * given.quick)]
            done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
            missed += bool(done.returncode)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
