"""All benchmarks, one after the other: `python -m benchmarks [--quick] [NAME …]`.

One line of JSON for each on standard output. Exit status 1 when a bar was missed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from tests.services import ROOT

NAMES = (
    "throughput",
    "two_workers",
    "upload",
    "intake",
    "memory",
    "growth",
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
    for name in given.names or NAMES:
        print(f"{name} …", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *(["--quick"] * given.quick)]
        missed += bool(subprocess.run(command, cwd=ROOT, check=False).returncode)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
